//! Algorithm identifiers.

use mohur_crypto::X509Algorithm;
use mohur_crypto::digest::{sha256, sha384, sha512};

use crate::asn1::{Element, NULL, OID, SEQUENCE, Unreadable, tlv};

/// A hash algorithm that a time stamp may be asked for with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Hash {
    const ALL: [Self; 3] = [Self::Sha256, Self::Sha384, Self::Sha512];

    const fn oid(self) -> &'static [u8] {
        match self {
            Self::Sha256 => &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01],
            Self::Sha384 => &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02],
            Self::Sha512 => &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03],
        }
    }

    /// How many octets a digest has.
    pub const fn length(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The digest of `bytes`.
    pub fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => sha256(bytes).as_bytes().to_vec(),
            Self::Sha384 => sha384(bytes).to_vec(),
            Self::Sha512 => sha512(bytes).to_vec(),
        }
    }

    pub(crate) fn from_oid(oid: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|hash| hash.oid() == oid)
    }

    /// Its `AlgorithmIdentifier`, without parameters (RFC 5754 §2).
    pub(crate) fn identifier(self) -> Vec<u8> {
        tlv(SEQUENCE, &[&tlv(OID, &[self.oid()])])
    }
}

/// The object identifier of an `AlgorithmIdentifier` whose parameters are absent or NULL.
pub(crate) fn identifier<'a>(element: &Element<'a>) -> Result<&'a [u8], Unreadable> {
    element.expect(SEQUENCE)?;
    let mut inside = element.inside()?;
    let oid = inside.expect(OID)?;
    if let Some(null) = inside.optional(NULL)?
        && !null.content.is_empty()
    {
        return Err(Unreadable);
    }
    inside.end()?;
    Ok(oid)
}

/// The `AlgorithmIdentifier` of a signature.
pub(crate) fn signature_identifier(algorithm: X509Algorithm) -> Vec<u8> {
    let oid = tlv(OID, &[algorithm.oid()]);
    let null = tlv(NULL, &[]);
    tlv(SEQUENCE, &[&oid, if algorithm.has_null_parameters() { &null } else { &[] }])
}
