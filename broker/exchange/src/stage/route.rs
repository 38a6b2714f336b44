//! Route: the directory says where the owner's host is, or the broker that is home to the owner.

use std::sync::Arc;

use mohur_message::hop::Settle;
use mohur_wire::{Arrival, Refusal, RefusalCode};

use super::decide::{Decided, Ruling};
use super::verify::Verified;
use crate::World;
use crate::provider::Destination;

/// A permitted query and where it goes.
pub struct Routed {
    verified: Arc<Verified>,
    ruling: Ruling,
    destination: Arc<Destination>,
    settle: Option<Settle>,
    at: Arrival,
}

/// Finds the owner's host, or the broker that decides.
pub fn to_owner(decided: Decided, world: &World) -> Result<Routed, Refusal> {
    let (at, settle) = (decided.verified().arrival(), decided.verified().settle().cloned());
    route(decided, settle, at, world)
}

/// The one settlement that the signature over a reservation covers, at a time of its own.
pub(crate) fn settlement(decided: Decided, settle: Settle, at: Arrival, world: &World) -> Result<Routed, Refusal> {
    route(decided, Some(settle), at, world)
}

fn route(decided: Decided, settle: Option<Settle>, at: Arrival, world: &World) -> Result<Routed, Refusal> {
    let (verified, ruling) = decided.into_parts();
    let service = &verified.query().service;
    let place = world.place(service, at).ok_or(RefusalCode::UnknownService)?;
    let route = place.route;
    if !route.verbs.contains(&verified.query().verb()) {
        return Err(Refusal::new(RefusalCode::UnknownService, "The service does not take this verb."));
    }
    let owner = route.owner.clone();
    let destination = match ruling {
        Ruling::Ours(_) => Destination { peer: owner.clone(), owner, authority: route.host.to_string() },
        Ruling::Theirs => {
            let broker = place.domain.directory.broker(&route.broker).ok_or(RefusalCode::UnknownService)?;
            Destination { owner, peer: broker.id.clone(), authority: broker.authority.to_string() }
        }
    };
    Ok(Routed { verified, ruling, destination: Arc::new(destination), settle, at })
}

impl Routed {
    pub(crate) const fn verified(&self) -> &Arc<Verified> {
        &self.verified
    }

    pub(crate) const fn ruling(&self) -> &Ruling {
        &self.ruling
    }

    /// Whether denied and absent must look alike.
    pub(crate) fn conceals(&self) -> bool {
        self.ruling.conceals(&self.verified)
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
