//! `mohur pki inspect`.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use mohur_authority::{Layout, Record};
use mohur_chain::{Inspection, Profile, Trust, TrustFiles, inspect};
use mohur_wire::Timestamp;
use serde_json::{Value, json};

use crate::output::{CliError, Exit, Output};

const EXAMPLES: &str = "\
Examples:
  mohur pki inspect id-cards/seal.pem --trust national/trust
  mohur pki inspect hub/tls.pem --trust national/trust --at 2027-01-01T00:00:00Z
  mohur pki inspect id-cards/tls.pem id-cards/seal.pem --json
  mohur pki inspect national

Exit code 1 if anything is wrong with a certificate.";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Certificates or chains in PEM; or the folder of a PKI, to list what it issued.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// A folder with root, authorities and revocation lists, to hold the certificates against.
    #[arg(long)]
    trust: Option<PathBuf>,
    /// The time to judge by [default: now].
    #[arg(long)]
    at: Option<Timestamp>,
}

pub(super) fn run(args: &Args, now: Timestamp, out: &Output) -> Result<ExitCode, CliError> {
    let at = args.at.unwrap_or(now);
    if let [folder] = args.paths.as_slice()
        && folder.is_dir()
    {
        return list(folder, at, out);
    }
    let trust = match &args.trust {
        Some(folder) => Some(Trust::load(&TrustFiles::in_folder(folder)).map_err(CliError::usage)?),
        None => None,
    };
    let (mut text, mut documents, mut wrong) = (String::new(), Vec::new(), false);
    for path in &args.paths {
        for der in certificates(path)? {
            let found = inspect(&der, trust.as_ref(), at)
                .map_err(|error| CliError::new(Exit::Negative, format_args!("{}: {error}", path.display())))?;
            wrong |= !found.problems.is_empty();
            text.push_str(&describe(path, &found, trust.is_some()));
            documents.push(document(path, &found, trust.is_some()));
        }
    }
    out.say(text.trim_end(), &documents);
    Ok(if wrong { Exit::Negative.into() } else { ExitCode::SUCCESS })
}

/// The certificates of a PEM file, DER.
pub(super) fn certificates(path: &Path) -> Result<Vec<Vec<u8>>, CliError> {
    let found = mohur_chain::read_pem_file(path).map_err(CliError::usage)?;
    if found.is_empty() {
        return Err(CliError::usage(format_args!("{}: no certificate in PEM", path.display())));
    }
    Ok(found)
}

fn profile(found: &Inspection) -> &'static str {
    found.profile.map_or("none", Profile::name)
}

fn describe(path: &Path, found: &Inspection, against_trust: bool) -> String {
    let mut out = format!("{}\n", path.display());
    let mut line = |name: &str, value: &dyn std::fmt::Display| {
        let _ = writeln!(out, "  {name:<12} {value}");
    };
    line("profile", &profile(found));
    match (&found.member, &found.officer) {
        (Some(member), _) => line("member", member),
        (None, Some(officer)) => line("officer", officer),
        (None, None) => found.uris.iter().for_each(|uri| line("names", uri)),
    }
    line("subject", &found.subject);
    line("issuer", &found.issuer);
    if !found.hosts.is_empty() {
        line("hosts", &found.hosts.join(", "));
    }
    line("valid from", &found.not_before);
    line("valid until", &found.not_after);
    line("key", &found.key);
    found.permitted_hosts.iter().for_each(|name| line("permits", name));
    found.ocsp_urls.iter().for_each(|url| line("OCSP", url));
    found.crl_urls.iter().for_each(|url| line("revocations", url));
    line("serial", &found.serial);
    line("fingerprint", &found.fingerprint);
    for problem in &found.problems {
        line("WRONG", problem);
    }
    if found.problems.is_empty() {
        let verdict = match (found.profile, against_trust) {
            (Some(Profile::Root | Profile::Issuing(_)), _) => {
                "keeps its profile (authorities are judged when trust is loaded)"
            }
            (_, true) => "good: path, time and revocation too",
            (_, false) => "keeps its profile; path and revocation not judged, give --trust",
        };
        line("verdict", &verdict);
    }
    out.push('\n');
    out
}

fn document(path: &Path, found: &Inspection, against_trust: bool) -> Value {
    json!({
        "file": path,
        "profile": profile(found),
        "member": found.member,
        "officer": found.officer,
        "uris": found.uris,
        "hosts": found.hosts,
        "subject": found.subject,
        "issuer": found.issuer,
        "serial": found.serial,
        "fingerprint": found.fingerprint.to_string(),
        "not-before": found.not_before,
        "not-after": found.not_after,
        "key": found.key,
        "permitted-hosts": found.permitted_hosts,
        "ocsp-urls": found.ocsp_urls,
        "crl-urls": found.crl_urls,
        "path-judged": against_trust,
        "problems": found.problems.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn list(folder: &Path, at: Timestamp, out: &Output) -> Result<ExitCode, CliError> {
    let records = mohur_authority::records(&Layout::new(folder)).map_err(CliError::usage)?;
    let mut text = format!("{:<10} {:<18} {:<32} {:<22} serial\n", "state", "profile", "subject", "valid until");
    for record in &records {
        let until = record.not_after.to_string();
        let _ = writeln!(
            text,
            "{:<10} {:<18} {:<32} {:<22} {}",
            state(record, at),
            record.profile,
            record.subject,
            until,
            record.serial
        );
    }
    out.say(text.trim_end(), &records);
    Ok(ExitCode::SUCCESS)
}

fn state(record: &Record, at: Timestamp) -> &'static str {
    match &record.revoked {
        Some(_) => "revoked",
        None if at > record.not_after => "expired",
        None => "valid",
    }
}
