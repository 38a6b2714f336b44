//! Who is there and what may be asked of whom: the lists behind X-Road's metaservices. Nothing in them is about a person.

use mohur_directory::MemberEntry;
use mohur_policy::could_permit;
use mohur_wire::{Arrival, MemberId, ServiceId, Verb};
use serde::Serialize;

use crate::pipeline::Exchange;
use crate::provider::Provider;

/// A member and what it offers.
#[derive(Serialize)]
struct Member<'a> {
    id: &'a MemberId,
    services: Vec<Service<'a>>,
}

/// A service and what may be asked of it.
#[derive(Serialize)]
struct Service<'a> {
    service: ServiceId,
    verbs: &'a [Verb],
}

impl<P: Provider> Exchange<P> {
    /// Every member of the directory with its services, as JSON.
    pub fn members(&self) -> Vec<u8> {
        let world = self.world();
        let members = &world.directory().directory().members;
        let all: Vec<_> = members.iter().map(|entry| Member { id: &entry.id, services: services(entry) }).collect();
        // INVARIANT: identifiers and verbs always serialise.
        serde_json::to_vec(&all).unwrap_or_default()
    }

    /// The services of one member, as JSON; those only that its policy could permit to `caller`, where that is asked.
    pub fn services_of(&self, member: &MemberId, caller: Option<(&MemberId, Arrival)>) -> Option<Vec<u8>> {
        let world = self.world();
        let mut offered = services(world.directory().member(member)?);
        if let Some((caller, at)) = caller {
            offered.retain(|each| could_permit(&world.policy, &each.service, caller, at.0));
        }
        serde_json::to_vec(&offered).ok()
    }

    /// Whether the directory in force lists a member.
    pub fn knows(&self, member: &MemberId) -> bool {
        self.world().directory().member(member).is_some()
    }

    /// `host:port` of this broker, as the directory names it.
    pub fn authority(&self) -> Option<String> {
        let world = self.world();
        world.directory().broker(&self.me).map(|entry| entry.authority.to_string())
    }
}

fn services(entry: &MemberEntry) -> Vec<Service<'_>> {
    let named = |each| Some(Service { service: entry.service_id(each)?, verbs: &each.verbs });
    entry.services.iter().filter_map(named).collect()
}
