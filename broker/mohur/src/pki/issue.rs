//! `mohur pki issue`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ValueEnum;
use mohur_authority::{Issue, Issued, Issuer, Make, National, Requested};
use mohur_seal::KeyKind;
use mohur_wire::{MemberId, OfficerId, Timestamp};
use serde_json::json;

use super::{Pki, passphrase};
use crate::output::{CliError, Output};

const EXAMPLES: &str = "\
Examples:
  mohur pki issue tls AZ/GOV/MIA/id-cards --pki national --out id-cards
  mohur pki issue tls AZ/GOV/OPERATOR/hub --pki national --out hub --host 127.0.0.1
  mohur pki issue tls AZ/COM/BANK/credit --pki national --out bank --days 365
  mohur pki issue seal AZ/GOV/MIA/id-cards --pki national --out id-cards --key rsa2048
  mohur pki issue seal AZ/GOV/MIA/id-cards --pki national --out id-cards --request seal.csr
  mohur pki issue infrastructure --pki national --out directory-server --host directory.example.az
  mohur pki issue ocsp tls-ca --pki national --out responder
  mohur pki issue tsa --pki national --out tsa
  mohur pki issue officer AZ/GOV/MIA/officer-17 --pki national --out officer-17";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// What it is for. No certificate is for two of these.
    profile: For,
    /// Whom it names: the member, e.g. AZ/GOV/MIA/id-cards, or the officer, e.g. AZ/GOV/MIA/officer-17. For `ocsp` the
    /// authority whose responder it is, e.g. tls-ca. Nobody for `infrastructure` and `tsa`.
    subject: Option<String>,
    /// Where key and certificate go: `tls.key` and `tls.pem`, `seal.…`, `server.…`, `ocsp-tls-ca.…`, `tsa.…`, `officer.…`.
    #[arg(long)]
    out: PathBuf,
    /// A DNS name or an IP address of a server; may stand several times. `tls` and `infrastructure` only.
    #[arg(long)]
    host: Vec<String>,
    /// For how many days [default: 7 for TLS, 30 for OCSP, 365 for all others].
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
    /// Opens and accepts a member's connections.
    Tls,
    /// Seals a member's messages.
    Seal,
    /// A server of the domain itself: directory, enrolment.
    Infrastructure,
    /// Answers what an authority has revoked.
    Ocsp,
    /// Stamps times.
    Tsa,
    /// An officer who approves.
    Officer,
}

/// What is asked for, once it is known to make sense.
enum Wanted {
    Tls(MemberId),
    Seal(MemberId),
    Infrastructure,
    Ocsp(Issuer),
    Tsa,
    Officer(OfficerId),
}

impl Wanted {
    fn read(args: &Args) -> Result<Self, CliError> {
        let hosts_allowed = matches!(args.profile, For::Tls | For::Infrastructure);
        if !hosts_allowed && !args.host.is_empty() {
            return Err(CliError::usage(
                "only servers name hosts: --host is for `issue tls` and `issue infrastructure`",
            ));
        }
        let subject = args.subject.as_deref();
        let named = |whom: &str| subject.ok_or_else(|| CliError::usage(format_args!("name the {whom}")));
        let nobody = |wanted| match subject {
            None => Ok(wanted),
            Some(_) => Err(CliError::usage("such a certificate names nobody: leave the name out")),
        };
        match args.profile {
            For::Tls => Ok(Self::Tls(named("member")?.parse().map_err(CliError::usage)?)),
            For::Seal => Ok(Self::Seal(named("member")?.parse().map_err(CliError::usage)?)),
            For::Officer => Ok(Self::Officer(named("officer")?.parse().map_err(CliError::usage)?)),
            For::Ocsp => match named("authority, e.g. tls-ca")?.parse().map_err(CliError::usage)? {
                Issuer::Root => Err(CliError::usage("the root is offline: its revocation list is asked, no responder")),
                issuer @ Issuer::Ca(..) => Ok(Self::Ocsp(issuer)),
            },
            For::Infrastructure if args.host.is_empty() => {
                Err(CliError::usage("a server needs a name: give --host, e.g. --host directory.example.az"))
            }
            For::Infrastructure => nobody(Self::Infrastructure),
            For::Tsa => nobody(Self::Tsa),
        }
    }

    const fn default_days(&self) -> i64 {
        match self {
            Self::Tls(_) => 7,
            Self::Ocsp(_) => 30,
            Self::Seal(_) | Self::Infrastructure | Self::Tsa | Self::Officer(_) => 365,
        }
    }

    /// Whom it is for, in words.
    fn whom(&self) -> String {
        match self {
            Self::Tls(member) | Self::Seal(member) => member.to_string(),
            Self::Officer(officer) => officer.to_string(),
            Self::Ocsp(issuer) => format!("the responder of {issuer}"),
            Self::Infrastructure => "the domain's server".to_owned(),
            Self::Tsa => "the domain's time stamping".to_owned(),
        }
    }

    fn issue(
        &self,
        national: &mut National,
        make: &Make<'_>,
        hosts: &[String],
    ) -> Result<Issued, mohur_authority::AuthorityError> {
        let Make { folder, passphrase, key, days, now } = *make;
        let to = |member| Issue { member, folder, passphrase, key, days, now };
        match self {
            Self::Tls(member) => national.issue_tls(&to(member), hosts),
            Self::Seal(member) => national.issue_seal(&to(member)),
            Self::Infrastructure => national.issue_infrastructure(make, hosts),
            Self::Ocsp(issuer) => national.issue_ocsp_for(make, *issuer),
            Self::Tsa => national.issue_time_stamper(make),
            Self::Officer(officer) => national.issue_officer(make, officer),
        }
    }
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
    let wanted = Wanted::read(args)?;
    if let Some(request) = &args.request {
        return on_request(args, (&wanted, request), now, out);
    }
    let mut national = args.pki.open()?;
    let (passphrase, credential) = passphrase(args.key_passphrase.clone(), &args.out.join("passphrase"))?;
    let make = Make {
        folder: &args.out,
        passphrase: &passphrase,
        key: args.key.kind(),
        days: args.days.unwrap_or(wanted.default_days()),
        now,
    };
    let issued = wanted.issue(&mut national, &make, &args.host).map_err(CliError::usage)?;
    let certificate = &issued.certificate;
    let text = format!(
        "Issued a certificate of the profile {} to {}, valid until {}.\n  certificate  {}\n  key          {}\n  passphrase   {}\n  fingerprint  {}",
        certificate.profile(),
        wanted.whom(),
        certificate.not_after(),
        issued.chain.display(),
        issued.key.display(),
        credential.display(),
        certificate.fingerprint(),
    );
    let document = json!({
        "profile": certificate.profile().name(),
        "member": certificate.member(),
        "officer": certificate.officer(),
        "hosts": certificate.hosts(),
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

fn on_request(
    args: &Args,
    (wanted, request): (&Wanted, &Path),
    now: Timestamp,
    out: &Output,
) -> Result<ExitCode, CliError> {
    let Wanted::Seal(member) = wanted else {
        return Err(CliError::usage("--request is for `issue seal`"));
    };
    let (folder, days) = (args.out.as_path(), args.days.unwrap_or(wanted.default_days()));
    let requested = Requested { member, request, folder, days, now };
    let (certificate, chain) = args.pki.open()?.issue_seal_for(&requested).map_err(CliError::usage)?;
    let text = format!(
        "Issued a certificate of the profile {} to {member}, valid until {}, for the key of {}.\n  certificate  {}\n  fingerprint  {}",
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
