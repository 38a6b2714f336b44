//! The command line: thin subcommands over the crates.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::output::{CliError, Output};
use crate::{adapter, broker, bundle, directory, enrol, links, log, policy, query, registry, xroad};
#[cfg(feature = "authority")]
use crate::{demo, pki};

const EXAMPLES: &str = "\
Examples:
  mohur demo                          the whole exchange on this machine, in a minute
  mohur demo --serve                  the same, and stay up to be asked
  mohur policy check policy/agencies  check every agency's policy files

Exit codes: 0 done, 1 refused or a negative result, 2 wrong usage or configuration,
3 a service cannot be reached, 4 a signature, a proof or a receipt does not verify,
5 the broker's log failed.";

/// Möhür: a signing data-exchange broker between ministries.
#[derive(Parser)]
#[command(version, about, after_help = EXAMPLES)]
struct Cli {
    /// Print JSON, one document, instead of text for people.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the whole exchange on this machine, told as a story.
    #[cfg(feature = "authority")]
    Demo(demo::Args),
    /// Ask one question.
    Query(query::Args),
    /// Ask a bundle: one signed request to several registers.
    Bundle(bundle::Args),
    /// Run the broker.
    Broker(broker::Args),
    /// Run the host beside a register.
    Adapter(adapter::Args),
    /// Run the door for existing X-Road clients and providers.
    Xroad(xroad::Args),
    /// Verify a log and look into it, offline.
    Log(log::Args),
    /// Make certificate authorities, issue, revoke and look at certificates.
    #[cfg(feature = "authority")]
    Pki(pki::Args),
    /// Obtain certificates from the authority online, and renew them.
    Enrol(enrol::Args),
    /// Found, change, sign, publish and serve the signed directory.
    Directory(directory::Args),
    /// Check, test and explain the policy files.
    Policy(policy::Args),
    /// Run the embedded reference registers, which hold people who do not exist.
    Registry(registry::Args),
    /// Look at and decide links between identity files.
    Links(links::Args),
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let out = Output::new(cli.json);
    match run(cli.command, &out) {
        Ok(code) => code,
        Err(error) => out.fail(&error),
    }
}

fn run(command: Command, out: &Output) -> Result<ExitCode, CliError> {
    match command {
        #[cfg(feature = "authority")]
        Command::Demo(args) => demo::run(args, out),
        Command::Query(args) => query::run(args, out),
        Command::Bundle(args) => bundle::run(args, out),
        Command::Broker(args) => broker::run(args, out),
        Command::Adapter(args) => adapter::run(args, out),
        Command::Xroad(args) => xroad::run(args, out),
        Command::Log(args) => log::run(args, out),
        #[cfg(feature = "authority")]
        Command::Pki(args) => pki::run(args, out),
        Command::Enrol(args) => enrol::run(args, out),
        Command::Directory(args) => directory::run(args, out),
        Command::Policy(args) => policy::run(args, out),
        Command::Registry(args) => registry::run(args, out),
        Command::Links(args) => links::run(args, out),
    }
}
