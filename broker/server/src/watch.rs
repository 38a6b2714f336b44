//! Looks for the directory and reads policies again, and activates what is good all at once, with an entry in the log.

use std::sync::Arc;
use std::time::Duration;

use mohur_directory::Trouble;
use mohur_exchange::{Provider, World};
use mohur_journal::{Draft, Journal, JournalError};
use mohur_transparency::leaf::Kind;
use mohur_transport::Peers;
use mohur_wire::{Arrival, Clock, MemberId, Timestamp};

use crate::door::Door;
use crate::renewing::Shown;
use crate::standing::Seals;
use crate::world::Sources;

/// What a reload touches.
pub(crate) struct Watch<P> {
    pub(crate) sources: Arc<Sources>,
    pub(crate) door: Arc<Door<P>>,
    pub(crate) peers: Arc<Peers>,
    pub(crate) journal: Journal,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) me: MemberId,
    pub(crate) shown: Arc<Shown>,
    pub(crate) seals: Arc<Seals>,
}

impl<P: Provider> Watch<P> {
    /// Reads again after each pause, for ever.
    pub(crate) async fn follow(self, pause: Duration) {
        loop {
            tokio::time::sleep(pause).await;
            self.once().await;
            self.door.metrics.upkeep();
        }
    }

    async fn once(&self) {
        let (sources, now) = (Arc::clone(&self.sources), self.clock.now());
        let (last, shown) = (self.door.exchange.world(), Arc::clone(&self.shown));
        let seals = Arc::clone(&self.seals);
        let read = move || {
            if let Err(error) = shown.look() {
                tracing::error!(%error, "the TLS certificate was not loaded again; the old one is shown");
            }
            let (world, troubles) = sources.refresh(&last, now);
            seals.see(&world, now);
            (world, troubles)
        };
        match tokio::task::spawn_blocking(read).await {
            Ok((world, troubles)) => {
                self.tell(&world, &troubles, now);
                self.activate(world).await;
            }
            Err(error) => tracing::error!(%error, "reading again failed; the last good one stays"),
        }
        let world = self.door.exchange.world();
        let report = self.seals.revocation.report(&world.domains.home().trust, now);
        self.door.metrics.revocation(&report);
        self.door.exchange.upkeep(Arrival(now));
    }

    /// The operator learns of it each time, for as long as it lasts.
    fn tell(&self, world: &World, troubles: &[Trouble], now: Timestamp) {
        troubles.iter().for_each(|trouble| tracing::error!(%trouble, "directory"));
        self.door.metrics.directory_looked_for(world.directory(), troubles.is_empty(), now);
    }

    async fn activate(&self, world: World) {
        let before = self.door.exchange.world();
        if before.directory().digest() != world.directory().digest()
            && let Err(error) = log_activation(&self.journal, &world, &self.me, &*self.clock).await
        {
            tracing::error!(%error, "a directory that cannot be logged is not activated");
            return;
        }
        self.peers.set(world.domains.clone());
        self.door.rates.follow(&world.domains);
        self.door.metrics.directory_is(world.directory().version());
        self.door.exchange.enter(world);
    }
}

/// Every activation is an entry, with the directory's digest committed to.
pub(crate) async fn log_activation(
    journal: &Journal,
    world: &World,
    me: &MemberId,
    clock: &dyn Clock,
) -> Result<(), JournalError> {
    let draft = Draft::new(Kind::Directory, clock.now(), me.clone())
        .commit("version", world.directory().version().to_string())
        .commit("directory", world.directory().digest().as_bytes().as_slice());
    journal.append(draft).await.map(drop)
}
