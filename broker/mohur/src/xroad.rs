//! `mohur xroad`: the door for existing X-Road clients and providers.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use mohur_host::{Host, HostConfig, RegisterAddress};
use mohur_http::SystemClock;
use mohur_xroad::{Config, Door, StartError};
use serde_json::json;

use crate::output::{CliError, Exit, Output};
use crate::{adapter, adapters, asking, process};

const EXAMPLES: &str = "\
Examples:
  mohur xroad check --config xroad.toml   report every error, run the mappings' tests, start nothing
  mohur xroad run --config xroad.toml     serve until SIGTERM or Ctrl-C
  mohur xroad check --config xroad.toml --json

The settings, each with what it is for: docs/samples/xroad.toml. Mapping files: docs/xroad.md, and
four of them in docs/samples/xroad-mappings.";

/// Run the door for existing X-Road clients and providers.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Serve a ministry's X-Road clients, its X-Road providers, or both, until SIGTERM or Ctrl-C.
    #[command(after_help = "Example:\n  mohur xroad run --config xroad.toml")]
    Run(ConfigFile),
    /// Read configuration and mapping files and run the mappings' tests (exit code 2 if anything is wrong).
    #[command(after_help = "Example:\n  mohur xroad check --config xroad.toml")]
    Check(ConfigFile),
}

#[derive(clap::Args)]
struct ConfigFile {
    /// The configuration file.
    #[arg(long, default_value = "xroad.toml")]
    config: PathBuf,
}

/// Runs `mohur xroad`.
pub(crate) fn run(args: Args, out: &Output) -> Result<ExitCode, CliError> {
    match args.command {
        Command::Check(file) => {
            let checked = Checked::load(&file.config)?;
            let mappings = checked.mappings()?;
            let (member, provider) = (&checked.config.caller.member, checked.host.is_some());
            let document = json!({ "member": member, "mappings": mappings, "provider": provider });
            let what =
                format!("{}: in order, for {member}; {mappings} mappings pass their tests", file.config.display());
            out.say(what, &document);
            Ok(ExitCode::SUCCESS)
        }
        Command::Run(file) => {
            let checked = Checked::load(&file.config)?;
            process::logs(out);
            process::no_core_dumps();
            process::run(serve(checked, out))
        }
    }
}

/// The configuration, with that of the provider side's host.
struct Checked {
    config: Config,
    host: Option<(HostConfig, RegisterAddress)>,
}

impl Checked {
    fn load(path: &Path) -> Result<Self, CliError> {
        let config = Config::load(path).map_err(CliError::usage)?;
        let Some(file) = &config.provider else { return Ok(Self { config, host: None }) };
        let (host, register) = HostConfig::load(file).map_err(CliError::usage)?;
        adapters::check(&register).map_err(CliError::usage)?;
        if host.member != config.caller.member {
            let said = format!("{}: is of another member than {}", file.display(), config.caller.member);
            return Err(CliError::usage(said));
        }
        Ok(Self { config, host: Some((host, register)) })
    }

    fn mappings(&self) -> Result<usize, CliError> {
        let Some(settings) = &self.config.client else { return Ok(0) };
        settings.load_mappings().map(|mappings| mappings.all().len()).map_err(CliError::usage)
    }
}

async fn serve(checked: Checked, out: &Output) -> Result<ExitCode, CliError> {
    let clock = Arc::new(SystemClock);
    let Checked { config, host } = checked;
    let door = match config.client.clone() {
        Some(settings) => Some(Door::start(&config, settings, clock.clone()).await.map_err(not_started)?),
        None => None,
    };
    let host = match host {
        Some((host, register)) => {
            let registry = adapters::open(&register, &host).await.map_err(CliError::usage)?;
            Some(Host::start(host, registry, clock).await.map_err(|error| adapter::not_started(&error))?)
        }
        None => None,
    };
    let clients = door.as_ref().map(|door| door.local_addr().to_string());
    let brokers = host.as_ref().map(|host| host.local_addr().to_string());
    let document = json!({ "clients": clients, "brokers": brokers });
    let said = [clients.map(|at| format!("X-Road clients on {at}")), brokers.map(|at| format!("brokers on {at}"))];
    out.say(format!("serving {}", said.into_iter().flatten().collect::<Vec<_>>().join(" and ")), &document);
    process::asked_to_stop().await?;
    if let Some(door) = door {
        door.shutdown().await;
    }
    if let Some(host) = host {
        host.shutdown().await;
    }
    Ok(ExitCode::SUCCESS)
}

fn not_started(error: StartError) -> CliError {
    match error {
        StartError::Caller(error) => asking::failed(error),
        StartError::Mappings(_) | StartError::Inside(_) | StartError::Bind(_) => CliError::new(Exit::Usage, error),
    }
}
