//! Why a message goes no further, in two voices: the refusal for the caller, the reason for the operator.

use std::fmt::Display;

use mohur_wire::{Refusal, RefusalCode};

/// A refusal on its way out, with what the operator should read beside it. Neither voice names a person.
#[derive(Debug)]
pub(crate) struct Stop {
    refusal: Refusal,
    reason: String,
}

impl Stop {
    /// Refuses with the code's own sentence for the caller.
    pub(crate) fn new(code: RefusalCode, reason: impl Display) -> Self {
        Self::of(code.into(), reason)
    }

    /// Refuses with a detail for the caller, and a reason for the operator.
    pub(crate) fn of(refusal: Refusal, reason: impl Display) -> Self {
        Self { refusal, reason: reason.to_string() }
    }

    /// The caller's voice.
    pub(crate) const fn refusal(&self) -> &Refusal {
        &self.refusal
    }

    /// The operator's voice.
    pub(crate) fn reason(&self) -> &str {
        &self.reason
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        let reason = refusal.to_string();
        Self { refusal, reason }
    }
}

impl From<RefusalCode> for Stop {
    fn from(code: RefusalCode) -> Self {
        Refusal::from(code).into()
    }
}
