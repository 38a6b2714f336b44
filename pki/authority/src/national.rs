//! The authorities of a national domain.

use std::fs::File;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mohur_chain::{Certificate, CertificateError, Trust};
use mohur_seal::generate::generate;
use mohur_seal::key_file::{read_encrypted, write_encrypted};
use mohur_seal::{KeyKind, LogSigner, Passphrase, SoftwareSeal, Zeroizing};
use mohur_wire::{MemberId, Timestamp};
use rcgen::{Issuer as Signer, KeyPair};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::AuthorityError;
use crate::layout::{Layout, create_private, create_public, read, replace};
use crate::register::{Issuer, Record, Register};
use crate::template::{Template, key_pair};

/// The authorities of a domain, in a folder that this process has to itself.
pub struct National {
    pub(crate) layout: Layout,
    pub(crate) register: Register,
    root: Option<Zeroizing<KeyPair>>,
    tls_ca: Zeroizing<KeyPair>,
    seal_ca: Zeroizing<KeyPair>,
    directory: SoftwareSeal,
    _lock: File,
}

/// What to issue to whom. Key and certificate are written to `folder`.
#[derive(Clone, Copy)]
pub struct Issue<'a> {
    /// To whom.
    pub member: &'a MemberId,
    /// Where the files go: `tls.pem` and `tls.key`, or `seal.pem` and `seal.key`.
    pub folder: &'a Path,
    /// Encrypts the new key.
    pub passphrase: &'a Passphrase,
    /// The kind of key.
    pub key: KeyKind,
    /// How long it is valid.
    pub days: i64,
    /// The time.
    pub now: Timestamp,
}

/// What was issued.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The certificate.
    pub certificate: Certificate,
    /// Certificate and its authority's, PEM.
    pub chain: PathBuf,
    /// The encrypted key.
    pub key: PathBuf,
}

impl National {
    /// Makes a new root, TLS CA, Seal CA and directory signer in `folder`, with empty revocation lists.
    pub fn create(
        folder: &Path,
        domain: &str,
        passphrase: &Passphrase,
        now: Timestamp,
    ) -> Result<Self, AuthorityError> {
        if !(1..=16).contains(&domain.len()) || !domain.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(AuthorityError::Domain);
        }
        let layout = Layout::new(folder);
        if layout.register().exists() {
            return Err(AuthorityError::Exists { path: folder.to_owned() });
        }
        create_private(&layout.authority())?;
        create_public(&layout.trust())?;
        let lock = lock(&layout)?;
        let register = Register::create(&layout, domain)?;
        let root = new_authority(&layout, Issuer::Root, passphrase)?;
        sign_authority(&layout, Issuer::Root, &root, &root, (domain, now))?;
        let [tls_ca, seal_ca] = [Issuer::TlsCa, Issuer::SealCa].map(|which| -> Result<_, AuthorityError> {
            let key = new_authority(&layout, which, passphrase)?;
            sign_authority(&layout, which, &key, &root, (domain, now))?;
            Ok(key)
        });
        let directory = new_directory_signer(&layout, &root, passphrase, &register, now)?;
        let (tls_ca, seal_ca) = (tls_ca?, seal_ca?);
        let mut national = Self { layout, register, root: Some(root), tls_ca, seal_ca, directory, _lock: lock };
        national.record_authorities(now)?;
        national.renew_revocation_lists(now)?;
        Ok(national)
    }

    /// Opens an existing one. The root's key may be absent: then nothing can be done in the root's name.
    pub fn open(folder: &Path, passphrase: &Passphrase) -> Result<Self, AuthorityError> {
        let layout = Layout::new(folder);
        let lock = lock(&layout)?;
        let register = Register::open(&layout)?;
        let open = |issuer| key_pair(&read_encrypted(&layout.key(issuer), passphrase)?, KeyKind::P384);
        let root = if layout.key(Issuer::Root).exists() { Some(open(Issuer::Root)?) } else { None };
        let (tls_ca, seal_ca) = (open(Issuer::TlsCa)?, open(Issuer::SealCa)?);
        let directory = SoftwareSeal::load(&layout.directory_key(), &layout.directory_certificate(), passphrase)?;
        Ok(Self { layout, register, root, tls_ca, seal_ca, directory, _lock: lock })
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

    /// The key that signs the directory.
    pub const fn directory_signer(&self) -> &SoftwareSeal {
        &self.directory
    }

    /// Issues a TLS key and certificate. A server's names its DNS names and IP addresses.
    pub fn issue_tls(&mut self, issue: &Issue<'_>, hosts: &[String]) -> Result<Issued, AuthorityError> {
        self.issue(issue, Template::tls(issue.member, hosts, issue.now, issue.days)?, "tls")
    }

    /// Issues a seal key and certificate.
    pub fn issue_seal(&mut self, issue: &Issue<'_>) -> Result<Issued, AuthorityError> {
        self.issue(issue, Template::seal(issue.member, issue.now, issue.days)?, "seal")
    }

    fn issue(&mut self, issue: &Issue<'_>, template: Template, name: &str) -> Result<Issued, AuthorityError> {
        self.check_domain(issue.member)?;
        let template = Template { key: issue.key, ..template };
        let pkcs8 = generate(issue.key)?;
        let der = self.sign(&template, &pkcs8)?;
        // What would be refused is not handed out.
        let certificate = Certificate::parse(&der)?;
        create_private(issue.folder)?;
        let file = |suffix: &str| issue.folder.join(format!("{name}.{suffix}"));
        let (chain, key) = (file("pem"), file("key"));
        // Registered first: a certificate that exists can be revoked, whatever happens to the files.
        self.register.add(&Record::of(template.issuer, &certificate), &der, issue.now)?;
        write_encrypted(&key, &pkcs8, issue.passphrase)?;
        let issuer = read(&self.layout.certificate(template.issuer))?;
        replace(&chain, &format!("{}{issuer}", pem(&der)))?;
        Ok(Issued { certificate, chain, key })
    }

    pub(crate) fn check_domain(&self, member: &MemberId) -> Result<(), AuthorityError> {
        if member.instance() == self.register.domain() {
            return Ok(());
        }
        Err(AuthorityError::OtherDomain { member: member.to_string(), domain: self.register.domain().to_owned() })
    }

    /// Signs a certificate for the key `pkcs8`.
    pub(crate) fn sign(&self, template: &Template, pkcs8: &[u8]) -> Result<CertificateDer<'static>, AuthorityError> {
        let subject = key_pair(pkcs8, template.key)?;
        let params = template.parameters(self.register.domain())?;
        Ok(params.signed_by(&*subject, &self.signer(template.issuer)?)?.der().clone())
    }

    pub(crate) fn signer(&self, issuer: Issuer) -> Result<Signer<'static, &KeyPair>, AuthorityError> {
        let key = match issuer {
            Issuer::Root => {
                self.root.as_ref().ok_or_else(|| AuthorityError::RootAway { path: self.layout.key(Issuer::Root) })?
            }
            Issuer::TlsCa => &self.tls_ca,
            Issuer::SealCa => &self.seal_ca,
        };
        signer(&self.layout, issuer, key)
    }

    pub(crate) const fn has_root(&self) -> bool {
        self.root.is_some()
    }

    fn record_authorities(&mut self, now: Timestamp) -> Result<(), AuthorityError> {
        for which in Issuer::ALL {
            let der = certificate(&self.layout, which)?;
            let found = mohur_chain::inspect(&der, None, now)?;
            self.register.add(&Record::of_authority(which, found), &der, now)?;
        }
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

fn lock(layout: &Layout) -> Result<File, AuthorityError> {
    let path = layout.authority().join("lock");
    let file = File::create(&path).map_err(AuthorityError::io(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(AuthorityError::Busy { path }),
        Err(std::fs::TryLockError::Error(source)) => Err(AuthorityError::Io { path, source }),
    }
}

fn new_authority(
    layout: &Layout,
    which: Issuer,
    passphrase: &Passphrase,
) -> Result<Zeroizing<KeyPair>, AuthorityError> {
    let pkcs8 = generate(KeyKind::P384)?;
    write_encrypted(&layout.key(which), &pkcs8, passphrase)?;
    key_pair(&pkcs8, KeyKind::P384)
}

fn sign_authority(
    layout: &Layout,
    which: Issuer,
    key: &KeyPair,
    root: &KeyPair,
    (domain, now): (&str, Timestamp),
) -> Result<(), AuthorityError> {
    let params = Template::authority(which, domain, now)?.parameters(domain)?;
    let signed = match which {
        Issuer::Root => params.self_signed(root)?,
        Issuer::TlsCa | Issuer::SealCa => params.signed_by(key, &signer(layout, Issuer::Root, root)?)?,
    };
    replace(&layout.certificate(which), &pem(signed.der()))
}

fn new_directory_signer(
    layout: &Layout,
    root: &KeyPair,
    passphrase: &Passphrase,
    register: &Register,
    now: Timestamp,
) -> Result<SoftwareSeal, AuthorityError> {
    let pkcs8 = generate(KeyKind::P256)?;
    let template = Template::directory(register.domain(), now)?;
    let subject = key_pair(&pkcs8, template.key)?;
    let params = template.parameters(register.domain())?;
    let signed = params.signed_by(&*subject, &signer(layout, Issuer::Root, root)?)?;
    write_encrypted(&layout.directory_key(), &pkcs8, passphrase)?;
    replace(&layout.directory_certificate(), &pem(signed.der()))?;
    register.add(&Record::of(Issuer::Root, &Certificate::parse(signed.der())?), signed.der(), now)?;
    Ok(SoftwareSeal::from_pkcs8(&pkcs8, signed.der())?)
}

fn signer<'k>(
    layout: &Layout,
    which: Issuer,
    key: &'k KeyPair,
) -> Result<Signer<'static, &'k KeyPair>, AuthorityError> {
    Ok(Signer::from_ca_cert_der(&certificate(layout, which)?, key)?)
}

fn certificate(layout: &Layout, which: Issuer) -> Result<CertificateDer<'static>, AuthorityError> {
    let text = read(&layout.certificate(which))?;
    CertificateDer::from_pem_slice(text.as_bytes()).map_err(|_| AuthorityError::Profile(CertificateError::Unreadable))
}

/// One certificate in PEM (RFC 7468).
pub(crate) fn pem(der: &[u8]) -> String {
    const LINE: usize = 64;
    let body = BASE64_STANDARD.encode(der);
    let mut out = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in body.as_bytes().chunks(LINE) {
        out.extend(line.iter().map(|byte| char::from(*byte)));
        out.push('\n');
    }
    out.push_str("-----END CERTIFICATE-----\n");
    out
}
