//! `mohur bundle`: one signed request to several registers; the legs are shown as they arrive.

mod table;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use mohur_client::{BundleReport, Caller, Inputs};
use mohur_wire::bundle::{Definition, Needed, Outcome};
use mohur_wire::subject::{ReceiptNumber, SubjectKind};
use mohur_wire::{FieldName, MessageId, Mrz, Official, Predicate, SubjectKey, Value};

use crate::asking::{self, Asker, assignment, predicate, value};
use crate::output::{CliError, Exit, Output};
use crate::process;
use crate::prompt::{Wanted, named};
use crate::subject::Subject;
use table::Table;

const EXAMPLES: &str = "\
Examples (`mohur demo --serve` prints one with numbers that exist):
  mohur bundle issue-id-document --fin 5ABCDE1 --value familyName=Əliyev --value givenName=Vüqar \\
      --value birthDate=1990-05-06 --value maritalStatus=single --receipt R-1 --case ID-1
  mohur bundle border-first-line --mrz 'P<AZEALIYEV<<VUGAR<<<<<<<<<<<<<<<<<<<<<<<<<<<' \\
      --mrz 'C012345674AZE9005066M3001017<<<<<<<<<<<<<<06'

Exit codes: 0 clear, 1 not clear, incomplete or refused, 2 wrong usage,
3 the broker cannot be reached, 4 something does not verify.";

/// How often a bundle that is not complete is asked for.
const PAUSE: Duration = Duration::from_millis(250);

/// Ask a bundle: one signed request to several registers, each leg sealed by its owner.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The definition's name, e.g. issue-id-document, or a part of it.
    name: Option<String>,
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
    /// The idempotency key of a bundle that brought no answer, to ask it again: what it did is not done a second time.
    #[arg(long)]
    key: Option<MessageId>,
    /// How long to wait for all legs, in seconds.
    #[arg(long, default_value_t = 30)]
    wait: u64,
}

pub(crate) fn run(args: Args, out: &Output) -> Result<ExitCode, CliError> {
    let caller = args.asker.caller()?;
    let report = process::run(async {
        let mut wanted = Wanted::new(out);
        let definition = args.definition(&caller, &mut wanted).await?;
        let inputs = args.inputs(&definition, &caller, wanted)?;
        follow(&caller, definition, &inputs, Duration::from_secs(args.wait), out).await
    })?;
    out.say(table::conclusion(&report), &table::document(&report));
    Ok(if report.outcome == Outcome::Clear { ExitCode::SUCCESS } else { Exit::Negative.into() })
}

/// Asks, and asks again until all legs are there or the patience ends.
async fn follow(
    caller: &Caller,
    definition: Definition,
    inputs: &Inputs,
    patience: Duration,
    out: &Output,
) -> Result<BundleReport, CliError> {
    let mut table = Table::begin(&definition, out);
    let failed = |error| match &inputs.key {
        Some(key) => asking::failed_under(key, error),
        None => asking::failed(error),
    };
    let mut report = caller.bundle(definition, inputs).await.map_err(failed)?;
    let deadline = tokio::time::Instant::now() + patience;
    loop {
        let is_last = report.complete || tokio::time::Instant::now() >= deadline;
        table.show(&report, is_last);
        if is_last {
            return Ok(report);
        }
        tokio::time::sleep(PAUSE).await;
        report = caller.poll(report).await.map_err(failed)?;
    }
}

impl Args {
    async fn definition(&self, caller: &Caller, wanted: &mut Wanted) -> Result<Definition, CliError> {
        let published = &caller.directory().directory().definitions;
        let all: Vec<_> = published.iter().map(|entry| entry.id.to_string()).collect();
        let name = named("bundle", self.name.as_deref(), &all, wanted)?;
        let name = name.ok_or_else(|| CliError::usage(format!("which bundle? There are {}", all.join(", "))))?;
        caller.definition(&name.parse().map_err(CliError::usage)?).await.map_err(asking::failed)
    }

    /// What the definition needs, from the command line and from what is typed where that leaves something out.
    fn inputs(&self, definition: &Definition, caller: &Caller, mut wanted: Wanted) -> Result<Inputs, CliError> {
        let Needed { subjects, values, predicates, receipt } = definition.inputs();
        let subjects = self.subjects(&subjects, caller, &mut wanted)?;
        let given = self.values.iter().cloned().collect();
        let values = filled(given, &values, "--value", "", &mut wanted, |text| Ok::<_, String>(value(text)))?;
        let given = self.predicates.iter().cloned().collect();
        let predicates = filled(given, &predicates, "--verify", " (a condition, e.g. >=18)", &mut wanted, condition)?;
        let receipt = match self.receipt.clone() {
            None if receipt => wanted.given_or_asked(None, "--receipt", "Receipt of the paid fee", str::parse)?,
            given => given,
        };
        let official: Option<Official> = self.asker.official(&mut wanted)?;
        let case = self.asker.case(&wanted)?;
        wanted.complete()?;
        let official = official.ok_or_else(|| CliError::usage("--official is missing"))?;
        let key = match &self.key {
            None if definition.reserving_legs().next().is_some() => Some(Caller::fresh_id().map_err(asking::failed)?),
            given => given.clone(),
        };
        let on_behalf_of = self.asker.on_behalf_of.clone();
        Ok(Inputs { subjects, case, official, on_behalf_of, values, predicates, receipt, key })
    }

    fn subjects(
        &self,
        needed: &[SubjectKind],
        caller: &Caller,
        wanted: &mut Wanted,
    ) -> Result<Vec<SubjectKey>, CliError> {
        let mut subjects = self.subject.keys()?;
        if !self.mrz.is_empty() {
            let mrz: Mrz = self.mrz.join("\n").parse().map_err(CliError::usage)?;
            for key in mrz.subjects(caller.clock.now()) {
                let kind = SubjectKind::of(&key);
                match subjects.iter().find(|given| SubjectKind::of(given) == kind) {
                    None => subjects.push(key),
                    Some(given) if *given == key => {}
                    Some(_) => {
                        return Err(CliError::usage(format!("--mrz and another option give different keys: {kind}")));
                    }
                }
            }
        }
        for kind in needed {
            if !subjects.iter().any(|key| SubjectKind::of(key) == *kind) {
                subjects.extend(crate::subject::asked(*kind, wanted)?);
            }
        }
        Ok(subjects)
    }
}

/// The fields that are needed, with what was given or is typed for each.
fn filled<T>(
    mut given: BTreeMap<FieldName, T>,
    needed: &[FieldName],
    option: &str,
    hint: &str,
    wanted: &mut Wanted,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<BTreeMap<FieldName, T>, CliError> {
    for name in needed {
        if !given.contains_key(name) {
            let asked = wanted.given_or_asked(None, &format!("{option} {name}=…"), &format!("{name}{hint}"), &parse)?;
            given.extend(asked.map(|value| (name.clone(), value)));
        }
    }
    Ok(given)
}

/// A condition without its field's name.
fn condition(text: &str) -> Result<Predicate, String> {
    predicate(&format!("field{text}")).map(|(_, condition)| condition)
}
