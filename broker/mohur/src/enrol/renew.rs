//! `mohur enrol renew` and `revoke`: for a client that does not stay up.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use mohur_client::Config;
use mohur_crypto::Digest;
use mohur_enrol::{Authority, EnrolmentSettings, Life, SealStep, Watcher};
use mohur_http::SystemClock;
use mohur_seal::Passphrase;
use mohur_transport::{ServiceIdentity, TlsMaterial};
use serde_json::json;

use super::failed;
use crate::output::{CliError, Output};
use crate::process;

#[derive(clap::Args)]
#[command(after_help = "\
Example, in a timer once an hour:
  mohur enrol renew --config client.toml

It renews what `[enrolment]` says is due, and is silent about the rest. A seal waits for officers, and then until the
directory lists it: each call looks how far it is.")]
pub(super) struct Args {
    /// The configuration of the client, with [enrolment].
    #[arg(long, default_value = "client.toml")]
    config: PathBuf,
    /// Renew the TLS certificate now, due or not.
    #[arg(long)]
    force: bool,
}

/// A process that does not stay up: whatever is in the files is read at the next start.
struct Once {
    config: Config,
}

impl Watcher for Once {
    fn tls_renewed(&self) -> Result<(), String> {
        Ok(())
    }

    fn lists_seal(&self, seal: &Digest) -> bool {
        let caller = self.config.caller(Arc::new(SystemClock));
        caller
            .is_ok_and(|caller| caller.directory().seal(seal).is_some_and(|(member, _)| *member == self.config.member))
    }

    fn seal_renewed(&self) -> Result<(), String> {
        Ok(())
    }
}

fn settings(config: &Config, path: &Path) -> Result<EnrolmentSettings, CliError> {
    let missing = || CliError::usage(format_args!("{}: has no table [enrolment]", path.display()));
    config.enrolment.clone().ok_or_else(missing)
}

fn material(config: &Config) -> Result<TlsMaterial, CliError> {
    let passphrase = Passphrase::from_credential_file(&config.passphrase).map_err(CliError::usage)?;
    TlsMaterial::load(&config.tls.0, &config.tls.1, &passphrase).map_err(CliError::usage)
}

pub(super) fn run(args: &Args, out: &Output) -> Result<ExitCode, CliError> {
    let config = Config::load(&args.config).map_err(CliError::usage)?;
    settings(&config, &args.config)?;
    let keeper = config.keeper(Arc::new(SystemClock)).map_err(CliError::usage)?;
    let Some(mut keeper) = keeper else { return Err(CliError::usage("there is no table [enrolment]")) };
    if args.force {
        keeper.settings.renew_at = 0;
        keeper.settings.renew_seal = false;
    }
    let tls = keeper.tls.clone();
    let watcher: Arc<dyn Watcher> = Arc::new(Once { config });
    let kept = process::run(async { keeper.once(&watcher).await.map_err(failed) })?;
    let until = tls.current().map_err(failed)?.map(|current| Life::of(&current).ends);
    let until_text = until.map_or_else(|| "?".to_owned(), |until| until.to_string());
    let tls_text = if kept.tls { "renewed, valid until" } else { "good until" };
    let seal = match kept.seal {
        SealStep::None => "nothing to do",
        SealStep::Asked => "the next one waits for officers",
        SealStep::Waits => "the next one waits until the directory lists it",
        SealStep::Switched => "the next one is in use",
    };
    let document = json!({ "tls-renewed": kept.tls, "tls-not-after": until, "seal": seal });
    out.say(format_args!("TLS certificate: {tls_text} {until_text}\nseal: {seal}"), &document);
    Ok(ExitCode::SUCCESS)
}

pub(super) fn revoke(which: &str, reason: &str, file: &Path, out: &Output) -> Result<ExitCode, CliError> {
    let config = Config::load(file).map_err(CliError::usage)?;
    let settings = settings(&config, file)?;
    let which = crate::credential::named(which)?;
    let identity = ServiceIdentity::Member(material(&config)?);
    let authority = Authority::new(&settings.url, &settings.root, &identity, Arc::new(SystemClock)).map_err(failed)?;
    let revoked = process::run(async { authority.revoke(&which, reason).await.map_err(failed) })?;
    let record: serde_json::Value = serde_json::from_str(&revoked)
        .map_err(|error| CliError::usage(format_args!("the authority's answer: {error}")))?;
    out.say(format_args!("Revoked ({reason}): {which}."), &record);
    Ok(ExitCode::SUCCESS)
}
