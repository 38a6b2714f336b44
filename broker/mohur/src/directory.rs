//! `mohur directory`: the repository of the signed directory.

mod edit;
mod found;
mod keys;
mod look;
mod publish;
mod serve;
mod sign;

use std::path::PathBuf;
use std::process::ExitCode;

use jiff::ToSpan;
use mohur_directory::repository::{Repository, RepositoryError};
use mohur_http::SystemClock;
use mohur_wire::{Clock, Timestamp};

use crate::output::{CliError, Exit, Output};

const EXAMPLES: &str = "\
Examples:
  mohur directory key keys/root-1                         an officer's key: keys/root-1.key and keys/root-1.pub
  mohur directory init --domain AZ --trust national/trust --keys keys
  mohur directory edit members members.json               a new version of the member list
  mohur directory edit revocations --deny FINGERPRINT     shut a certificate out within a minute
  mohur directory diff                                    what would change, in words
  mohur directory sign --key keys/members-1.key           one officer's signature on what is staged
  mohur directory publish --online-key keys/online-1.key
  mohur directory serve --online-key … --listen 0.0.0.0:8444 --certificate server.pem --tls-key server.key

The repository is the folder `directory` unless --directory names another. docs/operations.md, \"The directory\", says who signs
what, how to carry it between machines, and what to do when a key was stolen.";

/// Found, change, sign, publish and serve the signed directory.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Make a key that signs the directory, in a file; keys in tokens: `mohur pki token generate`.
    Key(keys::Args),
    /// Begin a directory: its first version, staged for all officers to sign.
    Init(found::Init),
    /// Begin a new version of one role's part.
    Edit(edit::Args),
    /// Begin a version in which one key of a role is another; with nothing new to sign, it is gone.
    ReplaceKey(found::ReplaceKey),
    /// Say in words what is staged.
    Diff(look::Diff),
    /// Add a signature to what is staged.
    Sign(sign::Args),
    /// Give up what is staged for a role.
    Discard(edit::Discard),
    /// Hold what is staged against all that its readers demand, and make it live in one step.
    Publish(publish::Args),
    /// Show roles, versions, expiries, thresholds and missing signatures.
    Status(look::Status),
    /// Verify a directory as a reader would, from a pinned root (exit code 4 if it is not good).
    Verify(look::Verify),
    /// Serve it over HTTPS, and sign timestamp and snapshot anew in time.
    Serve(Box<serve::Args>),
}

/// Which repository.
#[derive(clap::Args)]
struct Where {
    /// The repository's folder.
    #[arg(long, default_value = "directory")]
    directory: PathBuf,
}

impl Where {
    fn open(&self) -> Result<Repository, CliError> {
        Repository::open(&self.directory).map_err(failed)
    }
}

/// Until when a new version counts.
#[derive(clap::Args)]
struct Life {
    /// For how many days it counts [default: root and targets 365, policy 90, members and federation 30, revocations 7].
    #[arg(long, value_parser = clap::value_parser!(i64).range(1..=3660))]
    days: Option<i64>,
}

impl Life {
    fn expires(&self, role: &str, now: Timestamp) -> Timestamp {
        let standard = match role {
            "root" | "targets" => 365,
            "members" | "federation" => 30,
            "revocations" => 7,
            _ => 90,
        };
        now.checked_add((24 * self.days.unwrap_or(standard)).hours()).unwrap_or(Timestamp::MAX)
    }
}

/// Runs `mohur directory`.
pub(crate) fn run(args: Args, out: &Output) -> Result<ExitCode, CliError> {
    let now = SystemClock.now();
    match args.command {
        Command::Key(args) => keys::run(&args, out),
        Command::Init(args) => found::init(&args, now, out),
        Command::Edit(args) => edit::run(&args, now, out),
        Command::ReplaceKey(args) => found::replace_key(&args, now, out),
        Command::Diff(args) => look::diff(&args, out),
        Command::Sign(args) => sign::run(&args, out),
        Command::Discard(args) => edit::discard(&args, out),
        Command::Publish(args) => publish::run(&args, now, out),
        Command::Status(args) => look::status(&args, now, out),
        Command::Verify(args) => look::verify(&args, now, out),
        Command::Serve(args) => serve::run(*args, out),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "everything else is the operator's to correct")]
fn failed(error: RepositoryError) -> CliError {
    match error {
        RepositoryError::Unsigned { .. } | RepositoryError::NothingStaged => CliError::new(Exit::Negative, error),
        RepositoryError::Refused(_) | RepositoryError::Damaged { .. } => CliError::new(Exit::Unverified, error),
        _ => CliError::usage(error),
    }
}

fn file_error(path: &std::path::Path) -> impl Fn(std::io::Error) -> CliError {
    let path = path.to_owned();
    move |error| CliError::usage(format_args!("{}: {error}", path.display()))
}
