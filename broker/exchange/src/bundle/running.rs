//! Bundles under way and those that can still be polled.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mohur_wire::bundle::{BundleAnswer, Definition, LegAnswer, Outcome};
use mohur_wire::{Arrival, MemberId, MessageId, Refusal, RefusalCode};
use tokio::sync::watch;

use crate::Settings;
use crate::stage::verify::VerifiedBundle;

/// The bundles of this process.
#[derive(Default)]
pub(crate) struct Bundles {
    table: Mutex<HashMap<(MemberId, MessageId), Arc<Running>>>,
}

/// One bundle.
pub(crate) struct Running {
    id: MessageId,
    definition: Definition,
    since: Arrival,
    progress: watch::Sender<Progress>,
}

#[derive(Clone, Default)]
struct Progress {
    legs: BTreeMap<MessageId, LegAnswer>,
    outcome: Option<Outcome>,
}

impl Bundles {
    /// Opens a bundle; its id is taken from then on.
    pub(crate) fn open(
        &self,
        bundle: &VerifiedBundle,
        at: Arrival,
        settings: &Settings,
    ) -> Result<Arc<Running>, Refusal> {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = i64::try_from(settings.bundle_kept.as_secs()).unwrap_or(i64::MAX);
        table.retain(|_, running| !running.is_complete() || running.age(at) < kept);
        if table.values().filter(|running| !running.is_complete()).count() >= settings.bundles_at_once {
            return Err(RefusalCode::Overloaded.into());
        }
        let running = Arc::new(Running {
            id: bundle.id().clone(),
            definition: bundle.definition().clone(),
            since: at,
            progress: watch::Sender::new(Progress::default()),
        });
        table.insert((bundle.signer().clone(), bundle.id().clone()), Arc::clone(&running));
        Ok(running)
    }

    /// The bundle that `signer` opened under that id.
    pub(crate) fn find(&self, signer: &MemberId, id: &MessageId) -> Option<Arc<Running>> {
        let table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        table.get(&(signer.clone(), id.clone())).cloned()
    }

    /// Resolves when none is under way.
    pub(crate) async fn settled(&self) {
        let all: Vec<_> = self.table.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        for running in all {
            running.wait(Duration::from_secs(3600)).await;
        }
    }
}

impl Running {
    pub(crate) const fn definition(&self) -> &Definition {
        &self.definition
    }

    fn age(&self, now: Arrival) -> i64 {
        now.unix_seconds().saturating_sub(self.since.unix_seconds())
    }

    fn is_complete(&self) -> bool {
        self.progress.borrow().outcome.is_some()
    }

    /// Waits until the bundle is complete, but not longer than `patience`.
    pub(crate) async fn wait(&self, patience: Duration) {
        let mut progress = self.progress.subscribe();
        let complete = progress.wait_for(|progress| progress.outcome.is_some());
        // Out of patience is no error: the answer then holds the legs that are there.
        let _partial = tokio::time::timeout(patience, complete).await;
    }

    /// Enters a leg's answer, or its answer with the settlement.
    pub(crate) fn enter(&self, answer: LegAnswer) {
        self.progress.send_modify(|progress| {
            progress.legs.insert(answer.leg.clone(), answer);
        });
    }

    /// Nothing more is to come.
    pub(crate) fn complete(&self, outcome: Outcome) {
        self.progress.send_modify(|progress| progress.outcome = Some(outcome));
    }

    /// What the legs so far amount to, before any settlement.
    pub(crate) fn outcome_of_legs(&self) -> Outcome {
        let progress = self.progress.borrow();
        self.definition.outcome(&progress.legs.iter().map(|(leg, answer)| (leg.clone(), answer.verdict)).collect())
    }

    /// The document for the caller. Until all is settled the outcome is `incomplete`.
    pub(crate) fn answer(&self) -> BundleAnswer {
        let progress = self.progress.borrow().clone();
        BundleAnswer {
            bundle: self.id.clone(),
            definition: self.definition.id.clone(),
            version: self.definition.version,
            outcome: progress.outcome.unwrap_or(Outcome::Incomplete),
            complete: progress.outcome.is_some(),
            legs: self.definition.legs.iter().filter_map(|leg| progress.legs.get(&leg.id).cloned()).collect(),
        }
    }
}
