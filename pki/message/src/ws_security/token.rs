//! Which certificate signed: `ds:KeyInfo` and the tokens that it may name (WS-Security X.509 Certificate Token Profile 1.1).
//!
//! A certificate that stands in the message, and a name for one, say which key is meant, and no more: whether that key may
//! be used says the [`KeySource`] alone.

use mohur_chain::{Certificate, SealIdentity};
use mohur_crypto::{Digest, sha256};
use mohur_soap::{Element, ns};
use mohur_wire::{Refusal, RefusalCode};

use super::ids::Ids;
use super::security::Security;
use super::signed_info::base64;
use super::{malformed, token_uri};
use crate::keys::{KeyError, KeySource};

/// More certificates than this in one message and none is looked at.
const MAX_CERTIFICATES: usize = 8;

/// One thing that the message says about the certificate. All of them must be true of the same one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Claim<'d> {
    /// It is one of these, DER.
    OneOf(Vec<Vec<u8>>),
    /// Issuer and serial number.
    IssuerSerial(&'d str, &'d str),
    /// The subject key identifier.
    KeyIdentifier(Vec<u8>),
    /// The SHA-1 of the certificate.
    Thumbprint(Vec<u8>),
}

/// What the message says about the certificate that signed it.
#[derive(Clone, Debug)]
pub(super) struct Token<'d> {
    pub(super) claims: Vec<Claim<'d>>,
}

impl<'d> Token<'d> {
    /// Reads `ds:KeyInfo`: one reference to a token, or one `ds:X509Data`.
    pub(super) fn read(key_info: Element<'d>, ids: &Ids<'d>, security: &Security<'d>) -> Result<Self, Refusal> {
        let child = only_child(key_info, "ds:KeyInfo holds one wsse:SecurityTokenReference, or one ds:X509Data")?;
        let claims = if child.is(ns::WSSE, "SecurityTokenReference") {
            of_reference(child, ids, security)?
        } else if child.is(ns::DS, "X509Data") {
            of_x509_data(child)?
        } else {
            return Err(malformed(
                "ds:KeyInfo holds one wsse:SecurityTokenReference, or one ds:X509Data: leave out KeyName, KeyValue and \
                 RetrievalMethod",
            ));
        };
        Ok(Self { claims })
    }

    /// The identity behind the one certificate of which everything is true.
    pub(super) fn identify(&self, keys: &dyn KeySource, peer_seals: &[&Certificate]) -> Result<SealIdentity, Refusal> {
        let told = self.claims.iter().find_map(|claim| match claim {
            Claim::OneOf(certificates) => Some(certificates),
            Claim::IssuerSerial(..) | Claim::KeyIdentifier(_) | Claim::Thumbprint(_) => None,
        });
        let identity = match told {
            Some(certificates) => known(certificates, keys)?,
            None => keys.seal(&self.one_of(peer_seals)?).map_err(unknown)?,
        };
        if self.claims.iter().all(|claim| claim.is_of(identity.certificate())) {
            Ok(identity)
        } else {
            Err(Refusal::new(
                RefusalCode::CertificateRefused,
                "ds:KeyInfo says different things: its certificate, its issuer and serial number, key identifier or thumbprint are \
                 not of one certificate",
            ))
        }
    }

    /// The fingerprint of the one seal of the peer that is meant.
    fn one_of(&self, peer_seals: &[&Certificate]) -> Result<Digest, Refusal> {
        let mut meant = peer_seals.iter().filter(|seal| self.claims.iter().all(|claim| claim.is_of(seal)));
        let first = meant.next().ok_or_else(|| {
            Refusal::new(
                RefusalCode::KeyUnknown,
                "ds:KeyInfo names a certificate by issuer and serial number, key identifier or thumbprint, and no seal that the \
                 directory lists for you is that one: sign with your seal key, or send a BinarySecurityToken",
            )
        })?;
        if meant.any(|other| other.fingerprint() != first.fingerprint()) {
            return Err(Refusal::new(
                RefusalCode::KeyUnknown,
                "ds:KeyInfo names more than one of the seals that the directory lists for you: send a BinarySecurityToken",
            ));
        }
        Ok(first.fingerprint())
    }
}

impl Claim<'_> {
    fn is_of(&self, certificate: &Certificate) -> bool {
        match self {
            Self::OneOf(certificates) => certificates.iter().any(|der| der == certificate.der()),
            Self::IssuerSerial(issuer, serial) => certificate.is_issued_by(issuer, serial),
            Self::KeyIdentifier(identifier) => certificate.has_key_identifier(identifier),
            Self::Thumbprint(sha1) => certificate.has_thumbprint(sha1),
        }
    }
}

/// The one of these certificates that the directory lists; a path brings its authorities with it.
fn known(certificates: &[Vec<u8>], keys: &dyn KeySource) -> Result<SealIdentity, Refusal> {
    let mut found = None;
    for certificate in certificates {
        match keys.seal(&sha256(certificate)) {
            Err(KeyError::Unknown) => {}
            Err(error) => return Err(unknown(error)),
            Ok(_) if found.is_some() => {
                return Err(malformed("the message carries several seal certificates: send the one that signed"));
            }
            Ok(identity) => found = Some(identity),
        }
    }
    found.ok_or_else(|| unknown(KeyError::Unknown))
}

fn unknown(error: KeyError) -> Refusal {
    let remedy = match error {
        KeyError::Unknown => ": sign with the key of your seal certificate, and send that certificate, not the TLS one",
        KeyError::Expired | KeyError::Revoked | KeyError::Refused => "",
    };
    Refusal::new(error.code(), format!("{error}{remedy}"))
}

fn of_reference<'d>(reference: Element<'d>, ids: &Ids<'d>, security: &Security<'d>) -> Result<Vec<Claim<'d>>, Refusal> {
    let child = only_child(reference, "wsse:SecurityTokenReference holds one reference")?;
    match (child.namespace(), child.local()) {
        (ns::WSSE, "Reference") => of_token(child, ids, security),
        (ns::WSSE, "KeyIdentifier") => of_key_identifier(child),
        (ns::DS, "X509Data") => of_x509_data(child),
        _ => Err(malformed(
            "wsse:SecurityTokenReference holds a wsse:Reference to the BinarySecurityToken, a wsse:KeyIdentifier or a ds:X509Data",
        )),
    }
}

/// A direct reference to a `BinarySecurityToken` of the same header, which may stand before or after the signature.
fn of_token<'d>(reference: Element<'d>, ids: &Ids<'d>, security: &Security<'d>) -> Result<Vec<Claim<'d>>, Refusal> {
    let wrong = || {
        malformed("wsse:Reference must point to the BinarySecurityToken in the same wsse:Security header, URI=\"#id\"")
    };
    let id = reference.attribute("", "URI").and_then(|uri| uri.strip_prefix('#')).ok_or_else(wrong)?;
    let token = ids.find(id).filter(|token| security.tokens.contains(token)).ok_or_else(wrong)?;
    let value_type = token.attribute("", "ValueType").unwrap_or_default();
    if reference.attribute("", "ValueType").is_some_and(|told| told != value_type) {
        return Err(malformed(
            "wsse:Reference and the BinarySecurityToken that it points to have different ValueTypes",
        ));
    }
    check_encoding(token)?;
    let octets = base64(token)?;
    match value_type {
        token_uri::X509_V3 => Ok(vec![Claim::OneOf(vec![octets])]),
        token_uri::X509_PATH => Ok(vec![Claim::OneOf(path(&octets)?)]),
        _ => Err(malformed(
            "the ValueType of the BinarySecurityToken must be …x509-token-profile-1.0#X509v3 (or #X509PKIPathv1)",
        )),
    }
}

fn of_key_identifier(identifier: Element<'_>) -> Result<Vec<Claim<'_>>, Refusal> {
    check_encoding(identifier)?;
    let octets = base64(identifier)?;
    match identifier.attribute("", "ValueType").unwrap_or_default() {
        token_uri::X509_V3 => Ok(vec![Claim::OneOf(vec![octets])]),
        token_uri::KEY_IDENTIFIER => Ok(vec![Claim::KeyIdentifier(octets)]),
        token_uri::THUMBPRINT => Ok(vec![Claim::Thumbprint(octets)]),
        _ => Err(malformed(
            "the ValueType of wsse:KeyIdentifier must be #X509v3, #X509SubjectKeyIdentifier or #ThumbprintSHA1",
        )),
    }
}

/// `ds:X509Data`: everything in it is about one certificate, but for the authorities that may stand beside it.
fn of_x509_data(data: Element<'_>) -> Result<Vec<Claim<'_>>, Refusal> {
    let (mut claims, mut certificates) = (Vec::new(), Vec::new());
    for child in data.children() {
        match (child.namespace(), child.local()) {
            (ns::DS, "X509Certificate") if certificates.len() < MAX_CERTIFICATES => certificates.push(base64(child)?),
            (ns::DS, "X509IssuerSerial") => {
                let text = |local| Ok::<_, Refusal>(plain(child.only(ns::DS, local)?)?.trim());
                claims.push(Claim::IssuerSerial(text("X509IssuerName")?, text("X509SerialNumber")?));
            }
            (ns::DS, "X509SKI") => claims.push(Claim::KeyIdentifier(base64(child)?)),
            _ => {
                return Err(malformed(
                    "ds:X509Data may hold X509Certificate, X509IssuerSerial and X509SKI: leave out X509SubjectName and the rest",
                ));
            }
        }
    }
    if !certificates.is_empty() {
        claims.push(Claim::OneOf(certificates));
    }
    if claims.is_empty() || claims.len() > 3 {
        return Err(malformed("ds:X509Data names no certificate, or several"));
    }
    Ok(claims)
}

/// Text that stands in the source as it is meant: no name of a certificate needs an entity.
fn plain(element: Element<'_>) -> Result<&str, Refusal> {
    match element.text()? {
        std::borrow::Cow::Borrowed(text) => Ok(text),
        std::borrow::Cow::Owned(_) => {
            Err(malformed("a name in ds:X509IssuerSerial is written with CDATA: write it plainly"))
        }
    }
}

/// Base64 is the only encoding, named or not (WS-Security 1.1 §6.3).
fn check_encoding(element: Element<'_>) -> Result<(), Refusal> {
    match element.attribute("", "EncodingType") {
        None | Some(token_uri::BASE64) => Ok(()),
        Some(_) => Err(malformed("the EncodingType of a token must be …soap-message-security-1.0#Base64Binary")),
    }
}

fn only_child<'d>(element: Element<'d>, detail: &str) -> Result<Element<'d>, Refusal> {
    let mut children = element.children();
    match (children.next(), children.next()) {
        (Some(child), None) => Ok(child),
        _ => Err(malformed(detail)),
    }
}

/// The certificates of a `PkiPath` (X.509 §4), DER: a SEQUENCE of them.
fn path(der: &[u8]) -> Result<Vec<Vec<u8>>, Refusal> {
    let wrong = || malformed("the BinarySecurityToken is not a PkiPath: a DER sequence of at most 8 certificates");
    let outer = Sequence::read(der).filter(|outer| outer.after.is_empty()).ok_or_else(wrong)?;
    let (mut rest, mut certificates) = (outer.content, Vec::new());
    while !rest.is_empty() {
        let certificate = Sequence::read(rest).filter(|_| certificates.len() < MAX_CERTIFICATES).ok_or_else(wrong)?;
        certificates.push(certificate.whole.to_vec());
        rest = certificate.after;
    }
    if certificates.is_empty() { Err(wrong()) } else { Ok(certificates) }
}

/// A DER sequence at the beginning of some octets.
struct Sequence<'a> {
    whole: &'a [u8],
    content: &'a [u8],
    after: &'a [u8],
}

impl<'a> Sequence<'a> {
    fn read(der: &'a [u8]) -> Option<Self> {
        let (length, head) = match der {
            [0x30, short @ 0..=0x7f, ..] => (usize::from(*short), 2),
            [0x30, 0x81, one, ..] => (usize::from(*one), 3),
            [0x30, 0x82, high, low, ..] => (usize::from(u16::from_be_bytes([*high, *low])), 4),
            [0x30, 0x83, a, b, c, ..] => (usize::try_from(u32::from_be_bytes([0, *a, *b, *c])).ok()?, 5),
            _ => return None,
        };
        let (whole, after) = der.split_at_checked(head + length)?;
        Some(Self { whole, content: whole.get(head..)?, after })
    }
}
