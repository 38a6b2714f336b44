//! What is asked (RFC 6960 §4.1), and its form in an address (RFC 5019 §5).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mohur_chain::SignerCertificate;
use mohur_crypto::digest::sha1_name;

use crate::algorithm::{Hash, identifier};
use crate::asn1::{
    Elements, INTEGER, NULL, OCTET_STRING, OID, SEQUENCE, Unreadable, context_constructed, integer, number, tlv,
};
use crate::ocsp::Refusal;

/// The longest request that is read.
pub const MAX_REQUEST_BYTES: usize = 16 * 1024;
/// The most certificates that one request may ask about.
pub const MAX_REQUESTS: usize = 32;
/// The longest nonce (RFC 8954 §2.1).
const MAX_NONCE_BYTES: usize = 32;

/// `id-pkix-ocsp-nonce`.
pub(super) const NONCE: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x02];
/// `id-sha1`: names the issuer in most requests; nothing is trusted for it.
const SHA1: &[u8] = &[0x2b, 0x0e, 0x03, 0x02, 0x1a];

/// How an issuer is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdHash {
    /// SHA-1: what RFC 5019 wants, and what everybody understands.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl IdHash {
    const fn strong(self) -> Option<Hash> {
        match self {
            Self::Sha1 => None,
            Self::Sha256 => Some(Hash::Sha256),
            Self::Sha384 => Some(Hash::Sha384),
            Self::Sha512 => Some(Hash::Sha512),
        }
    }

    fn digest(self, bytes: &[u8]) -> Vec<u8> {
        self.strong().map_or_else(|| sha1_name(bytes).to_vec(), |hash| hash.digest(bytes))
    }

    fn from_oid(oid: &[u8]) -> Option<Self> {
        if oid == SHA1 {
            return Some(Self::Sha1);
        }
        let strong = Hash::from_oid(oid)?;
        [Self::Sha256, Self::Sha384, Self::Sha512].into_iter().find(|each| each.strong() == Some(strong))
    }

    fn identifier(self) -> Vec<u8> {
        match self.strong() {
            Some(hash) => hash.identifier(),
            // RFC 3370 §2.1: NULL, as everybody writes it; responders compare octets.
            None => tlv(SEQUENCE, &[&tlv(OID, &[SHA1]), &tlv(NULL, &[])]),
        }
    }
}

/// Which certificate: its issuer's name and key, hashed, and its serial number.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CertId {
    /// As it was received, so that the answer names it in the same octets.
    raw: Vec<u8>,
    hash: IdHash,
    issuer_name: Vec<u8>,
    issuer_key: Vec<u8>,
    serial: Vec<u8>,
}

impl CertId {
    /// The certificate of that issuer with that serial number (DER content octets).
    pub fn new(hash: IdHash, issuer: &SignerCertificate, serial: &[u8]) -> Self {
        let (issuer_name, issuer_key) = (hash.digest(issuer.subject()), hash.digest(issuer.key_bits()));
        let raw = tlv(
            SEQUENCE,
            &[
                &hash.identifier(),
                &tlv(OCTET_STRING, &[&issuer_name]),
                &tlv(OCTET_STRING, &[&issuer_key]),
                &tlv(INTEGER, &[serial]),
            ],
        );
        Self { raw, hash, issuer_name, issuer_key, serial: serial.to_vec() }
    }

    /// Whether that authority is the issuer.
    pub fn is_of(&self, issuer: &SignerCertificate) -> bool {
        self.issuer_name == self.hash.digest(issuer.subject()) && self.issuer_key == self.hash.digest(issuer.key_bits())
    }

    /// The serial number, DER content octets.
    pub fn serial(&self) -> &[u8] {
        &self.serial
    }

    /// In octets.
    pub(super) fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// Whether both name one certificate, however their algorithms are written.
    pub fn is_same(&self, other: &Self) -> bool {
        (self.hash, &self.issuer_name, &self.issuer_key, &self.serial)
            == (other.hash, &other.issuer_name, &other.issuer_key, &other.serial)
    }

    pub(super) fn decode(element: &crate::asn1::Element<'_>) -> Result<Self, Unreadable> {
        element.expect(SEQUENCE)?;
        let mut inside = element.inside()?;
        let hash = IdHash::from_oid(identifier(&inside.next()?)?).ok_or(Unreadable)?;
        let (issuer_name, issuer_key) = (inside.expect(OCTET_STRING)?.to_vec(), inside.expect(OCTET_STRING)?.to_vec());
        let serial = integer(inside.expect(INTEGER)?)?.to_vec();
        inside.end()?;
        if serial.len() > 21 {
            return Err(Unreadable);
        }
        Ok(Self { raw: element.raw.to_vec(), hash, issuer_name, issuer_key, serial })
    }
}

/// A question about some certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OcspRequest {
    pub(super) certificates: Vec<CertId>,
    pub(super) nonce: Option<Vec<u8>>,
}

impl OcspRequest {
    /// Asks about these. A nonce keeps an old answer from being given for a new one; without one a responder may answer from
    /// what it has signed already.
    pub fn new(certificates: Vec<CertId>, nonce: Option<[u8; 32]>) -> Self {
        Self { certificates, nonce: nonce.map(|nonce| nonce.to_vec()) }
    }

    /// About which certificates.
    pub fn certificates(&self) -> &[CertId] {
        &self.certificates
    }

    /// The request, DER.
    pub fn encode(&self) -> Vec<u8> {
        let list: Vec<u8> = self.certificates.iter().flat_map(|id| tlv(SEQUENCE, &[id.raw()])).collect();
        let extensions = self.nonce.as_ref().map(|nonce| tlv(context_constructed(2), &[&nonce_extensions(nonce)]));
        let body = tlv(SEQUENCE, &[&tlv(SEQUENCE, &[&list]), &extensions.unwrap_or_default()]);
        tlv(SEQUENCE, &[&body])
    }

    /// Reads a request; says which refusal it gets otherwise.
    pub fn decode(octets: &[u8]) -> Result<Self, Refusal> {
        if octets.len() > MAX_REQUEST_BYTES {
            return Err(Refusal::MalformedRequest);
        }
        Self::read(octets).map_err(|_| Refusal::MalformedRequest)
    }

    fn read(octets: &[u8]) -> Result<Self, Unreadable> {
        let mut outer = Elements::one(octets, SEQUENCE)?.inside()?;
        let mut inside = Elements::new(outer.expect(SEQUENCE)?)?;
        // A signed request is answered like any other (RFC 6960 §4.1.2): answers are for everybody.
        outer.optional(context_constructed(0))?;
        outer.end()?;
        if let Some(version) = inside.optional(context_constructed(0))?
            && number(version.only()?.expect(INTEGER)?)? != 0
        {
            return Err(Unreadable);
        }
        inside.optional(context_constructed(1))?;
        let list = Elements::new(inside.expect(SEQUENCE)?)?.rest()?;
        let extensions = inside.optional(context_constructed(2))?;
        inside.end()?;
        if list.is_empty() || list.len() > MAX_REQUESTS {
            return Err(Unreadable);
        }
        let mut certificates = Vec::with_capacity(list.len());
        for single in list {
            single.expect(SEQUENCE)?;
            let mut single = single.inside()?;
            certificates.push(CertId::decode(&single.next()?)?);
            if let Some(extensions) = single.optional(context_constructed(0))? {
                known_extensions(extensions.only()?.expect(SEQUENCE)?)?;
            }
            single.end()?;
        }
        let nonce = match extensions {
            Some(extensions) => known_extensions(extensions.only()?.expect(SEQUENCE)?)?,
            None => None,
        };
        Ok(Self { certificates, nonce })
    }
}

/// The `Extensions` with this nonce alone.
pub(super) fn nonce_extensions(nonce: &[u8]) -> Vec<u8> {
    // RFC 8954 §2.1: the value is itself an OCTET STRING.
    let value = tlv(OCTET_STRING, &[&tlv(OCTET_STRING, &[nonce])]);
    tlv(SEQUENCE, &[&tlv(SEQUENCE, &[&tlv(OID, &[NONCE]), &value])])
}

/// The nonce among extensions. One that is critical and unknown is refused; `acceptableResponses` and the like are passed
/// over: there is one kind of response.
pub(super) fn known_extensions(extensions: &[u8]) -> Result<Option<Vec<u8>>, Unreadable> {
    let mut nonce = None;
    for extension in Elements::new(extensions)?.rest()? {
        extension.expect(SEQUENCE)?;
        let mut inside = extension.inside()?;
        let kind = inside.expect(OID)?;
        let critical = inside.flag()?;
        let value = inside.expect(OCTET_STRING)?;
        inside.end()?;
        if kind == NONCE {
            let octets = Elements::one(value, OCTET_STRING)?.content;
            // RFC 8954 §2.1: 1 to 32 octets; another one is malformed.
            if octets.is_empty() || octets.len() > MAX_NONCE_BYTES || nonce.replace(octets.to_vec()).is_some() {
                return Err(Unreadable);
            }
        } else if critical {
            return Err(Unreadable);
        }
    }
    Ok(nonce)
}

/// A request as the last part of a path: base64, of which `+`, `/` and `=` are escaped (RFC 6960 appendix A.1).
pub fn to_path(request: &[u8]) -> String {
    BASE64_STANDARD.encode(request).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
}

/// The request in the last part of a path; clients escape what they like, or nothing.
pub fn from_path(path: &str) -> Option<Vec<u8>> {
    if path.len() > 4 * MAX_REQUEST_BYTES {
        return None;
    }
    BASE64_STANDARD.decode(unescaped(path.as_bytes())?).ok().filter(|request| !request.is_empty())
}

fn unescaped(path: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(path.len());
    let mut rest = path.iter();
    while let Some(character) = rest.next() {
        if *character != b'%' {
            out.push(*character);
            continue;
        }
        let mut digit = || rest.next().and_then(|digit| char::from(*digit).to_digit(16));
        let (high, low) = (digit()?, digit()?);
        out.push(u8::try_from(high * 16 + low).ok()?);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_nobody_understands_is_malformed() {
        for wrong in [&b""[..], b"\x30\x00", b"\x30\x02\x30\x00", b"\x30\x04\x30\x02\x30\x00", b"GET / HTTP/1.1"] {
            assert_eq!(OcspRequest::decode(wrong), Err(Refusal::MalformedRequest), "{wrong:02x?}");
        }
    }

    #[test]
    fn a_nonce_has_one_to_thirty_two_octets() {
        for (length, good) in [(0, false), (1, true), (32, true), (33, false)] {
            let extensions = nonce_extensions(&vec![7; length]);
            let body = Elements::one(&extensions, SEQUENCE).unwrap().content;
            assert_eq!(known_extensions(body).is_ok(), good, "{length}");
        }
    }

    proptest! {
        #[test]
        fn a_path_gives_back_what_was_put_into_it(request in proptest::collection::vec(any::<u8>(), 1..200)) {
            let path = to_path(&request);
            prop_assert!(path.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'%'));
            prop_assert_eq!(from_path(&path), Some(request.clone()));
        }

        #[test]
        fn whatever_comes_is_read_or_refused(request in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _either = OcspRequest::decode(&request);
        }
    }
}
