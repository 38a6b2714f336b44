//! Nothing is asked before the mapping has been held against the database: at the start, or, if the database is away then, when
//! it is back.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mohur_contract::{Context, RegistryError};
use tokio::sync::Mutex;

use crate::check;
use crate::pool::{Pool, within};
use crate::{Mapping, OpenError};

/// How long a database that was away, or that does not fit, is left alone before it is looked at again.
const PAUSE: Duration = Duration::from_millis(500);

/// Opens once, and stays open.
pub(crate) struct Gate {
    mapping: Mapping,
    open: AtomicBool,
    /// When it was last tried in vain. Whoever holds this is trying.
    tried: Mutex<Option<Instant>>,
}

impl Gate {
    /// A gate that is shut.
    pub(crate) const fn new(mapping: Mapping) -> Self {
        Self { mapping, open: AtomicBool::new(false), tried: Mutex::const_new(None) }
    }

    /// Holds the mapping against the database now.
    pub(crate) async fn check(&self, pool: &Pool, most: Duration) -> Result<(), OpenError> {
        check::against(&self.mapping, pool, most).await?;
        self.open.store(true, Ordering::Release);
        Ok(())
    }

    /// Lets a query through, once the mapping is known to fit.
    pub(crate) async fn pass(&self, pool: &Pool, context: &Context) -> Result<(), RegistryError> {
        if self.open.load(Ordering::Acquire) {
            return Ok(());
        }
        let mut tried = within(context, self.tried.lock()).await?;
        if self.open.load(Ordering::Acquire) {
            return Ok(());
        }
        if tried.is_some_and(|tried| tried.elapsed() < PAUSE) {
            return Err(RegistryError::Unavailable(SHUT.to_owned()));
        }
        let checked = self.check(pool, context.remaining()?).await;
        match checked {
            Ok(()) => tracing::info!("the database is there, and the mapping fits it"),
            Err(error) => {
                *tried = Some(Instant::now());
                return Err(shut(error));
            }
        }
        Ok(())
    }
}

const SHUT: &str = "the mapping has not been held against the database yet, which was away or does not fit it";

fn shut(error: OpenError) -> RegistryError {
    match error {
        OpenError::Database(error) => error,
        OpenError::Mapping(errors) => {
            tracing::error!("the database is there, and the mapping does not fit it: {errors}");
            RegistryError::Unavailable("the mapping does not fit the database".to_owned())
        }
        // Read when the adapter was opened.
        OpenError::Address(_) => RegistryError::Unavailable(SHUT.to_owned()),
    }
}
