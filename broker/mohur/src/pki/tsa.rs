//! `mohur pki tsa`: a time-stamping authority.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use mohur_attest::timestamp::{Accuracy, Authority, PolicyId};
use mohur_authority::serve::{Routes, Serials, time_stamps};
use mohur_chain::read_pem_file;
use mohur_config::{ConfigErrors, Table};
use mohur_crypto::Algorithm;
use mohur_http::{Limits, Server, SystemClock, inside_server, seal_source};
use mohur_seal::{Passphrase, SealSource};
use mohur_transport::InsideServerFiles;
use mohur_wire::Clock;
use serde_json::json;

use crate::output::{CliError, Output};
use crate::process;

const EXAMPLES: &str = "\
Examples:
  mohur pki issue tsa --pki national --out tsa
  mohur pki tsa check --config docs/samples/tsa.toml   report every error, start nothing
  mohur pki tsa run --config tsa.toml                  serve until SIGTERM or Ctrl-C

Any client of RFC 3161 can ask it: `mohur pki timestamp`, or
  openssl ts -query -data report.pdf -sha256 -cert -out q.tsq
  curl -H 'Content-Type: application/timestamp-query' --data-binary @q.tsq http://127.0.0.1:3161/ -o r.tsr
  openssl ts -verify -queryfile q.tsq -in r.tsr -CAfile national/trust/root.pem";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Serve, until SIGTERM or Ctrl-C.
    Run {
        /// The configuration file; docs/samples/tsa.toml shows every setting.
        #[arg(long)]
        config: PathBuf,
    },
    /// Read the configuration file and report every error in it (exit code 2 if there is any).
    Check {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
    },
}

/// What a time-stamping authority is started with: `docs/samples/tsa.toml`.
#[derive(Clone, Debug)]
pub struct Config {
    listen: SocketAddr,
    passphrase: PathBuf,
    policy: PolicyId,
    accuracy: Duration,
    serials: PathBuf,
    seal: SealSource,
    tls: Option<InsideServerFiles>,
    limits: Limits,
}

impl Config {
    fn load(path: &Path) -> Result<Self, ConfigErrors> {
        mohur_config::load(path, Self::read)
    }

    /// Reads the text of a file named `path`.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigErrors> {
        mohur_config::parse(path, text, Self::read)
    }

    fn read(top: &mut Table) -> Option<Self> {
        let listen: Option<SocketAddr> = top.required("listen");
        let passphrase = top.path("passphrase");
        let (policy, serials) = (top.required("policy"), top.path("serials"));
        let accuracy = top.duration("accuracy").unwrap_or(Duration::from_secs(1));
        let seal = top.table("seal").and_then(|mut seal| seal_source(&mut seal));
        let tls = top.table("tls").and_then(|mut tls| inside_server(&mut tls));
        let limits = Limits { body_bytes: 8192, ..Limits::default() };
        let limits = top.optional_table("limits").map_or(limits, |mut table| limits.read(&mut table));
        Some(Self {
            listen: listen?,
            passphrase: passphrase?,
            policy: policy?,
            accuracy,
            serials: serials?,
            seal: seal?,
            tls: tls?,
            limits,
        })
    }

    /// Opens key and certificate. An RSA key signs as PKCS#1 v1.5: RSA-PSS is not among what every verifier reads.
    fn authority(&self) -> Result<Authority, CliError> {
        let passphrase = Passphrase::from_credential_file(&self.passphrase).map_err(CliError::usage)?;
        let pss = self.seal.open(&passphrase, |_| None).map_err(CliError::usage)?;
        let seal = if pss.algorithm() == Algorithm::RsaPssSha512 {
            self.seal.open(&passphrase, |_| Some(Algorithm::RsaV15Sha256)).map_err(CliError::usage)?
        } else {
            pss
        };
        let above = read_pem_file(&self.seal.certificate).map_err(CliError::usage)?.into_iter().skip(1).collect();
        Authority::new(seal, above, self.policy.clone(), Accuracy(self.accuracy)).map_err(CliError::usage)
    }
}

pub(super) fn run(args: Args, out: &Output) -> Result<ExitCode, CliError> {
    match args.command {
        Command::Run { config } => {
            let config = Config::load(&config).map_err(CliError::usage)?;
            process::logs(out);
            process::no_core_dumps();
            process::run(serve(config, out))
        }
        Command::Check { config } => {
            let config = Config::load(&config).map_err(CliError::usage)?;
            out.say(
                format_args!("good: time stamps under {} on {}", config.policy, config.listen),
                &json!({ "policy": config.policy.to_string(), "listen": config.listen.to_string() }),
            );
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn serve(config: Config, out: &Output) -> Result<ExitCode, CliError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let authority = config.authority()?;
    let ends = authority.certificate().not_after();
    let serials = Serials::open(&config.serials).map_err(CliError::usage)?;
    let server = Server::bind(config.listen, config.limits, Arc::clone(&clock)).await.map_err(CliError::usage)?;
    let (server, scheme) = match &config.tls {
        Some(files) => (server.with_inside_tls(&files.open(clock).map_err(CliError::usage)?), "https"),
        None => (server, "http"),
    };
    let url = format!("{scheme}://{}/", server.local_addr());
    out.say(
        format_args!("time stamps on {url} under the policy {}; the certificate ends at {ends}", config.policy),
        &json!({ "url": url, "policy": config.policy.to_string(), "not-after": ends }),
    );
    let routes = Routes::new().at("/", time_stamps(authority, serials));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(server.serve(Arc::new(routes), async move {
        let _either = stopped.await;
    }));
    process::asked_to_stop().await?;
    drop(stop);
    serving.await.map_err(|error| CliError::usage(format_args!("the server ended badly: {error}")))?;
    Ok(ExitCode::SUCCESS)
}
