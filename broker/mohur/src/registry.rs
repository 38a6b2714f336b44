//! `mohur registry`: the embedded reference registers, and the people in them.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use mohur_chain::{Trust, TrustFiles};
use mohur_host::LedgerStore;
use mohur_http::SystemClock;
use mohur_reference::country::{self, POPULATION, Sought};
use mohur_reference::{Adjudication, Country, DATABASES, Database, Kind, Mark, Oddity, Register};
use serde_json::{Value, json};

use crate::output::{CliError, Exit, Output};
use crate::process;

/// Who else has business with the FIN service, besides its adapter.
const FIN_TOKENS: [(&str, &str); 3] = [
    ("fin-service.issuer.token", "uin.generate"),
    ("fin-service.matcher.token", "fin.match.write"),
    ("fin-service.adjudicator.token", "fin.link.adjudicate fin.notice.read"),
];

const EXAMPLES: &str = "\
Examples:
  mohur registry people                                 who lives in the synthetic country
  mohur registry people --odd --json                    those with whom something is wrong, as JSON
  mohur registry run --all                              all of them on free loopback ports
  mohur registry run civil-registry --listen 127.0.0.1:7101
  mohur registry alerts                                 what stands at Interpol, in the words of mohur query
  mohur registry seed --people 100000 --out country     a whole country, as tables for PostgreSQL
  mohur registry schema                                 the registers that are databases
  mohur registry schema documents | psql documents      make one of them in an empty database

What each register speaks: docs/registries.md";

/// Run the embedded reference registers, which hold people who do not exist.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Serve registers on this machine, until SIGTERM or Ctrl-C.
    #[command(after_help = "Example:\n  mohur registry run --all --listen 127.0.0.1:7101 --credentials registers\n\n\
        With several registers the second takes the next port, and so on; port 0 takes free ones.")]
    Run {
        /// Which ones.
        #[arg(required_unless_present = "all", value_parser = kind)]
        registers: Vec<Kind>,
        /// All of them.
        #[arg(long, conflicts_with = "registers")]
        all: bool,
        /// A loopback address for the first one: plain HTTP does not leave the machine.
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: SocketAddr,
        /// The folder in which each register's bearer token is put, as <register>.token.
        #[arg(long, default_value = "mohur-registers")]
        credentials: PathBuf,
        #[command(flatten)]
        size: Size,
        #[command(flatten)]
        adjudicating: Adjudicating,
    },
    /// Print the SQL of a reference database: tables, the views that an adapter sees, and its role.
    #[command(after_help = "Example:\n  createdb documents\n  mohur registry schema documents | psql documents\n  \
        mohur registry schema documents --mapping > documents.toml")]
    Schema {
        /// Which one; without it, what there is.
        name: Option<String>,
        /// Print the mapping file of the adapter `sql` instead.
        #[arg(long, requires = "name")]
        mapping: bool,
    },
    /// List the people of the synthetic country.
    #[command(after_help = "Example:\n  mohur registry people --odd")]
    People {
        /// Only those with whom something is wrong, on purpose.
        #[arg(long)]
        odd: bool,
        #[command(flatten)]
        size: Size,
    },
    /// List what stands abroad about people, documents and vehicles of the synthetic country.
    #[command(
        after_help = "Example:\n  mohur registry alerts\n\nEach line begins with the subject as `mohur query` takes it."
    )]
    Alerts {
        #[command(flatten)]
        size: Size,
    },
    /// Write the whole country down: a table of each register, ready for PostgreSQL's COPY.
    #[command(after_help = "Example:\n  mohur registry seed --people 100000 --seed 7 --out country\n  \
        psql -c \"\\copy documents from 'country/documents.csv' with (format csv, header match)\"\n\n\
        The same seed and size give the same bytes. What registers say against each other is listed in\n\
        contradictions.json. The tables: docs/reference-country.md")]
    Seed {
        #[command(flatten)]
        size: Size,
        /// A folder that is empty or not there yet.
        #[arg(long)]
        out: PathBuf,
    },
}

/// What the FIN service needs to be more than a stand-in.
#[derive(clap::Args)]
struct Adjudicating {
    /// For fin-service: the folder in which it keeps its book; without one it forgets with the process.
    #[arg(long)]
    book: Option<PathBuf>,
    /// For fin-service: the trust folder of the officers who decide links; without one no decision counts.
    #[arg(long)]
    officers: Option<PathBuf>,
}

impl Adjudicating {
    fn open(&self) -> Result<Adjudication, CliError> {
        let mut adjudication = Adjudication::default();
        if let Some(book) = &self.book {
            std::fs::create_dir_all(book).map_err(|error| CliError::usage(format!("{}: {error}", book.display())))?;
            let ledger = LedgerStore::open(&book.join("book.redb")).map_err(CliError::usage)?;
            adjudication.ledger = Arc::new(ledger);
        }
        if let Some(officers) = &self.officers {
            let trust = Trust::load(&TrustFiles::in_folder(officers));
            adjudication.trust = Some(trust.map_err(|error| CliError::new(Exit::Unverified, error))?);
        }
        Ok(adjudication)
    }
}

/// Which country.
#[derive(clap::Args, Clone, Copy)]
struct Size {
    /// The seed of the country.
    #[arg(long, default_value_t = Country::SEED)]
    seed: u64,
    /// How many people with a FIN live there.
    #[arg(long, default_value_t = POPULATION, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    people: u32,
}

impl Size {
    fn country(self) -> Country {
        Country::of(self.seed, self.people)
    }
}

/// Runs `mohur registry`.
pub(crate) fn run(args: Args, out: &Output) -> Result<ExitCode, CliError> {
    match args.command {
        Command::Run { registers, all, listen, credentials, size, adjudicating } => {
            let kinds = if all { Kind::ALL.to_vec() } else { registers };
            process::logs(out);
            process::run(serve(kinds, listen, credentials, (size, adjudicating), out))
        }
        Command::Schema { name, mapping } => schema(name.as_deref(), mapping, out),
        Command::People { odd, size } => {
            people(&size.country(), odd, out);
            Ok(ExitCode::SUCCESS)
        }
        Command::Alerts { size } => {
            alerts(&size.country(), out);
            Ok(ExitCode::SUCCESS)
        }
        Command::Seed { size, out: folder } => seed(size, &folder, out),
    }
}

fn kind(text: &str) -> Result<Kind, String> {
    let names = || Kind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ");
    Kind::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or_else(|| format!("choose one of {}", names()))
}

async fn serve(
    kinds: Vec<Kind>,
    listen: SocketAddr,
    credentials: PathBuf,
    (size, adjudicating): (Size, Adjudicating),
    out: &Output,
) -> Result<ExitCode, CliError> {
    if !listen.ip().is_loopback() {
        return Err(CliError::usage("--listen must be a loopback address: the registers speak plain HTTP"));
    }
    let country = Arc::new(size.country());
    let (mut text, mut documents, mut running) = (String::new(), Vec::new(), Vec::new());
    let mut address = listen;
    for kind in kinds {
        let clock = Arc::new(SystemClock);
        // Only the FIN service has a book: it is opened once, and not by the others.
        let adjudication = if kind == Kind::FinService { adjudicating.open()? } else { Adjudication::default() };
        let register = Register::start_with(kind, address, Arc::clone(&country), clock, adjudication).await;
        let register = register.map_err(|error| CliError::new(Exit::Usage, error))?;
        let token = credentials.join(format!("{}.token", kind.as_str()));
        write_token(&credentials, &token, register.token())?;
        if kind == Kind::FinService {
            for (name, scopes) in FIN_TOKENS {
                write_token(&credentials, &credentials.join(name), &register.token_for(scopes))?;
            }
        }
        let (url, file) = (register.url(), token.display().to_string());
        let _ = writeln!(text, "{:<15} {url}  token in {file}", kind.as_str());
        documents.push(json!({ "register": kind.as_str(), "url": url, "credential": file }));
        running.push(register);
        if listen.port() != 0 {
            let next = address.port().checked_add(1).ok_or_else(|| CliError::usage("no port after 65535"))?;
            address.set_port(next);
        }
    }
    text.push_str("People to ask about: mohur registry people. Ctrl-C ends it.");
    out.say(text, &documents);
    process::asked_to_stop().await?;
    for register in running {
        register.stop().await;
    }
    Ok(ExitCode::SUCCESS)
}

fn seed(size: Size, folder: &Path, out: &Output) -> Result<ExitCode, CliError> {
    let mut told = 0;
    let shows = !out.is_json() && std::io::stderr().is_terminal();
    let mut progress = |written: u32| {
        let hundredth = u64::from(written) * 100 / u64::from(size.people);
        if shows && hundredth != told {
            told = hundredth;
            eprint!("\r{hundredth:>3} % of {} people", size.people);
        }
    };
    let summary = country::seed(folder, size.seed, size.people, &mut progress).map_err(CliError::usage)?;
    if shows {
        eprintln!();
    }
    let mut text = String::new();
    for (table, rows) in &summary.rows {
        let _ = writeln!(text, "{table:<20} {rows:>9} rows");
    }
    let (contradictions, folder) = (summary.contradictions, folder.display());
    let _ = write!(text, "{contradictions} contradictions, listed in {folder}/contradictions.json");
    out.say(text, &summary);
    Ok(ExitCode::SUCCESS)
}

/// The token is a credential, even if only for synthetic people: nobody else may read it.
fn write_token(folder: &Path, file: &Path, token: &str) -> Result<(), CliError> {
    let wrong = |error: std::io::Error| CliError::usage(format!("{}: {error}", file.display()));
    std::fs::create_dir_all(folder).map_err(wrong)?;
    if file.exists() {
        std::fs::remove_file(file).map_err(wrong)?;
    }
    let mut open = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file).map_err(wrong)?;
    open.write_all(token.as_bytes()).map_err(wrong)
}

fn schema(name: Option<&str>, mapping: bool, out: &Output) -> Result<ExitCode, CliError> {
    let Some(name) = name else {
        let lines: Vec<_> = DATABASES.iter().map(|one| format!("{:<18} {}", one.name, one.title)).collect();
        let documents = DATABASES.iter().map(|one| json!({ "register": one.name, "title": one.title }));
        out.say(lines.join("\n"), &documents.collect::<Vec<_>>());
        return Ok(ExitCode::SUCCESS);
    };
    let database = Database::named(name)
        .ok_or_else(|| CliError::usage(format!("no register {name}: `mohur registry schema` lists them")))?;
    let text = if mapping { database.mapping.to_owned() } else { database.schema() };
    let member = if mapping { "mapping" } else { "sql" };
    out.say(text.trim_end(), &json!({ "register": name, member: text }));
    Ok(ExitCode::SUCCESS)
}

/// Each alert, with its subject as an option of `mohur query`.
fn alerts(country: &Country, out: &Output) {
    let mut text = String::new();
    let mut documents: Vec<Value> = Vec::new();
    for alert in country.alerts() {
        let (option, key) = match &alert.sought {
            Sought::Person { family_name, given_name, birth_date, .. } => {
                ("--person", format!("{family_name} {given_name}:{birth_date}"))
            }
            Sought::Document { issuing_state, code, number } => {
                ("--document", format!("{issuing_state}:{code}:{number}"))
            }
            Sought::Vehicle { vin, .. } => ("--vin", vin.clone()),
        };
        let (owner, action, reason, issued) = (alert.owner, alert.action, alert.reason, alert.issued);
        let subject = format!("{option} '{key}'");
        let _ = writeln!(text, "{subject:<50} {owner}  {action:<7} since {issued}  {reason}");
        documents.push(json!({
            "subject": option.trim_start_matches('-'), "key": key, "owner": owner, "action": action, "reason": reason,
            "issued": issued.to_string(),
        }));
    }
    out.say(text.trim_end(), &documents);
}

fn people(country: &Country, only_odd: bool, out: &Output) {
    let mut text = format!(
        "{:<8} {:<16} {:<10} {:<11} {:<9} {:<15} {}\n",
        "FIN", "FAMILY NAME", "NAME", "BORN", "STATUS", "RECEIPT", "ODD"
    );
    let mut documents: Vec<Value> = Vec::new();
    let shown = country.citizens().iter().filter(|citizen| !only_odd || !citizen.is_clear());
    for citizen in shown {
        let claims = &citizen.claims;
        let dead = citizen.death.map(|_| "is dead");
        let odd = citizen.oddity.map(Oddity::sentence).or_else(|| citizen.mark.map(Mark::sentence)).or(dead);
        let (fin, family, given) = (citizen.fin.as_str(), claims.family_name.as_str(), claims.given_name.as_str());
        let (born, status, receipt) = (claims.birth_date, claims.marital_status.as_str(), claims.receipt.as_str());
        let note = odd.unwrap_or_default();
        let _ = writeln!(text, "{fin:<8} {family:<16} {given:<10} {born:<11} {status:<9} {receipt:<15} {note}");
        documents.push(json!({
            "fin": fin, "familyName": family, "givenName": given, "birthDate": born.to_string(),
            "maritalStatus": status, "receipt": receipt, "home": claims.home.to_string(), "odd": odd,
        }));
    }
    out.say(text.trim_end(), &documents);
}
