//! Who takes part.

use mohur_reference::Kind;
use mohur_wire::{MemberId, Verb};

/// The broker.
pub const BROKER: &str = "AZ/GOV/OPERATOR/hub";

/// The name of the broker's log.
pub const LOG_ORIGIN: &str = "log.hub.az";

/// Those who ask, and those who own a register.
#[derive(Clone, Debug)]
pub struct Cast {
    /// The members that ask.
    pub callers: Vec<CallerPart>,
    /// The members that own a register.
    pub owners: Vec<OwnerPart>,
}

/// A member that asks.
#[derive(Clone, Debug)]
pub struct CallerPart {
    /// The folder's name.
    pub name: String,
    /// Its id.
    pub member: String,
}

/// A member that owns a register.
#[derive(Clone, Debug)]
pub struct OwnerPart {
    /// The folder's name.
    pub name: String,
    /// Its id.
    pub member: String,
    /// Its folder under `policy/agencies`.
    pub agency: String,
    /// Its register.
    pub register: RegisterPart,
    /// Its services, with their verbs.
    pub services: Vec<(String, Vec<Verb>)>,
}

/// What a host stands beside.
#[derive(Clone, Debug)]
pub enum RegisterPart {
    /// An embedded reference register, which starts and stops with the nation. The adapter has its name.
    Reference(Kind),
    /// A database that runs already.
    Database {
        /// The address, as in `register.url`.
        url: String,
        /// The password of the adapter's role.
        password: String,
        /// The mapping file.
        mapping: String,
    },
}

const READING: &[Verb] = &[Verb::Read, Verb::Match, Verb::Verify];
const MATCHING: &[Verb] = &[Verb::Match];
const CHANGING: &[Verb] = &[Verb::Read, Verb::Match, Verb::Change];

impl Cast {
    /// The passport office, a bank and the border, before the registers that start with the nation.
    pub fn usual() -> Self {
        let callers = [
            ("passport-office", "AZ/GOV/MIA/id-cards"),
            ("bank", "AZ/COM/BANK/credit"),
            ("border", "AZ/GOV/SBS/border"),
        ];
        let owners = vec![
            embedded(Kind::CivilRegistry, "AZ/GOV/MOJ", &[("birth", READING), ("marriage", READING)]),
            embedded(Kind::HealthCard, "AZ/GOV/MOH", &[("vitals", READING)]),
            embedded(Kind::StateFees, "AZ/COM/BANK", &[("payments", CHANGING)]),
            embedded(Kind::RealEstate, "AZ/GOV/PROP", &[("ownership", MATCHING)]),
            embedded(Kind::PopulationRegister, "AZ/GOV/MOJ", &[("person", READING)]),
            embedded(
                Kind::FinService,
                "AZ/GOV/MOJ",
                &[("links", READING), ("uniqueness", READING), ("issue", CHANGING)],
            ),
        ];
        Self { callers: callers.map(|(name, member)| CallerPart::new(name, member)).to_vec(), owners }
    }
}

impl OwnerPart {
    /// The National Central Bureau, through which other countries are asked: not in every cast.
    pub fn interpol() -> Self {
        let searched =
            ["documents", "persons", "vehicles", "prints"].map(|name| (name, &[Verb::Match, Verb::Read][..]));
        let others: [(&str, &[Verb]); 3] =
            [("records", &[Verb::Read]), ("tasks", &[Verb::Read, Verb::Change]), ("publish", &[Verb::Change])];
        embedded(Kind::Interpol, "AZ/GOV/NCB", &[&searched[..], &others[..]].concat())
    }
}

impl CallerPart {
    /// A member that asks, with its folder's name.
    pub fn new(name: &str, member: &str) -> Self {
        Self { name: name.to_owned(), member: member.to_owned() }
    }
}

/// A reference register that one agency owns.
fn embedded(kind: Kind, agency: &str, services: &[(&str, &[Verb])]) -> OwnerPart {
    let (_, code) = agency.rsplit_once('/').unwrap_or_default();
    OwnerPart {
        name: kind.as_str().to_owned(),
        member: format!("{agency}/{}", kind.as_str()),
        agency: code.to_owned(),
        register: RegisterPart::Reference(kind),
        services: services.iter().map(|(name, verbs)| ((*name).to_owned(), verbs.to_vec())).collect(),
    }
}

/// A member's id from a cast.
#[expect(clippy::expect_used, reason = "by INVARIANT on the casts, whose ids a test parses")]
pub fn id(text: &str) -> MemberId {
    text.parse().expect("the ids of the cast are well formed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_of_the_cast_is_well_formed() {
        let cast = Cast::usual();
        let members = cast.callers.iter().map(|part| &part.member).chain(cast.owners.iter().map(|part| &part.member));
        for member in members.chain([&BROKER.to_owned()]) {
            assert_eq!(id(member).as_str(), member);
        }
    }
}
