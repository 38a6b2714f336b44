//! The member that asks, as directory and keys are now: both change while the door runs.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use mohur_client::{AskError, Caller, Config, Domains, Followers};
use mohur_wire::Clock;

/// What a file looked like when it was last read.
type Seen = Vec<(PathBuf, Option<(SystemTime, u64)>)>;

/// The caller of now.
pub struct Callers {
    config: Config,
    clock: Arc<dyn Clock>,
    followers: Followers,
    now: RwLock<Arc<Caller>>,
}

impl Callers {
    /// Reads keys and directory. Blocks.
    pub fn load(config: Config, clock: Arc<dyn Clock>) -> Result<Self, AskError> {
        let followers = config.followers(&clock);
        let caller = config.caller(Arc::clone(&clock))?;
        Ok(Self { config, clock, followers, now: RwLock::new(Arc::new(caller)) })
    }

    /// The caller of now.
    pub fn now(&self) -> Arc<Caller> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks for a newer directory and for other keys, again and again. What cannot be had or verified is not put to use: the
    /// last good state stays until its directory expires and its grace is over.
    pub async fn follow(self: Arc<Self>) {
        let mut seen = self.look();
        loop {
            tokio::time::sleep(self.config.directory.poll).await;
            let looks = self.look();
            let (keys_changed, this) = (looks != seen, Arc::clone(&self));
            seen = looks;
            if tokio::task::spawn_blocking(move || this.renew(keys_changed)).await.is_err() {
                tracing::error!("reading again failed; keys and directory stay as they were");
            }
        }
    }

    fn renew(&self, keys_changed: bool) {
        let last = self.now();
        let (domains, troubles) = self.followers.refresh(&last.domains, self.clock.now());
        troubles.iter().for_each(|trouble| tracing::error!(%trouble, "directory"));
        let looks = |domains: &Domains| -> Vec<_> {
            let all = std::iter::once(domains.home()).chain(domains.foreign());
            all.map(|domain| (domain.directory.digest(), domain.directory.expires())).collect()
        };
        if !keys_changed && looks(&domains) == looks(&last.domains) {
            return;
        }
        match self.config.caller_in(domains, Arc::clone(&self.clock)) {
            Ok(caller) => {
                tracing::info!(version = caller.directory().version(), "keys and directory were read again");
                *self.now.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(caller);
            }
            Err(error) => tracing::error!(%error, "keys and directory stay as they were"),
        }
    }

    fn look(&self) -> Seen {
        let config = &self.config;
        let mut files = vec![config.tls.0.clone(), config.tls.1.clone()];
        files.extend(config.seal.files());
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
