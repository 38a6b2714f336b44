//! Claim once: an id is answered once per signer, however often it is sent.
//!
//! Kept in memory for as long as a repeated message would still be accepted: twice the freshness window, and longer where
//! another broker hands a message on; durable through the log itself, whose tail rebuilds it at start.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use mohur_transparency::Receipt;
use mohur_wire::{Arrival, MemberId, MessageId};

type Key = (MemberId, MessageId);

/// How many receipts are kept as they are; older ones are proved again from the log's files, by their index.
const RECENT: usize = 4096;

/// The table of claimed ids.
#[derive(Clone)]
pub struct Claims {
    table: Arc<Mutex<Table>>,
    kept_seconds: [i64; 2],
    most: usize,
}

/// How a message came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From its signer.
    Sent,
    /// By way of another broker.
    Forwarded,
}

#[derive(Default)]
struct Table {
    claims: HashMap<Key, State>,
    /// By [`Way`], whose claims are kept for different times.
    by_age: [VecDeque<(i64, Key)>; 2],
    recent: VecDeque<(Key, u64)>,
}

enum State {
    InProgress,
    Done(First),
}

/// What is known of the first message's outcome.
#[derive(Clone, Debug)]
pub enum First {
    /// It was written a moment ago.
    Receipt(Arc<Receipt>),
    /// It stands in the log, at this index.
    Entry(u64),
    /// There is none: the message had no outcome that could be logged.
    Unknown,
}

/// Why an id cannot be claimed.
pub enum Taken {
    /// The first message is being answered.
    InProgress,
    /// It was answered.
    Done(First),
    /// More ids are fresh than the table may hold.
    Full,
}

impl Claims {
    /// A table that keeps ids for twice the freshness window, those of forwarded messages for `forwarded`, and at most `most`
    /// of them all.
    pub fn new(freshness: std::time::Duration, forwarded: std::time::Duration, most: usize) -> Self {
        let kept = |time: std::time::Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX / 4);
        Self { table: Arc::default(), kept_seconds: [kept(freshness.saturating_mul(2)), kept(forwarded)], most }
    }

    /// How far back the log must be read to rebuild the table, in seconds.
    pub fn kept_seconds(&self) -> i64 {
        self.kept_seconds.into_iter().max().unwrap_or_default()
    }

    /// Enters an id that the log says was claimed before this process started, with its OUTCOME where it has one.
    pub fn restore(&self, signer: MemberId, id: MessageId, at: Arrival, way: Way, outcome: Option<u64>) {
        let key = (signer, id);
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        table.age(way).push_back((at.unix_seconds(), key.clone()));
        table.claims.insert(key, State::Done(outcome.map_or(First::Unknown, First::Entry)));
    }

    /// Claims `id` for `signer`.
    pub fn claim(&self, signer: &MemberId, id: &MessageId, at: Arrival, way: Way) -> Result<Claim, Taken> {
        let key = (signer.clone(), id.clone());
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        table.forget_before(self.kept_seconds.map(|kept| at.unix_seconds().saturating_sub(kept)));
        match table.claims.get(&key) {
            Some(State::InProgress) => return Err(Taken::InProgress),
            Some(State::Done(first)) => return Err(Taken::Done(first.clone())),
            None if table.claims.len() >= self.most => return Err(Taken::Full),
            None => {}
        }
        table.age(way).push_back((at.unix_seconds(), key.clone()));
        table.claims.insert(key.clone(), State::InProgress);
        Ok(Claim { key: Some(key), table: Arc::clone(&self.table) })
    }
}

impl Table {
    /// Counts a receipt among the recent ones, and lets the oldest of those go.
    fn remember(&mut self, key: Key, index: u64) {
        self.recent.push_back((key, index));
        if self.recent.len() <= RECENT {
            return;
        }
        if let Some((oldest, index)) = self.recent.pop_front()
            && let Some(state @ State::Done(First::Receipt(_))) = self.claims.get_mut(&oldest)
        {
            *state = State::Done(First::Entry(index));
        }
    }

    const fn age(&mut self, way: Way) -> &mut VecDeque<(i64, Key)> {
        let [sent, forwarded] = &mut self.by_age;
        match way {
            Way::Sent => sent,
            Way::Forwarded => forwarded,
        }
    }

    fn forget_before(&mut self, oldest: [i64; 2]) {
        for (by_age, oldest) in self.by_age.iter_mut().zip(oldest) {
            while by_age.front().is_some_and(|(at, _)| *at < oldest) {
                if let Some((_, key)) = by_age.pop_front() {
                    self.claims.remove(&key);
                }
            }
        }
    }
}

/// The right to answer one id. Dropped without a receipt, the id stays claimed: it may have had its effect.
pub struct Claim {
    key: Option<Key>,
    table: Arc<Mutex<Table>>,
}

impl Claim {
    /// Keeps the receipt, and the index of its entry, for whoever repeats the id.
    pub fn answered(mut self, receipt: Arc<Receipt>, index: u64) {
        let Some(key) = self.key.clone() else { return };
        self.finish(First::Receipt(receipt));
        self.table.lock().unwrap_or_else(PoisonError::into_inner).remember(key, index);
    }

    fn finish(&mut self, first: First) {
        if let Some(key) = self.key.take() {
            let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(state) = table.claims.get_mut(&key) {
                *state = State::Done(first);
            }
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.finish(First::Unknown);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mohur_wire::Timestamp;

    use super::*;

    const WINDOW: Duration = Duration::from_secs(60);
    const KEPT: Duration = Duration::from_secs(420);

    fn at(second: i64) -> Arrival {
        Arrival(Timestamp::from_second(second).unwrap())
    }

    #[test]
    fn an_id_is_claimed_once_per_signer_until_it_could_no_longer_be_fresh() {
        let claims = Claims::new(WINDOW, KEPT, 10);
        let (mia, sbs) = ("AZ/GOV/MIA/a".parse().unwrap(), "AZ/GOV/SBS/a".parse().unwrap());
        let id: MessageId = "q-1".parse().unwrap();
        let claim = claims.claim(&mia, &id, at(1000), Way::Sent).ok().unwrap();
        assert!(matches!(claims.claim(&mia, &id, at(1000), Way::Sent), Err(Taken::InProgress)));
        assert!(claims.claim(&sbs, &id, at(1000), Way::Sent).is_ok(), "another signer has its own ids");
        drop(claim);
        assert!(matches!(claims.claim(&mia, &id, at(1120), Way::Sent), Err(Taken::Done(First::Unknown))));
        assert!(claims.claim(&mia, &id, at(1121), Way::Sent).is_ok());
    }

    #[test]
    fn what_the_log_remembers_is_restored_with_its_outcome() {
        let claims = Claims::new(WINDOW, KEPT, 10);
        let mia: MemberId = "AZ/GOV/MIA/a".parse().unwrap();
        let id: MessageId = "q-1".parse().unwrap();
        claims.restore(mia.clone(), id.clone(), at(1000), Way::Sent, None);
        assert!(matches!(claims.claim(&mia, &id, at(1001), Way::Sent), Err(Taken::Done(First::Unknown))));
        claims.restore(mia.clone(), id.clone(), at(1000), Way::Sent, Some(7));
        assert!(matches!(claims.claim(&mia, &id, at(1001), Way::Sent), Err(Taken::Done(First::Entry(7)))));
    }

    #[test]
    fn only_recent_receipts_are_kept_and_older_ones_by_their_index() {
        let claims = Claims::new(WINDOW, KEPT, 1_000_000);
        let mia: MemberId = "AZ/GOV/MIA/a".parse().unwrap();
        let id = |number: usize| format!("q-{number}").parse::<MessageId>().unwrap();
        let receipt = Arc::new(Receipt::new(String::new(), None, String::new()));
        for number in 0..=RECENT {
            let claim = claims.claim(&mia, &id(number), at(0), Way::Sent).ok().unwrap();
            claim.answered(Arc::clone(&receipt), number as u64);
        }
        assert!(matches!(claims.claim(&mia, &id(0), at(0), Way::Sent), Err(Taken::Done(First::Entry(0)))));
        assert!(matches!(claims.claim(&mia, &id(1), at(0), Way::Sent), Err(Taken::Done(First::Receipt(_)))));
    }

    #[test]
    fn a_full_table_refuses_instead_of_forgetting() {
        let claims = Claims::new(WINDOW, KEPT, 2);
        let mia = "AZ/GOV/MIA/a".parse().unwrap();
        let held: Vec<_> =
            ["1", "2"].iter().map(|id| claims.claim(&mia, &id.parse().unwrap(), at(0), Way::Sent).ok()).collect();
        assert!(matches!(claims.claim(&mia, &"3".parse().unwrap(), at(0), Way::Sent), Err(Taken::Full)));
        drop(held);
    }

    #[test]
    fn a_forwarded_id_is_kept_as_long_as_it_could_be_handed_on_again() {
        let claims = Claims::new(WINDOW, KEPT, 10);
        let mia: MemberId = "AZ/GOV/MIA/a".parse().unwrap();
        let (sent, forwarded): (MessageId, MessageId) = ("q-1".parse().unwrap(), "q-2".parse().unwrap());
        drop(claims.claim(&mia, &sent, at(1000), Way::Sent));
        drop(claims.claim(&mia, &forwarded, at(1000), Way::Forwarded));
        assert!(claims.claim(&mia, &sent, at(1420), Way::Sent).is_ok());
        assert!(matches!(claims.claim(&mia, &forwarded, at(1420), Way::Forwarded), Err(Taken::Done(_))));
        assert!(claims.claim(&mia, &forwarded, at(1421), Way::Forwarded).is_ok());
        assert_eq!(claims.kept_seconds(), 420);
    }
}
