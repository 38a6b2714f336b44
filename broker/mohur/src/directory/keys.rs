//! Keys that sign the directory.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use mohur_seal::generate::generate;
use mohur_seal::key_file::write_encrypted;
use mohur_seal::pkcs11::{KeyName, TokenAddress, TokenKey};
use mohur_seal::{BareKey, KeyKind, Passphrase};
use mohur_tuf::Key;
use serde_json::json;

use super::file_error;
use crate::output::{CliError, Output};

#[derive(clap::Args)]
#[command(after_help = "Examples:
  mohur directory key keys/root-1
  mohur directory key keys/policy-MOJ-1 --passphrase officer-17.passphrase

The name says what the key is for: `init --keys` takes NAME-*.pub for the role of that name, `online-*.pub` for snapshot and
timestamp, `policy-MOJ-*.pub` for policy/MOJ.")]
pub(super) struct Args {
    /// Path and name without an ending.
    name: PathBuf,
    /// The credential file that encrypts it [default: `passphrase` beside it, made if it is not there].
    #[arg(long)]
    passphrase: Option<PathBuf>,
}

pub(super) fn run(args: &Args, out: &Output) -> Result<ExitCode, CliError> {
    let folder = args.name.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(file_error(folder))?;
    let (passphrase, credential) = crate::credential::passphrase(args.passphrase.clone(), &folder.join("passphrase"))?;
    let pkcs8 = generate(KeyKind::P256).map_err(CliError::usage)?;
    let public = Key::of(&BareKey::from_pkcs8(&pkcs8).map_err(CliError::usage)?).map_err(CliError::usage)?;
    let end = |end: &str| PathBuf::from(format!("{}.{end}", args.name.display()));
    let (key, shown) = (end("key"), end("pub"));
    write_encrypted(&key, &pkcs8, &passphrase).map_err(CliError::usage)?;
    std::fs::write(&shown, public.to_pem().unwrap_or_default()).map_err(file_error(&shown))?;
    let text = format!(
        "Made a key.\n  key         {}\n  passphrase  {}\n  public key  {}\n  id          {}",
        key.display(),
        credential.display(),
        shown.display(),
        public.id(),
    );
    out.say(text, &json!({ "key": key, "passphrase": credential, "public": shown, "id": public.id() }));
    Ok(ExitCode::SUCCESS)
}

/// A key that signs: in a file, or in a token.
#[derive(clap::Args)]
pub(super) struct Signer {
    /// The encrypted key file.
    #[arg(long, conflicts_with = "module")]
    key: Option<PathBuf>,
    /// The credential file that opens it [default: `passphrase` beside it].
    #[arg(long)]
    passphrase: Option<PathBuf>,
    /// For a key in a token: the vendor's PKCS#11 library.
    #[arg(long, requires_all = ["token", "label", "pin", "public"])]
    module: Option<PathBuf>,
    /// The token's label.
    #[arg(long)]
    token: Option<String>,
    /// The key's label in the token.
    #[arg(long)]
    label: Option<String>,
    /// The credential file with the PIN.
    #[arg(long)]
    pin: Option<PathBuf>,
    /// The key's public half, PEM: what the directory names.
    #[arg(long)]
    public: Option<PathBuf>,
}

impl Signer {
    pub(super) fn open(&self) -> Result<BareKey, CliError> {
        match (&self.key, &self.module, &self.token, &self.label, &self.pin, &self.public) {
            (Some(key), ..) => load(key, self.passphrase.as_deref()),
            (None, Some(module), Some(token), Some(label), Some(pin), Some(public)) => {
                let spki = read_public(public)?.spki().unwrap_or_default();
                let address = TokenAddress { module: module.clone(), token: token.clone(), pin: pin.clone() };
                let name = KeyName { label: Some(label.clone()), id: None };
                BareKey::in_token(&TokenKey::new(address, name), &spki).map_err(CliError::usage)
            }
            _ => Err(CliError::usage("give a --key, or all of --module, --token, --label, --pin and --public")),
        }
    }
}

/// The keys of the roles that a server signs.
#[derive(clap::Args)]
pub(super) struct OnlineKeys {
    /// An online key, for snapshot and timestamp; may stand several times.
    #[arg(long = "online-key", required = true)]
    keys: Vec<PathBuf>,
    /// The credential file that opens them [default: `passphrase` beside each].
    #[arg(long = "online-passphrase")]
    passphrase: Option<PathBuf>,
}

impl OnlineKeys {
    pub(super) fn open(&self) -> Result<Vec<BareKey>, CliError> {
        self.keys.iter().map(|key| load(key, self.passphrase.as_deref())).collect()
    }
}

fn load(key: &Path, passphrase: Option<&Path>) -> Result<BareKey, CliError> {
    let beside = key.parent().unwrap_or(Path::new(".")).join("passphrase");
    let passphrase = Passphrase::from_credential_file(passphrase.unwrap_or(&beside)).map_err(CliError::usage)?;
    BareKey::load(key, &passphrase).map_err(CliError::usage)
}

/// A public key in PEM.
pub(super) fn read_public(path: &Path) -> Result<Key, CliError> {
    let text = std::fs::read_to_string(path).map_err(file_error(path))?;
    let wrong = "not a public key in PEM of ECDSA P-256 or Ed25519 (`openssl pkey -pubout` writes one)";
    Key::from_pem(&text).ok_or_else(|| CliError::usage(format_args!("{}: {wrong}", path.display())))
}
