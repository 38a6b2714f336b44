//! `mohur pki issue`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ValueEnum;
use mohur_authority::{Issue, Requested};
use mohur_seal::KeyKind;
use mohur_wire::{MemberId, Timestamp};
use serde_json::json;

use super::{Pki, passphrase};
use crate::output::{CliError, Output};

const EXAMPLES: &str = "\
Examples:
  mohur pki issue tls AZ/GOV/MIA/id-cards --pki national --out id-cards
  mohur pki issue tls AZ/GOV/OPERATOR/hub --pki national --out hub --host 127.0.0.1
  mohur pki issue tls AZ/COM/BANK/credit --pki national --out bank --days 365
  mohur pki issue seal AZ/GOV/MIA/id-cards --pki national --out id-cards --key rsa2048
  mohur pki issue seal AZ/GOV/MIA/id-cards --pki national --out id-cards --request seal.csr";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// What it is for: opening connections, or sealing messages. Never both.
    profile: For,
    /// The member, e.g. AZ/GOV/MIA/id-cards.
    member: MemberId,
    /// Where `tls.pem` and `tls.key`, or `seal.pem` and `seal.key`, go.
    #[arg(long)]
    out: PathBuf,
    /// A DNS name or an IP address of a server; may stand several times. TLS only.
    #[arg(long)]
    host: Vec<String>,
    /// For how many days [default: 7 for TLS, 365 for a seal].
    #[arg(long)]
    days: Option<i64>,
    /// The kind of key.
    #[arg(long, value_enum, default_value_t = Key::P256)]
    key: Key,
    /// A request (PKCS#10, PEM) signed by a key that exists already, e.g. in a token: no key is made. Nothing is taken from
    /// it but the public key. Seals only.
    #[arg(long, conflicts_with_all = ["key", "key_passphrase"])]
    request: Option<PathBuf>,
    /// The credential file whose passphrase encrypts the new key; one with a random passphrase is made at <OUT>/passphrase
    /// otherwise.
    #[arg(long)]
    key_passphrase: Option<PathBuf>,
    #[command(flatten)]
    pki: Pki,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum For {
    Tls,
    Seal,
}

#[derive(Clone, Copy, ValueEnum)]
enum Key {
    P256,
    Ed25519,
    Rsa2048,
}

impl Key {
    const fn kind(self) -> KeyKind {
        match self {
            Self::P256 => KeyKind::P256,
            Self::Ed25519 => KeyKind::Ed25519,
            Self::Rsa2048 => KeyKind::Rsa2048,
        }
    }
}

pub(super) fn run(args: &Args, now: Timestamp, out: &Output) -> Result<ExitCode, CliError> {
    if args.profile == For::Seal && !args.host.is_empty() {
        return Err(CliError::usage("a seal names no hosts: --host is for `issue tls`"));
    }
    if let Some(request) = &args.request {
        return on_request(args, request, now, out);
    }
    let mut national = args.pki.open()?;
    let (passphrase, credential) = passphrase(args.key_passphrase.clone(), &args.out.join("passphrase"))?;
    let issue = |days| Issue {
        member: &args.member,
        folder: &args.out,
        passphrase: &passphrase,
        key: args.key.kind(),
        days: args.days.unwrap_or(days),
        now,
    };
    let issued = match args.profile {
        For::Tls => national.issue_tls(&issue(7), &args.host),
        For::Seal => national.issue_seal(&issue(365)),
    }
    .map_err(CliError::usage)?;
    let certificate = &issued.certificate;
    let text = format!(
        "Issued a {} certificate to {}, valid until {}.\n  certificate  {}\n  key          {}\n  passphrase   {}\n  fingerprint  {}",
        certificate.profile(),
        args.member,
        certificate.not_after(),
        issued.chain.display(),
        issued.key.display(),
        credential.display(),
        certificate.fingerprint(),
    );
    let document = json!({
        "profile": certificate.profile().name(),
        "member": args.member,
        "not-after": certificate.not_after(),
        "serial": certificate.serial(),
        "fingerprint": certificate.fingerprint().to_string(),
        "certificate": issued.chain,
        "key": issued.key,
        "passphrase": credential,
    });
    out.say(text, &document);
    Ok(ExitCode::SUCCESS)
}

fn on_request(args: &Args, request: &Path, now: Timestamp, out: &Output) -> Result<ExitCode, CliError> {
    if args.profile != For::Seal {
        return Err(CliError::usage("--request is for `issue seal`"));
    }
    let (member, folder, days) = (&args.member, args.out.as_path(), args.days.unwrap_or(365));
    let requested = Requested { member, request, folder, days, now };
    let (certificate, chain) = args.pki.open()?.issue_seal_for(&requested).map_err(CliError::usage)?;
    let text = format!(
        "Issued a {} certificate to {member}, valid until {}, for the key of {}.\n  certificate  {}\n  fingerprint  {}",
        certificate.profile(),
        certificate.not_after(),
        request.display(),
        chain.display(),
        certificate.fingerprint(),
    );
    let document = json!({
        "profile": certificate.profile().name(),
        "member": member,
        "not-after": certificate.not_after(),
        "serial": certificate.serial(),
        "fingerprint": certificate.fingerprint().to_string(),
        "certificate": chain,
        "request": request,
    });
    out.say(text, &document);
    Ok(ExitCode::SUCCESS)
}
