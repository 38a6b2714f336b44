//! The trust anchors of a domain, and the proofs that a certificate is good under them.

use std::collections::HashSet;
use std::path::{Path as FilePath, PathBuf};
use std::sync::RwLock;

use mohur_crypto::public_key::verify_ecdsa_asn1;
use mohur_crypto::{Digest, sha256};
use mohur_wire::{MemberId, Timestamp};
use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use crate::certificate::{Certificate, check_time};
use crate::error::{CertificateError, TrustError};
use crate::oid;
use crate::path::Path;
use crate::profile::{Profile, claimed, is_seal_issuer, is_tls_issuer, problems};
use crate::reading::{KeyKind, Reading};
use crate::revocation::RevocationList;

/// More validated certificates than this and the memory of them is begun anew.
const MAX_REMEMBERED: usize = 65_536;

/// The peer of a TLS connection. Only [`Trust::validate_tls`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsIdentity {
    member: MemberId,
    certificate: Certificate,
}

impl TlsIdentity {
    /// Who it is.
    pub const fn member(&self) -> &MemberId {
        &self.member
    }

    /// SHA-256 of the certificate.
    pub fn fingerprint(&self) -> Digest {
        self.certificate.fingerprint()
    }

    /// The validated certificate.
    pub const fn certificate(&self) -> &Certificate {
        &self.certificate
    }
}

/// The holder of a seal. Only [`Trust::validate_seal`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealIdentity {
    member: MemberId,
    certificate: Certificate,
}

impl SealIdentity {
    /// Who it is.
    pub const fn member(&self) -> &MemberId {
        &self.member
    }

    /// The validated certificate.
    pub const fn certificate(&self) -> &Certificate {
        &self.certificate
    }
}

/// A signer of the directory. Only [`Trust::validate_directory_signer`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectorySigner {
    certificate: Certificate,
}

impl DirectorySigner {
    /// The validated certificate.
    pub const fn certificate(&self) -> &Certificate {
        &self.certificate
    }
}

/// Where the trust anchors of a domain lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustFiles {
    /// The root certificate.
    pub root: PathBuf,
    /// The certificate of the authority for TLS.
    pub tls_ca: PathBuf,
    /// The certificate of the authority for seals.
    pub seal_ca: PathBuf,
    /// Revocation lists of all three; superseded ones may lie among them.
    pub crls: Vec<PathBuf>,
}

impl TrustFiles {
    /// The files as `mohur pki init` lays them out in the folder `trust`.
    pub fn in_folder(folder: &FilePath) -> Self {
        let file = |name: &str| folder.join(name);
        Self {
            root: file("root.pem"),
            tls_ca: file("tls-ca.pem"),
            seal_ca: file("seal-ca.pem"),
            crls: vec![file("root.crl"), file("tls-ca.crl"), file("seal-ca.crl")],
        }
    }
}

/// An authority: its certificate, what stands in it, and its revocation list.
struct Authority {
    der: CertificateDer<'static>,
    reading: Reading,
    revocations: RevocationList,
}

impl Authority {
    fn check_time(&self, at: Timestamp) -> Result<(), CertificateError> {
        check_time(self.reading.not_before, self.reading.not_after, at)
    }
}

/// The trust anchors of a domain. Immutable: fresh revocation lists make a new one.
pub struct Trust {
    root: Authority,
    tls_ca: Authority,
    seal_ca: Authority,
    /// Fingerprints whose signatures were verified up to the root. Time and revocation are judged anew each time.
    remembered: RwLock<HashSet<Digest>>,
}

impl Trust {
    /// Reads the files.
    pub fn load(files: &TrustFiles) -> Result<Self, TrustError> {
        let read = |path: &PathBuf| {
            std::fs::read_to_string(path).map_err(|source| TrustError::Io { path: path.clone(), source })
        };
        let crls = files.crls.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        Self::from_pem(&read(&files.root)?, &read(&files.tls_ca)?, &read(&files.seal_ca)?, &crls)
    }

    /// From PEM texts: exactly one certificate each, and any number of revocation lists, one or more a text. The list with
    /// the highest number counts. Each authority must have one.
    pub fn from_pem(root: &str, tls_ca: &str, seal_ca: &str, crls: &[String]) -> Result<Self, TrustError> {
        let (root, root_reading) = authority(root, "root")?;
        let (tls_ca, tls_reading) = authority(tls_ca, "TLS CA")?;
        let (seal_ca, seal_reading) = authority(seal_ca, "Seal CA")?;
        expect(&root_reading, Profile::Root, true, "root")?;
        expect(&tls_reading, Profile::Issuing, is_tls_issuer(&tls_reading), "TLS CA")?;
        expect(&seal_reading, Profile::Issuing, is_seal_issuer(&seal_reading), "Seal CA")?;
        certified(&root, &root_reading, "root")?;
        certified(&tls_ca, &root_reading, "TLS CA")?;
        certified(&seal_ca, &root_reading, "Seal CA")?;
        let mut lists = Lists::default();
        for text in crls {
            for der in CertificateRevocationListDer::pem_slice_iter(text.as_bytes()) {
                let der = der.map_err(|_: pem::Error| TrustError::RevocationList)?;
                lists.add(&der, [&root_reading, &tls_reading, &seal_reading])?;
            }
        }
        let [root_list, tls_list, seal_list] = lists.0;
        let with_list = |der, reading, list: Option<RevocationList>, authority| {
            let revocations = list.ok_or(TrustError::NoRevocationList { authority })?;
            Ok(Authority { der, reading, revocations })
        };
        Ok(Self {
            root: with_list(root, root_reading, root_list, "root")?,
            tls_ca: with_list(tls_ca, tls_reading, tls_list, "TLS CA")?,
            seal_ca: with_list(seal_ca, seal_reading, seal_list, "Seal CA")?,
            remembered: RwLock::default(),
        })
    }

    /// Proves that the certificate may seal at that time.
    pub fn validate_seal(&self, certificate: &Certificate, at: Timestamp) -> Result<SealIdentity, CertificateError> {
        self.validate(certificate, Profile::Seal, at)?;
        let member = certificate.member().ok_or(CertificateError::NoMember)?.clone();
        Ok(SealIdentity { member, certificate: certificate.clone() })
    }

    /// Proves that a peer's certificate may open TLS at that time. What else the peer sent with it does not matter: the
    /// path goes through our own TLS CA.
    pub fn validate_tls(&self, certificate: &Certificate, at: Timestamp) -> Result<TlsIdentity, CertificateError> {
        self.validate(certificate, Profile::Tls, at)?;
        let member = certificate.member().ok_or(CertificateError::NoMember)?.clone();
        Ok(TlsIdentity { member, certificate: certificate.clone() })
    }

    /// Proves that the certificate may sign the directory at that time. The root itself issued it.
    pub fn validate_directory_signer(
        &self,
        certificate: &Certificate,
        at: Timestamp,
    ) -> Result<DirectorySigner, CertificateError> {
        self.validate(certificate, Profile::Directory, at)?;
        Ok(DirectorySigner { certificate: certificate.clone() })
    }

    /// Until when all revocation lists are fresh.
    pub fn fresh_until(&self) -> Timestamp {
        let lists = [&self.root, &self.tls_ca, &self.seal_ca].map(|authority| authority.revocations.next_update());
        lists.into_iter().min().unwrap_or(Timestamp::MIN)
    }

    /// SHA-256 of the root certificate: what another domain knows this one by.
    pub fn root_fingerprint(&self) -> Digest {
        sha256(&self.root.der)
    }

    /// The subject of the TLS CA, DER: what a server names to its clients as acceptable (RFC 8446 §4.2.4).
    pub fn tls_ca_subject(&self) -> Vec<u8> {
        X509Certificate::from_der(&self.tls_ca.der).map(|(_, ca)| ca.subject.as_raw().to_vec()).unwrap_or_default()
    }

    fn validate(&self, leaf: &Certificate, profile: Profile, at: Timestamp) -> Result<(), CertificateError> {
        if leaf.profile() != profile {
            return Err(CertificateError::WrongProfile { expected: profile, found: leaf.profile() });
        }
        leaf.check_time(at)?;
        let issuer = match profile {
            Profile::Tls => Some((&self.tls_ca, oid::CLIENT_AUTH)),
            Profile::Seal => Some((&self.seal_ca, oid::DOCUMENT_SIGNING)),
            Profile::Root | Profile::Issuing | Profile::Directory => None,
        };
        self.root.check_time(at)?;
        let Some((issuer, purpose)) = issuer else {
            self.remember(leaf, &[], oid::DOCUMENT_SIGNING, at)?;
            return self.root.revocations.check(leaf.raw_serial(), at);
        };
        issuer.check_time(at)?;
        self.remember(leaf, &[issuer], purpose, at)?;
        self.root.revocations.check(&issuer.reading.serial, at)?;
        issuer.revocations.check(leaf.raw_serial(), at)
    }

    /// Walks the path the first time that the certificate is seen.
    fn remember(
        &self,
        leaf: &Certificate,
        issuers: &[&Authority],
        purpose: &'static [u8],
        at: Timestamp,
    ) -> Result<(), CertificateError> {
        let fingerprint = leaf.fingerprint();
        if self.remembered.read().is_ok_and(|known| known.contains(&fingerprint)) {
            return Ok(());
        }
        let mut lists = vec![&self.root.revocations.list];
        lists.extend(issuers.iter().map(|issuer| &issuer.revocations.list));
        let intermediates: Vec<_> = issuers.iter().map(|issuer| issuer.der.clone()).collect();
        let path = Path { root: &self.root.der, intermediates: &intermediates, lists: &lists, purpose };
        path.validate(leaf.der(), at)?;
        if let Ok(mut known) = self.remembered.write() {
            if known.len() >= MAX_REMEMBERED {
                known.clear();
            }
            known.insert(fingerprint);
        }
        Ok(())
    }
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Trust({})", self.root.reading.subject)
    }
}

/// The newest list of the root, the TLS CA and the Seal CA.
#[derive(Default)]
struct Lists([Option<RevocationList>; 3]);

impl Lists {
    fn add(&mut self, der: &[u8], issuers: [&Reading; 3]) -> Result<(), TrustError> {
        for (place, issuer) in self.0.iter_mut().zip(issuers) {
            if let Some(list) = RevocationList::read(der, issuer) {
                if place.as_ref().is_none_or(|known| list.is_newer_than(known)) {
                    *place = Some(list);
                }
                return Ok(());
            }
        }
        Err(TrustError::RevocationList)
    }
}

fn authority(text: &str, what: &'static str) -> Result<(CertificateDer<'static>, Reading), TrustError> {
    let mut found = CertificateDer::pem_slice_iter(text.as_bytes());
    let (Some(Ok(der)), None) = (found.next(), found.next()) else {
        return Err(TrustError::NotOne { what });
    };
    let reading = Reading::of(&der).map_err(|source| TrustError::Authority { authority: what, source })?;
    Ok((der, reading))
}

fn expect(reading: &Reading, expected: Profile, purposes: bool, authority: &'static str) -> Result<(), TrustError> {
    let refuse = |source| Err(TrustError::Authority { authority, source });
    match claimed(reading) {
        Some(found) if found != expected => return refuse(CertificateError::WrongProfile { expected, found }),
        None => return refuse(CertificateError::NoProfile),
        Some(_) => {}
    }
    if let Some(problem) = problems(reading).into_iter().next() {
        return refuse(problem);
    }
    if purposes { Ok(()) } else { refuse(CertificateError::ExtendedKeyUsage(expected)) }
}

/// Checked at load, so that a wrong file shows at start; each path checks it again.
fn certified(der: &[u8], root: &Reading, authority: &'static str) -> Result<(), TrustError> {
    let unreadable = TrustError::Authority { authority, source: CertificateError::Unreadable };
    let Ok((_, parsed)) = X509Certificate::from_der(der) else { return Err(unreadable) };
    let p384 = root.key == Some(KeyKind::P384);
    verify_ecdsa_asn1(&root.spki, p384, parsed.tbs_certificate.as_ref(), &parsed.signature_value.data)
        .map_err(|_| TrustError::NotUnderRoot { authority })
}
