//! Reads trust, directory, policy and the TLS certificate again, every few seconds, and activates what is good at once.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use mohur_seal::Passphrase;
use mohur_transport::{Peers, TlsMaterial};
use mohur_wire::Clock;

use crate::config::HostConfig;
use crate::pipeline::House;
use crate::sources::Sources;

/// What a reload touches.
pub(crate) struct Watch {
    pub(crate) house: Arc<House>,
    pub(crate) sources: Arc<Sources>,
    pub(crate) peers: Arc<Peers>,
    pub(crate) material: TlsMaterial,
    pub(crate) config: HostConfig,
    pub(crate) clock: Arc<dyn Clock>,
    /// When the TLS certificate's file was last changed, as far as seen.
    pub(crate) tls_changed: Mutex<Option<SystemTime>>,
}

impl Watch {
    /// Reads again after each pause, until `stopped`.
    pub(crate) async fn follow(self: Arc<Self>, stopped: impl Future<Output = ()>) {
        tokio::pin!(stopped);
        loop {
            tokio::select! {
                () = &mut stopped => return,
                () = tokio::time::sleep(self.config.poll) => {}
            }
            self.once().await;
            self.house.metrics.upkeep();
        }
    }

    /// Reads again now. Files and signatures block, so a thread of their own does it.
    pub(crate) async fn once(self: &Arc<Self>) {
        let watch = Arc::clone(self);
        if tokio::task::spawn_blocking(move || watch.read()).await.is_err() {
            tracing::error!("reading again failed; the last good directory and policy count");
        }
    }

    fn read(&self) {
        let world = self.sources.refresh(&self.house.world.load(), self.clock.now());
        self.peers.set_trust(Arc::clone(&world.trust));
        self.peers.set_directory(world.directory.clone());
        self.house.metrics.directory_is(world.directory.version());
        self.house.world.store(Arc::new(world));
        self.read_tls();
    }

    /// A renewed TLS certificate is shown from the next connection on, without a restart.
    fn read_tls(&self) {
        let changed = modified(&self.config.tls.certificate);
        let mut seen = self.tls_changed.lock().unwrap_or_else(PoisonError::into_inner);
        if changed.is_none() || *seen == changed {
            return;
        }
        let (certificate, key) = (&self.config.tls.certificate, &self.config.tls.key);
        let reloaded = Passphrase::from_credential_file(&self.config.passphrase)
            .map_err(|error| error.to_string())
            .and_then(|pass| self.material.reload(certificate, key, &pass).map_err(|error| error.to_string()));
        match reloaded {
            Ok(()) => *seen = changed,
            Err(error) => tracing::error!(error, "the TLS certificate was not loaded again; the old one is shown"),
        }
    }
}

/// When the file was last changed.
pub(crate) fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|data| data.modified()).ok()
}
