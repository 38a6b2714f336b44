//! Asking outside, and what an X-Road client is told where there is no answer.

use mohur_client::{Answered, AskError, Question};
use mohur_wire::Refusal;

use super::Door;
use crate::vocabulary::{Code, XRoadError};

/// An error with the id under which it can be looked for.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) error: XRoadError,
    pub(super) id: Option<String>,
}

impl From<XRoadError> for Failed {
    fn from(error: XRoadError) -> Self {
        Self { error, id: None }
    }
}

impl Door {
    /// Asks, and verifies everything about the answer.
    pub(super) async fn ask(&self, question: Question) -> Result<Answered, Failed> {
        let caller = self.callers.now();
        let asked = caller.ask(question).await;
        asked.map_err(|error| {
            let id = match &error {
                AskError::Refused(refused) => refused.problem.id.clone(),
                AskError::Unreachable(_) | AskError::Unverified(_) | AskError::Question(_) | AskError::Setup(_) => None,
            };
            Failed { error: told(&error), id }
        })
    }
}

/// What an error of the client becomes.
pub(super) fn told(error: &AskError) -> XRoadError {
    match error {
        AskError::Refused(refused) => {
            XRoadError::from(Refusal::new(refused.problem.code, refused.problem.detail.clone()))
        }
        AskError::Unreachable(cause) => {
            tracing::warn!(%cause, "the broker could not be asked");
            XRoadError::door(Code::NETWORK_ERROR, "the broker cannot be reached, or did not answer in time; ask again")
        }
        AskError::Unverified(what) => {
            tracing::error!(what, "an answer was dropped: it does not prove itself");
            XRoadError::door(
                Code::INVALID_SIGNATURE,
                "the answer does not prove itself and was dropped; tell the operator",
            )
        }
        AskError::Question(what) => {
            XRoadError::client(Code::INVALID_REQUEST, format!("the question could not be put together: {what}"))
        }
        AskError::Setup(what) => {
            tracing::error!(what, "the door cannot ask");
            XRoadError::door(
                Code::INTERNAL_ERROR,
                "the door's keys, certificates or directory do not allow to ask; see its log",
            )
        }
    }
}
