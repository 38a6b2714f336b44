//! `mohur pki serve`: the authority online.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use mohur_authority::serve::{Routes, ServeConfig, Service};
use mohur_http::SystemClock;
use serde_json::json;

use crate::output::{CliError, Output};
use crate::process;

const EXAMPLES: &str = "\
Examples:
  mohur pki serve --config pki.toml --check   report every error, start nothing
  mohur pki serve --config pki.toml           serve until SIGTERM or Ctrl-C

It needs the issuing keys and never the root's: take `authority/root.key` away first. The settings, each with
what it is for: docs/samples/pki.toml. What members and officers ask of it: docs/enrolment.md.";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The configuration file.
    #[arg(long, default_value = "pki.toml")]
    config: PathBuf,
    /// Only read the configuration and say all that is wrong.
    #[arg(long)]
    check: bool,
}

pub(super) fn run(args: &Args, out: &Output) -> Result<ExitCode, CliError> {
    let config = ServeConfig::load(&args.config).map_err(CliError::usage)?;
    if args.check {
        out.say(format_args!("{}: in order, for {}", args.config.display(), config.url), &json!({ "url": config.url }));
        return Ok(ExitCode::SUCCESS);
    }
    process::logs(out);
    process::no_core_dumps();
    process::run(serve(config, out))
}

async fn serve(config: ServeConfig, out: &Output) -> Result<ExitCode, CliError> {
    let url = config.url.clone();
    let service = Service::start(config, Arc::new(SystemClock), |_| Routes::new()).await.map_err(CliError::usage)?;
    let public = service.public().map(|address| address.to_string());
    let document = json!({
        "url": url,
        "listen": service.address().to_string(),
        "admin": service.admin().to_string(),
        "public": public,
    });
    let (address, admin) = (service.address(), service.admin());
    out.say(format_args!("serving on {address} as {url}; health and metrics on http://{admin}"), &document);
    process::asked_to_stop().await?;
    service.shutdown().await;
    Ok(ExitCode::SUCCESS)
}
