//! Reads trust, directory, policy and the TLS certificate again, every few seconds, and activates what is good at once.

use std::sync::Arc;
use std::time::Duration;

use mohur_transport::{Peers, Renewal};
use mohur_wire::Clock;

use crate::pipeline::House;
use crate::sources::Sources;

/// What a reload touches.
pub(crate) struct Watch {
    pub(crate) house: Arc<House>,
    pub(crate) sources: Arc<Sources>,
    pub(crate) peers: Arc<Peers>,
    pub(crate) renewal: Renewal,
    pub(crate) poll: Duration,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Watch {
    /// Reads again after each pause, until `stopped`.
    pub(crate) async fn follow(self: Arc<Self>, stopped: impl Future<Output = ()>) {
        tokio::pin!(stopped);
        loop {
            tokio::select! {
                () = &mut stopped => return,
                () = tokio::time::sleep(self.poll) => {}
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
        self.peers.set(world.domains.clone());
        self.house.metrics.directory_is(world.directory().version());
        self.house.world.store(Arc::new(world));
        self.read_tls();
    }

    fn read_tls(&self) {
        if let Err(error) = self.renewal.look() {
            tracing::error!(%error, "the TLS certificate was not loaded again; the old one is shown");
        }
    }
}
