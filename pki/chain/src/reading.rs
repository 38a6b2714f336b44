//! What stands in a certificate, before anyone asks whether it may.

use std::net::IpAddr;

use mohur_crypto::{Algorithm, PublicKey};
use mohur_wire::Timestamp;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{DistributionPointName, ExtendedKeyUsage, GeneralName, ParsedExtension, X509Extension};
use x509_parser::oid_registry::OID_PKIX_ACCESS_DESCRIPTOR_OCSP;
use x509_parser::prelude::{FromDer, X509Version};
use x509_parser::public_key::RSAPublicKey;
use x509_parser::time::ASN1Time;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::CertificateError;
use crate::form::{Form, faults};
use crate::oid;

/// The kinds of key that this program knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyKind {
    P256,
    P384,
    Ed25519,
    Rsa,
    RsaPss,
}

impl KeyKind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::P256 => "ECDSA P-256",
            Self::P384 => "ECDSA P-384",
            Self::Ed25519 => "Ed25519",
            Self::Rsa => "RSA",
            Self::RsaPss => "RSA (PSS only)",
        }
    }
}

/// The facts of one certificate.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    pub(crate) subject: String,
    pub(crate) issuer: String,
    pub(crate) self_issued: bool,
    /// Subject and issuer, DER: names are compared octet by octet.
    pub(crate) subject_der: Vec<u8>,
    pub(crate) issuer_der: Vec<u8>,
    /// Subject key identifier, and that of the issuer's key.
    pub(crate) subject_key: Option<Vec<u8>>,
    pub(crate) issuer_key: Option<Vec<u8>>,
    /// Content octets of the serial number, without leading zeros.
    pub(crate) serial: Vec<u8>,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
    pub(crate) authority: bool,
    pub(crate) path_length: Option<u32>,
    /// Bits in the order of RFC 5280 §4.2.1.3: bit 0 is `digitalSignature`.
    pub(crate) key_usage: u16,
    pub(crate) purposes: Vec<Vec<u8>>,
    pub(crate) critical_purposes: bool,
    pub(crate) policies: Vec<Vec<u8>>,
    /// `id-pkix-ocsp-nocheck` is there.
    pub(crate) no_check: bool,
    /// Under which DNS names alone an authority may certify hosts; empty when it is not limited.
    pub(crate) permitted_hosts: Vec<String>,
    /// Where OCSP answers and revocation lists are said to be.
    pub(crate) ocsp_urls: Vec<String>,
    pub(crate) crl_urls: Vec<String>,
    pub(crate) uris: Vec<String>,
    pub(crate) hosts: Vec<String>,
    pub(crate) other_names: usize,
    pub(crate) key: Option<KeyKind>,
    pub(crate) public_key: Option<PublicKey>,
    pub(crate) spki: Vec<u8>,
    pub(crate) strong_signature: bool,
    /// How it is badly written.
    pub(crate) form: Vec<Form>,
}

pub(crate) fn timestamp(time: ASN1Time) -> Result<Timestamp, CertificateError> {
    Timestamp::from_second(time.timestamp()).map_err(|_| CertificateError::Unreadable)
}

/// A serial number without its sign octet.
pub(crate) fn serial(raw: &[u8]) -> Vec<u8> {
    raw.iter().copied().skip_while(|byte| *byte == 0).collect()
}

impl Reading {
    pub(crate) fn of(der: &[u8]) -> Result<Self, CertificateError> {
        let (rest, parsed) = X509Certificate::from_der(der).map_err(|_| CertificateError::Unreadable)?;
        if !rest.is_empty() || parsed.version != X509Version::V3 || parsed.signature_algorithm != parsed.signature {
            return Err(CertificateError::Unreadable);
        }
        let (key, public_key) = public_key(&parsed.subject_pki);
        let mut reading = Self {
            subject: parsed.subject.to_string(),
            issuer: parsed.issuer.to_string(),
            self_issued: parsed.subject.as_raw() == parsed.issuer.as_raw(),
            subject_der: parsed.subject.as_raw().to_vec(),
            issuer_der: parsed.issuer.as_raw().to_vec(),
            subject_key: None,
            issuer_key: None,
            serial: serial(parsed.raw_serial()),
            not_before: timestamp(parsed.validity.not_before)?,
            not_after: timestamp(parsed.validity.not_after)?,
            authority: false,
            path_length: None,
            key_usage: 0,
            purposes: Vec::new(),
            critical_purposes: false,
            policies: Vec::new(),
            no_check: false,
            permitted_hosts: Vec::new(),
            ocsp_urls: Vec::new(),
            crl_urls: Vec::new(),
            uris: Vec::new(),
            hosts: Vec::new(),
            other_names: 0,
            key,
            public_key,
            spki: parsed.subject_pki.raw.to_vec(),
            strong_signature: is_strong(&parsed.signature_algorithm.algorithm.to_id_string()),
            form: Vec::new(),
        };
        // RFC 5280 §4.2: no extension twice.
        parsed.extensions_map().map_err(|_| CertificateError::Unreadable)?;
        for extension in parsed.extensions() {
            reading.extension(extension)?;
        }
        reading.form = faults(&parsed, &reading);
        Ok(reading)
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "webpki judges the other extensions, and refuses unknown critical ones"
    )]
    fn extension(&mut self, extension: &X509Extension<'_>) -> Result<(), CertificateError> {
        match extension.parsed_extension() {
            ParsedExtension::ParseError { .. } => return Err(CertificateError::Unreadable),
            ParsedExtension::BasicConstraints(constraints) => {
                self.authority = constraints.ca;
                self.path_length = constraints.path_len_constraint;
            }
            ParsedExtension::KeyUsage(usage) => self.key_usage = usage.flags,
            ParsedExtension::ExtendedKeyUsage(usage) => {
                self.purposes = purposes(usage);
                self.critical_purposes = extension.critical;
            }
            ParsedExtension::CertificatePolicies(policies) => {
                self.policies = policies.iter().map(|policy| policy.policy_id.as_bytes().to_vec()).collect();
            }
            ParsedExtension::SubjectAlternativeName(names) => {
                names.general_names.iter().for_each(|name| self.name(name));
            }
            ParsedExtension::NameConstraints(constraints) => {
                let permitted = constraints.permitted_subtrees.iter().flatten();
                self.permitted_hosts = permitted.filter_map(|tree| dns(&tree.base)).collect();
            }
            ParsedExtension::SubjectKeyIdentifier(key) => self.subject_key = Some(key.0.to_vec()),
            ParsedExtension::AuthorityKeyIdentifier(key) => {
                self.issuer_key = key.key_identifier.as_ref().map(|key| key.0.to_vec());
            }
            ParsedExtension::AuthorityInfoAccess(access) => {
                let ocsp = access.accessdescs.iter().filter(|one| one.access_method == OID_PKIX_ACCESS_DESCRIPTOR_OCSP);
                self.ocsp_urls = ocsp.filter_map(|one| uri(&one.access_location)).collect();
            }
            ParsedExtension::CRLDistributionPoints(points) => {
                let names = points.points.iter().filter_map(|point| match &point.distribution_point {
                    Some(DistributionPointName::FullName(names)) => Some(names),
                    _ => None,
                });
                self.crl_urls = names.flatten().filter_map(uri).collect();
            }
            // An empty value would be no NULL, and nobody's mark.
            _ if extension.oid.as_bytes() == oid::OCSP_NO_CHECK => self.no_check = extension.value == [0x05, 0x00],
            _ => {}
        }
        Ok(())
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "every other kind of name is counted, and refused")]
    fn name(&mut self, name: &GeneralName<'_>) {
        match name {
            GeneralName::URI(uri) => self.uris.push((*uri).to_owned()),
            GeneralName::DNSName(host) => self.hosts.push((*host).to_owned()),
            GeneralName::IPAddress(octets) => match ip_address(octets) {
                Some(address) => self.hosts.push(address.to_string()),
                None => self.other_names += 1,
            },
            _ => self.other_names += 1,
        }
    }
}

fn dns(name: &GeneralName<'_>) -> Option<String> {
    if let GeneralName::DNSName(name) = name { Some((*name).to_owned()) } else { None }
}

fn uri(name: &GeneralName<'_>) -> Option<String> {
    if let GeneralName::URI(uri) = name { Some((*uri).to_owned()) } else { None }
}

fn ip_address(octets: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(octets).map(IpAddr::from).or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from)).ok()
}

fn purposes(usage: &ExtendedKeyUsage<'_>) -> Vec<Vec<u8>> {
    let mut out: Vec<Vec<u8>> = usage.other.iter().map(|purpose| purpose.as_bytes().to_vec()).collect();
    let known = [
        (usage.server_auth, oid::SERVER_AUTH),
        (usage.client_auth, oid::CLIENT_AUTH),
        (usage.time_stamping, oid::TIME_STAMPING),
        (usage.ocsp_signing, oid::OCSP_SIGNING),
    ];
    out.extend(known.iter().filter(|(present, _)| *present).map(|(_, purpose)| purpose.to_vec()));
    // The others make no profile of ours: an empty identifier stands for each and equals none.
    let strange = [usage.any, usage.code_signing, usage.email_protection];
    out.extend(strange.iter().filter(|present| **present).map(|_| Vec::new()));
    out
}

const RSA: &str = "1.2.840.113549.1.1.1";
const RSA_PSS: &str = "1.2.840.113549.1.1.10";
const ED25519: &str = "1.3.101.112";
const EC: &str = "1.2.840.10045.2.1";
const P256: &str = "1.2.840.10045.3.1.7";
const P384: &str = "1.3.132.0.34";

fn public_key(spki: &SubjectPublicKeyInfo<'_>) -> (Option<KeyKind>, Option<PublicKey>) {
    let curve = || spki.algorithm.parameters.as_ref()?.as_oid().ok().map(|oid| oid.to_id_string());
    let kind = match spki.algorithm.algorithm.to_id_string().as_str() {
        RSA => Some(KeyKind::Rsa),
        RSA_PSS => Some(KeyKind::RsaPss),
        ED25519 => Some(KeyKind::Ed25519),
        EC => match curve().as_deref() {
            Some(P256) => Some(KeyKind::P256),
            Some(P384) => Some(KeyKind::P384),
            _ => None,
        },
        _ => None,
    };
    let algorithm = match kind {
        Some(KeyKind::P256) => Some(Algorithm::EcdsaP256Sha256),
        Some(KeyKind::Ed25519) => Some(Algorithm::Ed25519),
        // The directory may pin a plain RSA key to PKCS#1 v1.5 instead.
        Some(KeyKind::Rsa | KeyKind::RsaPss) => Some(Algorithm::RsaPssSha512),
        Some(KeyKind::P384) | None => None,
    };
    let key = algorithm
        .filter(|_| has_accepted_size(spki))
        .and_then(|algorithm| PublicKey::new(algorithm, &spki.subject_public_key.data).ok());
    (kind, key)
}

/// RSA of 2048 to 8192 bits in whole octets. The other kinds have one size each.
fn has_accepted_size(spki: &SubjectPublicKeyInfo<'_>) -> bool {
    if [RSA, RSA_PSS].contains(&spki.algorithm.algorithm.to_id_string().as_str()) {
        let parsed = RSAPublicKey::from_der(&spki.subject_public_key.data);
        parsed.is_ok_and(|(rest, key)| {
            let mut modulus = key.modulus.iter().skip_while(|octet| **octet == 0).peekable();
            let whole = modulus.peek().is_some_and(|first| **first & 0x80 != 0);
            rest.is_empty() && whole && (256..=1024).contains(&modulus.count())
        })
    } else {
        true
    }
}

/// The same RSA key, pinned to PKCS#1 v1.5 or PSS.
pub(crate) fn repin(der: &[u8], algorithm: Algorithm) -> Option<PublicKey> {
    let (_, parsed) = X509Certificate::from_der(der).ok()?;
    PublicKey::new(algorithm, &parsed.subject_pki.subject_public_key.data).ok()
}

/// ECDSA, RSA and RSA-PSS with SHA-2, and Ed25519. What parameters RSA-PSS carries is judged with the path.
fn is_strong(signature: &str) -> bool {
    matches!(
        signature,
        "1.2.840.10045.4.3.2"
            | "1.2.840.10045.4.3.3"
            | "1.2.840.10045.4.3.4"
            | ED25519
            | RSA_PSS
            | "1.2.840.113549.1.1.11"
            | "1.2.840.113549.1.1.12"
            | "1.2.840.113549.1.1.13"
    )
}
