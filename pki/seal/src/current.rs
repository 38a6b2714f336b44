//! The seal of a process, exchangeable while it runs.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use crate::Seal;

/// The seal that a process signs with now. Clones share it: an exchange counts for all of them, from the next signature on.
#[derive(Clone)]
pub struct CurrentSeal(Arc<RwLock<Arc<dyn Seal>>>);

impl CurrentSeal {
    /// With this one to begin with.
    pub fn new(seal: Arc<dyn Seal>) -> Self {
        Self(Arc::new(RwLock::new(seal)))
    }

    /// The one of now. Nothing is locked while it signs.
    pub fn get(&self) -> Arc<dyn Seal> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Signs with another one from now on.
    pub fn exchange(&self, seal: Arc<dyn Seal>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = seal;
    }
}

impl fmt::Debug for CurrentSeal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CurrentSeal({})", self.get().key_id())
    }
}
