//! `mohur enrol join`

use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use mohur_enrol::{Answer, Authority, Enrols, InvitationFile, Pair, Pending, check_issued, request, request_for_token};
use mohur_http::SystemClock;
use mohur_seal::pkcs11::{KeyName, Token, TokenAddress};
use mohur_seal::{KeyKind, Passphrase};
use mohur_transport::ServiceIdentity;
use serde_json::{Map, json};

use super::failed;
use crate::output::{CliError, Exit, Output};
use crate::process;

const EXAMPLES: &str = "\
Examples:
  mohur enrol join id-cards.invitation --out id-cards
  mohur enrol join bank.invitation --out bank --only tls
  mohur enrol join id-cards.invitation --out id-cards --no-wait
  mohur enrol join id-cards.invitation --out id-cards --seal-module /usr/lib/softhsm/libsofthsm2.so \\
      --seal-token mohur --seal-pin /etc/mohur/pin --seal-label seal-2027

Keys are made here and stay here. Interrupted, it goes on where it was when it is called again. Two officers must
approve a seal: read them its fingerprint. Exit code 1 if the seal still waits.";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The file that the authority's operator made.
    invitation: PathBuf,
    /// Where everything goes: `tls.pem`, `tls.key`, `seal.pem`, `seal.key`, `passphrase`, `root.pem`.
    #[arg(long)]
    out: PathBuf,
    /// Only this profile, tls or seal; may stand twice [default: both].
    #[arg(long)]
    only: Vec<Enrols>,
    /// The credential file whose passphrase encrypts the keys [default: <OUT>/passphrase, made if it is not there].
    #[arg(long)]
    key_passphrase: Option<PathBuf>,
    /// Do not wait for the officers.
    #[arg(long)]
    no_wait: bool,
    /// The seal's key is in a token: the vendor's PKCS#11 library.
    #[arg(long, requires_all = ["seal_token", "seal_pin", "seal_label"])]
    seal_module: Option<PathBuf>,
    /// The token's label.
    #[arg(long)]
    seal_token: Option<String>,
    /// The credential file with the token's PIN.
    #[arg(long)]
    seal_pin: Option<PathBuf>,
    /// The key's label, as `mohur pki token generate` made it.
    #[arg(long)]
    seal_label: Option<String>,
}

/// What enrolling needs again and again.
struct Joining<'a> {
    args: &'a Args,
    invitation: InvitationFile,
    authority: Authority,
    passphrase: Passphrase,
}

pub(super) fn run(args: &Args, out: &Output) -> Result<ExitCode, CliError> {
    let invitation = InvitationFile::load(&args.invitation).map_err(failed)?;
    let mut make = std::fs::DirBuilder::new();
    make.recursive(true).mode(0o700).create(&args.out).map_err(|error| io(&args.out, &error))?;
    let root = args.out.join("root.pem");
    std::fs::write(&root, &invitation.root).map_err(|error| io(&root, &error))?;
    let default = args.out.join("passphrase");
    let (passphrase, _) = crate::credential::passphrase(args.key_passphrase.clone(), &default)?;
    let authority = Authority::new(&invitation.url, &root, &ServiceIdentity::None, Arc::new(SystemClock));
    let joining = Joining { args, invitation, authority: authority.map_err(failed)?, passphrase };
    process::run(joining.all(out))
}

fn io(path: &Path, error: &std::io::Error) -> CliError {
    CliError::usage(format_args!("{}: {error}", path.display()))
}

impl Joining<'_> {
    async fn all(self, out: &Output) -> Result<ExitCode, CliError> {
        let wanted = |profile| self.args.only.is_empty() || self.args.only.contains(&profile);
        let member = &self.invitation.member;
        let (mut text, mut document) = (format!("Enrolled {member}."), Map::new());
        document.insert("member".to_owned(), json!(member));
        let mut waits = None;
        for profile in [Enrols::Tls, Enrols::Seal].into_iter().filter(|profile| wanted(*profile)) {
            match self.one(profile).await? {
                Done::Issued(certificate, until) => {
                    text.push_str(&format!("\n  {:<5} {}, valid until {until}", profile.name(), certificate.display()));
                    document
                        .insert(profile.name().to_owned(), json!({ "certificate": certificate, "not-after": until }));
                }
                Done::Waits(pending) => {
                    text.push_str(&format!(
                        "\n  {:<5} waits for officers ({} of {} approved): call this again later\n        application {}\n        fingerprint {}",
                        profile.name(), pending.approvals, pending.needed, pending.application, pending.key,
                    ));
                    document.insert(
                        profile.name().to_owned(),
                        json!({ "application": pending.application, "fingerprint": pending.key }),
                    );
                    waits = Some(());
                }
            }
        }
        let root = self.args.out.join("root.pem");
        text.push_str(&format!(
            "\nTo renew by itself, its configuration needs:\n  [enrolment]\n  url = {:?}\n  root = {:?}",
            self.invitation.url, root,
        ));
        document.insert("enrolment".to_owned(), json!({ "url": self.invitation.url, "root": root }));
        out.say(text, &document);
        Ok(if waits.is_some() { Exit::Negative.into() } else { ExitCode::SUCCESS })
    }

    async fn one(&self, profile: Enrols) -> Result<Done, CliError> {
        let file = |suffix: &str| self.args.out.join(format!("{}.{suffix}", profile.name()));
        let pair = Pair { certificate: file("pem"), key: file("key") };
        let member = &self.invitation.member;
        if let Some(current) = pair.current().map_err(failed)? {
            if current.member() != Some(member) {
                let what = format_args!("{}: is of another member than {member}", pair.certificate.display());
                return Err(CliError::usage(what));
            }
            return Ok(Done::Issued(pair.certificate, current.not_after().to_string()));
        }
        let key = self.key(profile, &pair)?;
        loop {
            let answer = self.authority.redeem(&self.invitation.token, profile, &key.request).await.map_err(failed)?;
            match answer {
                Answer::Issued(chain) => {
                    let fits = |der: &[u8]| key.fits(der);
                    let issued = check_issued(&chain, profile, Some(member), fits).map_err(failed)?;
                    pair.install(&chain).map_err(failed)?;
                    return Ok(Done::Issued(pair.certificate, issued.not_after().to_string()));
                }
                Answer::Pending(pending) if self.args.no_wait => return Ok(Done::Waits(pending)),
                Answer::Pending(pending) => self.wait(&pending).await,
            }
        }
    }

    async fn wait(&self, pending: &Pending) {
        eprintln!(
            "the seal waits for officers ({} of {} approved)\n  application {}\n  fingerprint {}   (read it to them)",
            pending.approvals, pending.needed, pending.application, pending.key,
        );
        tokio::time::sleep(pending.retry_after.unwrap_or(Duration::from_secs(30))).await;
    }

    fn key(&self, profile: Enrols, pair: &Pair) -> Result<Key, CliError> {
        let member = Some(&self.invitation.member);
        if profile == Enrols::Seal
            && let Some(signer) = self.token_signer()?
        {
            let request = request_for_token(member, profile, &signer).map_err(failed)?;
            return Ok(Key { request, own: None });
        }
        let own = pair.next_key(KeyKind::P256, false, &self.passphrase).map_err(failed)?;
        Ok(Key { request: request(member, profile, &own).map_err(failed)?, own: Some(own) })
    }

    fn token_signer(&self) -> Result<Option<mohur_seal::pkcs11::TokenSigner>, CliError> {
        let Args { seal_module, seal_token, seal_pin, seal_label, .. } = self.args;
        let (Some(module), Some(token), Some(pin), label) = (seal_module, seal_token, seal_pin, seal_label) else {
            return Ok(None);
        };
        let address = TokenAddress { module: module.clone(), token: token.clone(), pin: pin.clone() };
        let token = Token::open(&address).map_err(|error| CliError::new(Exit::Unreachable, error))?;
        token.signer(&KeyName { label: label.clone(), id: None }).map(Some).map_err(CliError::usage)
    }
}

/// The key that is asked with.
struct Key {
    request: String,
    /// `None`: it is in a token, which signs when the process starts and says then whether it is the certificate's.
    own: Option<mohur_seal::Zeroizing<Vec<u8>>>,
}

impl Key {
    fn fits(&self, certificate: &[u8]) -> bool {
        self.own.as_ref().is_none_or(|own| mohur_seal::SoftwareSeal::from_pkcs8(own, certificate).is_ok())
    }
}

enum Done {
    /// The certificate's file, and until when it is valid.
    Issued(PathBuf, String),
    Waits(Pending),
}
