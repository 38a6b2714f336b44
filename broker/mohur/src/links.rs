//! `mohur links`: the adjudicators of links between identity files.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use http::{Method, StatusCode};
use mohur_connection::{Call, Connection, Settings};
use mohur_contract::{Context, RegistryError};
use mohur_http::SystemClock;
use mohur_reference::identity::rules::{Conclusion, Facts};
use mohur_reference::identity::{Decision, sign_decision};
use mohur_seal::{Passphrase, SoftwareSeal};
use mohur_wire::{Arrival, Clock};
use serde_json::Value;

use crate::output::{CliError, Exit, Output};
use crate::process;

const EXAMPLES: &str = "\
Examples:
  mohur links list --register http://127.0.0.1:7101 --credential adjudicator.token
  mohur links show 3f1c… --register http://127.0.0.1:7101 --credential adjudicator.token
  mohur links decide 3f1c… --register http://127.0.0.1:7101 --credential adjudicator.token \\
    --conclusion two-persons --why 'twins; photographs compared' \\
    --certificate officer.pem --key officer.key --passphrase passphrase

Two different officers must conclude the same. What each conclusion makes of a link: docs/registries.md";

/// Look at and decide links between identity files that may be of one person.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// List the links that wait for officers, the oldest first.
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Show one link with both files. This shows personal data.
    Show {
        /// The link.
        id: String,
        #[command(flatten)]
        place: Place,
    },
    /// Sign a decision about a link and hand it in.
    Decide {
        /// The link.
        id: String,
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        sign: Sign,
    },
}

#[derive(clap::Args)]
struct Place {
    /// The FIN service's register: http:// on this machine.
    #[arg(long)]
    register: String,
    /// The file with the adjudicator's bearer token.
    #[arg(long)]
    credential: PathBuf,
}

#[derive(clap::Args)]
struct Sign {
    /// What you conclude: one-person-justified, one-person-unjustified, two-persons, two-persons-unjustified.
    #[arg(long, value_parser = conclusion)]
    conclusion: Conclusion,
    /// Why, in your words; it is kept with your signature.
    #[arg(long)]
    why: String,
    /// Your officer's certificate.
    #[arg(long)]
    certificate: PathBuf,
    /// Its encrypted key.
    #[arg(long)]
    key: PathBuf,
    /// The credential file that opens the key.
    #[arg(long)]
    passphrase: PathBuf,
}

fn conclusion(text: &str) -> Result<Conclusion, String> {
    let all = "one-person-justified, one-person-unjustified, two-persons, two-persons-unjustified";
    serde_json::from_value(Value::String(text.to_owned())).map_err(|_| format!("choose one of {all}"))
}

/// Runs `mohur links`.
pub(crate) fn run(args: Args, out: &Output) -> Result<ExitCode, CliError> {
    match args.command {
        Command::List { place } => process::run(list(place, out)),
        Command::Show { id, place } => process::run(show(place, id, out)),
        Command::Decide { id, place, sign } => process::run(decide(place, id, sign, out)),
    }
}

impl Place {
    fn connection(&self) -> Result<Connection, CliError> {
        Connection::open(&Settings::new(&self.register).with_credential(&self.credential)).map_err(CliError::usage)
    }
}

async fn list(place: Place, out: &Output) -> Result<ExitCode, CliError> {
    let links = ask(&place.connection()?, "/v1/links", None).await?;
    let mut text = String::new();
    for link in links.as_array().into_iter().flatten() {
        let field = |name: &str| link.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let officers = link.get("officers").and_then(Value::as_array).map_or(0, Vec::len);
        let (id, state, article, opened) = (field("id"), field("state"), field("article"), field("opened"));
        let _ = writeln!(text, "{id}  {state:<8}  Art. {article:<10}  {opened}  {officers} of 2 officers");
    }
    if text.is_empty() {
        text.push_str("no link waits");
    }
    out.say(text.trim_end(), &links);
    Ok(ExitCode::SUCCESS)
}

async fn show(place: Place, id: String, out: &Output) -> Result<ExitCode, CliError> {
    let shown = ask(&place.connection()?, &target(&id)?, None).await?;
    out.say(serde_json::to_string_pretty(&shown).unwrap_or_default(), &shown);
    Ok(ExitCode::SUCCESS)
}

async fn decide(place: Place, id: String, sign: Sign, out: &Output) -> Result<ExitCode, CliError> {
    let connection = place.connection()?;
    let target = target(&id)?;
    // The officer signs what the register shows now; if it changes meanwhile, the register refuses the decision.
    let shown = ask(&connection, &target, None).await?;
    let facts = shown.pointer("/link/facts").cloned().unwrap_or_default();
    let facts: Facts = serde_json::from_value(facts).map_err(|_| unreadable())?;
    let passphrase = Passphrase::from_credential_file(&sign.passphrase).map_err(CliError::usage)?;
    let officer = SoftwareSeal::load(&sign.key, &sign.certificate, &passphrase).map_err(CliError::usage)?;
    let (conclusion, why, at) = (sign.conclusion, sign.why, SystemClock.now());
    let decision = Decision { link: id, facts, conclusion, why, at };
    let statement = sign_decision(&decision, &officer).map_err(CliError::usage)?;
    let link = ask(&connection, &format!("{target}/decisions"), Some(statement)).await?;
    let field = |name: &str| link.get(name).and_then(Value::as_str).unwrap_or_default();
    out.say(
        format_args!("{}: {} ({}), Art. {}", field("id"), field("state"), field("colour"), field("article")),
        &link,
    );
    Ok(ExitCode::SUCCESS)
}

fn target(id: &str) -> Result<String, CliError> {
    let is_id = !id.is_empty() && id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_id { Ok(format!("/v1/links/{id}")) } else { Err(CliError::usage("a link's id is hexadecimal digits")) }
}

fn unreadable() -> CliError {
    CliError::new(Exit::Unreachable, "the reply is not a FIN service's; look at --register")
}

async fn ask(connection: &Connection, target: &str, statement: Option<String>) -> Result<Value, CliError> {
    let context = Context::new(Arrival(SystemClock.now()), Duration::from_secs(30));
    let (method, content_type) =
        if statement.is_some() { (Method::POST, Some("application/jose")) } else { (Method::GET, None) };
    let body = statement.unwrap_or_default().into();
    let call = Call { method, target, content_type, accept: "application/json", body };
    let reply = connection.send(call, &context).await.map_err(|error| {
        if matches!(error, RegistryError::Credential(_)) {
            CliError::new(Exit::Negative, "the token does not let you adjudicate")
        } else {
            CliError::new(Exit::Unreachable, error)
        }
    })?;
    let document: Value = serde_json::from_slice(reply.body()).unwrap_or_default();
    match reply.status() {
        StatusCode::OK => Ok(document),
        StatusCode::NOT_FOUND => Err(CliError::new(Exit::Negative, "there is no such link")),
        StatusCode::CONFLICT => {
            let said = document.get("message").and_then(Value::as_str).unwrap_or("the decision was refused");
            Err(CliError::new(Exit::Negative, said))
        }
        _ => Err(unreadable()),
    }
}
