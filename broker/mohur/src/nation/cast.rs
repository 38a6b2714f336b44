//! Who takes part.

use mohur_reference::Kind;
use mohur_wire::{MemberId, Verb};

/// The broker.
pub const BROKER: &str = "AZ/GOV/OPERATOR/hub";

/// The name of the broker's log.
pub const LOG_ORIGIN: &str = "log.hub.az";

/// A member that asks.
pub struct CallerPart {
    /// The folder's name.
    pub name: &'static str,
    /// Its id.
    pub member: &'static str,
}

/// A member that owns a register.
pub struct OwnerPart {
    /// The folder's name, and the adapter's.
    pub name: &'static str,
    /// Its id.
    pub member: &'static str,
    /// Its folder under `policy/agencies`.
    pub agency: &'static str,
    /// Its reference register.
    pub register: Kind,
    /// Its services, with their verbs.
    pub services: &'static [(&'static str, &'static [Verb])],
}

/// The members that ask: the passport office, a bank, the border.
pub const CALLERS: &[CallerPart] = &[
    CallerPart { name: "passport-office", member: "AZ/GOV/MIA/id-cards" },
    CallerPart { name: "bank", member: "AZ/COM/BANK/credit" },
    CallerPart { name: "border", member: "AZ/GOV/SBS/border" },
];

const READING: &[Verb] = &[Verb::Read, Verb::Match, Verb::Verify];
const MATCHING: &[Verb] = &[Verb::Match];
const CHANGING: &[Verb] = &[Verb::Read, Verb::Match, Verb::Change];

/// The members that own a register.
pub const OWNERS: &[OwnerPart] = &[
    OwnerPart {
        name: "civil-registry",
        member: "AZ/GOV/MOJ/civil-registry",
        agency: "MOJ",
        register: Kind::CivilRegistry,
        services: &[("birth", READING), ("marriage", READING)],
    },
    OwnerPart {
        name: "health-card",
        member: "AZ/GOV/MOH/health-card",
        agency: "MOH",
        register: Kind::HealthCard,
        services: &[("vitals", READING)],
    },
    OwnerPart {
        name: "state-fees",
        member: "AZ/COM/BANK/state-fees",
        agency: "BANK",
        register: Kind::StateFees,
        services: &[("payments", CHANGING)],
    },
    OwnerPart {
        name: "real-estate",
        member: "AZ/GOV/PROP/real-estate",
        agency: "PROP",
        register: Kind::RealEstate,
        services: &[("ownership", MATCHING)],
    },
    OwnerPart {
        name: "population-register",
        member: "AZ/GOV/MOJ/population-register",
        agency: "MOJ",
        register: Kind::PopulationRegister,
        services: &[("person", READING)],
    },
    OwnerPart {
        name: "fin-service",
        member: "AZ/GOV/MOJ/fin-service",
        agency: "MOJ",
        register: Kind::FinService,
        services: &[("links", READING), ("uniqueness", READING)],
    },
];

/// A member's id from the tables above.
#[expect(clippy::expect_used, reason = "by INVARIANT on the tables of this file, whose ids a test parses")]
pub fn id(text: &str) -> MemberId {
    text.parse().expect("the ids of the cast are well formed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_of_the_cast_is_well_formed() {
        let members = CALLERS.iter().map(|part| part.member).chain(OWNERS.iter().map(|part| part.member));
        for member in members.chain([BROKER]) {
            assert_eq!(id(member).as_str(), member);
        }
    }
}
