//! Why there is no answer.

use mohur_http::ClientError;
use mohur_transparency::VerifiedReceipt;
use mohur_wire::Refusal;
use mohur_wire::refusal::Problem;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The broker cannot be reached, or did not answer in time. Ask again with a new question.
    #[error("{0}")]
    Unreachable(#[from] ClientError),
    /// The broker refused, and proved that it did.
    #[error("{}", .0.problem.detail)]
    Refused(Box<Refused>),
    /// Something came that does not prove itself: it is dropped, and is worth a call to the auditors.
    #[error("the answer is dropped: {0}")]
    Unverified(String),
    /// The question could not be put together.
    #[error("{0}")]
    Question(String),
    /// Keys, certificates or the directory do not allow to ask.
    #[error("{0}")]
    Setup(String),
}

/// A refusal under the broker's seal.
#[derive(Debug)]
pub struct Refused {
    /// What it says.
    pub problem: Problem,
    /// The receipt, where the refusal was logged. For a repeated id it is the first message's.
    pub receipt: Option<VerifiedReceipt>,
}

impl AskError {
    pub(crate) fn unverified(what: &str, refusal: &Refusal) -> Self {
        Self::Unverified(format!("{what}: {}", refusal.detail))
    }
}
