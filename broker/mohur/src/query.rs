//! `mohur query`: one question, and everything about its answer verified.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use mohur_client::{Answered, Caller, Question};
use mohur_wire::subject::ReceiptNumber;
use mohur_wire::{Ask, Effect, FieldName, MessageId, Operation, Predicate, Purpose, ServiceId, Value, Verb};

use crate::asking::{self, Asker, assignment, predicate};
use crate::output::{CliError, Exit, Output};
use crate::process;
use crate::prompt::{Wanted, named};
use crate::subject::Subject;

const EXAMPLES: &str = "\
Examples (`mohur demo --serve` prints them with numbers that exist):
  mohur query AZ/GOV/MOH/health-card/vitals/v1 --fin 5ABCDE1 --read bloodGroup,height \\
      --purpose issue-id-document --case ID-1
  mohur query AZ/GOV/MOJ/civil-registry/birth/v1 --fin 5ABCDE1 --match birthDate=1990-05-06 \\
      --purpose border-control --case B-9
  mohur query AZ/GOV/MOJ/civil-registry/birth/v1 --fin 5ABCDE1 --verify 'age>=18' \\
      --purpose issue-id-document --case ID-1 --json
  mohur query AZ/GOV/NCB/interpol/tasks/v1 --serial 20261128-0123456789abcdef --change consume \\
      --with outcome=confirmed --purpose interpol-confirmation --case N-7

Exit codes: 0 answered, 1 refused or no such subject, 2 wrong usage,
3 the broker cannot be reached, 4 something does not verify.";

/// Ask one question, and verify everything about its answer.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The service, e.g. AZ/GOV/MOH/health-card/vitals/v1, or a part of its name, e.g. vitals.
    service: Option<String>,
    #[command(flatten)]
    subject: Subject,
    #[command(flatten)]
    doing: Doing,
    #[command(flatten)]
    given: Given,
    /// Why: a name in the owner's purposes.toml.
    #[arg(long)]
    purpose: Option<Purpose>,
    #[command(flatten)]
    asker: Asker,
    /// Write the sealed answer and the receipt to this file, as evidence.
    #[arg(long)]
    save: Option<PathBuf>,
}

/// What to do: exactly one.
#[derive(Default, clap::Args)]
#[group(multiple = false)]
struct Doing {
    /// Read these fields.
    #[arg(long, value_delimiter = ',', value_name = "FIELD,…")]
    read: Vec<FieldName>,
    /// Ask whether the field has this value; repeat for more.
    #[arg(long = "match", value_parser = assignment, value_name = "FIELD=VALUE")]
    matches: Vec<(FieldName, Value)>,
    /// Ask whether a condition holds: 'age>=18', 'age<=65' or 'sex=M|F'; repeat for more.
    #[arg(long, value_parser = predicate, value_name = "CONDITION")]
    verify: Vec<(FieldName, Predicate)>,
    /// Hold the fee paid with this receipt.
    #[arg(long, value_name = "RECEIPT")]
    reserve: Option<ReceiptNumber>,
    /// Change something: reserve it, or consume or release what you reserved.
    #[arg(long, value_parser = operation, value_name = "OPERATION")]
    change: Option<Operation>,
}

/// What belongs to a change.
#[derive(Default, clap::Args)]
struct Given {
    /// A value that the change needs; repeat for more.
    #[arg(long = "with", requires = "change", value_parser = assignment, value_name = "FIELD=VALUE")]
    values: Vec<(FieldName, Value)>,
    /// The idempotency key of a change: say it again to have the same effect once. Without it: a new one.
    #[arg(long)]
    key: Option<MessageId>,
}

/// What `--save` keeps.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Evidence<'a> {
    answer: &'a str,
    receipt: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_receipt: Option<&'a str>,
}

pub(crate) fn run(args: Args, out: &Output) -> Result<ExitCode, CliError> {
    let caller = args.asker.caller()?;
    let question = args.question(&caller, Wanted::new(out))?;
    let key = match &question.ask {
        Ask::Change(effect) => Some(effect.key.clone()),
        Ask::Read(_) | Ask::Match(_) | Ask::Verify(_) => None,
    };
    let failed = |error| match &key {
        Some(key) => asking::failed_under(key, error),
        None => asking::failed(error),
    };
    let answered = process::run(async { caller.ask(question).await.map_err(failed) })?;
    if let Some(path) = &args.save {
        let evidence = Evidence {
            answer: &answered.sealed,
            receipt: &answered.receipt_header,
            provider_receipt: answered.provider_receipt.as_deref(),
        };
        let evidence = serde_json::to_string(&evidence).map_err(|error| CliError::usage(error.to_string()))?;
        std::fs::write(path, evidence).map_err(|error| CliError::usage(format!("{}: {error}", path.display())))?;
    }
    out.say(human(&answered), &document(&answered));
    Ok(if answered.answer.is_found() { ExitCode::SUCCESS } else { Exit::Negative.into() })
}

impl Args {
    /// The question, from the command line and from what is typed where that leaves something out.
    fn question(&self, caller: &Caller, mut wanted: Wanted) -> Result<Question, CliError> {
        let service = self.service(caller, &mut wanted)?;
        let subject = self.subject.key(&mut wanted)?;
        let offered = service.as_ref().and_then(|service| caller.directory().service(service));
        let ask = match self.doing.ask(&self.given)? {
            None => asked(offered.map(|route| route.verbs.as_slice()), &mut wanted)?,
            given => given,
        };
        let why = "Purpose, e.g. issue-id-document";
        let purpose = wanted.given_or_asked(self.purpose.clone(), "--purpose", why, str::parse)?;
        let official = self.asker.official(&mut wanted)?;
        let case = self.asker.case(&wanted)?;
        wanted.complete()?;
        let parts = (service, subject, ask, purpose, official);
        let (Some(service), Some(subject), Some(ask), Some(purpose), Some(official)) = parts else {
            return Err(CliError::usage("the question is not complete"));
        };
        let on_behalf_of = self.asker.on_behalf_of.clone();
        Ok(Question { service, subject, ask, purpose, case, official, on_behalf_of, message: None })
    }

    /// A name in full need not stand in the directory: the broker says what it thinks of it.
    fn service(&self, caller: &Caller, wanted: &mut Wanted) -> Result<Option<ServiceId>, CliError> {
        if let Some(Ok(service)) = self.service.as_deref().map(str::parse) {
            return Ok(Some(service));
        }
        let members = &caller.directory().directory().members;
        let ids = members.iter().flat_map(|member| member.services.iter().map(|service| member.service_id(service)));
        let all: Vec<_> = ids.flatten().map(|id| id.to_string()).collect();
        let name = named("service", self.service.as_deref(), &all, wanted)?;
        name.map(|name| name.parse().map_err(CliError::usage)).transpose()
    }
}

/// Asks what to do, of what the service offers.
fn asked(offered: Option<&[Verb]>, wanted: &mut Wanted) -> Result<Option<Ask>, CliError> {
    if !wanted.asks() {
        wanted.note("one of --read, --match, --verify, --reserve and --change");
        return Ok(None);
    }
    let verbs = offered.unwrap_or(&[Verb::Read, Verb::Match, Verb::Verify, Verb::Change]);
    let words: Vec<_> = verbs.iter().map(|verb| verb.as_str().to_owned()).collect();
    let doing = match verbs.get(wanted.choose("What to do", &words)?) {
        Some(Verb::Match) => Doing {
            matches: wanted.ask_several("Compare, FIELD=VALUE (Enter when done)", assignment)?,
            ..Doing::default()
        },
        Some(Verb::Verify) => {
            let what = "Condition, e.g. age>=18 (Enter when done)";
            Doing { verify: wanted.ask_several(what, predicate)?, ..Doing::default() }
        }
        Some(Verb::Change) => {
            Doing { reserve: Some(wanted.ask("Receipt to reserve", str::parse)?), ..Doing::default() }
        }
        Some(Verb::Read) | None => {
            let names = |text: &str| text.split(',').map(|name| name.trim().parse()).collect::<Result<_, _>>();
            Doing { read: wanted.ask("Fields, with commas between them", names)?, ..Doing::default() }
        }
    };
    match doing.ask(&Given::default())? {
        None => Err(CliError::usage("nothing was asked")),
        some => Ok(some),
    }
}

impl Doing {
    /// The verb with its operands; nothing if none was given.
    fn ask(&self, given: &Given) -> Result<Option<Ask>, CliError> {
        let operation = self.change.or(self.reserve.as_ref().map(|_| Operation::Reserve));
        if let Some(operation) = operation {
            let key = given.key.clone().map_or_else(|| Caller::fresh_id().map_err(asking::failed), Ok)?;
            let values = unique(given.values.clone())?;
            return Ok(Some(Ask::Change(Effect { operation, receipt: self.reserve.clone(), values, key })));
        }
        if given.key.is_some() {
            return Err(CliError::usage("--key belongs to --reserve or --change"));
        }
        if !self.read.is_empty() {
            return Ok(Some(Ask::Read(self.read.iter().cloned().collect())));
        }
        if !self.matches.is_empty() {
            return unique(self.matches.clone()).map(|values| Some(Ask::Match(values)));
        }
        if !self.verify.is_empty() {
            return unique(self.verify.clone()).map(|conditions| Some(Ask::Verify(conditions)));
        }
        Ok(None)
    }
}

fn operation(text: &str) -> Result<Operation, String> {
    let names = Operation::ALL.map(Operation::as_str).join(", ");
    Operation::ALL.into_iter().find(|known| known.as_str() == text).ok_or_else(|| format!("choose one of {names}"))
}

fn unique<V>(pairs: Vec<(FieldName, V)>) -> Result<BTreeMap<FieldName, V>, CliError> {
    let mut map = BTreeMap::new();
    for (name, value) in pairs {
        if map.contains_key(&name) {
            return Err(CliError::usage(format!("{name} is given twice")));
        }
        map.insert(name, value);
    }
    Ok(map)
}

fn human(answered: &Answered) -> String {
    let answer = &answered.answer;
    let mut text = String::new();
    if answer.is_found() {
        let width = answer.fields().keys().map(|name| name.as_str().len()).max().unwrap_or_default();
        for (name, value) in answer.fields() {
            let _ = writeln!(text, "{:<width$}  {value}", name.as_str());
        }
    } else {
        text.push_str("no such subject in this register\n");
    }
    let receipt = &answered.receipt;
    let _ = write!(
        text,
        "sealed by {}\nlogged as entry {} of {} ({} entries at its checkpoint); seals, receipt and proof verified",
        answer.issuer(),
        receipt.index(),
        receipt.checkpoint().origin,
        receipt.checkpoint().size,
    );
    if answered.provider_receipt.is_some() {
        text.push_str("\ndecided by the owner's home broker, whose receipt is verified, too");
    }
    text
}

fn document(answered: &Answered) -> serde_json::Value {
    let answer = &answered.answer;
    serde_json::json!({
        "id": answered.id,
        "service": answer.service(),
        "found": answer.is_found(),
        "fields": answer.fields(),
        "sealedBy": answer.issuer(),
        "sealed": answered.sealed,
        "receipt": answered.receipt_header,
        "providerReceipt": answered.provider_receipt,
        "logEntry": answered.receipt.index(),
    })
}
