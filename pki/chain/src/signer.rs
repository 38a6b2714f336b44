//! Certificates of services that sign statements: time-stamping authorities (RFC 3161 §2.3) and OCSP responders (RFC 6960
//! §4.2.2.2). They may belong to a foreign PKI, so they keep the rules of those documents and not a profile of this house.

use std::path::PathBuf;

use mohur_crypto::digest::{Digest, sha256};
use mohur_wire::Timestamp;
use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};
use webpki::{CertRevocationList, ExpirationPolicy, KeyUsage, OwnedCertRevocationList};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::ParsedExtension;
use x509_parser::oid_registry::OID_X509_EXT_EXTENDED_KEY_USAGE;
use x509_parser::prelude::FromDer;

use crate::certificate::check_time;
use crate::path::{revocation, walk};
use crate::reading::timestamp;
use crate::{CertificateError, TrustError};

/// What a signer's certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Time stamps, and nothing else: the extension is critical and names this purpose alone (RFC 3161 §2.3).
    TimeStamping,
    /// OCSP answers in the name of the authority that issued the certificate (RFC 6960 §4.2.2.2).
    OcspSigning,
}

/// `id-kp-timeStamping`.
const TIME_STAMPING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08];
/// `id-kp-OCSPSigning`.
const OCSP_SIGNING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x09];
/// `id-pkix-ocsp-nocheck` (RFC 6960 §4.2.2.2.1).
const NO_CHECK: &str = "1.3.6.1.5.5.7.48.1.5";

impl Purpose {
    const fn oid(self) -> &'static [u8] {
        match self {
            Self::TimeStamping => TIME_STAMPING,
            Self::OcspSigning => OCSP_SIGNING,
        }
    }
}

/// What a verifier of statements needs from a certificate. Whether to trust it say [`Anchors`] and
/// [`SignerCertificate::is_delegate_of`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignerCertificate {
    der: Vec<u8>,
    subject: Vec<u8>,
    issuer: Vec<u8>,
    serial: Vec<u8>,
    spki: Vec<u8>,
    key_bits: Vec<u8>,
    key_identifier: Option<Vec<u8>>,
    not_before: Timestamp,
    not_after: Timestamp,
    purposes: Vec<Purpose>,
    sole_and_critical: bool,
    no_check: bool,
}

impl SignerCertificate {
    /// Reads a certificate, DER.
    pub fn parse(der: &[u8]) -> Result<Self, CertificateError> {
        let (rest, parsed) = X509Certificate::from_der(der).map_err(|_| CertificateError::Unreadable)?;
        parsed.extensions_map().map_err(|_| CertificateError::Unreadable)?;
        if !rest.is_empty() {
            return Err(CertificateError::Unreadable);
        }
        let mut out = Self {
            der: der.to_vec(),
            subject: parsed.subject.as_raw().to_vec(),
            issuer: parsed.issuer.as_raw().to_vec(),
            serial: parsed.raw_serial().to_vec(),
            spki: parsed.subject_pki.raw.to_vec(),
            key_bits: parsed.subject_pki.subject_public_key.data.to_vec(),
            key_identifier: None,
            not_before: timestamp(parsed.validity.not_before)?,
            not_after: timestamp(parsed.validity.not_after)?,
            purposes: Vec::new(),
            sole_and_critical: false,
            no_check: parsed.extensions().iter().any(|extension| extension.oid.to_id_string() == NO_CHECK),
        };
        for extension in parsed.extensions() {
            if let ParsedExtension::SubjectKeyIdentifier(identifier) = extension.parsed_extension() {
                out.key_identifier = Some(identifier.0.to_vec());
            }
            if extension.oid != OID_X509_EXT_EXTENDED_KEY_USAGE {
                continue;
            }
            let ParsedExtension::ExtendedKeyUsage(usage) = extension.parsed_extension() else {
                return Err(CertificateError::Unreadable);
            };
            out.purposes.extend(usage.time_stamping.then_some(Purpose::TimeStamping));
            out.purposes.extend(usage.ocsp_signing.then_some(Purpose::OcspSigning));
            let others = [usage.any, usage.server_auth, usage.client_auth, usage.code_signing, usage.email_protection];
            let alone = out.purposes.len() == 1 && usage.other.is_empty() && !others.contains(&true);
            out.sole_and_critical = alone && extension.critical;
        }
        Ok(out)
    }

    /// The certificate, DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// SHA-256 of the DER.
    pub fn fingerprint(&self) -> Digest {
        sha256(&self.der)
    }

    /// The subject, DER.
    pub fn subject(&self) -> &[u8] {
        &self.subject
    }

    /// The issuer, DER.
    pub fn issuer(&self) -> &[u8] {
        &self.issuer
    }

    /// The serial number, DER content octets.
    pub fn serial(&self) -> &[u8] {
        &self.serial
    }

    /// The `SubjectPublicKeyInfo`, DER.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// The octets of the `subjectPublicKey`, without the count of unused bits: what OCSP hashes.
    pub fn key_bits(&self) -> &[u8] {
        &self.key_bits
    }

    /// The subject key identifier, where there is one.
    pub fn key_identifier(&self) -> Option<&[u8]> {
        self.key_identifier.as_deref()
    }

    /// Valid until, inclusive.
    pub const fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// Refuses a certificate that may not sign for that purpose, whoever issued it.
    pub fn check_purpose(&self, purpose: Purpose) -> Result<(), CertificateError> {
        let fits = match purpose {
            Purpose::TimeStamping => self.purposes == [purpose] && self.sole_and_critical,
            Purpose::OcspSigning => self.purposes.contains(&purpose),
        };
        if fits { Ok(()) } else { Err(CertificateError::Purpose) }
    }

    /// Proves that the authority `issuer` itself delegated OCSP to this certificate, for that time. Without `nocheck` the
    /// delegate's own revocation would be an open question: refused.
    pub fn is_delegate_of(&self, issuer: &Self, at: Timestamp) -> Result<(), CertificateError> {
        self.check_purpose(Purpose::OcspSigning)?;
        if !self.no_check {
            return Err(CertificateError::RevocationUnknown);
        }
        let anchor = [CertificateDer::from(issuer.der.as_slice()).into_owned()];
        walk(&self.der, (&anchor, &[]), KeyUsage::required(OCSP_SIGNING), None, at).map(|_| ())
    }

    /// Refuses a time outside of the certificate's.
    pub fn check_time(&self, at: Timestamp) -> Result<(), CertificateError> {
        check_time(self.not_before, self.not_after, at)
    }
}

/// The roots that a foreign service is trusted under, with revocation lists where there are any.
#[derive(Debug, Default)]
pub struct Anchors {
    roots: Vec<CertificateDer<'static>>,
    intermediates: Vec<CertificateDer<'static>>,
    lists: Vec<CertRevocationList<'static>>,
}

impl Anchors {
    /// From PEM files: each certificate that names itself as its issuer is a root, the others may stand on a path. With
    /// revocation lists among them, every certificate of a path needs one that is fresh; without any, none is asked for.
    pub fn load(files: &[PathBuf]) -> Result<Self, TrustError> {
        let mut out = Self::default();
        for path in files {
            let text = std::fs::read(path).map_err(|source| TrustError::Io { path: path.clone(), source })?;
            out.add_pem(&text).map_err(|()| TrustError::BadPem { path: path.clone() })?;
        }
        if out.roots.is_empty() {
            return Err(TrustError::NotOne { what: "a root that time stamps or answers are trusted under" });
        }
        Ok(out)
    }

    fn add_pem(&mut self, text: &[u8]) -> Result<(), ()> {
        for der in CertificateDer::pem_slice_iter(text) {
            let der = der.map_err(|_: pem::Error| ())?;
            let read = SignerCertificate::parse(&der).map_err(|_| ())?;
            if read.subject == read.issuer { self.roots.push(der) } else { self.intermediates.push(der) }
        }
        for der in CertificateRevocationListDer::pem_slice_iter(text) {
            let list = OwnedCertRevocationList::from_der(&der.map_err(|_: pem::Error| ())?).map_err(|_| ())?;
            self.lists.push(CertRevocationList::from(list));
        }
        Ok(())
    }

    /// Proves that the signer may sign for that purpose at that time. `others` are certificates that came with the
    /// statement: they may stand on the path, and are trusted for nothing.
    pub fn validate(
        &self,
        signer: &SignerCertificate,
        others: &[SignerCertificate],
        purpose: Purpose,
        at: Timestamp,
    ) -> Result<(), CertificateError> {
        signer.check_purpose(purpose)?;
        let mut intermediates = self.intermediates.clone();
        intermediates.extend(others.iter().map(|other| CertificateDer::from(other.der.clone())));
        let lists: Vec<_> = self.lists.iter().collect();
        let revocation = if lists.is_empty() { None } else { Some(revocation(&lists, ExpirationPolicy::Enforce)?) };
        let place = (self.roots.as_slice(), intermediates.as_slice());
        // The signer's own purpose was checked; authorities above it may limit theirs, and need not.
        walk(&signer.der, place, KeyUsage::required_if_present(purpose.oid()), revocation, at).map(|_| ())
    }
}
