//! Reference registers that are databases: the schema of each, and the mapping file with which the adapter `sql` asks it.
//!
//! Nothing here speaks to a database: `mohur registry schema` prints a schema for psql.

/// A register that is a PostgreSQL database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Database {
    /// Its name: the subsystem's code.
    pub name: &'static str,
    /// What it holds, in one line.
    pub title: &'static str,
    schema: &'static str,
    /// The mapping file.
    pub mapping: &'static str,
}

/// The adapter's role and what it may do, the same in every one of them.
const ROLE: &str = include_str!("../databases/role.sql");

macro_rules! databases {
    ($($name:literal: $title:literal,)*) => {
        /// Every one there is.
        pub const DATABASES: &[Database] = &[$(Database {
            name: $name,
            title: $title,
            schema: include_str!(concat!("../databases/", $name, "/schema.sql")),
            mapping: include_str!(concat!("../databases/", $name, "/mapping.toml")),
        }),*];
    };
}

databases! {
    "documents": "passports, identity cards and every other document, by authority",
    "residence": "registrations of residence",
    "visas": "visas",
    "migration": "residence status of foreigners",
    "invalid-documents": "the state register of invalid documents",
    "watch-list": "wanted persons, vehicles and documents",
    "crossings": "crossings of the border",
    "vehicles": "vehicles, driving licences, powers of attorney",
    "blanks": "secure blanks",
    "military-duty": "military duty",
    "clearances": "clearances for protected objects",
    "cargo-seals": "seals on cargo",
    "statistics": "aggregates, of which small cells are not told",
}

impl Database {
    /// The database of that name.
    pub fn named(name: &str) -> Option<Self> {
        DATABASES.iter().copied().find(|database| database.name == name)
    }

    /// The SQL that makes its tables, its views and the adapter's role in an empty database.
    pub fn schema(&self) -> String {
        format!("{}{ROLE}", self.schema)
    }
}
