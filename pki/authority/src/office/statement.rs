//! What an officer signs: a statement that is kept as evidence of who approved which key for whom.

use mohur_chain::{OfficerIdentity, Trust};
use mohur_message::statement::{self, StatementError};
use mohur_seal::{Seal, SealError};
use mohur_wire::{MemberId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Denial, Enrols};

const TYPE: &str = "mohur-decision+jwt";

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The key is the member's, and may seal.
    Approve,
    /// It may not.
    Reject,
}

/// A decision about an application: everything that the officer saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Decision {
    /// Yes or no.
    pub verdict: Verdict,
    /// The application.
    pub application: String,
    /// For whom.
    pub member: MemberId,
    /// For what.
    pub profile: Enrols,
    /// SHA-256 of the public key.
    pub key: String,
    /// When the officer signed.
    pub at: Timestamp,
    /// Why, for a rejection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// Signs a decision with an officer's key.
pub fn sign_decision(decision: &Decision, officer: &dyn Seal) -> Result<String, SealError> {
    statement::sign_statement(TYPE, decision, officer)
}

/// The decision, and the officer who signed it.
pub(super) fn verify(text: &str, trust: &Trust, now: Timestamp) -> Result<(Decision, OfficerIdentity), Denial> {
    statement::verify_statement(TYPE, text, trust, now).map_err(refused)
}

/// An old decision may have been about an earlier state of the world.
pub(super) fn check_age(decision: &Decision, now: Timestamp) -> Result<(), Denial> {
    statement::check_age(decision.at, now).map_err(refused)
}

fn refused(error: StatementError) -> Denial {
    Denial::StatementRefused(error.to_string())
}
