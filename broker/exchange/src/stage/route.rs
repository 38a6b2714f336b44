//! Route: the directory says where the owner's host is.

use std::sync::Arc;

use mohur_message::hop::Settle;
use mohur_policy::Decision;
use mohur_wire::{Arrival, Refusal, RefusalCode};

use super::decide::Decided;
use super::release::Released;
use super::verify::Verified;
use crate::World;
use crate::provider::Destination;

/// A permitted query and where it goes.
pub struct Routed {
    verified: Arc<Verified>,
    decision: Arc<Decision>,
    destination: Arc<Destination>,
    settle: Option<Settle>,
    at: Arrival,
}

/// Finds the owner's host.
pub fn to_owner(decided: Decided, world: &World) -> Result<Routed, Refusal> {
    let (verified, decision) = decided.into_parts();
    let service = &verified.query().service;
    let route = world.directory().service(service).ok_or(RefusalCode::UnknownService)?;
    if !route.verbs.contains(&verified.query().verb()) {
        return Err(Refusal::new(RefusalCode::UnknownService, "The service does not take this verb."));
    }
    let destination = Arc::new(Destination { owner: route.owner.clone(), authority: route.host.to_string() });
    let at = verified.arrival();
    Ok(Routed { verified, decision: Arc::new(decision), destination, settle: None, at })
}

/// The one settlement that the signature over a reservation covers: the same query, decision and owner once more, at a
/// time of its own.
pub(crate) fn settlement(reserved: &Released, settle: Settle, at: Arrival) -> Routed {
    let (verified, decision, destination) = reserved.origin();
    Routed { verified, decision, destination, settle: Some(settle), at }
}

impl Routed {
    pub(crate) const fn verified(&self) -> &Arc<Verified> {
        &self.verified
    }

    pub(crate) const fn decision(&self) -> &Arc<Decision> {
        &self.decision
    }

    pub(crate) const fn destination(&self) -> &Arc<Destination> {
        &self.destination
    }

    /// When the owner is asked: the message's arrival, or the settlement's time.
    pub(crate) const fn at(&self) -> Arrival {
        self.at
    }

    pub(crate) const fn settle(&self) -> Option<&Settle> {
        self.settle.as_ref()
    }
}
