//! `mohur pki status`: what a certificate's issuer says of it, now.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use mohur_attest::ocsp::{CertId, CertificateStatus, IdHash, OcspRequest, Proved, verify_answer};
use mohur_chain::{Certificate, SignerCertificate, Trust, TrustFiles};
use mohur_crypto::random_bytes;
use mohur_revocation::{StatusError, ask_status, status_client};
use mohur_wire::Timestamp;
use serde_json::json;

use super::inspect;
use crate::output::{CliError, Exit, Output};
use crate::process;

const EXAMPLES: &str = "\
Examples:
  mohur pki status id-cards/seal.pem --trust national/trust --url http://127.0.0.1:8480/ocsp
  mohur pki status id-cards/seal.pem --trust national/trust       at the address in the certificate

Exit code 1: revoked, or unknown to its issuer; 3: the responder cannot be reached; 4: its answer does not verify.";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The certificate, PEM.
    certificate: PathBuf,
    /// The folder with root and authorities, as `mohur pki init` lays it out.
    #[arg(long)]
    trust: PathBuf,
    /// The OCSP responder [default: the address in the certificate].
    #[arg(long)]
    url: Option<String>,
    /// Where the answer is kept, DER.
    #[arg(long)]
    out: Option<PathBuf>,
}

pub(super) fn run(args: &Args, now: Timestamp, out: &Output) -> Result<ExitCode, CliError> {
    let file = args.certificate.display();
    let first = inspect::certificates(&args.certificate)?.into_iter().next();
    let der = first.ok_or_else(|| CliError::usage(format_args!("{file}: no certificate in PEM")))?;
    let certificate = Certificate::parse(&der).map_err(|error| CliError::usage(format_args!("{file}: {error}")))?;
    let trust = Trust::load(&TrustFiles::in_folder(&args.trust)).map_err(CliError::usage)?;
    let issuer = trust.issuer_of(&certificate).ok_or_else(|| {
        CliError::usage(format_args!("{file}: not issued by an authority of {}", args.trust.display()))
    })?;
    let issuer = SignerCertificate::parse(issuer).map_err(CliError::usage)?;
    let serial = SignerCertificate::parse(&der).map_err(CliError::usage)?.serial().to_vec();
    let url = args.url.as_ref().or_else(|| certificate.ocsp_urls().first());
    let url = url.ok_or_else(|| CliError::usage(format_args!("{file}: names no OCSP responder; give --url")))?;
    let id = CertId::new(IdHash::Sha1, &issuer, &serial);
    let request = OcspRequest::new(vec![id.clone()], Some(random_bytes()));
    let client = status_client();
    let response = process::run(async {
        ask_status(&client, url, &request, Duration::from_secs(30)).await.map_err(|error| unanswered(&error))
    })?;
    let skew = Duration::from_secs(60);
    let proved = verify_answer(&response, &request, (&id, &issuer), now, skew);
    let proved = proved.map_err(|error| CliError::new(Exit::Unverified, error))?;
    if let Some(target) = &args.out {
        let wrong = |error: std::io::Error| CliError::usage(format_args!("{}: {error}", target.display()));
        std::fs::write(target, &response).map_err(wrong)?;
    }
    Ok(tell(&args.certificate, &proved, out))
}

fn unanswered(error: &StatusError) -> CliError {
    let exit = match error {
        StatusError::Address(_) | StatusError::Kept(_) => Exit::Usage,
        StatusError::Client(_) | StatusError::Status { .. } => Exit::Unreachable,
        StatusError::Answer(_) => Exit::Unverified,
    };
    CliError::new(exit, error)
}

fn tell(file: &Path, proved: &Proved, out: &Output) -> ExitCode {
    let (status, more, exit) = match proved.status {
        CertificateStatus::Good => ("good", String::new(), ExitCode::SUCCESS),
        CertificateStatus::Unknown => ("unknown", " to its issuer".to_owned(), Exit::Negative.into()),
        CertificateStatus::Revoked { at, reason } => {
            let reason = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
            ("revoked", format!(" at {at}{reason}"), Exit::Negative.into())
        }
    };
    let (since, until) = (proved.this_update, proved.next_update);
    out.say(
        format_args!("{}: {status}{more}\n  so at {since}; may be relied on until {until}", file.display()),
        &json!({ "file": file, "status": status, "this-update": since, "next-update": until }),
    );
    exit
}
