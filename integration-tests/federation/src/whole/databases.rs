//! The reference country in PostgreSQL: a database for each authority that keeps one, and one with every table of the country, for
//! tests to hold answers against.

use std::path::Path;

use mohur::nation::SEED;
use mohur_postgres::Cluster;
use mohur_reference::Database;
use mohur_reference::country::{self, Country, Sought};
use serde_json::Value;
use tempfile::TempDir;

/// A register that is a database, and who keeps it.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    /// The name of the owner, of its folder and of the database.
    pub name: &'static str,
    /// The owner.
    pub member: &'static str,
    /// Which of the reference databases.
    register: &'static str,
    /// What is not this authority's, as a statement.
    without: &'static str,
}

macro_rules! held {
    ($($name:literal: $register:literal of $member:literal $(without $statement:literal)?;)*) => {
        /// Every register that is a database.
        pub const HELD: &[Held] = &[$(Held {
            name: $name,
            member: $member,
            register: $register,
            without: concat!($($statement)?),
        }),*];
    };
}

held! {
    "documents-mia": "documents" of "AZ/GOV/MIA/documents" without "delete from register.documents where issuer <> 'MIA'";
    "documents-mfa": "documents" of "AZ/GOV/MFA/documents" without "delete from register.documents where issuer <> 'MFA'";
    "documents-sms": "documents" of "AZ/GOV/SMS/documents" without "delete from register.documents where issuer <> 'SMS'";
    "documents-mar": "documents" of "AZ/GOV/MAR/documents" without "delete from register.documents where issuer <> 'MAR'";
    "documents-caa": "documents" of "AZ/GOV/CAA/documents" without "delete from register.documents where issuer <> 'CAA'";
    "documents-mot": "documents" of "AZ/GOV/MOT/documents" without "delete from register.documents where issuer <> 'MOT'";
    "residence": "residence" of "AZ/GOV/MIA/residence";
    "visas": "visas" of "AZ/GOV/MFA/visas";
    "migration": "migration" of "AZ/GOV/SMS/migration";
    "invalid-documents": "invalid-documents" of "AZ/GOV/MOJ/invalid-documents";
    "watch-list": "watch-list" of "AZ/GOV/MIA/watch-list";
    "crossings": "crossings" of "AZ/GOV/SBS/crossings";
    "vehicles": "vehicles" of "AZ/GOV/MIA/vehicles";
    "blanks": "blanks" of "AZ/GOV/MIA/blanks";
    "military-duty": "military-duty" of "AZ/GOV/MOD/military-duty";
    "clearances": "clearances" of "AZ/GOV/SSPS/clearances";
    "cargo-seals": "cargo-seals" of "AZ/GOV/COM/cargo-seals";
    "statistics": "statistics" of "AZ/GOV/MOJ/statistics";
}

/// The database with every table of the country, all of it texts.
const COUNTRY: &str = "country";

/// What the statistical office brings: the population of 2025 by sex and by marital status.
const CELLS: &str = "insert into register.cells (dataset, period, area, breakdown, cell, count)
    select 'population', '2025', 'AZ', 'sex', case sex when 'F' then 'women' else 'men' end, count(*) from population group by 5
    union all select 'population', '2025', 'AZ', 'marital-status', marital_status, count(*) from population group by 5;
    drop table population;\n";

/// The databases of a country, at work.
pub struct Databases {
    cluster: Cluster,
    folder: TempDir,
}

impl Held {
    /// The database of that name.
    ///
    /// # Panics
    /// If there is none.
    pub fn named(name: &str) -> Self {
        HELD.iter().copied().find(|held| held.name == name).unwrap_or_else(|| panic!("no database {name}"))
    }

    /// The agency's code.
    pub fn agency(&self) -> &'static str {
        self.member.split('/').nth(2).unwrap()
    }

    /// The reference database: schema and mapping file.
    pub fn register(&self) -> Database {
        Database::named(self.register).unwrap()
    }
}

impl Databases {
    /// The password of the adapters' role.
    pub const PASSWORD: &'static str = "of the adapters in a throwaway cluster";

    /// Makes a cluster with every database.
    pub fn whole() -> Self {
        Self::with(HELD)
    }

    /// Makes a cluster with these databases, and the country's.
    pub fn with(held: &[Held]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let size = country::POPULATION;
        country::seed(folder.path(), SEED, size, &mut |_| {}).unwrap();
        std::fs::write(folder.path().join("alerts.csv"), alerts()).unwrap();
        let cluster = Cluster::start();
        // The role is the cluster's: the first schema makes it, and the others find it there.
        let [first, others @ ..] = held else { panic!("no database") };
        fill(&cluster, folder.path(), first);
        cluster.sql("postgres", &format!("alter role mohur_adapter password '{}'", Self::PASSWORD));
        std::thread::scope(|scope| {
            let some = others.len().div_ceil(3).max(1);
            for some in others.chunks(some) {
                scope.spawn(|| some.iter().for_each(|held| fill(&cluster, folder.path(), held)));
            }
            scope.spawn(|| cluster.create(COUNTRY, &whole_country(folder.path())));
        });
        Self { cluster, folder }
    }

    /// The cluster.
    pub const fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// The folder with the tables as files, and the list of contradictions.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where the adapter finds that database.
    pub fn url(&self, held: &Held) -> String {
        self.cluster.url("mohur_adapter", held.name)
    }

    /// The first row that a statement selects from the tables of the country.
    ///
    /// # Panics
    /// If there is none.
    pub fn row(&self, select: &str) -> Value {
        let [row] = self.rows(select);
        row
    }

    /// The first rows that a statement selects from the tables of the country.
    ///
    /// # Panics
    /// If there are fewer.
    pub fn rows<const N: usize>(&self, select: &str) -> [Value; N] {
        let rows = self.cluster.sql(COUNTRY, &format!("select row_to_json(one) from ({select}) as one limit {N}"));
        let rows: Vec<Value> = rows.lines().map(|row| serde_json::from_str(row).unwrap()).collect();
        rows.try_into().unwrap_or_else(|rows: Vec<_>| panic!("{} rows: {select}", rows.len()))
    }
}

/// Makes one database, with the rows that are its authority's.
fn fill(cluster: &Cluster, folder: &Path, held: &Held) {
    let schema = held.register().schema();
    let mut sql = schema.clone();
    for table in schema.lines().filter_map(|line| line.strip_prefix("create table register.")) {
        let table = table.trim_end_matches([' ', '(']);
        let file = folder.join(format!("{table}.csv"));
        if file.exists() {
            sql += &copy(&format!("register.{table}"), &file);
        }
    }
    if held.register == "statistics" {
        let file = folder.join("population.csv");
        sql += &as_texts("temporary table population", &file);
        sql += &copy("population", &file);
        sql += CELLS;
    }
    cluster.create(held.name, &format!("{sql}{};", held.without));
}

/// What stands abroad about the country's people, which is in none of its own tables.
fn alerts() -> String {
    let mut text =
        "kind,owner,action,family_name,given_name,birth_date,document_state,document_type,document_no,vin\n".to_owned();
    for alert in Country::from_seed(SEED).alerts() {
        let sought = match &alert.sought {
            Sought::Person { family_name, given_name, birth_date, .. } => {
                format!("{family_name},{given_name},{birth_date},,,,")
            }
            Sought::Document { issuing_state, code, number } => format!(",,,{issuing_state},{code},{number},"),
            Sought::Vehicle { vin, .. } => format!(",,,,,,{vin}"),
        };
        let kind = match &alert.sought {
            Sought::Person { .. } => "person",
            Sought::Document { .. } => "document",
            Sought::Vehicle { .. } => "vehicle",
        };
        text += &format!("{kind},{},{},{sought}\n", alert.owner, alert.action);
    }
    text
}

/// Every table of the country.
fn whole_country(folder: &Path) -> String {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let tables = files.filter(|file| file.extension().is_some_and(|extension| extension == "csv"));
    let table = |file: std::path::PathBuf| {
        let name = file.file_stem().unwrap().to_str().unwrap();
        as_texts(&format!("table {name}"), &file) + &copy(name, &file)
    };
    tables.map(table).collect()
}

/// A table with the columns that a file names.
fn as_texts(what: &str, file: &Path) -> String {
    let text = std::fs::read_to_string(file).unwrap();
    let columns: Vec<_> = text.lines().next().unwrap().split(',').map(|name| format!("{name} text")).collect();
    format!("create {what} ({});\n", columns.join(", "))
}

fn copy(table: &str, file: &Path) -> String {
    format!("\\copy {table} from '{}' with (format csv, header)\n", file.display())
}
