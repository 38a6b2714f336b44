//! Call provider: the owner's host is asked, with the caller's own signature, our decision and the receipt of INTENT; or the
//! broker that decides, with our word instead of a decision.

use mohur_crypto::Digest;
use mohur_journal::Committed;
use mohur_message::handover::{Forward, Handover, HomeWord};
use mohur_message::hop::{Ask, Decision};
use mohur_policy as policy;
use mohur_seal::Seal;
use mohur_wire::{MemberId, Refusal, RefusalCode};

use super::decide::Ruling;
use super::intent::Recorded;
use super::route::Routed;
use crate::provider::{Answered, Outgoing, Provider, ProviderFailure};
use crate::trace::Trace;

/// How much longer than its deadline a decision stays valid, for the way to the host.
const TRAVEL_SECONDS: i64 = 5;

/// A query with the reply of its owner's host, or of the broker that decided; not yet believed.
pub struct Asked {
    routed: Routed,
    reply: Answered,
}

/// Why there is no reply, and whether the question did not even leave.
pub struct Unanswered {
    refusal: Refusal,
    is_unsent: bool,
}

/// Asks once.
pub async fn provider(
    recorded: Recorded,
    provider: &impl Provider,
    me: &MemberId,
    seal: &dyn Seal,
) -> Result<Asked, Unanswered> {
    let (routed, intent) = recorded.into_parts();
    let question = match routed.ruling() {
        Ruling::Ours(decision) => Outgoing::Ask(ask(&routed, decision, &intent, me, seal)?),
        Ruling::Theirs => Outgoing::Forward(forward(&routed, &intent, me, seal)?),
    };
    let deadline = routed.verified().deadline();
    let reply = provider.ask(routed.destination(), &question, deadline).await?;
    Ok(Asked { routed, reply })
}

fn ask(
    routed: &Routed,
    decision: &policy::Decision,
    intent: &Committed,
    me: &MemberId,
    seal: &dyn Seal,
) -> Result<Ask, Refusal> {
    let verified = routed.verified();
    let decision = sealed_decision(routed, decision, intent, me, seal)?;
    let ask = Ask::new(verified.opening(), (**verified.evidence()).clone(), decision, &receipt(intent)?)?;
    Ok(ask.brought_by(verified.brought().map(|brought| brought.word.clone())))
}

fn receipt(intent: &Committed) -> Result<String, Refusal> {
    serde_json::to_string(&intent.receipt("opening")).map_err(|_| RefusalCode::Internal.into())
}

/// Our seal on what we hand on: that it is our member who asks, and that it stands in our log.
fn forward(routed: &Routed, intent: &Committed, me: &MemberId, seal: &dyn Seal) -> Result<Forward, Refusal> {
    let verified = routed.verified();
    let query = verified.query();
    let claims = Handover {
        iss: me.clone(),
        aud: routed.destination().peer.clone(),
        iat: routed.at().unix_seconds(),
        patience: u64::try_from(verified.deadline().as_millis()).unwrap_or(u64::MAX),
        query_digest: *verified.opening().digest(),
        id: query.id.clone(),
        caller: query.caller.clone(),
        service: query.service.clone(),
        verb: query.verb(),
        intent: intent.leaf_hash(),
        settle: routed.settle().cloned(),
    };
    let handover = claims.seal(seal).map_err(|_| RefusalCode::Internal)?;
    let word = HomeWord::new(handover, &receipt(intent)?)?;
    Ok(Forward::new(verified.opening(), (**verified.evidence()).clone(), word))
}

/// The broker's seal on the query: what was decided, for which host, on the strength of which INTENT.
fn sealed_decision(
    routed: &Routed,
    decision: &policy::Decision,
    intent: &Committed,
    me: &MemberId,
    seal: &dyn Seal,
) -> Result<String, Refusal> {
    let verified = routed.verified();
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

impl From<Refusal> for Unanswered {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, is_unsent: false }
    }
}

impl From<ProviderFailure> for Unanswered {
    fn from(failure: ProviderFailure) -> Self {
        Self { refusal: RefusalCode::from(failure).into(), is_unsent: failure == ProviderFailure::NotSent }
    }
}

impl Unanswered {
    pub(crate) fn told(self, trace: &mut Trace) -> Refusal {
        if self.is_unsent {
            trace.left_nothing();
        }
        self.refusal
    }
}

impl Asked {
    pub(crate) fn into_parts(self) -> (Routed, Answered) {
        (self.routed, self.reply)
    }
}
