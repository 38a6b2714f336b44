//! The member that asks, as its files say now: directory, authorities and keys change while the door runs.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use mohur_client::{AskError, Caller, Config};
use mohur_wire::Clock;

/// How often the files are looked at.
const POLL: Duration = Duration::from_secs(10);

/// What a file looked like when it was last read.
type Seen = Vec<(PathBuf, Option<(SystemTime, u64)>)>;

/// The caller of now.
pub struct Callers {
    config: Config,
    clock: Arc<dyn Clock>,
    now: RwLock<Arc<Caller>>,
}

impl Callers {
    /// Reads keys, trust and directory.
    pub fn load(config: Config, clock: Arc<dyn Clock>) -> Result<Self, AskError> {
        let caller = config.caller(Arc::clone(&clock))?;
        Ok(Self { config, clock, now: RwLock::new(Arc::new(caller)) })
    }

    /// The caller of now.
    pub fn now(&self) -> Arc<Caller> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads everything again whenever a file has changed. What cannot be read or verified is not put to use: the last good
    /// state stays until its directory expires.
    pub async fn follow(self: Arc<Self>) {
        let mut seen = self.look();
        loop {
            tokio::time::sleep(POLL).await;
            let looks = self.look();
            if looks == seen {
                continue;
            }
            seen = looks;
            match self.config.caller(Arc::clone(&self.clock)) {
                Ok(caller) => {
                    tracing::info!(version = caller.directory().version(), "keys, trust and directory were read again");
                    *self.now.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(caller);
                }
                Err(error) => tracing::error!(%error, "keys, trust and directory stay as they were"),
            }
        }
    }

    fn look(&self) -> Seen {
        let config = &self.config;
        let mut files = vec![config.directory.0.clone(), config.tls.0.clone(), config.tls.1.clone()];
        files.extend(config.seal.files());
        let trust = std::fs::read_dir(&config.trust).into_iter().flatten().flatten().map(|entry| entry.path());
        files.extend(trust);
        files.sort();
        let seen = |path: PathBuf| {
            let look = std::fs::metadata(&path).ok().and_then(|meta| Some((meta.modified().ok()?, meta.len())));
            (path, look)
        };
        files.into_iter().map(seen).collect()
    }
}

impl std::fmt::Debug for Callers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Callers({})", self.config.member)
    }
}
