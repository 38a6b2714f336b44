//! What an adjudicator signs: a statement that names the facts that the officer saw, and is kept with the link.

use mohur_chain::{OfficerIdentity, Trust};
use mohur_message::statement::{self, StatementError};
use mohur_seal::{Seal, SealError};
use mohur_wire::Timestamp;
use serde::{Deserialize, Serialize};

use crate::book::BookError;
use crate::rules::{Conclusion, Facts};

const TYPE: &str = "mohur-link-decision+jwt";

/// A decision about a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Decision {
    /// The link.
    pub link: String,
    /// What the officer saw: decided anew if it changes.
    pub facts: Facts,
    /// What the officer concludes.
    pub conclusion: Conclusion,
    /// Why, in the officer's words.
    pub why: String,
    /// When it was signed.
    pub at: Timestamp,
}

/// Signs a decision with an officer's key.
pub fn sign_decision(decision: &Decision, officer: &dyn Seal) -> Result<String, SealError> {
    statement::sign_statement(TYPE, decision, officer)
}

/// The decision, and the officer who signed it within the last day.
pub(crate) fn verify(text: &str, trust: &Trust, now: Timestamp) -> Result<(Decision, OfficerIdentity), BookError> {
    let (decision, officer) = signed(text, trust, now)?;
    statement::check_age(decision.at, now).map_err(refused)?;
    Ok((decision, officer))
}

/// The decision, and the officer, whose certificate is good now.
pub(crate) fn signed(text: &str, trust: &Trust, now: Timestamp) -> Result<(Decision, OfficerIdentity), BookError> {
    statement::verify_statement(TYPE, text, trust, now).map_err(refused)
}

fn refused(error: StatementError) -> BookError {
    BookError::Statement(error.to_string())
}
