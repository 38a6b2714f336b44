//! What is known of a message so far, for its entries in the log. Nothing here decides anything.

use std::collections::BTreeMap;
use std::sync::Arc;

use mohur_crypto::Digest;
use mohur_journal::{Committed, Draft};
use mohur_policy::Decision;
use mohur_transparency::Receipt;
use mohur_transparency::leaf::Kind;
use mohur_wire::{Arrival, FieldName, MemberId, MessageId, RefusalCode, Value};

use crate::claims::{Claim, First};
use crate::dialect::Signed;
use crate::reply::Incoming;
use crate::stage::route::Routed;
use crate::stage::verify::Verified;

/// What is known of a message so far. Opaque: it goes along for the log, and nothing is decided by it.
pub struct Trace {
    at: Arrival,
    consumer: MemberId,
    certificate: Digest,
    revocation: Option<Digest>,
    id: Option<MessageId>,
    bundle: Option<String>,
    verified: Option<Arc<Verified>>,
    claim: Option<Claim>,
    first: First,
    decision: Option<DecisionTrace>,
    intent: Option<Digest>,
    released: Vec<FieldName>,
    /// The owner did nothing: it sealed itself that it gives no answer, or the question did not leave.
    nothing_left: bool,
    /// The entry of another broker's OUTCOME, where that one decided.
    elsewhere: Option<Digest>,
}

struct DecisionTrace {
    permitted: bool,
    policy: Digest,
    basis: Option<String>,
    conceal: bool,
    reasons: String,
}

impl Trace {
    /// At arrival only the connection says who asks.
    pub(crate) fn of(incoming: &Incoming) -> Self {
        let (consumer, certificate) = (incoming.peer.member().clone(), incoming.peer.fingerprint());
        Self::new(incoming.arrival, consumer, certificate)
    }

    fn new(at: Arrival, consumer: MemberId, certificate: Digest) -> Self {
        Self {
            at,
            consumer,
            certificate,
            revocation: None,
            id: None,
            bundle: None,
            verified: None,
            claim: None,
            first: First::Unknown,
            decision: None,
            intent: None,
            released: Vec::new(),
            nothing_left: false,
            elsewhere: None,
        }
    }

    /// The trace of one leg, or of its settlement.
    pub(crate) fn of_leg(verified: &Verified, certificate: Digest, bundle: String) -> Self {
        let mut trace = Self::new(verified.arrival(), verified.signer().clone(), certificate);
        trace.id = Some(verified.query().id.clone());
        trace.revocation = Some(verified.revocation());
        trace.bundle = Some(bundle);
        trace
    }

    pub(crate) fn signed_by(&mut self, signed: &Signed) {
        self.consumer = signed.signer.member().clone();
        self.certificate = signed.signer.certificate().fingerprint();
        self.revocation = Some(signed.signer.evidence());
        self.id.clone_from(&signed.id);
    }

    pub(crate) fn of_bundle(&mut self, bundle: String) {
        self.bundle = Some(bundle);
    }

    pub(crate) fn claimed(&mut self, claim: Claim) {
        self.claim = Some(claim);
    }

    pub(crate) fn about(&mut self, verified: &Arc<Verified>) {
        self.verified = Some(Arc::clone(verified));
    }

    /// A settlement is an entry of its own, under the leg's id with a suffix.
    pub(crate) fn settles(&mut self, id: MessageId, verified: &Arc<Verified>, at: Arrival) {
        self.at = at;
        self.id = Some(id);
        self.verified = Some(Arc::clone(verified));
    }

    pub(crate) fn repeats(&mut self, first: First) {
        self.first = first;
    }

    pub(crate) fn decided(&mut self, decision: &Decision) {
        let reasons = decision.reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        let (permitted, policy, basis) = (decision.permitted, Digest(decision.policy), decision.basis.clone());
        self.decision = Some(DecisionTrace { permitted, policy, basis, conceal: decision.conceal, reasons });
    }

    pub(crate) fn intended(&mut self, intent: &Committed) {
        self.intent = Some(intent.leaf_hash());
    }

    pub(crate) fn released(&mut self, fields: Option<&BTreeMap<FieldName, Value>>) {
        self.released = fields.map(|fields| fields.keys().cloned().collect()).unwrap_or_default();
    }

    /// The owner sealed a refusal, or was not asked.
    pub(crate) const fn left_nothing(&mut self) {
        self.nothing_left = true;
    }

    pub(crate) const fn has_left_nothing(&self) -> bool {
        self.nothing_left
    }

    /// Another broker decided, and this is its entry: whoever holds both logs can lay them side by side.
    pub(crate) const fn decided_elsewhere(&mut self, entry: Digest) {
        self.elsewhere = Some(entry);
    }

    pub(crate) fn answered(&mut self, receipt: &Arc<Receipt>, index: u64) {
        if let Some(claim) = self.claim.take() {
            claim.answered(Arc::clone(receipt), index);
        }
    }

    pub(crate) const fn consumer(&self) -> &MemberId {
        &self.consumer
    }

    pub(crate) const fn certificate(&self) -> &Digest {
        &self.certificate
    }

    pub(crate) const fn first(&self) -> &First {
        &self.first
    }

    pub(crate) const fn has_intent(&self) -> bool {
        self.intent.is_some()
    }

    /// INTENT of a query that is about to be asked.
    pub(crate) fn intent(&self, routed: &Routed) -> Draft {
        self.intent_on(routed.verified())
    }

    /// INTENT of a query that will not be asked, where nobody may learn that.
    pub(crate) fn pretended_intent(&self) -> Option<Draft> {
        self.verified.as_ref().map(|verified| self.intent_on(verified))
    }

    fn intent_on(&self, verified: &Verified) -> Draft {
        let query = verified.query();
        let subject = serde_json::to_vec(&query.subject).unwrap_or_default();
        let case = query.case.as_ref().map(|case| case.as_str().as_bytes().to_vec()).unwrap_or_default();
        let mut draft = self.clear(Kind::Intent);
        if self.decision.as_ref().is_some_and(|decision| decision.conceal) {
            // Whether a purpose has a basis would tell "denied" from "absent". An answer's OUTCOME names it.
            draft.basis = None;
        }
        draft.committed = vec![
            ("opening", verified.opening().digest().as_bytes().to_vec()),
            ("subject", subject),
            ("official", query.official.as_str().as_bytes().to_vec()),
            ("case", case),
        ];
        if let Some(brought) = verified.brought() {
            draft.committed.push(("home-intent", brought.intent.as_bytes().to_vec()));
        }
        draft
    }

    /// OUTCOME. A message that never claimed its id leaves a `refusal`: it must not close another message's INTENT.
    pub(crate) fn outcome(&self, answer: &Digest, status: Option<RefusalCode>) -> Draft {
        let kind = if self.claim.is_some() || self.intent.is_some() { Kind::Outcome } else { Kind::Refusal };
        let mut draft = self.clear(kind);
        if status == Some(RefusalCode::NotAvailable) {
            // As in its INTENT.
            draft.basis = None;
        }
        let decision = self.decision.as_ref();
        let fields = self.released.iter().map(FieldName::as_str).collect::<Vec<_>>().join(" ");
        draft.committed = vec![
            ("answer", answer.as_bytes().to_vec()),
            ("status", status.map_or("answered", RefusalCode::as_str).as_bytes().to_vec()),
            ("decision", decision.map_or("none", |d| if d.permitted { "permit" } else { "deny" }).as_bytes().to_vec()),
            ("reasons", decision.map(|d| d.reasons.clone().into_bytes()).unwrap_or_default()),
            ("fields", fields.into_bytes()),
            ("intent", self.intent.map(|intent| intent.as_bytes().to_vec()).unwrap_or_default()),
        ];
        if let Some(entry) = &self.elsewhere {
            draft.committed.push(("provider-outcome", entry.as_bytes().to_vec()));
        }
        draft
    }

    /// The part that stands in clear: the same for denied and absent.
    fn clear(&self, kind: Kind) -> Draft {
        let query = self.verified.as_ref().map(|verified| verified.query());
        Draft {
            kind,
            at: self.at.0,
            id: self.id.clone(),
            consumer: self.consumer.clone(),
            provider: query.map(|query| query.service.owner().clone()),
            service: query.map(|query| query.service.clone()),
            purpose: query.map(|query| query.purpose.clone()),
            basis: self.decision.as_ref().and_then(|decision| decision.basis.clone()),
            verb: query.map(mohur_wire::Query::verb),
            bundle: self.bundle.clone(),
            policy: self.decision.as_ref().map(|decision| decision.policy),
            certificate: Some(self.certificate),
            revocation: self.revocation,
            committed: Vec::new(),
        }
    }
}
