//! `mohur policy`: the security officer's files.

mod explain;

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use mohur_policy::AgencyPolicy;
use mohur_policy_bundle::{GOVERNANCE, PolicyErrors, Report, Sealed, agency_folders, is_agency_folder};
use serde_json::{Value, json};

use crate::output::{CliError, Exit, Output};

const EXAMPLES: &str = "\
Examples:
  mohur policy check policy/agencies
  mohur policy test policy/agencies
  mohur policy explain --caller AZ/GOV/MIA/id-cards --service AZ/GOV/MOH/health-card/vitals/v1 \\
      --verb read --field bloodGroup --purpose issue-id-document --has-case
  mohur policy seal policy/agencies/MOH   after a change: writes version, digest and schema

How these files are read and written: docs/policy.md";

/// Check, test and explain the policy files.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Report everything that is wrong with policy files, by file and line (exit code 2 if anything is).
    #[command(after_help = "Example:\n  mohur policy check policy/agencies\n  mohur policy check policy/agencies/MOH")]
    Check(Folders),
    /// Run the tests of policy folders, and name the rules that no test rests on (exit code 1 if a test fails).
    #[command(after_help = "Example:\n  mohur policy test policy/agencies\n  mohur policy test policy/agencies/BANK")]
    Test(Folders),
    /// Explain one decision: which fields, under which masks, by which rules (exit code 1 if it is refused).
    Explain(Box<explain::Args>),
    /// Write what is derived of a changed folder: the manifest's version and digest, and the schema for the editor.
    #[command(after_help = "Example:\n  mohur policy seal policy/agencies/MOH")]
    Seal {
        /// One agency's folder, or the one around them all.
        folder: PathBuf,
        /// The version to write; without it, one more than before if a file that decides changed.
        #[arg(long)]
        version: Option<u64>,
    },
}

#[derive(clap::Args)]
struct Folders {
    /// Agencies' folders, or the one around them all.
    #[arg(required = true)]
    folders: Vec<PathBuf>,
}

/// Runs `mohur policy`.
pub(crate) fn run(args: Args, out: &Output) -> Result<ExitCode, CliError> {
    match args.command {
        Command::Check(Folders { folders }) => check(&folders, out),
        Command::Test(Folders { folders }) => test(&folders, out),
        Command::Explain(args) => explain::run(*args, out),
        Command::Seal { folder, version } => seal(&folder, version, out),
    }
}

fn check(folders: &[PathBuf], out: &Output) -> Result<ExitCode, CliError> {
    let (mut text, mut agencies, mut problems) = (String::new(), Vec::new(), Vec::new());
    for folder in folders {
        match mohur_policy_bundle::check(folder) {
            Ok(policies) => {
                let _ = writeln!(text, "{}: nothing is wrong", folder.display());
                for policy in policies {
                    let digest = hex(&policy.digest());
                    let (version, services) = (policy.version(), count(policy.services().count(), "service"));
                    let _ = writeln!(text, "  {} version {version}, {services}, digest {digest}", policy.agency());
                    for note in notes(&policy) {
                        let _ = writeln!(text, "  {note}");
                    }
                    agencies.push(json!({ "agency": policy.agency().as_str(), "version": policy.version(), "digest": digest, "notes": notes(&policy) }));
                }
            }
            Err(errors) => problems.extend_from_slice(errors.as_slice()),
        }
    }
    for problem in &problems {
        let _ = writeln!(text, "{problem}");
    }
    if !problems.is_empty() {
        let _ = writeln!(text, "{}; nothing of this is loaded until they are mended", count(problems.len(), "problem"));
    }
    let document = json!({
        "agencies": agencies,
        "problems": problems.iter().map(|p| json!({ "file": p.file, "line": p.line, "what": p.what })).collect::<Vec<_>>(),
    });
    out.say(text.trim_end(), &document);
    Ok(if problems.is_empty() { ExitCode::SUCCESS } else { Exit::Usage.into() })
}

/// Rules that load, and refuse all the same.
fn notes(policy: &AgencyPolicy) -> Vec<String> {
    let mut notes = Vec::new();
    for rule in policy.rules() {
        for obligation in rule.obligations.iter().filter(|obligation| !obligation.is_honoured()) {
            let what = "this version cannot honour it, so it refuses what the rule permits";
            notes.push(format!("{}: @{obligation}: {what}", rule.place));
        }
    }
    notes
}

fn test(folders: &[PathBuf], out: &Output) -> Result<ExitCode, CliError> {
    let (mut text, mut documents, mut failed) = (String::new(), Vec::new(), 0);
    for folder in each(folders)? {
        let report = mohur_policy_bundle::run_tests(&folder).map_err(wrong)?;
        failed += report.failures.len();
        text.push_str(&report_text(&folder, &report));
        documents.push(report_document(&folder, &report));
    }
    let verdict =
        if failed == 0 { "every test passes".to_owned() } else { format!("{} failed", count(failed, "test")) };
    out.say(format!("{text}{verdict}"), &json!({ "folders": documents, "failed": failed }));
    Ok(if failed == 0 { ExitCode::SUCCESS } else { Exit::Negative.into() })
}

fn report_text(folder: &Path, report: &Report) -> String {
    let passed = report.cases - report.failures.len();
    let covered = report.rules - report.uncovered.len();
    let mut text = format!("{}: {passed} of {} pass", folder.display(), count(report.cases, "test"));
    if report.rules > 0 {
        let _ = write!(text, ", they rest on {covered} of {}", count(report.rules, "rule"));
    }
    text.push('\n');
    for failure in &report.failures {
        let _ = writeln!(text, "  {}", failure.problem);
        for reason in &failure.reasons {
            let _ = writeln!(text, "      {reason}");
        }
    }
    for rule in &report.uncovered {
        let _ = writeln!(text, "  no test rests on {} ({})", rule.place, rule.id);
    }
    text
}

fn report_document(folder: &Path, report: &Report) -> Value {
    let failures: Vec<_> = report
        .failures
        .iter()
        .map(|failure| {
            let problem = &failure.problem;
            json!({ "file": problem.file, "line": problem.line, "what": problem.what, "reasons": failure.reasons })
        })
        .collect();
    let uncovered: Vec<_> =
        report.uncovered.iter().map(|rule| json!({ "place": &*rule.place, "rule": &*rule.id })).collect();
    json!({
        "folder": folder.display().to_string(),
        "cases": report.cases,
        "failures": failures,
        "rules": report.rules,
        "uncovered": uncovered,
    })
}

fn seal(folder: &Path, version: Option<u64>, out: &Output) -> Result<ExitCode, CliError> {
    let (mut text, mut documents) = (String::new(), Vec::new());
    for folder in each(&[folder.to_owned()])? {
        let Sealed { owner, version, digest, changed } = mohur_policy_bundle::seal(&folder, version).map_err(wrong)?;
        let what = if changed { "changed, now" } else { "unchanged," };
        let _ = writeln!(text, "{owner}: {what} version {version}, files {digest}");
        documents.push(
            json!({ "owner": owner.to_string(), "version": version, "files": digest.to_string(), "changed": changed }),
        );
    }
    text.push_str("Now run `mohur policy check` and `mohur policy test`, and have the directory name the new digest.");
    out.say(text, &json!({ "sealed": documents }));
    Ok(ExitCode::SUCCESS)
}

/// The agencies' folders meant: one of them, or all in the one around them.
fn each(folders: &[PathBuf]) -> Result<Vec<PathBuf>, CliError> {
    let mut all = Vec::new();
    for folder in folders {
        if is_agency_folder(folder) {
            all.push(folder.clone());
            continue;
        }
        let inside = agency_folders(folder).map_err(|error| {
            CliError::usage(format!("{}: cannot be read: {error}; check the path", folder.display()))
        })?;
        if inside.is_empty() {
            let what = format!("{}: holds no agency's folder (nor {GOVERNANCE}); check the path", folder.display());
            return Err(CliError::usage(what));
        }
        all.extend(inside);
    }
    Ok(all)
}

fn wrong(errors: PolicyErrors) -> CliError {
    CliError::usage(errors)
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

fn hex(digest: &[u8; 32]) -> String {
    mohur_crypto::Digest(*digest).to_string()
}
