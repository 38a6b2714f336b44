//! What may happen to one receipt: pure functions over its record. No I/O, no clock.
//!
//! A receipt has had reservations, one after another; only the last one can be open. It is consumed at most once.

use mohur_wire::{MemberId, MessageId, Operation, Timestamp};
use serde::{Deserialize, Serialize};

/// Most reservations that one receipt may have had. Whoever needs more is not issuing documents.
const MAX_RESERVATIONS: usize = 64;

/// The state of a receipt, as it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Paid and free.
    Paid,
    /// Held for a caller.
    Reserved,
    /// Used up.
    Consumed,
    /// Given back.
    Released,
    /// Not booked, or less than the fee.
    Unpaid,
    /// Held for somebody already.
    AlreadyReserved,
    /// Used up already.
    AlreadyConsumed,
    /// The bank knows no such receipt of this person.
    UnknownReceipt,
    /// The reservation expired before it was consumed.
    Expired,
}

/// What an operation came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) state: State,
    pub(crate) reservation: Option<MessageId>,
    pub(crate) expires: Option<Timestamp>,
}

/// Why an operation has no outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The caller has no reservation to settle.
    NoReservation,
    /// It was settled otherwise.
    SettledOtherwise,
    /// Reserved too often.
    TooMany,
}

/// The record of one receipt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    reservations: Vec<Reservation>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reservation {
    caller: MemberId,
    /// The idempotency key of the `reserve`, unique to its caller: the reservation's id.
    key: MessageId,
    expires: Timestamp,
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

/// Whether a paid receipt can be reserved.
enum Holding {
    Free,
    Held,
    Used,
}

impl State {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::Reserved => "reserved",
            Self::Consumed => "consumed",
            Self::Released => "released",
            Self::Unpaid => "unpaid",
            Self::AlreadyReserved => "already-reserved",
            Self::AlreadyConsumed => "already-consumed",
            Self::UnknownReceipt => "unknown-receipt",
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
    /// The state of a paid receipt.
    pub(crate) fn state(&self, now: Timestamp) -> State {
        match self.holding(now) {
            Holding::Free => State::Paid,
            Holding::Held => State::Reserved,
            Holding::Used => State::Consumed,
        }
    }

    fn holding(&self, now: Timestamp) -> Holding {
        match self.reservations.last() {
            _ if self.is_consumed() => Holding::Used,
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

    /// Holds the receipt for the caller until `expires`.
    pub(crate) fn reserve(
        &mut self,
        caller: &MemberId,
        key: &MessageId,
        now: Timestamp,
        expires: Timestamp,
    ) -> Result<Outcome, Refused> {
        if let Some(first) = self.earlier(caller, Operation::Reserve, key) {
            return Ok(first);
        }
        match self.holding(now) {
            Holding::Used => return Ok(State::AlreadyConsumed.into()),
            Holding::Held => return Ok(State::AlreadyReserved.into()),
            Holding::Free if self.reservations.len() >= MAX_RESERVATIONS => return Err(Refused::TooMany),
            Holding::Free => {}
        }
        let made = Reservation { caller: caller.clone(), key: key.clone(), expires, end: None, ended_by: None };
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

#[cfg(test)]
mod tests;
