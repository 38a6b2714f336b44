//! What an officer does at the authority online: `mohur pki applications`, `approve` and `reject`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use mohur_authority::office::{Application, Decision, Verdict, sign_decision};
use mohur_enrol::Authority;
use mohur_http::SystemClock;
use mohur_seal::{Passphrase, SoftwareSeal};
use mohur_transport::ServiceIdentity;
use mohur_wire::{Clock, Timestamp};
use serde_json::json;

use super::office;
use crate::enrol::failed;
use crate::output::{CliError, Exit, Output};
use crate::process;

/// Who the officer is, and where the authority is.
#[derive(clap::Args, Clone)]
pub(super) struct Officer {
    /// The address of the authority online, https://host:port.
    #[arg(long)]
    url: String,
    /// The root certificate by which it is known.
    #[arg(long)]
    root: PathBuf,
    /// The officer's certificate, PEM.
    #[arg(long)]
    certificate: PathBuf,
    /// The officer's encrypted key.
    #[arg(long)]
    key: PathBuf,
    /// The credential file that opens the key.
    #[arg(long)]
    key_passphrase: PathBuf,
}

#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  mohur pki approve 5b1f0c2d9a7e4c38 --fingerprint 9f86d081884c7d65 --url https://pki.gov.az:8443 --root root.pem \\
      --certificate officer.pem --key officer.key --key-passphrase passphrase
  … --sign-only approval.jws     sign, and let the operator hand it in: mohur pki decide approval.jws --pki national

The fingerprint is what the agency reads to you, by telephone or on paper: not what the authority shows. A seal
needs two officers; the same one twice counts once.")]
pub(super) struct ApproveArgs {
    /// The application.
    application: String,
    /// The fingerprint of the key as the agency names it: its first 16 digits or more.
    #[arg(long)]
    fingerprint: String,
    /// Only sign, into this new file.
    #[arg(long)]
    sign_only: Option<PathBuf>,
    #[command(flatten)]
    officer: Officer,
}

#[derive(clap::Args)]
#[command(after_help = "\
Example:
  mohur pki reject 5b1f0c2d9a7e4c38 --why 'nobody at the agency knows of it' --url https://pki.gov.az:8443 \\
      --root root.pem --certificate officer.pem --key officer.key --key-passphrase passphrase")]
pub(super) struct RejectArgs {
    /// The application.
    application: String,
    /// Why; the applicant is told.
    #[arg(long)]
    why: String,
    #[command(flatten)]
    officer: Officer,
}

impl Officer {
    fn passphrase(&self) -> Result<Passphrase, CliError> {
        Passphrase::from_credential_file(&self.key_passphrase).map_err(CliError::usage)
    }

    fn authority(&self) -> Result<Authority, CliError> {
        let identity = ServiceIdentity::person(&self.certificate, &self.key, &self.passphrase()?);
        let identity = identity.map_err(CliError::usage)?;
        Authority::new(&self.url, &self.root, &identity, Arc::new(SystemClock)).map_err(failed)
    }

    async fn waiting(&self) -> Result<Vec<Application>, CliError> {
        let text = self.authority()?.applications().await.map_err(failed)?;
        serde_json::from_str(&text).map_err(|error| CliError::usage(format_args!("the authority's list: {error}")))
    }

    async fn find(&self, id: &str) -> Result<Application, CliError> {
        let found = self.waiting().await?.into_iter().find(|application| application.id == id);
        found.ok_or_else(|| CliError::new(Exit::Negative, format_args!("no application {id} waits")))
    }

    fn sign(&self, decision: &Decision) -> Result<String, CliError> {
        let seal = SoftwareSeal::load(&self.key, &self.certificate, &self.passphrase()?).map_err(CliError::usage)?;
        sign_decision(decision, &seal).map_err(CliError::usage)
    }

    async fn hand_in(&self, statement: &str, out: &Output) -> Result<ExitCode, CliError> {
        let text = self.authority()?.decide(statement).await.map_err(failed)?;
        let application = serde_json::from_str(&text)
            .map_err(|error| CliError::usage(format_args!("the authority's answer: {error}")))?;
        office::say_decided(&application, out);
        Ok(ExitCode::SUCCESS)
    }
}

pub(super) fn pending(officer: &Officer, out: &Output) -> Result<ExitCode, CliError> {
    let waiting = process::run(officer.waiting())?;
    office::say_pending(&waiting, out);
    Ok(ExitCode::SUCCESS)
}

fn decision(application: &Application, verdict: Verdict, at: Timestamp, why: Option<String>) -> Decision {
    Decision {
        verdict,
        application: application.id.clone(),
        member: application.member.clone(),
        profile: application.profile,
        key: application.key.clone(),
        at,
        why,
    }
}

pub(super) fn approve(args: &ApproveArgs, out: &Output) -> Result<ExitCode, CliError> {
    let told = args.fingerprint.replace([':', ' '], "").to_ascii_lowercase();
    if told.len() < 16 {
        return Err(CliError::usage("give 16 digits of the fingerprint or more"));
    }
    process::run(async {
        let application = args.officer.find(&args.application).await?;
        if !application.key.starts_with(&told) {
            let what = "the key that waits is not the one that the agency named: do not approve it, find out why";
            return Err(CliError::new(Exit::Negative, what));
        }
        let statement = args.officer.sign(&decision(&application, Verdict::Approve, SystemClock.now(), None))?;
        let Some(file) = &args.sign_only else { return args.officer.hand_in(&statement, out).await };
        std::fs::write(file, &statement)
            .map_err(|error| CliError::usage(format_args!("{}: {error}", file.display())))?;
        let text = format!(
            "Signed: {}. The operator hands it in: mohur pki decide {} --pki …",
            file.display(),
            file.display()
        );
        out.say(text, &json!({ "statement": file, "application": application.id }));
        Ok(ExitCode::SUCCESS)
    })
}

pub(super) fn reject(args: &RejectArgs, out: &Output) -> Result<ExitCode, CliError> {
    process::run(async {
        let application = args.officer.find(&args.application).await?;
        let no = decision(&application, Verdict::Reject, SystemClock.now(), Some(args.why.clone()));
        let statement = args.officer.sign(&no)?;
        args.officer.hand_in(&statement, out).await
    })
}
