//! A mapping file.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use mohur_config::{ConfigErrors, Table};
use mohur_mapping::Offer;

use crate::change::Change;
use crate::service::Service;

/// A mapping file, read and checked as far as it can be without the database.
#[derive(Clone, Debug)]
pub struct Mapping {
    pub(crate) file: PathBuf,
    pub(crate) database: Database,
    pub(crate) services: Vec<Service>,
    pub(crate) changes: Vec<Change>,
}

/// `[database]`: what a query may use up, and what the role may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Database {
    /// Most connections at once.
    pub(crate) connections: usize,
    /// How long a query waits for one of them.
    pub(crate) wait: Duration,
    /// The longest time to open one.
    pub(crate) connect_timeout: Duration,
    /// The longest time that the database works on one statement.
    pub(crate) statement_timeout: Duration,
    /// Most characters of a value.
    pub(crate) characters: u32,
    /// What becomes of a role that may write.
    pub(crate) writing_role: WritingRole,
}

/// What is done if the role may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WritingRole {
    /// The adapter does not start.
    Refuse,
    /// It says so in the log and starts.
    Warn,
}

impl FromStr for WritingRole {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "refuse" => Ok(Self::Refuse),
            "warn" => Ok(Self::Warn),
            _ => Err("choose refuse or warn"),
        }
    }
}

impl Default for Database {
    fn default() -> Self {
        Self {
            connections: 8,
            wait: Duration::from_secs(1),
            connect_timeout: Duration::from_secs(3),
            statement_timeout: Duration::from_secs(5),
            characters: 4096,
            writing_role: WritingRole::Refuse,
        }
    }
}

impl Database {
    fn read(self, table: &mut Table) -> Self {
        Self {
            connections: table.number("connections", 1..=1000).unwrap_or(self.connections),
            wait: table.duration("wait").unwrap_or(self.wait),
            connect_timeout: table.duration("connect-timeout").unwrap_or(self.connect_timeout),
            statement_timeout: table.duration("statement-timeout").unwrap_or(self.statement_timeout),
            characters: table.number("characters", 1..=1_000_000).unwrap_or(self.characters),
            writing_role: table.optional("writing-role").unwrap_or(self.writing_role),
        }
    }
}

impl Mapping {
    /// Whether any of its services changes something: it then needs a ledger.
    pub fn changes_something(&self) -> bool {
        !self.changes.is_empty()
    }

    /// Reads a file; every error at once, with its line.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn load(path: &Path) -> Result<Self, ConfigErrors> {
        mohur_config::load(path, |table| read(table, path))
    }

    /// Reads the text of a file named `path`.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigErrors> {
        mohur_config::parse(path, text, |table| read(table, path))
    }
}

fn read(top: &mut Table, path: &Path) -> Option<Mapping> {
    let database = top.optional_table("database");
    let database = database.map_or_else(Database::default, |mut table| Database::default().read(&mut table));
    let tables = top.tables("service");
    if tables.is_empty() {
        top.error("service", "is missing", "add a [[service]]");
    }
    let (mut services, mut changes) = (Vec::new(), Vec::new());
    let mut names: BTreeSet<String> = BTreeSet::new();
    let mut whole = !tables.is_empty();
    for (index, table) in tables.into_iter().enumerate() {
        let line = table.line();
        let name = if Change::is(&table) {
            Change::read(table, index).map(|change| named(&mut changes, change, |change| &change.offer))
        } else {
            Service::read(table, index).map(|service| named(&mut services, service, |service| &service.offer))
        };
        match name {
            Some(name) if !names.insert(name.clone()) => {
                top.error("service", format!("in line {line} has the name of another"), "give each its own name");
            }
            Some(_) => {}
            None => whole = false,
        }
    }
    whole.then_some(Mapping { file: path.to_owned(), database, services, changes })
}

/// Puts one to the others, and gives its name.
fn named<T>(all: &mut Vec<T>, one: T, offer: fn(&T) -> &Offer) -> String {
    let name = offer(&one).name.clone();
    all.push(one);
    name
}
