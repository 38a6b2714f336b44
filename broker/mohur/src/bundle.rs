//! `mohur bundle`: one signed request to several registers; the legs are shown as they arrive.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::time::Duration;

use mohur_client::{BundleReport, Caller, Inputs, LegReport};
use mohur_wire::bundle::Outcome;
use mohur_wire::subject::ReceiptNumber;
use mohur_wire::{FieldName, MessageId, Mrz, Operation, Predicate, Value};

use crate::asking::{self, Asker, Subject, assignment, predicate};
use crate::output::{CliError, Exit, Output};
use crate::process;

const EXAMPLES: &str = "\
Examples (`mohur demo --serve` prints one with numbers that exist):
  mohur bundle issue-id-document --fin 5ABCDE1 --value familyName=Əliyev --value givenName=Vüqar \\
      --value birthDate=1990-05-06 --value maritalStatus=single --receipt R-1 --case ID-1
  mohur bundle border-first-line --mrz 'P<AZEALIYEV<<VUGAR<<<<<<<<<<<<<<<<<<<<<<<<<<<' \\
      --mrz 'C012345674AZE9005066M3001017<<<<<<<<<<<<<<06'

Exit codes: 0 clear, 1 not clear, incomplete or refused, 2 wrong usage,
3 the broker cannot be reached, 4 something does not verify.";

/// How often a bundle that is not complete is asked for.
const PAUSE: Duration = Duration::from_millis(500);

/// Ask a bundle: one signed request to several registers, each leg sealed by its owner.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The definition's name, e.g. issue-id-document.
    name: MessageId,
    #[command(flatten)]
    subject: Subject,
    #[command(flatten)]
    asker: Asker,
    /// A line of the document's machine-readable zone; repeat for each. Its check digits must hold. It gives the document and
    /// its holder's name and birth date.
    #[arg(long, value_name = "LINE")]
    mrz: Vec<String>,
    /// A value for the legs that compare; repeat for more.
    #[arg(long = "value", value_parser = assignment, value_name = "FIELD=VALUE")]
    values: Vec<(FieldName, Value)>,
    /// A condition for the legs that verify; repeat for more.
    #[arg(long = "verify", value_parser = predicate, value_name = "CONDITION")]
    predicates: Vec<(FieldName, Predicate)>,
    /// The receipt of the paid fee.
    #[arg(long)]
    receipt: Option<ReceiptNumber>,
    /// How long to wait for all legs, in seconds.
    #[arg(long, default_value_t = 30)]
    wait: u64,
}

pub(crate) fn run(args: Args, out: &Output) -> Result<ExitCode, CliError> {
    let caller = args.asker.caller()?;
    let mut subjects = args.subject.keys()?;
    if !args.mrz.is_empty() {
        let mrz: Mrz = args.mrz.join("\n").parse().map_err(CliError::usage)?;
        subjects.extend(mrz.subjects(caller.clock.now()));
    }
    let inputs = Inputs {
        subjects,
        case: args.asker.case.clone(),
        official: args.asker.official()?,
        values: args.values.into_iter().collect::<BTreeMap<_, _>>(),
        predicates: args.predicates.into_iter().collect(),
        receipt: args.receipt,
        key: None,
    };
    let patience = Duration::from_secs(args.wait);
    let report = process::run(ask(&caller, &args.name, &inputs, patience, out))?;
    out.say(conclusion(&report), &document(&report));
    Ok(if report.outcome == Outcome::Clear { ExitCode::SUCCESS } else { Exit::Negative.into() })
}

async fn ask(
    caller: &Caller,
    name: &MessageId,
    inputs: &Inputs,
    patience: Duration,
    out: &Output,
) -> Result<BundleReport, CliError> {
    let definition = caller.definition(name).await.map_err(asking::failed)?;
    if !out.is_json() {
        println!("{} ({}@{})", definition.title, definition.id, definition.version);
    }
    let mut shown = BTreeSet::new();
    let mut report = caller.bundle(definition, inputs).await.map_err(asking::failed)?;
    let deadline = tokio::time::Instant::now() + patience;
    loop {
        show(&report, &mut shown, out);
        if report.complete || tokio::time::Instant::now() >= deadline {
            return Ok(report);
        }
        tokio::time::sleep(PAUSE).await;
        report = caller.poll(report).await.map_err(asking::failed)?;
    }
}

/// Prints the legs that were not shown yet.
fn show(report: &BundleReport, shown: &mut BTreeSet<MessageId>, out: &Output) {
    for leg in report.legs.iter().filter(|leg| leg.arrived) {
        if shown.insert(leg.leg.clone()) && !out.is_json() {
            println!("  {:<30} {:<14} {}", leg.title, leg.verdict, particulars(leg));
        }
    }
}

fn particulars(leg: &LegReport) -> String {
    match (&leg.answer, leg.refusal) {
        (Some(answer), _) => {
            let fields: Vec<_> = answer.fields().iter().map(|(name, value)| format!("{name} {value}")).collect();
            format!("{} [sealed by {}]", fields.join(", "), answer.issuer())
        }
        (None, Some(refusal)) => format!("refused: {refusal}"),
        (None, None) => "not asked".to_owned(),
    }
}

fn conclusion(report: &BundleReport) -> String {
    let verdict = match (report.outcome, report.complete) {
        (Outcome::Clear, _) => "CLEAR",
        (Outcome::NotClear, _) => "NOT CLEAR",
        (Outcome::Incomplete, true) => "INCOMPLETE: not every register was asked or could say; never the same as clear",
        (Outcome::Incomplete, false) => "INCOMPLETE: legs are still missing; ask again",
    };
    let settled = report.legs.iter().filter_map(|leg| leg.settlement.as_ref().map(|s| (leg, s)));
    let lines: Vec<_> = settled.map(|(leg, s)| format!("  {:<30} {}", leg.title, settlement(s))).collect();
    let mut text = lines.join("\n");
    if !text.is_empty() {
        text.push('\n');
    }
    format!("{text}{verdict}{} (computed again from the owners' seals; receipts verified)", remarks(report))
}

/// What belongs to the verdict: the definition's own word, the classes of reasons, and what it says nothing about.
fn remarks(report: &BundleReport) -> String {
    let mut text = String::new();
    if report.word != report.outcome.as_str() {
        text.push_str(&format!("\n  {}", report.word));
    }
    if !report.reasons.is_empty() {
        text.push_str(&format!("\n  because of: {}", list(report.reasons.iter().map(MessageId::as_str))));
    }
    if !report.left_out.is_empty() {
        text.push_str(&format!("\n  without: {}", list(report.left_out.iter().map(|leg| leg.title.as_str()))));
    }
    text
}

fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(", ")
}

fn settlement((operation, state): &(Operation, Option<String>)) -> String {
    match state {
        Some(state) => format!("settled: {state}"),
        None => format!("{} was not confirmed", operation.leads_to()),
    }
}

fn document(report: &BundleReport) -> serde_json::Value {
    let leg = |leg: &LegReport| {
        serde_json::json!({
            "leg": leg.leg,
            "verdict": leg.verdict,
            "fields": leg.answer.as_ref().map(mohur_message::SealedAnswer::fields),
            "sealedBy": leg.answer.as_ref().map(mohur_message::SealedAnswer::issuer),
            "refusal": leg.refusal,
            "settlement": leg.settlement.as_ref().map(|(operation, state)| serde_json::json!({
                "operation": operation, "state": state,
            })),
        })
    };
    serde_json::json!({
        "bundle": report.id,
        "outcome": report.outcome,
        "complete": report.complete,
        "word": report.word,
        "reasons": report.reasons,
        "leftOut": report.left_out,
        "legs": report.legs.iter().map(leg).collect::<Vec<_>>(),
        "receipt": report.receipt_header,
    })
}
