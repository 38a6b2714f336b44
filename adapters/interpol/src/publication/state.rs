//! What may happen to the publication of one document: pure functions over its reservations. No I/O, no clock.
//!
//! There have been reservations, one after another; only the last one can be open. One is consumed at most once.

use mohur_contract::RegistryError;
use mohur_wire::{MemberId, MessageId, Operation, Timestamp};
use serde::{Deserialize, Serialize};

/// Most reservations that one document may have had.
const MAX_RESERVATIONS: usize = 64;

/// The state, as it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Held for a caller.
    Reserved,
    /// Reported.
    Consumed,
    /// Given up.
    Released,
    /// Held for somebody already.
    AlreadyReserved,
    /// Reported already.
    AlreadyConsumed,
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

/// Everything that was wanted of one document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reservations {
    reservations: Vec<Reservation>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reservation {
    caller: MemberId,
    /// The idempotency key of the `reserve`, unique to its caller: the reservation's id.
    key: MessageId,
    reason: String,
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

impl State {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Reserved => "reserved",
            Self::Consumed => "consumed",
            Self::Released => "released",
            Self::AlreadyReserved => "already-reserved",
            Self::AlreadyConsumed => "already-consumed",
            Self::Expired => "expired",
        }
    }
}

impl Refused {
    pub(crate) const fn told(self) -> RegistryError {
        RegistryError::Settlement(match self {
            Self::NoReservation => "there is no such reservation of this caller",
            Self::SettledOtherwise => "the reservation was settled otherwise before",
            Self::TooMany => "this document was reserved 64 times without being reported",
        })
    }
}

impl From<State> for Outcome {
    fn from(state: State) -> Self {
        Self { state, reservation: None, expires: None }
    }
}

impl End {
    const fn state(self) -> State {
        match self {
            Self::Consumed => State::Consumed,
            Self::Released => State::Released,
        }
    }

    const fn of(operation: Operation) -> Result<Self, Refused> {
        match operation {
            Operation::Reserve => Err(Refused::NoReservation),
            Operation::Consume => Ok(Self::Consumed),
            Operation::Release => Ok(Self::Released),
        }
    }
}

impl Reservation {
    fn is(&self, caller: &MemberId, key: &MessageId) -> bool {
        self.caller == *caller && self.key == *key
    }

    fn is_open(&self, now: Timestamp) -> bool {
        self.end.is_none() && now < self.expires
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

impl Reservations {
    /// Why the document was reported, if it was.
    pub(crate) fn reason(&self) -> Option<&str> {
        self.consumed().map(|reservation| reservation.reason.as_str())
    }

    fn consumed(&self) -> Option<&Reservation> {
        self.reservations.iter().find(|reservation| reservation.end == Some(End::Consumed))
    }

    /// Holds the document for the caller until `expires`.
    pub(crate) fn reserve(
        &mut self,
        caller: &MemberId,
        key: &MessageId,
        reason: &str,
        now: Timestamp,
        expires: Timestamp,
    ) -> Result<Outcome, Refused> {
        let made = |reservation: &Reservation| Outcome {
            state: State::Reserved,
            reservation: Some(reservation.key.clone()),
            expires: Some(reservation.expires),
        };
        if let Some(first) = self.reservations.iter().find(|reservation| reservation.is(caller, key)) {
            return Ok(made(first));
        }
        if self.consumed().is_some() {
            return Ok(State::AlreadyConsumed.into());
        }
        if self.reservations.last().is_some_and(|last| last.is_open(now)) {
            return Ok(State::AlreadyReserved.into());
        }
        if self.reservations.len() >= MAX_RESERVATIONS {
            return Err(Refused::TooMany);
        }
        let (caller, key, reason) = (caller.clone(), key.clone(), reason.to_owned());
        let reservation = Reservation { caller, key, reason, expires, end: None, ended_by: None };
        let outcome = made(&reservation);
        self.reservations.push(reservation);
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
        let end = End::of(operation)?;
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
        let end = End::of(operation)?;
        let by = |one: &&Reservation| one.caller == *caller && one.ended_by.as_ref() == Some(key);
        if let Some(first) = self.reservations.iter().find(by).filter(|first| first.end == Some(end)) {
            return Ok(first.ended(end.state()));
        }
        let consumed = self.consumed().is_some();
        match self.reservations.last_mut() {
            _ if consumed => Ok(State::AlreadyConsumed.into()),
            Some(last) if last.caller == *caller && last.end.is_none() => last.finish(end, Some(key), now),
            Some(last) if last.is_open(now) => Ok(State::AlreadyReserved.into()),
            Some(_) | None => Err(Refused::NoReservation),
        }
    }
}
