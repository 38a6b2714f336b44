//! `mohur log retire-key`: what the directory and the auditors must know when another key takes over.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use mohur_transparency::{LogKey, Retired};
use serde_json::{Value, json};

use super::{Which, read, unreadable};
use crate::output::{CliError, Output};

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    which: Which,
    /// The verifier key that takes over, or the file that `mohur pki log-key` wrote it to.
    #[arg(long)]
    successor: String,
    /// Where all keys of the log are written, for `--key` of the other commands.
    #[arg(long)]
    out: PathBuf,
}

/// The broker must be stopped: an entry that is added afterwards would be signed by the old key and refused.
pub(super) fn run(args: &Args, out: &Output) -> Result<ExitCode, CliError> {
    let log = args.which.log()?;
    let (checkpoint, _) = log.checkpoint().map_err(|error| unreadable(&error))?;
    let until = checkpoint.size;
    let mut retired = vec![Retired { key: log.key().clone(), until }];
    retired.extend_from_slice(log.key().retired());
    let keys = successor(&args.successor)?
        .succeeding(retired)
        .map_err(|error| CliError::usage(format!("--successor: {error}")))?;
    let old: Vec<Value> =
        keys.retired().iter().map(|old| json!({ "key": old.key.to_string(), "until": old.until })).collect();
    let entry = json!({ "origin": keys.name(), "key": keys.to_string(), "retired": old });
    let lines = keys.retired().iter().map(|old| format!("{} until {}\n", old.key, old.until));
    let text: String = std::iter::once(format!("{keys}\n")).chain(lines).collect();
    std::fs::write(&args.out, text).map_err(|error| CliError::usage(format!("{}: {error}", args.out.display())))?;
    let said = format!(
        "The key of {name} is retired after {until} entries.\n  all its keys  {file}\n\nThe broker's `log` in the \
         directory, to be signed and published before the broker starts with the new key:\n\n{entry:#}",
        name = keys.name(),
        file = args.out.display(),
    );
    out.say(said, &json!({ "log": entry, "keys": args.out }));
    Ok(ExitCode::SUCCESS)
}

fn successor(text: &str) -> Result<LogKey, CliError> {
    let parsed = match text.parse::<LogKey>() {
        Ok(key) => Ok(key),
        Err(_) => read(Path::new(text))?.trim().parse::<LogKey>(),
    };
    parsed.map_err(|error| CliError::usage(format!("--successor: {error}")))
}
