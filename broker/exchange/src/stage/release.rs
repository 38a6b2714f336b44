//! Release: the owner's seal is proved, and of its disclosures only those that the decision names go on.

use std::collections::BTreeMap;

use mohur_crypto::sha256;
use mohur_directory::Domain;
use mohur_message::hop::Reply;
use mohur_message::{SealedAnswer, prove_refusal};
use mohur_transparency::ExpectedOutcome;
use mohur_wire::answer::Finding;
use mohur_wire::{FieldName, Query, Refusal, RefusalCode, Value};

use super::call::Asked;
use super::decide::Ruling;
use super::route::Routed;
use crate::World;
use crate::provider::Answered;
use crate::trace::Trace;

/// An owner's sealed answer, reduced to what the caller may see.
pub struct Released {
    routed: Routed,
    sealed: String,
    fields: Option<BTreeMap<FieldName, Value>>,
    receipt: Option<String>,
}

/// Proves the owner's seal and drops what the decision does not name.
pub fn fields(asked: Asked, world: &World, trace: &mut Trace) -> Result<Released, Refusal> {
    let (routed, Answered { reply, receipt }) = asked.into_parts();
    let owner = &routed.destination().owner;
    let domain = world.domain_of(owner, routed.at()).ok_or(RefusalCode::ProviderUnavailable)?;
    let text = match &reply {
        Reply::Answer(text) => text,
        Reply::Refusal(text) => return Err(sealed_refusal(text, &routed, domain, world, trace)),
    };
    let answer = SealedAnswer::verify(text, &world.keys_of(domain, routed.at())).map_err(|_| {
        Refusal::new(RefusalCode::ProviderInvalid, "The owner's seal does not verify; the answer was dropped.")
    })?;
    belongs(&answer, &routed)?;
    let receipt = match routed.ruling() {
        Ruling::Ours(_) => None,
        Ruling::Theirs => Some(logged_elsewhere(receipt, &reply, &routed, world, trace)?),
    };
    if !answer.is_found() && routed.conceals() {
        return Err(RefusalCode::NotAvailable.into());
    }
    let permitted = |name: &FieldName| routed.ruling().permits(name, routed.verified());
    let fields = answer.found().map(|fields| {
        fields.iter().filter(|(name, _)| permitted(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
    });
    let sealed = answer.release(permitted);
    trace.released(fields.as_ref());
    Ok(Released { routed, sealed, fields, receipt })
}

/// The broker that decided has the answer in its log, or it is not passed on.
fn logged_elsewhere(
    receipt: Option<String>,
    reply: &Reply,
    routed: &Routed,
    world: &World,
    trace: &mut Trace,
) -> Result<String, Refusal> {
    let unlogged = |what: &str| {
        let detail = format!("The broker that decided has not logged its answer, which was dropped: {what}.");
        Refusal::new(RefusalCode::ProviderInvalid, detail)
    };
    let header = receipt.ok_or_else(|| unlogged("there is no receipt"))?;
    let key = world.log_key(&routed.destination().peer).ok_or_else(|| unlogged("its log is not listed"))?;
    let expected = ExpectedOutcome {
        query: routed.verified().query(),
        settles: routed.settle().is_some(),
        answer: &sha256(&reply.to_json()),
    };
    trace.decided_elsewhere(expected.verify(&header, key).map_err(|what| unlogged(&what))?);
    Ok(header)
}

/// The seal must be the owner's, on an answer to this very query.
fn belongs(answer: &SealedAnswer, routed: &Routed) -> Result<(), Refusal> {
    let verified = routed.verified();
    if *answer.issuer() != routed.destination().owner {
        return Err(Refusal::new(RefusalCode::ProviderInvalid, "The answer carries a foreign seal; it was dropped."));
    }
    let query = verified.query();
    if *answer.query_digest() != *verified.opening().digest()
        || *answer.service() != query.service
        || answer.verb() != query.verb()
    {
        return Err(RefusalCode::SubjectMismatch.into());
    }
    Ok(())
}

/// A refusal counts only under the seal of whoever was asked, the owner or its broker; any other cannot be passed on.
fn sealed_refusal(text: &str, routed: &Routed, domain: &Domain, world: &World, trace: &mut Trace) -> Refusal {
    let verified = routed.verified();
    let proven = match prove_refusal(text, &world.keys_of(domain, routed.at()), verified.opening().digest()) {
        Ok(proven) if *proven.owner() == routed.destination().peer => proven.refusal(),
        Ok(_) | Err(_) => return RefusalCode::ProviderInvalid.into(),
    };
    if matches!(routed.ruling(), Ruling::Ours(_)) {
        trace.left_nothing();
    }
    if routed.conceals() && matches!(proven.code, RefusalCode::Denied | RefusalCode::NotAvailable) {
        return RefusalCode::NotAvailable.into();
    }
    proven
}

impl Released {
    /// The owner's sealed answer with the disclosures that the caller may have.
    pub(crate) fn sealed(&self) -> &str {
        &self.sealed
    }

    /// The released values; `None` if the owner says that there is no such subject.
    pub(crate) const fn fields(&self) -> Option<&BTreeMap<FieldName, Value>> {
        self.fields.as_ref()
    }

    /// The same as an answer says it.
    pub(crate) fn finding(&self) -> Finding {
        self.fields.clone().map_or(Finding::Absent, Finding::Found)
    }

    /// The receipt of the broker that decided, where that is another one.
    pub(crate) fn receipt(&self) -> Option<&str> {
        self.receipt.as_deref()
    }

    /// The query that is answered.
    pub(crate) fn query(&self) -> &Query {
        self.routed.verified().query()
    }
}
