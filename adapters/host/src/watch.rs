//! Looks for the directory and reads policy and TLS certificate again, every few seconds, and activates what is good at once.

use std::sync::Arc;
use std::time::Duration;

use mohur_revocation::{Keep, Revocation, keep_lists};
use mohur_transport::{Peers, Renewal};
use mohur_wire::{Clock, Timestamp};

use crate::pipeline::House;
use crate::sources::Sources;
use crate::world::World;

/// What a reload touches.
pub(crate) struct Watch {
    pub(crate) house: Arc<House>,
    pub(crate) sources: Arc<Sources>,
    pub(crate) peers: Arc<Peers>,
    pub(crate) renewal: Renewal,
    pub(crate) poll: Duration,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) revocation: Revocation,
    pub(crate) keep: Keep,
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
        let now = self.clock.now();
        let (world, troubles) = self.sources.refresh(&self.house.world.load(), now);
        troubles.iter().for_each(|trouble| tracing::error!(%trouble, "directory"));
        self.house.metrics.directory_looked_for(world.directory(), troubles.is_empty(), now);
        self.see(&world, now);
        self.peers.set(world.domains.clone());
        self.house.metrics.directory_is(world.directory().version());
        self.house.world.store(Arc::new(world));
        self.read_tls();
    }

    /// Keeps the lists as evidence and an eye on the brokers' seals; those of callers when they come.
    fn see(&self, world: &World, now: Timestamp) {
        let home = world.domains.home();
        if let Err(error) = keep_lists(&home.trust, &self.keep) {
            tracing::error!(%error, "the revocation lists could not be kept as evidence");
        }
        let brokers = home.directory.directory().brokers.iter();
        let seals: Vec<_> = brokers.flat_map(|broker| home.directory.seals_of(&broker.id)).collect();
        self.revocation.watch(seals, now);
        self.house.metrics.revocation(&self.revocation.report(&home.trust, now));
    }

    /// Asks about seals for ever, where that is configured.
    pub(crate) fn asking(self: &Arc<Self>) -> Option<impl Future<Output = ()> + Send + use<>> {
        let watcher = self.revocation.watcher(Arc::clone(&self.clock), Arc::clone(&self.keep))?;
        let house = Arc::clone(&self.house);
        Some(watcher.follow(move || Arc::clone(&house.world.load().domains.home().trust)))
    }

    fn read_tls(&self) {
        if let Err(error) = self.renewal.look() {
            tracing::error!(%error, "the TLS certificate was not loaded again; the old one is shown");
        }
    }
}
