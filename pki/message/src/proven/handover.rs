//! A home broker's word, proved at the broker that decides and at the owner's host.

use mohur_chain::SealIdentity;
use mohur_wire::{Arrival, MemberId, Refusal, RefusalCode};

use super::{Claims, ProvenQuery, judge_time, mismatch};
use crate::handover::{HANDOVER_TYPE, Handover};
use crate::jws::{self, Signed};
use crate::keys::KeySource;

/// A handover whose seal, addressee and time were verified.
#[derive(Clone, Debug)]
pub struct ProvenHandover(Signed<Handover>);

/// Verifies a handover to `broker`: seal, issuer, addressee, freshness. The keys are those of the caller's domain.
pub fn prove_handover(
    token: &str,
    keys: &dyn KeySource,
    broker: &MemberId,
    arrival: Arrival,
    window_seconds: u32,
) -> Result<ProvenHandover, Refusal> {
    let signed = jws::verify::<Handover>(token, HANDOVER_TYPE, keys)?;
    let handover = signed.claims();
    if handover.iss != *signed.member() {
        return Err(Refusal::new(RefusalCode::IdentityMismatch, "the handover names another issuer than its seal"));
    }
    if handover.aud != *broker {
        return Err(mismatch("the handover is addressed to another broker"));
    }
    judge_time("handover", handover.iat, arrival, window_seconds)?;
    Ok(ProvenHandover(signed))
}

impl ProvenHandover {
    /// The handover.
    pub const fn handover(&self) -> &Handover {
        self.0.claims()
    }

    /// The home broker's seal.
    pub const fn broker(&self) -> &SealIdentity {
        self.0.signer()
    }

    /// That the handover is about this very query: digest, id, caller, service and verb.
    pub fn check_fits(&self, proven: &ProvenQuery) -> Result<(), Refusal> {
        let Handover { query_digest, id, caller, service, verb, .. } = self.handover();
        Claims { query_digest, id, caller, service, verb: *verb }.check_fit("handover", proven)
    }
}
