//! `mohur broker run`

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use mohur_http::SystemClock;
use mohur_server::{Broker, Config};

use crate::output::{CliError, Exit, Output};
use crate::process;

const EXAMPLES: &str = "\
Examples:
  mohur broker check --config docs/samples/broker.toml   report every error, start nothing
  mohur broker run --config /etc/mohur/broker.toml       serve until SIGTERM or Ctrl-C

At the end it finishes what it accepted. Members ask it at /v1/query and /soap; GET /openapi.json
and /soap?wsdl are its contracts.

Logs go to standard error: lines for people, or JSON with --json; RUST_LOG sets the level (default: info).
Exit code 5: the log failed. Nothing was released without an entry; see to the disk and start again.";

/// Run the broker.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Serve until told to stop.
    Run(Run),
    /// Read the configuration and say all that is wrong.
    Check(ConfigFile),
}

#[derive(clap::Args)]
struct Run {
    #[command(flatten)]
    file: ConfigFile,
    /// Start though the log's last entry is later than the clock: it was wrong then, and is right now.
    #[arg(long)]
    clock_was_wrong: bool,
}

#[derive(clap::Args)]
struct ConfigFile {
    /// The configuration file; docs/samples/broker.toml shows every setting.
    #[arg(long, default_value = "broker.toml")]
    config: PathBuf,
}

pub(crate) fn run(args: Args, out: &Output) -> Result<ExitCode, CliError> {
    match args.command {
        Command::Check(file) => {
            let config = Config::load(&file.config).map_err(CliError::usage)?;
            let member = config.member.to_string();
            out.say(
                format!("{}: in order, for {member}", file.config.display()),
                &serde_json::json!({ "member": member }),
            );
            Ok(ExitCode::SUCCESS)
        }
        Command::Run(Run { file, clock_was_wrong }) => {
            let config = Config { clock_was_wrong, ..Config::load(&file.config).map_err(CliError::usage)? };
            process::logs(out);
            process::no_core_dumps();
            process::run(serve(config, out))
        }
    }
}

async fn serve(config: Config, out: &Output) -> Result<ExitCode, CliError> {
    let broker = Broker::start(config, Arc::new(SystemClock)).await.map_err(CliError::usage)?;
    let (address, admin) = (broker.address(), broker.admin());
    let document = serde_json::json!({ "listen": address.to_string(), "admin": admin.to_string() });
    out.say(format!("serving on {address}, health and metrics on http://{admin}"), &document);
    tokio::select! {
        stop = process::asked_to_stop() => {
            broker.shutdown().await;
            stop.map(|()| ExitCode::SUCCESS)
        }
        error = broker.failed() => Err(CliError::new(Exit::LogFailed, error)),
    }
}
