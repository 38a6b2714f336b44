//! `mohur adapter`: the host beside a register.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use crate::adapters;
use mohur_contract::Context;
use mohur_host::{Host, HostConfig, RegisterAddress, StartError};
use mohur_http::SystemClock;
use mohur_wire::Arrival;
use serde_json::json;

use crate::output::{CliError, Exit, Output};
use crate::process;

const EXAMPLES: &str = "\
Examples:
  mohur adapter check --config docs/samples/host.toml   report every error, start nothing
  mohur adapter check --config host.toml --live         also hold its mapping against the register
  mohur adapter run --config host.toml                  serve until SIGTERM or Ctrl-C
  RUST_LOG=debug mohur --json adapter run --config host.toml

The settings, each with what it is for: docs/samples/host.toml. The services behind the adapters
`rest`, `soap`, `sql` and `xroad` stand in a file of their own: docs/samples/rest.toml, soap.toml, sql.toml, xroad-provider.toml.";

/// Run the host beside a register.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Serve brokers before one register, until SIGTERM or Ctrl-C.
    #[command(after_help = "Example:\n  mohur adapter run --config host.toml")]
    Run {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
    },
    /// Read the configuration file and report every error in it (exit code 2 if there is any).
    #[command(after_help = "Example:\n  mohur adapter check --config host.toml --live")]
    Check {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
        /// Ask the register, too: whether it is there, and whether a mapping file fits its database.
        #[arg(long)]
        live: bool,
    },
}

/// Runs `mohur adapter`.
pub(crate) fn run(args: Args, out: &Output) -> Result<ExitCode, CliError> {
    match args.command {
        Command::Run { config } => {
            let (config, register) = HostConfig::load(&config).map_err(CliError::usage)?;
            process::logs(out);
            process::no_core_dumps();
            process::run(serve(config, register, out))
        }
        Command::Check { config, live } => {
            let (config, register) = HostConfig::load(&config).map_err(CliError::usage)?;
            let (member, adapter) = (&config.member, &register.adapter);
            adapters::check(&register).map_err(CliError::usage)?;
            if live {
                process::logs(out);
                process::run(reach(&config, &register))?;
            }
            out.say(format_args!("good: {adapter} of {member}"), &json!({ "member": member, "adapter": adapter }));
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Opens the adapter and asks the register whether it is there.
async fn reach(config: &HostConfig, register: &RegisterAddress) -> Result<ExitCode, CliError> {
    let registry = adapters::open(register, config).await.map_err(CliError::usage)?;
    let context = Context::new(Arrival::read(&SystemClock), register.call_timeout);
    registry.health(&context).await.map_err(|error| CliError::new(Exit::Unreachable, error))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(config: HostConfig, register: RegisterAddress, out: &Output) -> Result<ExitCode, CliError> {
    let registry = adapters::open(&register, &config).await.map_err(CliError::usage)?;
    let host = Host::start(config, registry, Arc::new(SystemClock)).await.map_err(|error| not_started(&error))?;
    let (address, admin) = (host.local_addr(), host.admin_addr());
    out.say(
        format_args!("serving on {address}; health and metrics on http://{admin}/health and /metrics"),
        &json!({ "address": address.to_string(), "admin": admin.to_string() }),
    );
    process::asked_to_stop().await?;
    host.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

/// What does not verify is told from what is wrongly configured.
pub(crate) fn not_started(error: &StartError) -> CliError {
    let exit = match error {
        StartError::Directory(_) | StartError::Certificate(_) => Exit::Unverified,
        StartError::Io { .. }
        | StartError::PolicyFiles(_)
        | StartError::Policy(_)
        | StartError::Key(_)
        | StartError::Material(_)
        | StartError::Tls(_)
        | StartError::OtherMember { .. }
        | StartError::UnlistedSeal { .. }
        | StartError::UnlistedMember(_)
        | StartError::Services { .. }
        | StartError::Store(_)
        | StartError::Interrupted(_)
        | StartError::Bind(_) => Exit::Usage,
    };
    CliError::new(exit, error)
}
