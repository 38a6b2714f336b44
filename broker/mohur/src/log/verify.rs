//! `mohur log verify`.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use mohur_audit::{Log, Options, Report, check_receipt, check_time_stamp, is_beginning, verify};
use mohur_chain::Anchors;
use mohur_crypto::sha256;
use mohur_transparency::{Checkpoint, Receipt, ReceiptError};
use serde_json::{Value, json};

use super::{Which, read, unreadable};
use crate::output::{CliError, Exit, Output};

/// Consumers and open intents listed for people; `--json` lists all.
const MAX_LINES: usize = 20;

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    which: Which,
    /// A saved receipt: the value of the header Mohur-Receipt, its JSON, or the evidence that `mohur query` saved. Can be
    /// given more than once.
    #[arg(long)]
    receipt: Vec<PathBuf>,
    /// The body of the answer that the (one) receipt came with: its digest must be the one that the entry commits to.
    #[arg(long, requires = "receipt")]
    answer: Option<PathBuf>,
    /// A checkpoint of the same log that was saved earlier: the log must still begin as it says.
    #[arg(long)]
    checkpoint: Option<PathBuf>,
    /// The root of the authority that stamped the log's checkpoints, PEM: every time stamp beside the log is verified. Can be
    /// given more than once.
    #[arg(long)]
    time_stamp_trust: Vec<PathBuf>,
    /// Seconds by which an entry may be older than one before it.
    #[arg(long, default_value_t = 120)]
    tolerance: i64,
}

pub(super) fn run(args: &Args, out: &Output) -> Result<ExitCode, CliError> {
    if args.answer.is_some() && args.receipt.len() != 1 {
        return Err(CliError::usage("--answer goes with exactly one --receipt"));
    }
    let log = args.which.log()?;
    let mut progress = Progress::new(!out.is_json() && std::io::stderr().is_terminal());
    let options = Options { tolerance_seconds: args.tolerance, progress: &mut |done, all| progress.show(done, all) };
    let report = verify(&log, options).map_err(|error| unreadable(&error))?;
    progress.end();
    let mut extra = Extra::default();
    for path in &args.receipt {
        extra.receipt(&log, path, args.answer.as_ref())?;
    }
    if let Some(path) = &args.checkpoint {
        extra.checkpoint(&log, path)?;
    }
    extra.time_stamps(&log, &args.time_stamp_trust, args.tolerance)?;
    let sound = report.is_sound() && extra.wrong.is_empty();
    let document = json!({ "sound": sound, "log": report, "receipts": extra.documents, "time_stamps": extra.stamps, "other_problems": extra.wrong });
    out.say(tell(&report, &extra), &document);
    Ok(if sound { ExitCode::SUCCESS } else { Exit::Unverified.into() })
}

/// What is checked beside the log itself.
#[derive(Default)]
struct Extra {
    right: Vec<String>,
    wrong: Vec<String>,
    documents: Vec<Value>,
    stamps: Vec<Value>,
}

impl Extra {
    fn receipt(&mut self, log: &Log, path: &Path, answer: Option<&PathBuf>) -> Result<(), CliError> {
        let name = path.display();
        let text = read(path)?;
        let text = text.trim();
        let receipt = parse(text, log.key().name()).map_err(|error| CliError::usage(format!("{name}: {error}")))?;
        let verified = match check_receipt(log, &receipt) {
            Ok(verified) => verified,
            Err(error) => {
                self.wrong.push(format!("{name}: {error}"));
                return Ok(());
            }
        };
        let entry = verified.index();
        self.right.push(format!(
            "{name}: entry {entry} of the log, {} of {}",
            verified.leaf().kind,
            verified.leaf().at
        ));
        self.documents.push(json!({ "file": name.to_string(), "entry": entry, "leaf": verified.leaf() }));
        if let Some(answer) = answer {
            let body =
                std::fs::read(answer).map_err(|error| CliError::usage(format!("{}: {error}", answer.display())))?;
            let answer = answer.display();
            if verified.opens("answer", sha256(&body).as_bytes()) {
                self.right.push(format!("{answer}: the answer that entry {entry} commits to"));
            } else {
                self.wrong.push(format!("{answer}: not the answer that entry {entry} commits to"));
            }
        }
        Ok(())
    }

    fn checkpoint(&mut self, log: &Log, path: &Path) -> Result<(), CliError> {
        let name = path.display();
        let note = read(path)?;
        let checked = Checkpoint::open(&note, log.key()).map_err(|error| error.to_string()).and_then(|earlier| {
            let (current, _) = log.checkpoint().map_err(|error| error.to_string())?;
            is_beginning(log, &earlier, &current).map_err(|error| error.to_string())?;
            Ok(earlier.size)
        });
        match checked {
            Ok(size) => self.right.push(format!("{name}: the log still begins with the {size} entries that it signs")),
            Err(error) => self.wrong.push(format!("{name}: {error}")),
        }
        Ok(())
    }
}

impl Extra {
    /// Every time stamp beside the log. Without roots it is only said that there are some.
    fn time_stamps(&mut self, log: &Log, trust: &[PathBuf], tolerance: i64) -> Result<(), CliError> {
        let files = log.time_stamps().map_err(|error| unreadable(&error))?;
        if trust.is_empty() {
            if !files.is_empty() {
                self.right
                    .push(format!("{} time stamps lie beside it, not verified: give --time-stamp-trust", files.len()));
            }
            return Ok(());
        }
        let anchors = Anchors::load(trust).map_err(CliError::usage)?;
        let mut last = None;
        for path in &files {
            match check_time_stamp(log, path, &anchors, tolerance) {
                Ok(stamped) => {
                    let (size, time) = (stamped.size, stamped.stamp.time);
                    self.stamps.push(json!({ "entries": size, "time": time, "serial": stamped.stamp.serial }));
                    last = Some((size, time));
                }
                Err(error) => self.wrong.push(format!("{}: {error}", path.display())),
            }
        }
        match last {
            Some((size, time)) => {
                let count = self.stamps.len();
                self.right.push(format!("{count} time stamps; by the last one, {size} entries existed at {time}"));
            }
            None => self.wrong.push("no good time stamp lies beside the log".to_owned()),
        }
        Ok(())
    }
}

/// A receipt in any form that it is saved in: the header, its JSON, or the evidence that `mohur query` writes. Evidence of an
/// answer that another broker decided has the receipts of two logs: that of `origin` is meant.
fn parse(text: &str, origin: &str) -> Result<Receipt, ReceiptError> {
    let evidence = serde_json::from_str::<Value>(text).unwrap_or_default();
    let named = |name: &str| evidence.get(name).and_then(Value::as_str).map(Receipt::from_header);
    let provider = named("providerReceipt").and_then(Result::ok);
    match named("receipt") {
        Some(home) => Ok(provider.filter(|receipt| receipt.origin() == Some(origin)).map_or(home, Ok)?),
        None if text.starts_with('{') => serde_json::from_str(text).map_err(|_| ReceiptError::Malformed),
        None => Receipt::from_header(text),
    }
}

fn tell(report: &Report, extra: &Extra) -> String {
    let mut text = String::new();
    let wrong = report.problem_count + extra.wrong.len() as u64;
    // INVARIANT: writing to a String does not fail.
    let _ = match wrong {
        0 => writeln!(text, "The log {} verifies.", report.origin),
        1 => writeln!(text, "The log {} does NOT verify: one thing is wrong.", report.origin),
        _ => writeln!(text, "The log {} does NOT verify: {wrong} things are wrong.", report.origin),
    };
    for problem in report.problems.iter().map(ToString::to_string).chain(extra.wrong.iter().cloned()) {
        let _ = writeln!(text, "  ✗ {problem}");
    }
    if report.problem_count > report.problems.len() as u64 {
        let _ = writeln!(text, "  … and {} more", report.problem_count - report.problems.len() as u64);
    }
    let _ = writeln!(text, "  {} entries, root {}", report.entries, report.root);
    if let (Some(first), Some(last)) = (&report.first_at, &report.last_at) {
        let _ = writeln!(text, "  from {first} to {last}");
    }
    let kinds: Vec<_> = report.kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    if !kinds.is_empty() {
        let _ = writeln!(text, "  {}", kinds.join(", "));
    }
    if wrong == 0 {
        text.push_str(
            "  checked: the checkpoint's signature, every tile, every entry, every running number, the times\n",
        );
    }
    for line in &extra.right {
        let _ = writeln!(text, "  ✓ {line}");
    }
    consumers(&mut text, report);
    open(&mut text, report);
    text.truncate(text.trim_end().len());
    text
}

fn consumers(text: &mut String, report: &Report) {
    let width = report.consumers.keys().map(String::len).max().unwrap_or(0);
    for (name, consumer) in report.consumers.iter().take(MAX_LINES) {
        let _ = writeln!(
            text,
            "  {name:width$}  {} entries: {} queries put, {} outcomes",
            consumer.entries, consumer.intents, consumer.outcomes
        );
    }
    if report.consumers.len() > MAX_LINES {
        let _ = writeln!(text, "  … and {} more consumers", report.consumers.len() - MAX_LINES);
    }
}

fn open(text: &mut String, report: &Report) {
    if report.open_intents.is_empty() {
        return;
    }
    let count = report.open_intents.len();
    let _ = writeln!(text, "  {count} without outcome: under way when the log was copied, or their broker was killed");
    for intent in report.open_intents.iter().take(MAX_LINES) {
        let _ = writeln!(text, "    entry {} of {}: {} of {}", intent.entry, intent.at, intent.id, intent.consumer);
    }
}

/// How far it is, once it takes longer than a second.
struct Progress {
    wanted: bool,
    started: Instant,
    shown: Option<Instant>,
}

impl Progress {
    fn new(wanted: bool) -> Self {
        Self { wanted, started: Instant::now(), shown: None }
    }

    fn show(&mut self, done: u64, all: u64) {
        let due = self.shown.unwrap_or(self.started).elapsed() > Duration::from_secs(1);
        if self.wanted && due {
            // Best effort: it is only for the eye.
            let _ = write!(std::io::stderr(), "\r{done} of {all} entries verified");
            self.shown = Some(Instant::now());
        }
    }

    fn end(&self) {
        if self.shown.is_some() {
            let _ = writeln!(std::io::stderr());
        }
    }
}
