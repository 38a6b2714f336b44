//! A whole nation: beside the registers that start with it, every register that is a database, and everybody who asks.

mod databases;
mod site;

use std::sync::Arc;

use mohur::nation::{CallerPart, Cast, OwnerPart, RegisterPart};
use mohur_wire::Verb;
use toml::{Table, Value};

pub use databases::{Databases, HELD, Held};

use crate::{Founded, MovableClock};

/// When these nations begin: soon after the country was counted, while visas and permits are good.
const SOON: &str = "2026-01-06T06:00:00Z";

/// Those who ask, beside the passport office, the bank and the border.
const CALLERS: &[(&str, &str)] = &[
    ("police", "AZ/GOV/MIA/police"),
    ("migration-service", "AZ/GOV/SMS/migration-service"),
    ("consulate", "AZ/GOV/MFA/consular"),
    ("security", "AZ/GOV/MNS/security"),
    ("protection", "AZ/GOV/SSPS/protection"),
    ("second-line", "AZ/GOV/SBS/second-line"),
    ("bureau", "AZ/GOV/NCB/bureau"),
    ("tax-inspection", "AZ/GOV/TAX/inspection"),
    ("transport-control", "AZ/GOV/MOT/transport-control"),
    ("airports", "AZ/GOV/CAA/airports"),
    ("audit", "AZ/GOV/COM/audit"),
    ("carrier", "AZ/COM/AIR/carriers"),
    ("statistics-com", "AZ/GOV/COM/statistics"),
    ("statistics-mia", "AZ/GOV/MIA/statistics"),
    ("statistics-moes", "AZ/GOV/MOES/statistics"),
    ("statistics-moh", "AZ/GOV/MOH/statistics"),
    ("statistics-mot", "AZ/GOV/MOT/statistics"),
    ("statistics-tax", "AZ/GOV/TAX/statistics"),
];

impl Founded {
    /// Founds a nation with every register: those that start with it, and these databases. It has no
    /// biometric services, and its bundles say that they do without them.
    pub fn whole(databases: &Databases) -> Self {
        let mut founded = Self::with_databases(databases, HELD);
        site::without_biometrics(&founded.nation.path("policy"));
        founded.nation.publish(|_| {}).unwrap();
        founded
    }

    /// Founds a nation with some of the databases, beside the registers that start with it.
    pub fn with_databases(databases: &Databases, held: &[Held]) -> Self {
        Self::with_databases_on(&Arc::new(MovableClock::set_to(SOON)), databases, held)
    }

    /// The same, on a clock of the test's: the system's, if a process of its own is to take part.
    pub fn with_databases_on(clock: &Arc<MovableClock>, databases: &Databases, held: &[Held]) -> Self {
        let mut cast = Cast::usual();
        cast.callers.extend(CALLERS.iter().map(|(name, member)| CallerPart::new(name, member)));
        cast.owners.push(OwnerPart::interpol());
        cast.owners.extend(held.iter().map(|held| owner(databases, held)));
        Self::with_cast(cast, "AZ", clock)
    }
}

/// The host before a database: its services are those of the mapping file that the agency's policy knows.
fn owner(databases: &Databases, held: &Held) -> OwnerPart {
    let agency = held.agency();
    let release =
        std::fs::read_to_string(format!("{}/../../policy/agencies/{agency}/release.toml", env!("CARGO_MANIFEST_DIR")));
    let release: Table = release.unwrap().parse().unwrap();
    let known: Vec<&str> = tables(&release).map(|service| service["id"].as_str().unwrap()).collect();
    let mapping = held.register().mapping;
    let services = services(&mapping.parse().unwrap());
    OwnerPart {
        name: held.name.to_owned(),
        member: held.member.to_owned(),
        agency: agency.to_owned(),
        register: RegisterPart::Database {
            url: databases.url(held),
            password: Databases::PASSWORD.to_owned(),
            mapping: mapping.to_owned(),
        },
        services: services
            .into_iter()
            .filter(|(name, _)| known.contains(&format!("{}/{name}/v1", held.member).as_str()))
            .collect(),
    }
}

/// The services of a mapping file, without their version, with their verbs.
fn services(mapping: &Table) -> Vec<(String, Vec<Verb>)> {
    let service = |table: &Table| {
        let (name, _) = table["name"].as_str().unwrap().split_once('/').unwrap();
        let verbs = table["verbs"].as_array().unwrap().iter().map(|verb| match verb.as_str() {
            Some("read") => Verb::Read,
            Some("match") => Verb::Match,
            Some("verify") => Verb::Verify,
            Some("change") => Verb::Change,
            other => panic!("{name}: {other:?}"),
        });
        (name.to_owned(), verbs.collect())
    };
    tables(mapping).map(service).collect()
}

fn tables(of: &Table) -> impl Iterator<Item = &Table> {
    of["service"].as_array().unwrap().iter().filter_map(Value::as_table)
}
