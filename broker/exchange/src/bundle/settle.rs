//! The settlement of what a bundle reserved: asked for again until it is had, and repaired at the next start.
//!
//! A `change` is asked once. Its settlement may be asked as often as it takes: it names the reservation, and the owner's ledger
//! gives the same answer every time.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use mohur_message::hop::Settle;
use mohur_wire::bundle::LegAnswer;
use mohur_wire::{Arrival, Ask, MessageId, Operation, Refusal, RefusalCode, Verdict};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, sleep, timeout_at};

use super::kept::{Kept, KeptError, KeptLeg, Record};
use super::settlement_id;
use crate::pipeline::Exchange;
use crate::provider::Provider;
use crate::stage::release::Released;
use crate::stage::{decide, outcome, route, seal};
use crate::trace::Trace;

/// The pause before a settlement is asked for again; it doubles.
const PAUSE: Duration = Duration::from_millis(100);
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// For the operator: one register has done what another has not.
const UNDONE: &str =
    "what a bundle decided is not done at one owner: see docs/operations.md, \"Reservations that are not settled\"";

/// What became of one settlement: what the owner sealed, or why it is not had.
pub(crate) type Settled = Result<Released, Refusal>;

impl<P: Provider> Exchange<P> {
    /// Takes up what an earlier life of this broker left open: without a decision nothing was consumed, and all of it is
    /// released; with one it is carried out. Returns how many bundles those are; they are settled in the background.
    ///
    /// # Errors
    /// [`KeptError`] if the records cannot be read.
    pub async fn repair(self: &Arc<Self>) -> Result<usize, KeptError> {
        let records = self.settlements.all().await?;
        let count = records.len();
        for mut record in records {
            if record.kept.decision.is_none() {
                self.settlements.decide(&mut record, Operation::Release, |_| true).await?;
            }
            let (bundle, decision) = (&record.kept.bundle, record.kept.decision.map(Operation::as_str));
            tracing::warn!(%bundle, decision, legs = record.kept.legs.len(), "a bundle was left unsettled: it is settled now");
            tokio::spawn(Arc::clone(self).finish(record));
        }
        Ok(count)
    }

    /// Begins no more attempts to settle in the background, and waits for those that are under way: what the log says was
    /// begun is closed in it. What is not settled is taken up again at the next start.
    pub async fn stop_repairing(&self, patience: Duration) {
        self.settlements.stop();
        let all = u32::try_from(self.settings.settlements_at_once).unwrap_or(u32::MAX);
        if tokio::time::timeout(patience, self.settling.acquire_many(all)).await.is_err() {
            tracing::error!("a settlement did not end in time; the next start closes its entry in the log");
        }
    }

    /// Settles everything of a record that is not settled, for as long as an owner would still take it, and forgets it then.
    pub(crate) async fn finish(self: Arc<Self>, record: Record) {
        let Some(operation) = record.kept.decision else { return };
        let age = Arrival::read(&*self.clock).unix_seconds().saturating_sub(record.kept.arrival().unix_seconds());
        let left = self.settings.settlement_age.saturating_sub(Duration::from_secs(age.try_into().unwrap_or_default()));
        let deadline = Instant::now() + left;
        let legs = record.kept.legs.iter().map(|leg| self.settled_in_turn(&record.kept, leg, operation, deadline));
        let all = join_all(legs).await;
        if self.settlements.is_stopping() && !all.iter().all(is_final) {
            return;
        }
        for (leg, settled) in record.kept.legs.iter().zip(&all) {
            self.tell(&record.kept, leg, operation, settled);
        }
        if let Err(error) = self.settlements.forget(&record).await {
            tracing::error!(%error, "a settled bundle could not be forgotten; it is settled again at the next start");
        }
    }

    /// For the operator: what was repaired, and what nobody can repair any more.
    fn tell(&self, kept: &Kept, leg: &KeptLeg, operation: Operation, settled: &Settled) {
        if self.look_at(kept, leg, operation, settled) && is_final(settled) {
            return;
        }
        let (bundle, leg, operation) = (&kept.bundle, &leg.leg, operation.as_str());
        match settled {
            Ok(released) => {
                let state = state(released).unwrap_or_default();
                tracing::info!(%bundle, %leg, operation, state, "a reservation of an unsettled bundle is settled");
            }
            Err(refusal) if refusal.code == RefusalCode::SettlementRefused => {
                tracing::info!(%bundle, %leg, operation, "the owner holds no such reservation: there is nothing to settle");
            }
            Err(refusal) => tracing::error!(
                %bundle, %leg, operation, code = %refusal.code,
                "a reservation could not be settled in time and has expired at its owner: see docs/operations.md"
            ),
        }
    }

    /// After a decision to consume only `consumed` is what was decided. Whatever else is final is told and counted: nothing mends it.
    /// Returns whether it is so.
    pub(crate) fn look_at(&self, kept: &Kept, leg: &KeptLeg, operation: Operation, settled: &Settled) -> bool {
        let reached = settled.as_ref().ok().and_then(state);
        let is_undone = operation == Operation::Consume && reached != Some("consumed");
        if is_undone {
            let code = settled.as_ref().err().map(|refusal| refusal.code.as_str());
            self.settlements.count_undone();
            tracing::error!(bundle = %kept.bundle, leg = %leg.leg, code, "{UNDONE}");
        }
        is_undone
    }

    /// How many reservations this process found undone although their bundle had decided to consume them.
    pub fn undone(&self) -> u64 {
        self.settlements.undone()
    }

    /// One settlement, asked for again until the owner has said what became of it, or until `deadline`. It is asked at least once.
    pub(crate) async fn settled_by(&self, kept: &Kept, leg: &KeptLeg, op: Operation, deadline: Instant) -> Settled {
        self.settled_among(None, (kept, leg, op), deadline).await
    }

    /// The same in the background, where each attempt waits for its turn.
    async fn settled_in_turn(&self, kept: &Kept, leg: &KeptLeg, op: Operation, deadline: Instant) -> Settled {
        self.settled_among(Some(&self.settling), (kept, leg, op), deadline).await
    }

    async fn settled_among(
        &self,
        places: Option<&Semaphore>,
        (kept, leg, op): (&Kept, &KeptLeg, Operation),
        deadline: Instant,
    ) -> Settled {
        let mut pause = PAUSE;
        let mut stopping = self.settlements.stopping();
        loop {
            let place = match places {
                // It is never closed.
                Some(places) => places.acquire().await.ok(),
                None => None,
            };
            if place.is_some() && *stopping.borrow() {
                return Err(RefusalCode::ShuttingDown.into());
            }
            let settled = self.settle_once(kept, leg, op).await;
            let in_background = place.is_some();
            drop(place);
            if is_final(&settled)
                || timeout_at(deadline, sleep_unless(pause, in_background, &mut stopping)).await.is_err()
            {
                return settled;
            }
            pause = pause.saturating_mul(2).min(MAX_PAUSE);
        }
    }

    /// Asks the owner once, under an entry of its own in the log.
    async fn settle_once(&self, kept: &Kept, leg: &KeptLeg, operation: Operation) -> Settled {
        let (world, at) = (self.world(), Arrival::read(&*self.clock));
        let verified = Arc::new(kept.verified(leg)?);
        let reservation = reservation_of(&verified.query().ask).ok_or(RefusalCode::Internal)?;
        let mut trace = Trace::of_leg(&verified, kept.certificate(), kept.definition.clone());
        trace.settles(settlement_id(&verified.query().id)?, &verified, at);
        let asked = async {
            let decided = decide::settlement(verified, operation, at, &self.me, &world, &mut trace)?;
            let routed = route::settlement(decided, Settle { operation, reservation }, at, &world)?;
            self.ask(routed, &world, &mut trace).await
        };
        let settled = asked.await;
        outcome::log(seal::leg(record(&leg.leg, &settled)), &self.journal, &mut trace).await?;
        settled
    }
}

/// A pause, which in the background ends when the broker stops.
async fn sleep_unless(pause: Duration, in_background: bool, stopping: &mut watch::Receiver<bool>) {
    let stopped = async {
        if !in_background || stopping.wait_for(|stopping| *stopping).await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = sleep(pause) => {}
        () = stopped => {}
    }
}

/// Whether the owner has said what became of it: asking again changes nothing.
fn is_final(settled: &Settled) -> bool {
    settled.as_ref().map_or_else(|refusal| refusal.code == RefusalCode::SettlementRefused, |_| true)
}

/// What the log commits to.
fn record(leg: &MessageId, settled: &Settled) -> LegAnswer {
    LegAnswer {
        leg: leg.clone(),
        verdict: Verdict::Unknown,
        answer: settled.as_ref().ok().map(|released| released.sealed().to_owned()),
        receipt: settled.as_ref().ok().and_then(|released| released.receipt().map(str::to_owned)),
        refusal: settled.as_ref().err().map(|refusal| refusal.code),
        settlement: None,
    }
}

/// A reservation's id is the key of the `reserve` that made it: so it can be settled even if its answer never came.
pub(crate) fn reservation_of(ask: &Ask) -> Option<MessageId> {
    match ask {
        Ask::Change(effect) => Some(effect.key.clone()),
        Ask::Read(_) | Ask::Match(_) | Ask::Verify(_) => None,
    }
}

/// The `state` that the owner sealed.
pub(crate) fn state(released: &Released) -> Option<&str> {
    let (_, value) = released.fields()?.iter().find(|(name, _)| name.as_str() == "state")?;
    value.as_text()
}
