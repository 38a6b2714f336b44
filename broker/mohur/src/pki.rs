//! `mohur pki`: the certificate authorities of a domain.

mod ceremony;
mod inspect;
mod issue;
mod lint;
mod log_key;
mod needs_renewal;
mod office;
mod officer;
mod revoke;
mod roll;
mod serve;
mod status;
mod timestamp;
mod token;
mod tsa;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use mohur_authority::{AuthorityError, Layout, National, Reason, Settings};
use mohur_http::SystemClock;
use mohur_seal::Passphrase;
use mohur_wire::{Clock, Timestamp};
use serde_json::json;

use crate::credential::passphrase;
use crate::output::{CliError, Output};

pub use tsa::Config as TsaConfig;

const EXAMPLES: &str = "\
Examples:
  mohur pki init national --domain AZ
  mohur pki issue tls AZ/GOV/MIA/id-cards --pki national --out id-cards
  mohur pki issue tls AZ/GOV/OPERATOR/hub --pki national --out hub --host 127.0.0.1
  mohur pki issue seal AZ/GOV/MIA/id-cards --pki national --out id-cards
  mohur pki issue officer AZ/GOV/MIA/officer-17 --pki national --out officer-17
  mohur pki log-key log.hub.az --out hub
  mohur pki inspect id-cards/seal.pem --trust national/trust
  mohur pki inspect national
  mohur pki lint id-cards/seal.pem --profile seal
  mohur pki revoke id-cards/seal.pem --reason key-compromise --pki national
  mohur pki serve --config pki.toml
  mohur pki invite AZ/GOV/MIA/id-cards --host cards.mia.gov.az --pki national --out card.invitation
  mohur pki needs-renewal id-cards/tls.pem --within 24h
  mohur pki tsa run --config tsa.toml
  mohur pki timestamp ask report.pdf --url http://127.0.0.1:3161/ --trust national/trust/root.pem

The folder of `init` holds `authority/` (keys: keep it offline), `trust/` (give it to everyone) and `passphrase`.";

/// Make certificate authorities, issue, revoke and look at certificates.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Make a root, the four issuing authorities and a signer for the directory, in a new folder.
    #[command(after_help = "\
Examples:
  mohur pki init national --domain AZ
  mohur pki init national --domain AZ --ocsp-url http://pki.example.az/ocsp --crl-url http://pki.example.az/crl")]
    Init {
        /// The folder to make.
        folder: PathBuf,
        /// The domain: the first part of every member's identifier.
        #[arg(long)]
        domain: String,
        /// A credential file whose passphrase encrypts the keys; one with a random passphrase is made at
        /// <FOLDER>/passphrase otherwise.
        #[arg(long)]
        passphrase: Option<PathBuf>,
        /// Where the OCSP responder will answer; certificates then carry `<URL>/tls-ca` and so on.
        #[arg(long)]
        ocsp_url: Option<String>,
        /// Where the revocation lists will lie; certificates then carry `<URL>/tls-ca.crl` and so on.
        #[arg(long)]
        crl_url: Option<String>,
        /// A DNS name under which alone TLS CA and Infrastructure CA may certify hosts, e.g. gov.az; several times.
        #[arg(long = "permit-host")]
        permitted_hosts: Vec<String>,
    },
    /// Hold the ceremonies of a root that several operators have together, offline.
    Ceremony(ceremony::Args),
    /// Make a new issuing authority beside the one of its kind: it issues from now on, the older one still counts.
    #[command(after_help = "\
Example:
  mohur pki roll tls-ca --pki national

The root's key must be there (otherwise: `mohur pki ceremony sign-ca`). Publish the new authority before it issues anything
(`mohur directory edit members --trust`, `edit revocations --trust`): who does not know it refuses what it issued. When nothing that the older one issued is valid any more, take its certificate and list out
of `trust/`, and its key out of `authority/`.")]
    Roll {
        /// tls-ca, seal-ca, infrastructure-ca or officer-ca.
        authority: roll::Authority,
        #[command(flatten)]
        pki: Pki,
    },
    /// Issue a key and a certificate to a member, an officer or a service of the domain.
    Issue(issue::Args),
    /// Revoke a certificate, and write new revocation lists.
    #[command(after_help = "\
Examples:
  mohur pki revoke id-cards/seal.pem --reason key-compromise --pki national
  mohur pki revoke 5a3c0f9e12 --pki national

New lists take effect when the directory publishes them; a fingerprint that it denies, within its readers' poll.")]
    Revoke {
        /// The certificate's file, or the first eight or more digits of its serial number or fingerprint.
        certificate: String,
        /// unspecified, key-compromise, affiliation-changed, superseded, cessation-of-operation or privilege-withdrawn.
        #[arg(long, default_value = "unspecified")]
        reason: Reason,
        #[command(flatten)]
        pki: Pki,
    },
    /// Write fresh revocation lists; stale ones shut every door. The root's holds 180 days, the others 30.
    #[command(after_help = "Example:\n  mohur pki renew-lists --pki national")]
    RenewLists {
        #[command(flatten)]
        pki: Pki,
    },
    /// Make the key of a broker's log; the directory names its public half.
    #[command(after_help = "Example:\n  mohur pki log-key log.hub.az --out hub")]
    LogKey {
        /// The log's name, the origin of its checkpoints, e.g. log.hub.az.
        origin: String,
        /// Where `log.key` and `log.vkey` go.
        #[arg(long)]
        out: PathBuf,
        /// The credential file whose passphrase encrypts the key; one with a random passphrase is made at <OUT>/passphrase
        /// otherwise.
        #[arg(long)]
        key_passphrase: Option<PathBuf>,
    },
    /// Show what certificates are for, whom they name and what is wrong with them; or all that a PKI issued.
    Inspect(inspect::Args),
    /// Say everything that keeps certificates from having their profile, and what to set.
    Lint(lint::Args),
    /// Look into a PKCS#11 token, make keys in it, and request certificates for them.
    Token(token::Args),
    /// Say whether a certificate should be renewed, by the exit code.
    NeedsRenewal(needs_renewal::Args),
    /// Put the authority online: members enrol and renew over HTTPS.
    Serve(serve::Args),
    /// Invite a member to enrol: a one-time token, in a file.
    Invite(office::InviteArgs),
    /// Take an invitation back.
    #[command(after_help = "Example:\n  mohur pki withdraw 0f3a9c1b2d4e --pki national")]
    Withdraw {
        /// Its id, as `invite` and `invitations` say it.
        invitation: String,
        #[command(flatten)]
        pki: Pki,
    },
    /// List the invitations.
    #[command(after_help = "Example:\n  mohur pki invitations --pki national")]
    Invitations {
        #[command(flatten)]
        pki: Pki,
    },
    /// List the seals that wait for officers, at the authority's machine.
    #[command(after_help = "Example:\n  mohur pki pending --pki national")]
    Pending {
        #[command(flatten)]
        pki: Pki,
    },
    /// List the seals that wait, as an officer over HTTPS.
    #[command(after_help = "\
Example:
  mohur pki applications --url https://pki.gov.az:8443 --root root.pem --certificate officer.pem --key officer.key \\
      --key-passphrase passphrase")]
    Applications {
        #[command(flatten)]
        officer: officer::Officer,
    },
    /// Approve a seal, as an officer.
    Approve(officer::ApproveArgs),
    /// Say no to a seal, as an officer.
    Reject(officer::RejectArgs),
    /// Hand in what an officer signed with `approve --sign-only`.
    #[command(after_help = "Example:\n  mohur pki decide approval.jws --pki national")]
    Decide {
        /// The signed decision.
        statement: PathBuf,
        #[command(flatten)]
        pki: Pki,
    },
    /// Print the authority's journal, and refuse one that was changed.
    #[command(after_help = "Example:\n  mohur pki journal --pki national --json")]
    Journal {
        #[command(flatten)]
        pki: Pki,
    },
    /// Ask a certificate's issuer whether it is revoked (OCSP).
    Status(status::Args),
    /// Run a time-stamping authority (RFC 3161).
    Tsa(tsa::Args),
    /// Have a file time-stamped by any authority of RFC 3161, and verify time stamps.
    Timestamp(timestamp::Args),
}

/// Which PKI, and what opens it.
#[derive(clap::Args)]
struct Pki {
    /// The folder that `mohur pki init` made.
    #[arg(long)]
    pki: PathBuf,
    /// The credential file that opens its keys [default: <PKI>/passphrase].
    #[arg(long)]
    passphrase: Option<PathBuf>,
}

impl Pki {
    fn open(&self) -> Result<National, CliError> {
        self.open_with_passphrase().map(|(national, _)| national)
    }

    /// The same, for whoever can do without it when another process has it.
    fn try_open(&self) -> Result<National, AuthorityError> {
        let file = self.passphrase.clone().unwrap_or_else(|| self.pki.join("passphrase"));
        National::open(&self.pki, &Passphrase::from_credential_file(&file)?)
    }

    fn open_with_passphrase(&self) -> Result<(National, Passphrase), CliError> {
        let file = self.passphrase.clone().unwrap_or_else(|| self.pki.join("passphrase"));
        let passphrase = Passphrase::from_credential_file(&file).map_err(CliError::usage)?;
        Ok((National::open(&self.pki, &passphrase).map_err(CliError::usage)?, passphrase))
    }
}

/// Runs `mohur pki`.
pub(crate) fn run(args: Args, out: &Output) -> Result<ExitCode, CliError> {
    let now = SystemClock.now();
    match args.command {
        Command::Init { folder, domain, passphrase, ocsp_url, crl_url, permitted_hosts } => {
            let settings = Settings { ocsp_url, crl_url, permitted_hosts };
            init(&folder, (&domain, &settings), passphrase, now, out)
        }
        Command::Ceremony(args) => ceremony::run(args, out),
        Command::Roll { authority, pki } => roll::run(authority.into(), &pki, now, out),
        Command::Issue(args) => issue::run(&args, now, out),
        Command::Revoke { certificate, reason, pki } => revoke::run(&certificate, reason, &pki, out),
        Command::RenewLists { pki } => revoke::renew_lists(&pki, now, out),
        Command::LogKey { origin, out: folder, key_passphrase } => log_key::run(&origin, &folder, key_passphrase, out),
        Command::Lint(args) => lint::run(&args, out),
        Command::Inspect(args) => inspect::run(&args, now, out),
        Command::Token(args) => token::run(&args, out),
        Command::NeedsRenewal(args) => needs_renewal::run(&args, now, out),
        Command::Serve(args) => serve::run(&args, out),
        Command::Invite(args) => office::invite(&args, out),
        Command::Withdraw { invitation, pki } => office::withdraw(&invitation, &pki, out),
        Command::Invitations { pki } => office::invitations(&pki, out),
        Command::Pending { pki } => office::pending(&pki, now, out),
        Command::Applications { officer } => officer::pending(&officer, out),
        Command::Approve(args) => officer::approve(&args, out),
        Command::Reject(args) => officer::reject(&args, out),
        Command::Decide { statement, pki } => office::decide(&statement, &pki, out),
        Command::Journal { pki } => office::journal(&pki, out),
        Command::Status(args) => status::run(&args, now, out),
        Command::Tsa(args) => tsa::run(args, out),
        Command::Timestamp(args) => timestamp::run(args, out),
    }
}

fn init(
    folder: &Path,
    (domain, settings): (&str, &Settings),
    credential: Option<PathBuf>,
    now: Timestamp,
    out: &Output,
) -> Result<ExitCode, CliError> {
    if Layout::new(folder).authority().exists() {
        return Err(CliError::usage(AuthorityError::Exists { path: folder.to_owned() }));
    }
    settings.check().map_err(CliError::usage)?;
    let (passphrase, credential) = passphrase(credential, &folder.join("passphrase"))?;
    let national = National::create_with(folder, domain, settings, &passphrase, now).map_err(CliError::usage)?;
    let layout = national.layout();
    let text = format!(
        "The PKI of {domain} is made.\n\
         \x20 keys        {}   (keep it offline; of the daily work only the root's key is not needed)\n\
         \x20 trust       {}   (give it to everyone)\n\
         \x20 passphrase  {}   (keep it apart from the keys)\n\
         Next: mohur pki issue tls {domain}/GOV/OPERATOR/hub --pki {} --out hub --host localhost",
        layout.authority().display(),
        layout.trust().display(),
        credential.display(),
        folder.display(),
    );
    let document = json!({
        "domain": domain, "authority": layout.authority(), "trust": layout.trust(), "passphrase": credential,
    });
    out.say(text, &document);
    Ok(ExitCode::SUCCESS)
}
