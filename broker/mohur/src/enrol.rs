//! `mohur enrol`: an agency obtains its certificates, and keeps them current.

mod join;
mod renew;

use std::path::PathBuf;
use std::process::ExitCode;

use mohur_enrol::EnrolError;

use crate::output::{CliError, Exit, Output};

const EXAMPLES: &str = "\
Examples:
  mohur enrol join id-cards.invitation --out id-cards
  mohur enrol renew --config client.toml
  mohur enrol revoke id-cards/tls.pem --reason key-compromise --config client.toml

An agency is connected by three commands:
  mohur enrol join id-cards.invitation --out id-cards
  mohur adapter check --config id-cards/host.toml
  mohur adapter run --config id-cards/host.toml

Brokers, hosts and the X-Road door renew by themselves, where their configuration has the table [enrolment].";

/// RFC 5280 §5.3.1, in words.
const REASONS: [&str; 6] = [
    "unspecified",
    "key-compromise",
    "affiliation-changed",
    "superseded",
    "cessation-of-operation",
    "privilege-withdrawn",
];

/// Obtain certificates from the authority online, and renew them.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Redeem an invitation: make keys, obtain the TLS certificate, apply for the seal and wait for it.
    Join(join::Args),
    /// Renew what is due, once: for a client that does not stay up, from cron or a systemd timer.
    Renew(renew::Args),
    /// Revoke a certificate of one's own member.
    #[command(after_help = "\
Example:
  mohur enrol revoke id-cards/seal.pem --reason key-compromise --config client.toml")]
    Revoke {
        /// The certificate's file, or the first eight or more digits of its serial number or fingerprint.
        certificate: String,
        /// Why.
        #[arg(long, default_value = "unspecified", value_parser = REASONS)]
        reason: String,
        /// The configuration of the client, with [enrolment].
        #[arg(long, default_value = "client.toml")]
        config: PathBuf,
    },
}

/// Runs `mohur enrol`.
pub(crate) fn run(args: Args, out: &Output) -> Result<ExitCode, CliError> {
    match args.command {
        Command::Join(args) => join::run(&args, out),
        Command::Renew(args) => renew::run(&args, out),
        Command::Revoke { certificate, reason, config } => renew::revoke(&certificate, &reason, &config, out),
    }
}

/// What the authority refused is a negative result; what is not there is unreachable.
pub(crate) fn failed(error: EnrolError) -> CliError {
    let exit = match &error {
        EnrolError::Unreachable(_) => Exit::Unreachable,
        EnrolError::Refused { .. } => Exit::Negative,
        EnrolError::Answer(_) | EnrolError::Certificate(_) => Exit::Unverified,
        EnrolError::Io { .. }
        | EnrolError::Key(_)
        | EnrolError::Material(_)
        | EnrolError::Tls(_)
        | EnrolError::Request(_)
        | EnrolError::Invitation { .. } => Exit::Usage,
    };
    CliError::new(exit, error)
}
