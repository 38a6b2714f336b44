//! Decide: the owner's policy says which of the fields asked for may be released.

use std::sync::Arc;

use mohur_policy::{Decision, Facts};
use mohur_wire::{Refusal, RefusalCode};

use super::claim::Claimed;
use super::verify::Verified;
use crate::World;
use crate::trace::Trace;

/// A query that the owner's policy permits, at least in part.
pub struct Decided {
    verified: Arc<Verified>,
    decision: Decision,
}

/// Asks the policy. Whatever is not a clear permit is a refusal.
pub fn by_policy(claimed: Claimed, world: &World, trace: &mut Trace) -> Result<Decided, Refusal> {
    let verified = claimed.into_verified();
    if world.directory().service(&verified.query().service).is_none() {
        return Err(RefusalCode::UnknownService.into());
    }
    let decision = mohur_policy::decide(&world.policy, &Facts::of(verified.query(), verified.arrival().0));
    trace.decided(&decision);
    match decision.refusal() {
        None => Ok(Decided { verified, decision }),
        Some(code) => Err(code.into()),
    }
}

impl Decided {
    pub(crate) fn into_parts(self) -> (Arc<Verified>, Decision) {
        (self.verified, self.decision)
    }
}
