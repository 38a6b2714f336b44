//! `mohur query`: one question, and everything about its answer verified.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use mohur_client::{Answered, Caller, Question};
use mohur_wire::subject::ReceiptNumber;
use mohur_wire::{Ask, Effect, FieldName, Operation, Predicate, Purpose, ServiceId, Value};

use crate::asking::{self, Asker, Subject, assignment, predicate};
use crate::output::{CliError, Exit, Output};
use crate::process;

const EXAMPLES: &str = "\
Examples (`mohur demo --serve` prints them with numbers that exist):
  mohur query AZ/GOV/MOH/health-card/vitals/v1 --fin 5ABCDE1 --read bloodGroup,height \\
      --purpose issue-id-document --case ID-1
  mohur query AZ/GOV/MOJ/civil-registry/birth/v1 --fin 5ABCDE1 --match birthDate=1990-05-06 \\
      --purpose border-control --case B-9
  mohur query AZ/GOV/MOJ/civil-registry/birth/v1 --fin 5ABCDE1 --verify 'age>=18' \\
      --purpose issue-id-document --case ID-1 --json

Exit codes: 0 answered, 1 refused or no such subject, 2 wrong usage,
3 the broker cannot be reached, 4 something does not verify.";

/// Ask one question, and verify everything about its answer.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The service, e.g. AZ/GOV/MOH/health-card/vitals/v1.
    service: ServiceId,
    #[command(flatten)]
    subject: Subject,
    #[command(flatten)]
    verb: Verb,
    /// Why: a name in the owner's purposes.toml.
    #[arg(long)]
    purpose: Purpose,
    #[command(flatten)]
    asker: Asker,
    /// Write the sealed answer and the receipt to this file, as evidence.
    #[arg(long)]
    save: Option<PathBuf>,
}

/// What to do: exactly one.
#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct Verb {
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
    let question = Question {
        service: args.service,
        subject: args.subject.key()?,
        ask: args.verb.ask()?,
        purpose: args.purpose,
        case: args.asker.case.clone(),
        official: args.asker.official()?,
        on_behalf_of: args.asker.on_behalf_of.clone(),
        message: None,
    };
    let answered = process::run(async { caller.ask(question).await.map_err(asking::failed) })?;
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

impl Verb {
    fn ask(self) -> Result<Ask, CliError> {
        if let Some(receipt) = self.reserve {
            let key = Caller::fresh_id().map_err(asking::failed)?;
            return Ok(Ask::Change(Effect {
                operation: Operation::Reserve,
                receipt: Some(receipt),
                values: BTreeMap::new(),
                key,
            }));
        }
        if !self.read.is_empty() {
            return Ok(Ask::Read(self.read.into_iter().collect()));
        }
        if !self.matches.is_empty() {
            return unique(self.matches).map(Ask::Match);
        }
        unique(self.verify).map(Ask::Verify)
    }
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
