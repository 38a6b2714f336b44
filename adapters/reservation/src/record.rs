//! What may happen to one thing that can be reserved: pure functions over its record. No I/O, no clock.
//!
//! It has had reservations, one after another; only the last one can be open. It is consumed at most once.

use mohur_wire::{MemberId, MessageId, Operation, Timestamp};
use serde::{Deserialize, Serialize};

/// Most reservations of one thing that its record keeps. Those that are over make room, the oldest first.
const KEPT: usize = 64;

/// How it stands, and what an operation came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nobody holds it.
    Free,
    /// Held for a caller.
    Reserved,
    /// Used up.
    Consumed,
    /// Given back.
    Released,
    /// Held for somebody already.
    AlreadyReserved,
    /// Used up already.
    AlreadyConsumed,
    /// The reservation expired before it was consumed.
    Expired,
}

/// What an operation came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What it came to.
    pub state: State,
    /// The reservation that was made or ended.
    pub reservation: Option<MessageId>,
    /// Until when one that was made holds.
    pub expires: Option<Timestamp>,
}

/// Whether an effect is to be had now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Yes: the reservation is held until [`finish`](Record::finish) or [`abandon`](Record::abandon).
    Apply,
    /// No: this is what it came to.
    Already(Outcome),
}

/// Why an operation has no outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The caller has no reservation to settle.
    NoReservation,
    /// It was settled otherwise.
    SettledOtherwise,
    /// None of those that are kept is over.
    TooMany,
    /// The key was used here, and what came of it made room for others.
    Forgotten,
}

/// The record of one thing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    reservations: Vec<Reservation>,
    /// Some made room: of a key that was used before and is not known here, nobody can say what came of it.
    #[serde(default, skip_serializing_if = "is_false")]
    has_forgotten: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reservation {
    caller: MemberId,
    /// The idempotency key of the `reserve`, unique to its caller: the reservation's id.
    key: MessageId,
    expires: Timestamp,
    /// Its effect was begun: whatever the time, it is had or it is not, and nobody gives it up meanwhile.
    #[serde(default, skip_serializing_if = "is_false")]
    applying: bool,
    end: Option<End>,
    /// The idempotency key of a signed `consume` or `release`, if that ended it.
    ended_by: Option<MessageId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum End {
    Consumed,
    Released,
}

/// How often a thing can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Uses {
    /// Once and never again, like a receipt.
    Once,
    /// As often as the register says that it is free: a document that was suspended may be good again one day.
    AsTheRegisterSays,
}

/// Whether it can be reserved.
enum Holding {
    Free,
    Held,
    Used,
}

impl State {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Reserved => "reserved",
            Self::Consumed => "consumed",
            Self::Released => "released",
            Self::AlreadyReserved => "already-reserved",
            Self::AlreadyConsumed => "already-consumed",
            Self::Expired => "expired",
        }
    }
}

impl From<State> for Outcome {
    fn from(state: State) -> Self {
        Self { state, reservation: None, expires: None }
    }
}

impl Reservation {
    fn is(&self, caller: &MemberId, key: &MessageId) -> bool {
        self.caller == *caller && self.key == *key
    }

    fn is_open(&self, now: Timestamp) -> bool {
        self.end.is_none() && now < self.expires
    }

    /// Nothing can come of it any more: not even of an effect that was begun.
    fn is_over(&self, now: Timestamp) -> bool {
        !self.applying && !self.is_open(now)
    }

    /// The answer to the `reserve` that made it.
    fn made(&self) -> Outcome {
        Outcome { state: State::Reserved, reservation: Some(self.key.clone()), expires: Some(self.expires) }
    }

    fn ended(&self, state: State) -> Outcome {
        Outcome { state, reservation: Some(self.key.clone()), expires: None }
    }

    /// Ends it, or says how it ended before. The same end twice is one end.
    fn finish(&mut self, end: End, by: Option<&MessageId>, now: Timestamp) -> Result<Outcome, Refused> {
        match (self.end, end) {
            (None, End::Consumed) if now >= self.expires => return Ok(self.ended(State::Expired)),
            (None, End::Released) if self.applying => return Err(Refused::SettledOtherwise),
            (None, _) => {
                self.end = Some(end);
                self.ended_by = by.cloned();
            }
            (Some(before), _) if before != end => return Err(Refused::SettledOtherwise),
            (Some(_), _) => {}
        }
        Ok(self.ended(end.state()))
    }
}

impl End {
    const fn state(self) -> State {
        match self {
            Self::Consumed => State::Consumed,
            Self::Released => State::Released,
        }
    }

    const fn of(operation: Operation) -> Option<Self> {
        match operation {
            Operation::Reserve => None,
            Operation::Consume => Some(Self::Consumed),
            Operation::Release => Some(Self::Released),
        }
    }
}

impl Record {
    /// How it stands.
    pub(crate) fn state(&self, now: Timestamp) -> State {
        match self.holding(now, Uses::Once) {
            Holding::Free => State::Free,
            Holding::Held => State::Reserved,
            Holding::Used => State::Consumed,
        }
    }

    fn holding(&self, now: Timestamp, uses: Uses) -> Holding {
        match self.reservations.last() {
            _ if uses == Uses::Once && self.is_consumed() => Holding::Used,
            Some(last) if last.is_open(now) => Holding::Held,
            Some(_) | None => Holding::Free,
        }
    }

    fn is_consumed(&self) -> bool {
        self.reservations.iter().any(|reservation| reservation.end == Some(End::Consumed))
    }

    /// What the caller's operation with that key came to, if it had an effect.
    pub(crate) fn earlier(&self, caller: &MemberId, operation: Operation, key: &MessageId) -> Option<Outcome> {
        let mut reservations = self.reservations.iter();
        match End::of(operation) {
            None => reservations.find(|reservation| reservation.is(caller, key)).map(Reservation::made),
            Some(end) => reservations
                .find(|one| one.caller == *caller && one.ended_by.as_ref() == Some(key) && one.end == Some(end))
                .map(|one| one.ended(end.state())),
        }
    }

    /// Whether a key that was used here before may have had an effect that is no longer known.
    pub(crate) fn may_have_forgotten(&self, caller: &MemberId, operation: Operation, key: &MessageId) -> bool {
        self.has_forgotten && self.earlier(caller, operation, key).is_none()
    }

    /// Drops the oldest reservation that is over, if the record is full. That the thing was consumed is never forgotten.
    fn make_room(&mut self, now: Timestamp) -> Result<(), Refused> {
        if self.reservations.len() < KEPT {
            return Ok(());
        }
        let last_use = self.reservations.iter().rposition(|one| one.end == Some(End::Consumed));
        let mut places = self.reservations.iter().enumerate();
        let oldest = places.find(|(place, one)| one.is_over(now) && Some(*place) != last_use).map(|(place, _)| place);
        self.reservations.remove(oldest.ok_or(Refused::TooMany)?);
        self.has_forgotten = true;
        Ok(())
    }

    /// Holds it for the caller until `expires`.
    pub(crate) fn reserve(
        &mut self,
        caller: &MemberId,
        key: &MessageId,
        (now, expires): (Timestamp, Timestamp),
        uses: Uses,
    ) -> Result<Outcome, Refused> {
        if let Some(first) = self.earlier(caller, Operation::Reserve, key) {
            return Ok(first);
        }
        match self.holding(now, uses) {
            Holding::Used => return Ok(State::AlreadyConsumed.into()),
            Holding::Held => return Ok(State::AlreadyReserved.into()),
            Holding::Free => self.make_room(now)?,
        }
        let (caller, key) = (caller.clone(), key.clone());
        let made = Reservation { caller, key, expires, applying: false, end: None, ended_by: None };
        let outcome = made.made();
        self.reservations.push(made);
        Ok(outcome)
    }

    /// Settles the reservation that the caller made with `key`.
    pub(crate) fn settle(
        &mut self,
        caller: &MemberId,
        key: &MessageId,
        operation: Operation,
        now: Timestamp,
    ) -> Result<Outcome, Refused> {
        let end = End::of(operation).ok_or(Refused::NoReservation)?;
        let made = self.reservations.iter_mut().find(|reservation| reservation.is(caller, key));
        made.ok_or(Refused::NoReservation)?.finish(end, None, now)
    }

    /// Begins to have the effect that the caller reserved with `key`, if it may still be had. An effect that was begun and not
    /// finished, by a process that ended, is begun again: even late, unless somebody else holds the thing by then.
    pub(crate) fn begin(&mut self, caller: &MemberId, key: &MessageId, now: Timestamp) -> Result<Begun, Refused> {
        let last = self.reservations.len();
        let mut reservations = self.reservations.iter_mut().zip(1..);
        let found = reservations.find(|(reservation, _)| reservation.is(caller, key));
        let (made, place) = found.ok_or(Refused::NoReservation)?;
        match made.end {
            Some(End::Consumed) => return Ok(Begun::Already(made.ended(State::Consumed))),
            Some(End::Released) => return Err(Refused::SettledOtherwise),
            None => {}
        }
        if now >= made.expires && !(made.applying && place == last) {
            return Ok(Begun::Already(made.ended(State::Expired)));
        }
        made.applying = true;
        Ok(Begun::Apply)
    }

    /// The effect was had.
    pub(crate) fn finish(&mut self, caller: &MemberId, key: &MessageId) -> Result<Outcome, Refused> {
        let made = self.reservations.iter_mut().find(|reservation| reservation.is(caller, key));
        let made = made.ok_or(Refused::NoReservation)?;
        (made.applying, made.end) = (false, Some(End::Consumed));
        Ok(made.ended(State::Consumed))
    }

    /// The effect cannot be had: the register says so.
    pub(crate) fn abandon(&mut self, caller: &MemberId, key: &MessageId) -> Result<(), Refused> {
        let made = self.reservations.iter_mut().find(|reservation| reservation.is(caller, key));
        made.ok_or(Refused::NoReservation)?.applying = false;
        Ok(())
    }

    /// A `consume` or `release` that the caller signed by itself: of its last reservation. `key` is this effect's own.
    pub(crate) fn end(
        &mut self,
        caller: &MemberId,
        key: &MessageId,
        operation: Operation,
        now: Timestamp,
    ) -> Result<Outcome, Refused> {
        if let Some(first) = self.earlier(caller, operation, key) {
            return Ok(first);
        }
        let end = End::of(operation).ok_or(Refused::NoReservation)?;
        let consumed = self.is_consumed();
        match self.reservations.last_mut() {
            _ if consumed => Ok(State::AlreadyConsumed.into()),
            Some(last) if last.caller == *caller && last.end.is_none() => last.finish(end, Some(key), now),
            Some(last) if last.is_open(now) => Ok(State::AlreadyReserved.into()),
            Some(_) | None => Err(Refused::NoReservation),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

#[cfg(test)]
mod tests;
