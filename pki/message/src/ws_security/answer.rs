//! Answers: signed by who answers, and confirming what was asked.

use mohur_soap::Envelope;
use mohur_wire::{Arrival, Refusal, RefusalCode};

use super::verify::{VerifiedEnvelope, verify_envelope};
use crate::keys::KeySource;

/// Verifies an answer to an envelope that we signed with `sent_signature`: its own signature, and that it confirms this
/// very request (WS-Security 1.1 §8.5). Who answers is for the caller to compare.
pub fn verify_answer<'d>(
    envelope: Envelope<'d>,
    sent_signature: &[u8],
    keys: &dyn KeySource,
    arrival: Arrival,
    window_seconds: u32,
) -> Result<VerifiedEnvelope<'d>, Refusal> {
    let answer = verify_envelope(envelope, &[], keys, &[], arrival, window_seconds)?;
    match answer.confirmed() {
        Some(confirmed) if confirmed == sent_signature => Ok(answer),
        Some(_) => {
            Err(Refusal::new(RefusalCode::SignatureInvalid, "the answer confirms the signature of another request"))
        }
        None => Err(Refusal::new(
            RefusalCode::ComponentUncovered,
            "the answer has no wsse11:SignatureConfirmation, so it may answer anything",
        )),
    }
}
