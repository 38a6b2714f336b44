//! A SoftHSM2 of one test's own, from Debian's package `softhsm2`, which `integration-tests/all` installs.
//!
//! The library reads `SOFTHSM2_CONF` of its own process, and changing the environment of a running process is unsafe. So a
//! test starts itself again with it.

use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use mohur_authority::{Layout, National, Requested, request};
use mohur_seal::pkcs11::{KeyName, Token, TokenAddress, TokenKey, TokenKeyKind};
use mohur_seal::{Passphrase, Zeroizing};
use mohur_wire::{MemberId, Timestamp};

/// Where Debian has it.
const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
/// The token's label.
pub(crate) const TOKEN: &str = "mohur test";
/// The user's PIN.
pub(crate) const PIN: &str = "mohur-0815";
/// When certificates are issued.
pub(crate) const NOW: i64 = 1_790_000_000;

/// A token with its PIN.
pub(crate) struct SoftHsm {
    folder: PathBuf,
}

/// Runs `test` with a new token. `name` is the test's own name.
pub(crate) fn with_token(name: &str, test: impl FnOnce(&SoftHsm)) {
    if std::env::var("MOHUR_SOFTHSM_TEST").as_deref() == Ok(name) {
        let conf = PathBuf::from(std::env::var_os("SOFTHSM2_CONF").unwrap());
        return test(&SoftHsm { folder: conf.parent().unwrap().to_owned() });
    }
    let folder = tempfile::tempdir().unwrap();
    let hsm = SoftHsm { folder: folder.path().to_owned() };
    fs::create_dir(hsm.tokens()).unwrap();
    let conf = folder.path().join("softhsm2.conf");
    fs::write(&conf, format!("directories.tokendir = {}\nobjectstore.backend = file\n", hsm.tokens().display()))
        .unwrap();
    hsm.write_pin("pin", PIN);
    let made = Command::new("softhsm2-util")
        .args(["--init-token", "--free", "--label", TOKEN, "--pin", PIN, "--so-pin", "so-pin-0815"])
        .env("SOFTHSM2_CONF", &conf)
        .output()
        .expect("softhsm2-util runs: integration-tests/all installs Debian's softhsm2");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let again = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env("SOFTHSM2_CONF", &conf)
        .env("MOHUR_SOFTHSM_TEST", name)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&again.stdout);
    assert!(again.status.success(), "{said}{}", String::from_utf8_lossy(&again.stderr));
    assert!(said.contains("1 passed"), "the name is the test's own: {said}");
}

impl SoftHsm {
    /// Where the tokens lie: one folder each.
    pub(crate) fn tokens(&self) -> PathBuf {
        self.folder.join("tokens")
    }

    /// A path of the test's own.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes a credential file.
    pub(crate) fn write_pin(&self, name: &str, pin: &str) -> PathBuf {
        let path = self.path(name);
        let mut options = fs::OpenOptions::new();
        let file = options.write(true).create(true).truncate(true).mode(0o600).open(&path).unwrap();
        std::io::Write::write_all(&mut &file, format!("{pin}\n").as_bytes()).unwrap();
        path
    }

    /// The token's address.
    pub(crate) fn address(&self) -> TokenAddress {
        TokenAddress { module: MODULE.into(), token: TOKEN.to_owned(), pin: self.path("pin") }
    }

    /// The token.
    pub(crate) fn token(&self) -> Token {
        Token::open(&self.address()).unwrap()
    }

    /// A key by its label.
    pub(crate) fn key(&self, label: &str) -> TokenKey {
        TokenKey::new(self.address(), named(label))
    }

    /// Makes a key in the token, and has a certificate issued for it: the file.
    pub(crate) fn certified(&self, label: &str, kind: TokenKeyKind) -> PathBuf {
        self.token().generate(kind, label, label.as_bytes()).unwrap();
        self.certificate_for(label)
    }

    /// Has a certificate issued for a key of the token.
    pub(crate) fn certificate_for(&self, label: &str) -> PathBuf {
        let (member, now) = (member(), Timestamp::from_second(NOW).unwrap());
        let signer = self.token().signer(&named(label)).unwrap();
        let (csr, folder) = (self.path("request.csr"), self.path(&format!("issued-{label}")));
        fs::write(&csr, request(&member, &signer).unwrap()).unwrap();
        let mut national = self.national();
        let requested = Requested { member: &member, request: &csr, folder: &folder, days: 365, now };
        national.issue_seal_for(&requested).unwrap().1
    }

    /// The authorities.
    pub(crate) fn national(&self) -> National {
        let pass = Passphrase::new(Zeroizing::new("correct horse battery".to_owned())).unwrap();
        let folder = self.path("national");
        if Layout::new(&folder).authority().exists() {
            National::open(&folder, &pass).unwrap()
        } else {
            National::create(&folder, "AZ", &pass, Timestamp::from_second(NOW).unwrap()).unwrap()
        }
    }

    /// Takes the token's files away; the other way round, puts them back.
    pub(crate) fn move_tokens(&self, from: &Path, to: &Path) {
        fs::rename(from, to).unwrap();
    }
}

/// By label.
pub(crate) fn named(label: &str) -> KeyName {
    KeyName { label: Some(label.to_owned()), id: None }
}

/// Whose seals they are.
pub(crate) fn member() -> MemberId {
    "AZ/GOV/MIA/id-cards".parse().unwrap()
}
