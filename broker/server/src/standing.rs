//! How seals stand: watches over those that the directory lists, and keeps what says so beside the log.

use std::path::Path;
use std::sync::Arc;

use mohur_exchange::{Exchange, Provider, World};
use mohur_revocation::{Keep, Revocation, Watcher, keep_in, keep_lists};
use mohur_wire::{Clock, Timestamp};

/// Revocation, and where its evidence goes.
pub(crate) struct Seals {
    pub(crate) revocation: Revocation,
    keep: Keep,
}

impl Seals {
    /// Those of the first world. Blocks.
    pub(crate) fn seeing(revocation: Revocation, log: &Path, world: &World, now: Timestamp) -> Arc<Self> {
        let seals = Self { revocation, keep: keep_in(log.join("revocation")) };
        seals.see(world, now);
        Arc::new(seals)
    }

    /// Before a world is entered: keeps its lists as evidence, and an eye on its seals. Blocks.
    pub(crate) fn see(&self, world: &World, now: Timestamp) {
        let home = world.domains.home();
        if let Err(error) = keep_lists(&home.trust, &self.keep) {
            tracing::error!(%error, "the revocation lists could not be kept as evidence");
        }
        let members = home.directory.directory().members.iter().map(|member| &member.id);
        let brokers = home.directory.directory().brokers.iter().map(|broker| &broker.id);
        let seals: Vec<_> = members.chain(brokers).flat_map(|id| home.directory.seals_of(id)).collect();
        self.revocation.watch(seals, now);
    }

    /// Who asks about the seals, where that is configured.
    pub(crate) fn watcher(&self, clock: Arc<dyn Clock>) -> Option<Watcher> {
        self.revocation.watcher(clock, Arc::clone(&self.keep))
    }
}

/// Asks about seals for ever, by whatever trust is in force.
pub(crate) async fn follow<P: Provider>(watcher: Watcher, exchange: Arc<Exchange<P>>) {
    watcher.follow(|| Arc::clone(&exchange.world().domains.home().trust)).await;
}
