//! Call provider: the owner's host is asked, with the caller's own signature, our decision and the receipt of INTENT.

use mohur_crypto::Digest;
use mohur_journal::Committed;
use mohur_message::hop::{Ask, Decision, Reply};
use mohur_seal::Seal;
use mohur_wire::{MemberId, Refusal, RefusalCode};

use super::intent::Recorded;
use super::route::Routed;
use crate::provider::Provider;

/// How much longer than its deadline a decision stays valid, for the way to the host.
const TRAVEL_SECONDS: i64 = 5;

/// A query with the reply of its owner's host, not yet believed.
pub struct Asked {
    routed: Routed,
    reply: Reply,
}

/// Asks the host once.
pub async fn provider(
    recorded: Recorded,
    provider: &impl Provider,
    me: &MemberId,
    seal: &dyn Seal,
) -> Result<Asked, Refusal> {
    let (routed, intent) = recorded.into_parts();
    let ask = ask(&routed, &intent, me, seal)?;
    let deadline = routed.verified().deadline();
    let reply = provider.ask(routed.destination(), &ask, deadline).await.map_err(RefusalCode::from)?;
    Ok(Asked { routed, reply })
}

fn ask(routed: &Routed, intent: &Committed, me: &MemberId, seal: &dyn Seal) -> Result<Ask, Refusal> {
    let verified = routed.verified();
    let decision = sealed_decision(routed, intent, me, seal)?;
    let receipt = serde_json::to_string(&intent.receipt("opening")).map_err(|_| RefusalCode::Internal)?;
    Ask::new(verified.opening(), (**verified.evidence()).clone(), decision, &receipt)
}

/// The broker's seal on the query: what was decided, for which host, on the strength of which INTENT.
fn sealed_decision(routed: &Routed, intent: &Committed, me: &MemberId, seal: &dyn Seal) -> Result<String, Refusal> {
    let (verified, decision) = (routed.verified(), routed.decision());
    let query = verified.query();
    let iat = routed.at().unix_seconds();
    let patience = i64::try_from(verified.deadline().as_secs()).unwrap_or(0).saturating_add(TRAVEL_SECONDS);
    let claims = Decision {
        iss: me.clone(),
        aud: routed.destination().owner.clone(),
        iat,
        exp: iat.saturating_add(patience),
        query_digest: *verified.opening().digest(),
        id: query.id.clone(),
        caller: query.caller.clone(),
        service: query.service.clone(),
        verb: query.verb(),
        fields: decision
            .fields
            .iter()
            .map(|(name, mask)| (name.clone(), mask.as_ref().map(ToString::to_string)))
            .collect(),
        obligations: decision.obligations.iter().map(ToString::to_string).collect(),
        policy: Digest(decision.policy),
        intent: intent.leaf_hash(),
        settle: routed.settle().cloned(),
    };
    claims.seal(seal).map_err(|_| RefusalCode::Internal.into())
}

impl Asked {
    pub(crate) fn into_parts(self) -> (Routed, Reply) {
        (self.routed, self.reply)
    }
}
