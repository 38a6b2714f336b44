//! `mohur pki token`: keys in PKCS#11 tokens.

use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;
use mohur_crypto::random_bytes;
use mohur_seal::SealError;
use mohur_seal::pkcs11::{KeyInfo, KeyName, Token, TokenAddress, TokenKeyKind, hex, id_from_hex};
use mohur_wire::MemberId;
use serde_json::{Value, json};

use crate::output::{CliError, Exit, Output};

const EXAMPLES: &str = "\
Examples:
  mohur pki token list --module /usr/lib/softhsm/libsofthsm2.so --token mohur --pin /etc/mohur/pin
  mohur pki token generate --module … --token mohur --pin /etc/mohur/pin --label seal-2027
  mohur pki token request AZ/GOV/MIA/id-cards --module … --token mohur --pin /etc/mohur/pin --label seal-2027 --out seal.csr
  mohur pki issue seal AZ/GOV/MIA/id-cards --pki national --out id-cards --request seal.csr

The PIN is never typed: it is the one line of a credential file of mode 0600, or a systemd credential
($CREDENTIALS_DIRECTORY/name). A PIN that the token refuses is not tried again. Exit code 3 if the token is not there.";

/// Look into a PKCS#11 token, make keys in it, and request certificates for them.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Show the private keys of a token, and whether they can leave it.
    List {
        #[command(flatten)]
        address: Address,
    },
    /// Make a key in a token, that cannot leave it.
    Generate {
        #[command(flatten)]
        address: Address,
        /// Its label (CKA_LABEL): what the configuration calls `key`.
        #[arg(long)]
        label: String,
        /// Its CKA_ID, hexadecimal [default: 8 random bytes].
        #[arg(long, value_parser = id)]
        id: Option<Id>,
        /// The kind of key.
        #[arg(long, value_enum, default_value_t = Kind::P256)]
        key: Kind,
    },
    /// Write the request for a certificate of a key in a token, signed by that key.
    Request {
        /// The member whose seal it will be.
        member: MemberId,
        #[command(flatten)]
        address: Address,
        /// The key's label.
        #[arg(long, required_unless_present = "id")]
        label: Option<String>,
        /// The key's CKA_ID, hexadecimal.
        #[arg(long, value_parser = id)]
        id: Option<Id>,
        /// Where the request goes, PEM.
        #[arg(long)]
        out: PathBuf,
    },
}

#[derive(clap::Args)]
struct Address {
    /// The vendor's PKCS#11 library.
    #[arg(long)]
    module: PathBuf,
    /// The token's label.
    #[arg(long)]
    token: String,
    /// The credential file with the PIN.
    #[arg(long)]
    pin: PathBuf,
}

#[derive(Clone)]
struct Id(Vec<u8>);

fn id(text: &str) -> Result<Id, &'static str> {
    id_from_hex(text).map(Id).ok_or("write it in hexadecimal, 1 to 64 bytes")
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    P256,
    Rsa3072,
}

impl Address {
    fn open(&self) -> Result<Token, CliError> {
        let (module, token, pin) = (self.module.clone(), self.token.clone(), self.pin.clone());
        Token::open(&TokenAddress { module, token, pin }).map_err(failed)
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "everything but an absent token is the operator's to correct")]
fn failed(error: SealError) -> CliError {
    match error {
        SealError::Token { .. } => CliError::new(Exit::Unreachable, error),
        _ => CliError::usage(error),
    }
}

/// Runs `mohur pki token`.
pub(super) fn run(args: &Args, out: &Output) -> Result<ExitCode, CliError> {
    match &args.command {
        Command::List { address } => list(&address.open()?, out),
        Command::Generate { address, label, id, key } => {
            let id = id.as_ref().map_or_else(|| random_bytes::<8>().to_vec(), |Id(id)| id.clone());
            generate(&address.open()?, (label, &id, *key), out)
        }
        Command::Request { member, address, label, id, out: file } => {
            let name = KeyName { label: label.clone(), id: id.as_ref().map(|Id(id)| id.clone()) };
            request(&address.open()?, member, &name, file, out)
        }
    }
}

fn list(token: &Token, out: &Output) -> Result<ExitCode, CliError> {
    let keys = token.keys().map_err(failed)?;
    let mut text = format!("{:<24} {:<20} {:<8} stays inside\n", "label", "id", "kind");
    for key in &keys {
        let (label, id) = (key.name.label.as_deref().unwrap_or("-"), key.name.id.as_deref().map_or("-".into(), hex));
        let inside = if key.stays_inside() { "yes" } else { "NO: refused unless allow-extractable = true" };
        let _ = writeln!(text, "{label:<24} {id:<20} {:<8} {inside}", key.kind);
    }
    out.say(text.trim_end(), &keys.iter().map(document).collect::<Vec<_>>());
    Ok(ExitCode::SUCCESS)
}

fn document(key: &KeyInfo) -> Value {
    json!({
        "label": key.name.label,
        "id": key.name.id.as_deref().map(hex),
        "kind": key.kind,
        "sensitive": key.sensitive,
        "extractable": key.extractable,
        "always-inside": key.always_inside,
        "always-authenticate": key.always_authenticate,
    })
}

fn generate(token: &Token, (label, id, kind): (&str, &[u8], Kind), out: &Output) -> Result<ExitCode, CliError> {
    let kind = match kind {
        Kind::P256 => TokenKeyKind::P256,
        Kind::Rsa3072 => TokenKeyKind::Rsa3072,
    };
    let made = token.generate(kind, label, id).map_err(failed)?;
    if !made.stays_inside() {
        let what =
            format_args!("the token {:?} made the key {label:?} so that it can leave it: do not use it", token.label());
        return Err(CliError::new(Exit::Negative, what));
    }
    let text = format!(
        "Made the key {label:?} in the token {:?}; it cannot leave it.\n  id    {}\n  kind  {}\n\
         Next: mohur pki token request <MEMBER> … --label {label} --out seal.csr",
        token.label(),
        hex(id),
        made.kind,
    );
    out.say(text, &document(&made));
    Ok(ExitCode::SUCCESS)
}

fn request(
    token: &Token,
    member: &MemberId,
    name: &KeyName,
    file: &std::path::Path,
    out: &Output,
) -> Result<ExitCode, CliError> {
    let signer = token.signer(name).map_err(failed)?;
    let pem = mohur_authority::request(member, &signer).map_err(CliError::usage)?;
    std::fs::write(file, pem).map_err(|error| CliError::usage(format_args!("{}: {error}", file.display())))?;
    let text = format!(
        "Wrote {} for the key {name}.\nNext, where the authority is: mohur pki issue seal {member} --pki … --out … --request {}",
        file.display(),
        file.display(),
    );
    out.say(text, &json!({ "request": file, "member": member, "token": token.label() }));
    Ok(ExitCode::SUCCESS)
}
