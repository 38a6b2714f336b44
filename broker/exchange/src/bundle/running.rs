//! Bundles under way and those that can still be polled.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mohur_wire::answer::Finding;
use mohur_wire::bundle::{BundleAnswer, Definition, LegAnswer, Outcome};
use mohur_wire::{Arrival, MemberId, MessageId, Refusal, RefusalCode};
use tokio::sync::watch;

use crate::Settings;
use crate::stage::verify::VerifiedBundle;

/// Complete bundles that are kept for each member, as a multiple of those that may be under way at once.
const KEPT_FOR_EACH: usize = 4;

type Table = HashMap<(MemberId, MessageId), Arc<Running>>;

/// The bundles of this process.
#[derive(Default)]
pub(crate) struct Bundles {
    table: Mutex<Table>,
}

/// One bundle.
pub(crate) struct Running {
    id: MessageId,
    definition: Definition,
    since: Arrival,
    progress: watch::Sender<Progress>,
}

/// How far a bundle has come: what the caller is told, and what the seals in it say, for callers who cannot read those.
pub(crate) struct Report {
    answer: BundleAnswer,
    read: Read,
}

/// What owners sealed and the caller may see, by leg.
#[derive(Clone, Default)]
pub(crate) struct Read {
    /// In the answers.
    pub(crate) legs: BTreeMap<MessageId, Finding>,
    /// In the answers to the settlements.
    pub(crate) settlements: BTreeMap<MessageId, Finding>,
}

#[derive(Clone, Default)]
struct Progress {
    legs: BTreeMap<MessageId, LegAnswer>,
    read: Read,
    outcome: Option<Outcome>,
}

impl Bundles {
    /// Opens a bundle; its id is taken from then on.
    pub(crate) fn open(&self, bundle: &VerifiedBundle, settings: &Settings) -> Result<Arc<Running>, Refusal> {
        self.enter(bundle.signer(), bundle.id(), bundle.definition(), bundle.arrival(), settings)
    }

    fn enter(
        &self,
        signer: &MemberId,
        id: &MessageId,
        definition: &Definition,
        at: Arrival,
        settings: &Settings,
    ) -> Result<Arc<Running>, Refusal> {
        let mut table = self.swept(at, settings);
        if table.values().filter(|running| !running.is_complete()).count() >= settings.bundles_at_once {
            return Err(RefusalCode::Overloaded.into());
        }
        forget_oldest(&mut table, signer, settings.bundles_at_once.saturating_mul(KEPT_FOR_EACH));
        let running = Arc::new(Running {
            id: id.clone(),
            definition: definition.clone(),
            since: at,
            progress: watch::Sender::new(Progress::default()),
        });
        table.insert((signer.clone(), id.clone()), Arc::clone(&running));
        Ok(running)
    }

    /// The bundle that `signer` opened under that id, while it is kept.
    pub(crate) fn find(
        &self,
        signer: &MemberId,
        id: &MessageId,
        at: Arrival,
        settings: &Settings,
    ) -> Option<Arc<Running>> {
        self.swept(at, settings).get(&(signer.clone(), id.clone())).cloned()
    }

    /// The table without what has been kept for long enough: answers are about people.
    pub(crate) fn swept(&self, at: Arrival, settings: &Settings) -> MutexGuard<'_, Table> {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = i64::try_from(settings.bundle_kept.as_secs()).unwrap_or(i64::MAX);
        table.retain(|_, running| !running.is_complete() || running.age(at) < kept);
        table
    }

    /// Resolves when none is under way, or after `patience`.
    pub(crate) async fn settled(&self, patience: Duration) {
        let all: Vec<_> = self.table.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        let deadline = tokio::time::Instant::now() + patience;
        for running in all {
            running.wait(deadline.saturating_duration_since(tokio::time::Instant::now())).await;
        }
    }
}

/// Makes place for one more of a member's bundles: its own oldest complete ones can no longer be polled.
fn forget_oldest(table: &mut Table, signer: &MemberId, most: usize) {
    let mut complete: Vec<_> = table
        .iter()
        .filter(|((owner, _), running)| owner == signer && running.is_complete())
        .map(|(key, running)| (running.since, key.clone()))
        .collect();
    if complete.len() >= most {
        complete.sort_unstable_by_key(|(since, _)| since.0);
        let surplus = complete.len() + 1 - most;
        complete.iter().take(surplus).for_each(|(_, key)| drop(table.remove(key)));
    }
}

impl Report {
    /// The document.
    pub(crate) const fn answer(&self) -> &BundleAnswer {
        &self.answer
    }

    /// What the seals say.
    pub(crate) const fn read(&self) -> &Read {
        &self.read
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

    /// Enters what the seal on a leg's answer says.
    pub(crate) fn read(&self, leg: MessageId, finding: Finding) {
        self.progress.send_modify(|progress| drop(progress.read.legs.insert(leg, finding)));
    }

    /// Enters what the seal on a settlement says.
    pub(crate) fn read_settlement(&self, leg: MessageId, finding: Finding) {
        self.progress.send_modify(|progress| drop(progress.read.settlements.insert(leg, finding)));
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

    /// What the caller is told. Until all is settled the outcome is `incomplete`.
    pub(crate) fn report(&self) -> Report {
        let progress = self.progress.borrow().clone();
        let answer = BundleAnswer {
            bundle: self.id.clone(),
            definition: self.definition.id.clone(),
            version: self.definition.version,
            outcome: progress.outcome.unwrap_or(Outcome::Incomplete),
            complete: progress.outcome.is_some(),
            left_out: self.definition.left_out.clone(),
            legs: self.definition.legs.iter().filter_map(|leg| progress.legs.get(&leg.id).cloned()).collect(),
        };
        Report { answer, read: progress.read }
    }
}

#[cfg(test)]
mod tests {
    use mohur_wire::Timestamp;

    use super::*;

    fn at(second: i64) -> Arrival {
        Arrival(Timestamp::from_second(second).unwrap())
    }

    fn definition() -> Definition {
        Definition {
            id: "d".parse().unwrap(),
            version: 1,
            title: String::new(),
            purpose: "p".parse().unwrap(),
            untied: Vec::new(),
            words: BTreeMap::new(),
            left_out: Vec::new(),
            legs: Vec::new(),
        }
    }

    fn opened(bundles: &Bundles, signer: &str, id: &str, second: i64, settings: &Settings) -> Arc<Running> {
        let (signer, id) = (signer.parse().unwrap(), id.parse().unwrap());
        bundles.enter(&signer, &id, &definition(), at(second), settings).unwrap()
    }

    fn is_kept(bundles: &Bundles, signer: &str, id: &str, second: i64, settings: &Settings) -> bool {
        bundles.find(&signer.parse().unwrap(), &id.parse().unwrap(), at(second), settings).is_some()
    }

    #[test]
    fn a_complete_bundle_is_kept_for_its_time_and_one_under_way_until_it_is_complete() {
        let (bundles, settings) = (Bundles::default(), Settings::default());
        let (done, slow) =
            (opened(&bundles, "AZ/a/b/c", "1", 0, &settings), opened(&bundles, "AZ/a/b/c", "2", 0, &settings));
        done.complete(Outcome::Clear);
        assert!(is_kept(&bundles, "AZ/a/b/c", "1", 599, &settings));
        assert!(!is_kept(&bundles, "AZ/a/b/d", "1", 599, &settings), "it is its signer's alone");
        assert!(!is_kept(&bundles, "AZ/a/b/c", "1", 600, &settings), "nobody has to open another one for that");
        assert!(is_kept(&bundles, "AZ/a/b/c", "2", 600, &settings));
        slow.complete(Outcome::NotClear);
        assert!(!is_kept(&bundles, "AZ/a/b/c", "2", 600, &settings));
    }

    #[test]
    fn whoever_opens_many_loses_its_own_oldest_and_nobody_elses() {
        let bundles = Bundles::default();
        let settings = Settings { bundles_at_once: 2, ..Settings::default() };
        opened(&bundles, "AZ/a/b/other", "o", 0, &settings).complete(Outcome::Clear);
        for number in 0..9 {
            opened(&bundles, "AZ/a/b/c", &number.to_string(), number, &settings).complete(Outcome::Clear);
        }
        let kept: Vec<_> =
            (0..9).filter(|number| is_kept(&bundles, "AZ/a/b/c", &number.to_string(), 9, &settings)).collect();
        assert_eq!(kept, (1..9).collect::<Vec<_>>());
        assert!(is_kept(&bundles, "AZ/a/b/other", "o", 9, &settings));
    }
}
