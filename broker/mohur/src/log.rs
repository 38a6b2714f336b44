//! `mohur log`: the auditor's commands, offline.

mod retire_key;
mod revocation;
mod show;
mod verify;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use mohur_audit::{Log, ReadError};
use mohur_transparency::LogKey;

use crate::output::{CliError, Exit, Output};

const EXAMPLES: &str = "\
Examples:
  mohur log verify demo/broker/log --key demo/broker/log.vkey
  mohur log verify demo/broker/log --key demo/broker/log.vkey \\
      --receipt answer.receipt --answer answer.json
  mohur log show demo/broker/log --key demo/broker/log.vkey --last 10
  mohur log revocation demo/broker/log --key demo/broker/log.vkey --id 3f2a… --out seal.crl

The key is the log's verifier key, name+hash+base64, as the member directory names it: a text, or
a file that holds it, and on further lines the keys that it has taken over from.
Nothing but the folder and the key is needed, and no broker has to run.";

/// Verify a log and look into it, offline.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Verify every entry, tile and running number against the signed root (exit code 4 if anything does not fit).
    Verify(verify::Args),
    /// Show the last entries, or those of one message; each is proven before it is shown.
    Show(show::Args),
    /// Write out what said that a message's seal was not revoked: an OCSP response or a revocation list.
    Revocation(revocation::Args),
    /// Retire the log's key at its last entry: what the directory must say from then on. Stop the broker first.
    RetireKey(retire_key::Args),
}

/// Which log, and whose word to take.
#[derive(clap::Args)]
struct Which {
    /// The log's folder.
    folder: PathBuf,
    /// The log's verifier key, or a file that holds it.
    #[arg(long)]
    key: String,
}

pub(crate) fn run(args: Args, out: &Output) -> Result<ExitCode, CliError> {
    match args.command {
        Command::Verify(args) => verify::run(&args, out),
        Command::Show(args) => show::run(&args, out),
        Command::Revocation(args) => revocation::run(&args, out),
        Command::RetireKey(args) => retire_key::run(&args, out),
    }
}

impl Which {
    fn log(&self) -> Result<Log, CliError> {
        let parsed = match self.key.parse::<LogKey>() {
            Ok(key) => Ok(key),
            Err(_) => LogKey::parse_all(&read(Path::new(&self.key))?),
        };
        let key = parsed.map_err(|error| CliError::usage(format!("--key: {error}")))?;
        if self.folder.join("checkpoint").is_file() {
            Ok(Log::new(&self.folder, key))
        } else {
            let folder = self.folder.display();
            Err(CliError::usage(format!("{folder}: there is no log here; its folder holds `checkpoint` and `tile`")))
        }
    }
}

fn read(path: &Path) -> Result<String, CliError> {
    std::fs::read_to_string(path).map_err(|error| CliError::usage(format!("{}: {error}", path.display())))
}

/// A log that cannot be read does not verify.
fn unreadable(error: &ReadError) -> CliError {
    CliError::new(Exit::Unverified, format!("the log does not verify: {error}"))
}
