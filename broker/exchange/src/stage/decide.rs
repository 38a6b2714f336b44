//! Decide: the owner's policy says which of the fields asked for may be released. Of a service whose home is another broker,
//! that broker says it; here is decided whether the question may go there.

use std::sync::Arc;

use mohur_policy::{Decision, Facts};
use mohur_wire::{Arrival, FieldName, MemberId, Operation, Refusal, RefusalCode, Verb};

use super::claim::Claimed;
use super::verify::Verified;
use crate::World;
use crate::trace::Trace;

/// A query that may be asked.
pub struct Decided {
    verified: Arc<Verified>,
    ruling: Ruling,
}

/// Whose decision it is.
#[derive(Clone)]
pub(crate) enum Ruling {
    /// Ours, and it permits, at least in part.
    Ours(Arc<Decision>),
    /// That of the broker that is home to the owner.
    Theirs,
}

/// Asks the policy. Whatever is not a clear permit is a refusal.
pub fn by_policy(claimed: Claimed, me: &MemberId, world: &World, trace: &mut Trace) -> Result<Decided, Refusal> {
    let verified = claimed.into_verified();
    let (service, arrival) = (&verified.query().service, verified.arrival());
    let place = world.place(service, arrival).ok_or(RefusalCode::UnknownService)?;
    let is_ours = place.route.broker == *me;
    let may_ask = world.domains.may_ask(verified.signer(), service);
    match (is_ours, verified.brought().is_some()) {
        (true, true) if !may_ask => {
            let detail = "The service is not one that members of your domain may ask.";
            return Err(Refusal::new(RefusalCode::UnknownService, detail));
        }
        // Handed on once and never again: so nothing can go round in circles.
        (false, true) => {
            let detail = format!("The service's home broker is {}.", place.route.broker);
            return Err(Refusal::new(RefusalCode::WrongBroker, detail));
        }
        (false, false) => return Ok(Decided { verified, ruling: Ruling::Theirs }),
        (true, _) => {}
    }
    let facts = Facts::of(verified.query(), arrival.0);
    let facts = verified.settle().map(|settle| facts.clone().settling(settle.operation)).unwrap_or(facts);
    ours(verified, &facts, world, trace)
}

/// Decides on the settlement of a reservation that our own member signed, at the settlement's own time: the policy says by
/// itself who may consume and release, and what is told then.
pub(crate) fn settlement(
    verified: Arc<Verified>,
    operation: Operation,
    at: Arrival,
    me: &MemberId,
    world: &World,
    trace: &mut Trace,
) -> Result<Decided, Refusal> {
    let place = world.place(&verified.query().service, at).ok_or(RefusalCode::UnknownService)?;
    if place.route.broker != *me {
        return Ok(Decided { verified, ruling: Ruling::Theirs });
    }
    let facts = Facts::of(verified.query(), at.0).settling(operation);
    ours(verified, &facts, world, trace)
}

fn ours(verified: Arc<Verified>, facts: &Facts, world: &World, trace: &mut Trace) -> Result<Decided, Refusal> {
    let decision = mohur_policy::decide(&world.policy, facts);
    trace.decided(&decision);
    match decision.refusal() {
        None => Ok(Decided { verified, ruling: Ruling::Ours(Arc::new(decision)) }),
        Some(code) => Err(code.into()),
    }
}

impl Ruling {
    /// Whether a field may go on. What another broker decided was applied there, and nobody gets what was not asked for.
    pub(crate) fn permits(&self, field: &FieldName, verified: &Verified) -> bool {
        match self {
            Self::Ours(decision) => decision.fields.contains_key(field),
            Self::Theirs => {
                let asked = verified.query().fields();
                asked.is_empty() || asked.contains(&field)
            }
        }
    }

    /// Whether denied and absent must look alike. Where another broker decides, it sees to that, and says only that nothing is
    /// available.
    pub(crate) fn conceals(&self, verified: &Verified) -> bool {
        matches!(self, Self::Ours(decision) if decision.conceal) && verified.query().verb() == Verb::Read
    }
}

impl Decided {
    pub(crate) const fn verified(&self) -> &Arc<Verified> {
        &self.verified
    }

    pub(crate) fn into_parts(self) -> (Arc<Verified>, Ruling) {
        (self.verified, self.ruling)
    }
}
