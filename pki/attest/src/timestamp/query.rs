//! What a time stamp is asked for with (RFC 3161 §2.4.1).

use std::fmt;
use std::str::FromStr;

use crate::algorithm::{Hash, identifier};
use crate::asn1::{
    BOOLEAN, Elements, INTEGER, OCTET_STRING, OID, SEQUENCE, Unreadable, context_constructed, dotted, integer, number,
    tlv, undotted, unsigned,
};
use crate::timestamp::Failure;

/// The longest query that is read: one of SHA-512 with nonce and policy has less than 150 octets.
pub const MAX_QUERY_BYTES: usize = 4096;
/// The longest nonce that is given back: 256 bits.
const MAX_NONCE_BYTES: usize = 33;

/// A policy that time stamps are issued under: an object identifier, written in dots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyId(Vec<u8>);

/// Not an object identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write an object identifier in dots, e.g. 1.2.3.4")]
pub struct PolicyIdError;

impl PolicyId {
    pub(super) const fn from_content(content: Vec<u8>) -> Self {
        Self(content)
    }

    /// DER content octets.
    pub(super) fn content(&self) -> &[u8] {
        &self.0
    }
}

impl FromStr for PolicyId {
    type Err = PolicyIdError;

    fn from_str(text: &str) -> Result<Self, PolicyIdError> {
        undotted(text).map(Self).ok_or(PolicyIdError)
    }
}

impl fmt::Display for PolicyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&dotted(&self.0))
    }
}

/// A digest and how it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imprint {
    pub(super) hash: Hash,
    pub(super) digest: Vec<u8>,
}

impl Imprint {
    /// The imprint of `bytes`.
    pub fn of(hash: Hash, bytes: &[u8]) -> Self {
        Self { hash, digest: hash.digest(bytes) }
    }

    /// An imprint whose digest is known already. `None` when its length is not the algorithm's.
    pub fn new(hash: Hash, digest: &[u8]) -> Option<Self> {
        (digest.len() == hash.length()).then(|| Self { hash, digest: digest.to_vec() })
    }

    /// How it was made.
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        tlv(SEQUENCE, &[&self.hash.identifier(), &tlv(OCTET_STRING, &[&self.digest])])
    }

    /// Reads a `MessageImprint`: its algorithm first, since another one is another failure.
    pub(super) fn decode(content: &[u8]) -> Result<Result<Self, Failure>, Unreadable> {
        let mut inside = Elements::new(content)?;
        let algorithm = inside.next()?;
        let digest = inside.expect(OCTET_STRING)?;
        inside.end()?;
        let Some(hash) = Hash::from_oid(identifier(&algorithm)?) else {
            return Ok(Err(Failure::BadAlgorithm));
        };
        Ok(Self::new(hash, digest).ok_or(Failure::BadDataFormat))
    }
}

/// A question for a time stamp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    pub(super) imprint: Imprint,
    pub(super) policy: Option<PolicyId>,
    /// Content octets of the INTEGER.
    pub(super) nonce: Option<Vec<u8>>,
    pub(super) certificates: bool,
}

impl Query {
    /// Asks for a time stamp with the authority's certificate in it, so that it verifies by itself. A nonce keeps an old
    /// answer from being given for a new one.
    pub fn new(imprint: Imprint, nonce: [u8; 16]) -> Self {
        let mut content: Vec<u8> = nonce.into_iter().skip_while(|octet| *octet == 0).collect();
        if content.first().is_none_or(|first| first & 0x80 != 0) {
            content.insert(0, 0);
        }
        Self { imprint, policy: None, nonce: Some(content), certificates: true }
    }

    /// Asks for a time stamp under that policy and no other.
    #[must_use]
    pub fn under_policy(self, policy: PolicyId) -> Self {
        Self { policy: Some(policy), ..self }
    }

    /// The query, DER.
    pub fn encode(&self) -> Vec<u8> {
        let policy = self.policy.as_ref().map(|policy| tlv(OID, &[policy.content()])).unwrap_or_default();
        let nonce = self.nonce.as_ref().map(|nonce| tlv(INTEGER, &[nonce])).unwrap_or_default();
        let certificates = if self.certificates { tlv(BOOLEAN, &[&[0xff]]) } else { Vec::new() };
        tlv(SEQUENCE, &[&unsigned(1), &self.imprint.encode(), &policy, &nonce, &certificates])
    }

    /// Reads a query; says which failure the authority answers with otherwise.
    pub fn decode(octets: &[u8]) -> Result<Self, Failure> {
        if octets.len() > MAX_QUERY_BYTES {
            return Err(Failure::BadDataFormat);
        }
        Self::read(octets).map_err(|_| Failure::BadDataFormat)?
    }

    fn read(octets: &[u8]) -> Result<Result<Self, Failure>, Unreadable> {
        let mut inside = Elements::one(octets, SEQUENCE)?.inside()?;
        let version = number(inside.expect(INTEGER)?)?;
        let imprint = Imprint::decode(inside.expect(SEQUENCE)?)?;
        let policy = inside.optional(OID)?.map(|policy| PolicyId(policy.content.to_vec()));
        let nonce = inside.optional(INTEGER)?.map(|nonce| integer(nonce.content)).transpose()?;
        let certificates = inside.flag()?;
        let extensions = inside.optional(context_constructed(0))?;
        inside.end()?;
        let imprint = match imprint {
            Ok(_) if version != 1 => return Ok(Err(Failure::BadRequest)),
            Ok(_) if nonce.is_some_and(|nonce| nonce.len() > MAX_NONCE_BYTES) => return Ok(Err(Failure::BadRequest)),
            // RFC 3161 §2.4.1: an extension that the authority does not know, critical or not, is refused.
            Ok(_) if extensions.is_some() => return Ok(Err(Failure::UnacceptedExtension)),
            Ok(imprint) => imprint,
            Err(failure) => return Ok(Err(failure)),
        };
        Ok(Ok(Self { imprint, policy, nonce: nonce.map(<[u8]>::to_vec), certificates }))
    }
}
