//! Release: the owner's seal is proved, and of its disclosures only those that the decision names go on.

use std::collections::BTreeMap;
use std::sync::Arc;

use mohur_message::hop::Reply;
use mohur_message::{SealedAnswer, prove_refusal};
use mohur_policy::Decision;
use mohur_wire::answer::Finding;
use mohur_wire::{FieldName, Query, Refusal, RefusalCode, Value, Verb};

use super::call::Asked;
use super::route::Routed;
use super::verify::Verified;
use crate::World;
use crate::provider::Destination;
use crate::trace::Trace;

/// An owner's sealed answer, reduced to what the caller may see.
pub struct Released {
    routed: Routed,
    sealed: String,
    fields: Option<BTreeMap<FieldName, Value>>,
}

/// Proves the owner's seal and drops what the decision does not name.
pub fn fields(asked: Asked, world: &World, trace: &mut Trace) -> Result<Released, Refusal> {
    let (routed, reply) = asked.into_parts();
    let text = match reply {
        Reply::Answer(text) => text,
        Reply::Refusal(text) => return Err(owners_refusal(&text, &routed, world)),
    };
    let answer = SealedAnswer::verify(&text, &world.keys(routed.at())).map_err(|_| {
        Refusal::new(RefusalCode::ProviderInvalid, "The owner's seal does not verify; the answer was dropped.")
    })?;
    belongs(&answer, &routed)?;
    if !answer.is_found() && conceals(&routed) {
        return Err(RefusalCode::NotAvailable.into());
    }
    let permitted = |name: &FieldName| routed.decision().fields.contains_key(name);
    let fields = answer.found().map(|fields| {
        fields.iter().filter(|(name, _)| permitted(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
    });
    let sealed = answer.release(permitted);
    trace.released(fields.as_ref());
    Ok(Released { routed, sealed, fields })
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

/// A refusal counts only under the owner's seal; any other is an answer that cannot be passed on.
fn owners_refusal(text: &str, routed: &Routed, world: &World) -> Refusal {
    let verified = routed.verified();
    let proven = match prove_refusal(text, &world.keys(routed.at()), verified.opening().digest()) {
        Ok(proven) if *proven.owner() == routed.destination().owner => proven.refusal(),
        Ok(_) | Err(_) => return RefusalCode::ProviderInvalid.into(),
    };
    if conceals(routed) && matches!(proven.code, RefusalCode::Denied | RefusalCode::NotAvailable) {
        return RefusalCode::NotAvailable.into();
    }
    proven
}

/// Whether denied and absent must look alike.
fn conceals(routed: &Routed) -> bool {
    routed.decision().conceal && routed.verified().query().verb() == Verb::Read
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

    /// The query that is answered.
    pub(crate) fn query(&self) -> &Query {
        self.routed.verified().query()
    }

    pub(crate) fn origin(&self) -> (Arc<Verified>, Arc<Decision>, Arc<Destination>) {
        let routed = &self.routed;
        (Arc::clone(routed.verified()), Arc::clone(routed.decision()), Arc::clone(routed.destination()))
    }
}
