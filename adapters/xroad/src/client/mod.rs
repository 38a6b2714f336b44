//! The client side: a listener for the ministry's own X-Road clients.
//!
//! A request goes the same way whatever its protocol: read it strictly ([`soap`], [`rest`]), see who may ask
//! ([`admission`]), find its mapping, ask as the door's member and verify everything that comes back ([`asking`]), tell the
//! answer in the client's own words. What has no mapping is refused, or goes as a whole ([`whole`]) where the configuration
//! and the owner's policy both say so. Metaservices are answered in [`metadata`] and [`description`].

mod admission;
mod asking;
mod callers;
mod description;
mod handler;
mod metadata;
mod renewing;
mod rest;
mod running;
mod soap;
mod whole;

use std::sync::Arc;

use mohur_crypto::random_bytes;

use crate::config::ClientSettings;
use crate::mapping::Mappings;

pub use admission::Admission;
pub use callers::Callers;
pub use running::{RunningDoor, StartError};

/// The door, ready to serve.
pub struct Door {
    settings: ClientSettings,
    mappings: Mappings,
    admission: Admission,
    callers: Arc<Callers>,
}

impl Door {
    pub(crate) const fn new(
        settings: ClientSettings,
        mappings: Mappings,
        admission: Admission,
        callers: Arc<Callers>,
    ) -> Self {
        Self { settings, mappings, admission, callers }
    }
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Door({} mappings)", self.mappings.all().len())
    }
}

/// A random UUID (RFC 9562 §5.4).
fn fresh_id() -> String {
    let mut bytes = random_bytes::<16>();
    {
        let [_, _, _, _, _, _, version, _, variant, ..] = &mut bytes;
        *version = (*version & 0x0f) | 0x40;
        *variant = (*variant & 0x3f) | 0x80;
    }
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let part = |from, to| hex.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}
