//! Claim once: from here on the id is taken, whatever becomes of the message.

use std::sync::Arc;

use mohur_wire::{Arrival, MemberId, MessageId, Refusal, RefusalCode};

use super::verify::Verified;
use crate::claims::{Claim, Claims, Taken, Way};
use crate::trace::Trace;

/// A query whose id no other message can use.
pub struct Claimed {
    verified: Arc<Verified>,
}

/// Claims a query's id for its signer.
pub fn once(verified: Verified, claims: &Claims, trace: &mut Trace) -> Result<Claimed, Refusal> {
    let id = &verified.query().id;
    let id = settled_under(&verified)?.unwrap_or_else(|| id.clone());
    let way = if verified.brought().is_some() { Way::Forwarded } else { Way::Sent };
    take(claims.claim(verified.signer(), &id, verified.arrival(), way), trace)?;
    let verified = Arc::new(verified);
    trace.about(&verified);
    Ok(Claimed { verified })
}

/// A settlement may be asked for again until its answer is had: what serves once is the entry in the home broker's log. That it
/// has one effect is for the owner's ledger to say.
fn settled_under(verified: &Verified) -> Result<Option<MessageId>, Refusal> {
    let Some(brought) = verified.brought().filter(|brought| brought.settle.is_some()) else { return Ok(None) };
    let entry = format!("settle:{}", brought.intent).parse().map_err(|_| RefusalCode::Internal)?;
    Ok(Some(entry))
}

/// Claims an id for its signer. A repeated id is refused with the first one's receipt.
pub(crate) fn id(
    signer: &MemberId,
    id: &MessageId,
    at: Arrival,
    claims: &Claims,
    trace: &mut Trace,
) -> Result<(), Refusal> {
    take(claims.claim(signer, id, at, Way::Sent), trace)
}

fn take(claimed: Result<Claim, Taken>, trace: &mut Trace) -> Result<(), Refusal> {
    match claimed {
        Ok(claim) => {
            trace.claimed(claim);
            Ok(())
        }
        Err(Taken::InProgress) => Err(RefusalCode::InProgress.into()),
        Err(Taken::Done(first)) => {
            trace.repeats(first);
            Err(RefusalCode::Replayed.into())
        }
        Err(Taken::Full) => Err(RefusalCode::Overloaded.into()),
    }
}

impl Claimed {
    pub(crate) fn into_verified(self) -> Arc<Verified> {
        self.verified
    }
}
