//! The authorities of a national domain.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs::File;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mohur_chain::{CertificateError, Role, Trust};
use mohur_crypto::sha256;
use mohur_seal::generate::generate;
use mohur_seal::key_file::{read_encrypted, write_encrypted};
use mohur_seal::{KeyKind, LogSigner, Passphrase, Zeroizing};
use mohur_wire::{MemberId, Timestamp};
use rcgen::{Issuer as Signer, KeyPair};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::AuthorityError;
use crate::issuer::Issuer;
use crate::layout::{Layout, create_private, create_public, read, replace};
use crate::register::{Record, Register};
use crate::settings::Settings;
use crate::template::{Template, key_pair};

/// The authorities of a domain, in a folder that this process has to itself.
pub struct National {
    pub(crate) layout: Layout,
    pub(crate) register: Register,
    pub(crate) settings: Settings,
    /// The authorities whose keys are here. The root's may be away.
    pub(crate) keys: BTreeMap<Issuer, Held>,
    pub(crate) _lock: File,
}

/// An authority whose key is here.
pub(crate) struct Held {
    pub(crate) key: Zeroizing<KeyPair>,
    /// SHA-256 of its certificate, as the register has it.
    pub(crate) fingerprint: String,
}

impl National {
    /// Makes a new root and the four issuing authorities in `folder`, with empty revocation lists.
    /// Certificates carry no addresses.
    pub fn create(
        folder: &Path,
        domain: &str,
        passphrase: &Passphrase,
        now: Timestamp,
    ) -> Result<Self, AuthorityError> {
        Self::create_with(folder, domain, &Settings::default(), passphrase, now)
    }

    /// The same; certificates carry the addresses of the settings.
    pub fn create_with(
        folder: &Path,
        domain: &str,
        settings: &Settings,
        passphrase: &Passphrase,
        now: Timestamp,
    ) -> Result<Self, AuthorityError> {
        if !(1..=16).contains(&domain.len()) || !domain.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(AuthorityError::Domain);
        }
        settings.check()?;
        let layout = Layout::new(folder);
        if layout.register().exists() {
            return Err(AuthorityError::Exists { path: folder.to_owned() });
        }
        create_private(&layout.authority())?;
        create_public(&layout.trust())?;
        let lock = lock(&layout)?;
        settings.save(&layout)?;
        let root = new_key(&layout, Issuer::Root, passphrase)?;
        let params = Template::authority(Issuer::Root, domain, now)?.parameters(domain, &Settings::default())?;
        let der = params.self_signed(&*root)?.der().clone();
        replace(&layout.certificate(Issuer::Root), &pem(&der))?;
        let register = Register::create(&layout, domain)?;
        let fingerprint = record_authority(&register, Issuer::Root, &der, now)?;
        let keys = BTreeMap::from([(Issuer::Root, Held { key: root, fingerprint })]);
        let settings = settings.clone();
        let mut national = Self { layout, register, settings, keys, _lock: lock };
        for role in Role::ALL {
            national.make_authority(Issuer::Ca(role, 1), passphrase, now)?;
        }
        national.renew_revocation_lists(now)?;
        Ok(national)
    }

    /// Opens an existing one. The root's key may be absent: then nothing can be done in the root's name.
    pub fn open(folder: &Path, passphrase: &Passphrase) -> Result<Self, AuthorityError> {
        let layout = Layout::new(folder);
        let lock = lock(&layout)?;
        let register = Register::open(&layout)?;
        let settings = Settings::load(&layout)?;
        let mut keys = BTreeMap::new();
        for issuer in layout.issuers_with_keys()? {
            let key = key_pair(&read_encrypted(&layout.key(issuer), passphrase)?, KeyKind::P384)?;
            let fingerprint = sha256(&certificate(&layout, issuer)?).to_string();
            keys.insert(issuer, Held { key, fingerprint });
        }
        Ok(Self { layout, register, settings, keys, _lock: lock })
    }

    /// Makes a new issuing authority of that kind beside those that there are. From now on it issues; the older ones go on
    /// to count for what they issued, and revoke it.
    pub fn roll(&mut self, role: Role, passphrase: &Passphrase, now: Timestamp) -> Result<Issuer, AuthorityError> {
        let made = self.register.certificates()?;
        let made = made.iter().filter(|record| record.issuer == Issuer::Root);
        let numbers = made.filter_map(|record| match record.subject.parse() {
            Ok(Issuer::Ca(found, number)) if found == role => Some(number),
            _ => None,
        });
        let number = numbers.max().unwrap_or(0).checked_add(1).ok_or(AuthorityError::NoAuthority(role.title()))?;
        let issuer = Issuer::Ca(role, number);
        self.make_authority(issuer, passphrase, now)?;
        self.renew_revocation_lists(now)?;
        Ok(issuer)
    }

    /// Where the files lie.
    pub const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The domain.
    pub fn domain(&self) -> &str {
        self.register.domain()
    }

    /// Everything that was issued here.
    pub fn certificates(&self) -> Result<Vec<Record>, AuthorityError> {
        self.register.certificates()
    }

    /// The certificate of that issuer with that serial number: hexadecimal, lower case, without leading zeros.
    pub fn certificate_of(&self, issuer: Issuer, serial: &str) -> Result<Option<Record>, AuthorityError> {
        self.register.by_serial(issuer, serial)
    }

    /// The trust anchors with the current revocation lists.
    pub fn trust(&self) -> Result<Trust, AuthorityError> {
        Ok(Trust::load(&self.layout.trust_files())?)
    }

    /// The authority of that kind that issues now: the newest whose key is here and which is not revoked.
    pub fn current(&self, role: Role) -> Result<Issuer, AuthorityError> {
        let of_kind =
            self.keys.iter().rev().filter(|(issuer, _)| matches!(issuer, Issuer::Ca(found, _) if *found == role));
        for (issuer, held) in of_kind {
            if self.register.by_fingerprint(&held.fingerprint)?.is_some_and(|record| record.revoked.is_none()) {
                return Ok(*issuer);
            }
        }
        Err(AuthorityError::NoAuthority(role.title()))
    }

    /// The one that issues now in place of `issuer`.
    pub(crate) fn taking_over(&self, issuer: Issuer) -> Result<Issuer, AuthorityError> {
        match issuer {
            Issuer::Root => Ok(issuer),
            Issuer::Ca(role, _) => self.current(role),
        }
    }

    /// The authorities whose keys are here.
    pub(crate) fn issuers(&self) -> Vec<Issuer> {
        self.keys.keys().copied().collect()
    }

    pub(crate) fn check_domain(&self, member: &MemberId) -> Result<(), AuthorityError> {
        self.check_instance(member.instance(), member)
    }

    pub(crate) fn check_instance(&self, instance: &str, named: &dyn Display) -> Result<(), AuthorityError> {
        if instance == self.register.domain() {
            return Ok(());
        }
        Err(AuthorityError::OtherDomain { member: named.to_string(), domain: self.register.domain().to_owned() })
    }

    /// Signs a certificate for the key `pkcs8`.
    pub(crate) fn sign(&self, template: &Template, pkcs8: &[u8]) -> Result<CertificateDer<'static>, AuthorityError> {
        let subject = key_pair(pkcs8, template.key)?;
        let params = template.parameters(self.register.domain(), &self.settings)?;
        Ok(params.signed_by(&*subject, &self.signer(template.issuer)?)?.der().clone())
    }

    pub(crate) const fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) fn signer(&self, issuer: Issuer) -> Result<Signer<'static, &KeyPair>, AuthorityError> {
        signer(&self.layout, issuer, &self.keys)
    }

    pub(crate) fn has_root(&self) -> bool {
        self.keys.contains_key(&Issuer::Root)
    }

    fn make_authority(
        &mut self,
        issuer: Issuer,
        passphrase: &Passphrase,
        now: Timestamp,
    ) -> Result<(), AuthorityError> {
        let root = self.signer(Issuer::Root)?;
        let template = Template::authority(issuer, self.domain(), now)?;
        let params = template.parameters(self.domain(), &self.settings)?;
        let key = new_key(&self.layout, issuer, passphrase)?;
        let der = params.signed_by(&*key, &root)?.der().clone();
        let fingerprint = record_authority(&self.register, issuer, &der, now)?;
        replace(&self.layout.certificate(issuer), &pem(&der))?;
        self.keys.insert(issuer, Held { key, fingerprint });
        Ok(())
    }
}

impl std::fmt::Debug for National {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "National({}, {})", self.register.domain(), self.layout.folder().display())
    }
}

/// Makes an Ed25519 key for a log, and gives its public half: a log has no certificate, the directory names its key.
pub fn create_log_key(path: &Path, passphrase: &Passphrase) -> Result<[u8; 32], AuthorityError> {
    let pkcs8 = generate(KeyKind::Ed25519)?;
    write_encrypted(path, &pkcs8, passphrase)?;
    Ok(LogSigner::from_pkcs8(&pkcs8)?.public_key())
}

pub(crate) fn lock(layout: &Layout) -> Result<File, AuthorityError> {
    let path = layout.authority().join("lock");
    let file = File::create(&path).map_err(AuthorityError::io(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(AuthorityError::Busy { path }),
        Err(std::fs::TryLockError::Error(source)) => Err(AuthorityError::Io { path, source }),
    }
}

fn new_key(layout: &Layout, which: Issuer, passphrase: &Passphrase) -> Result<Zeroizing<KeyPair>, AuthorityError> {
    let pkcs8 = generate(KeyKind::P384)?;
    write_encrypted(&layout.key(which), &pkcs8, passphrase)?;
    key_pair(&pkcs8, KeyKind::P384)
}

fn signer<'k>(
    layout: &Layout,
    which: Issuer,
    keys: &'k BTreeMap<Issuer, Held>,
) -> Result<Signer<'static, &'k KeyPair>, AuthorityError> {
    let held = keys.get(&which).ok_or_else(|| AuthorityError::KeyAway { issuer: which, path: layout.key(which) })?;
    Ok(Signer::from_ca_cert_der(&certificate(layout, which)?, &*held.key)?)
}

pub(crate) fn certificate(layout: &Layout, which: Issuer) -> Result<CertificateDer<'static>, AuthorityError> {
    let text = read(&layout.certificate(which))?;
    CertificateDer::from_pem_slice(text.as_bytes()).map_err(|_| AuthorityError::Profile(CertificateError::Unreadable))
}

/// Registers an authority's certificate, if it keeps its profile; gives its fingerprint.
pub(crate) fn record_authority(
    register: &Register,
    issuer: Issuer,
    der: &[u8],
    now: Timestamp,
) -> Result<String, AuthorityError> {
    let found = mohur_chain::inspect(der, None, now)?;
    if let Some(problem) = found.problems.first() {
        return Err(problem.clone().into());
    }
    let fingerprint = found.fingerprint.to_string();
    register.add(&Record::of_authority(issuer, found), der, now)?;
    Ok(fingerprint)
}

/// One certificate in PEM.
pub(crate) fn pem(der: &[u8]) -> String {
    pem_of("CERTIFICATE", der)
}

/// One block of PEM (RFC 7468).
pub(crate) fn pem_of(label: &str, der: &[u8]) -> String {
    const LINE: usize = 64;
    let body = BASE64_STANDARD.encode(der);
    let mut out = format!("-----BEGIN {label}-----\n");
    for line in body.as_bytes().chunks(LINE) {
        out.extend(line.iter().map(|byte| char::from(*byte)));
        out.push('\n');
    }
    out.push_str("-----END ");
    out.push_str(label);
    out.push_str("-----\n");
    out
}
