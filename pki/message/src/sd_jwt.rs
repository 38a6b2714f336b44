//! The owner's sealed answer: an SD-JWT (RFC 9901) with a salted digest per field, without key binding.
//!
//! `<JWS>~<disclosure>~<disclosure>~`. Releasing an answer drops disclosures and touches nothing else, so the owner's seal
//! still verifies on what is left. A negative ("no such person") is sealed like any answer.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use mohur_chain::{Certificate, SealIdentity};
use mohur_crypto::{Digest, random_bytes, sha256};
use mohur_seal::Seal;
use mohur_wire::{FieldName, MemberId, ServiceId, Value, Verb};
use serde::{Deserialize, Serialize};

use crate::jws::{self, JwsError};
use crate::keys::KeySource;

/// The `typ` of an answer.
pub const TYPE: &str = "mohur-answer+sd-jwt";

/// Most fields of one answer.
pub const MAX_FIELDS: usize = 256;

/// Longest answer, in characters: the limits of whoever receives it come first.
const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// Longest disclosure, in characters: a whole message of another protocol is one value, in base64url twice over.
const MAX_DISCLOSURE: usize = 2 * 1024 * 1024;

/// Names that the payload itself uses (RFC 9901 §7.1 refuses a disclosure that repeats one).
const RESERVED: &[&str] = &["iss", "service", "verb", "iat", "finding"];

/// What an owner says about its answer, always in clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerClaims {
    /// The owner: must be the member of the seal that signs.
    pub issuer: MemberId,
    /// The service that was asked.
    pub service: ServiceId,
    /// The verb that was asked.
    pub verb: Verb,
    /// When it answered, in seconds since 1970.
    pub issued: i64,
    /// The digest of the opening that is answered.
    pub query_digest: Digest,
}

/// Why an answer is refused, or was not made.
#[derive(Debug, thiserror::Error)]
pub enum SdJwtError {
    /// The owner's seal is refused.
    #[error(transparent)]
    Seal(#[from] JwsError),
    /// Not an SD-JWT of the expected shape.
    #[error("not a sealed answer of the expected shape: {0}")]
    Malformed(&'static str),
    /// A disclosure that the owner did not seal.
    #[error("a disclosure is not among the digests that the owner sealed")]
    Foreign,
    /// A field or a disclosure twice.
    #[error("a field is disclosed twice")]
    Duplicate,
    /// `iss` is not the member of the seal.
    #[error("the answer names another issuer than the seal's certificate")]
    Issuer,
    /// A field has a name that the answer uses itself.
    #[error("no field may be called {0}: the answer's own claims are {list}", list = RESERVED.join(", "))]
    ReservedName(String),
}

impl From<SdJwtError> for mohur_wire::Refusal {
    fn from(error: SdJwtError) -> Self {
        use mohur_wire::RefusalCode;
        let code = match &error {
            SdJwtError::Seal(inner) => inner.code(),
            SdJwtError::Malformed(_) | SdJwtError::ReservedName(_) => RefusalCode::Malformed,
            SdJwtError::Foreign | SdJwtError::Duplicate | SdJwtError::Issuer => RefusalCode::SignatureInvalid,
        };
        Self::new(code, error.to_string())
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Finding {
    Found,
    Absent,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload {
    iss: MemberId,
    service: ServiceId,
    verb: Verb,
    iat: i64,
    query_digest: String,
    finding: Finding,
    #[serde(rename = "_sd_alg")]
    digest_algorithm: String,
    #[serde(rename = "_sd")]
    digests: Vec<String>,
}

/// Seals an answer. `None` says that there is no such subject.
pub fn issue(
    claims: &OwnerClaims,
    fields: Option<&BTreeMap<FieldName, Value>>,
    seal: &dyn Seal,
) -> Result<String, SdJwtError> {
    let mut disclosures = Vec::new();
    for (name, value) in fields.into_iter().flatten() {
        if RESERVED.contains(&name.as_str()) {
            return Err(SdJwtError::ReservedName(name.to_string()));
        }
        let salt = BASE64_URL_SAFE_NO_PAD.encode(random_bytes::<16>());
        disclosures.push(disclosure(&salt, name, value)?);
    }
    if disclosures.len() > MAX_FIELDS {
        return Err(SdJwtError::Malformed("more fields than an answer may have"));
    }
    // Sorted, so that their order says nothing about the fields.
    let mut digests: Vec<String> = disclosures.iter().map(|text| digest_of(text)).collect();
    digests.sort_unstable();
    let payload = Payload {
        iss: claims.issuer.clone(),
        service: claims.service.clone(),
        verb: claims.verb,
        iat: claims.issued,
        query_digest: claims.query_digest.to_base64url(),
        finding: if fields.is_some() { Finding::Found } else { Finding::Absent },
        digest_algorithm: "sha-256".to_owned(),
        digests,
    };
    let mut text = jws::sign(TYPE, &payload, seal)?;
    text.push('~');
    for disclosure in disclosures {
        text.push_str(&disclosure);
        text.push('~');
    }
    Ok(text)
}

/// `[salt, name, value]` in base64url (RFC 9901 §4.2.1).
fn disclosure(salt: &str, name: &FieldName, value: &Value) -> Result<String, SdJwtError> {
    let json = serde_json::to_vec(&(salt, name, value))
        .map_err(|_| SdJwtError::Malformed("a value cannot be written as JSON"))?;
    let text = BASE64_URL_SAFE_NO_PAD.encode(json);
    if text.len() > MAX_DISCLOSURE { Err(SdJwtError::Malformed("a value is too long")) } else { Ok(text) }
}

/// The digest of a disclosure is taken over its base64url text (RFC 9901 §4.2.3).
fn digest_of(disclosure: &str) -> String {
    sha256(disclosure.as_bytes()).to_base64url()
}

/// An answer whose seal and disclosures were verified. Only [`SealedAnswer::verify`] makes one. `Debug` shows no value.
#[derive(Clone)]
pub struct SealedAnswer {
    token: String,
    disclosures: Vec<(FieldName, String)>,
    claims: OwnerClaims,
    fields: BTreeMap<FieldName, Value>,
    found: bool,
    signer: SealIdentity,
}

impl SealedAnswer {
    /// Verifies the owner's seal and that every disclosure is one of those that it sealed.
    pub fn verify(text: &str, keys: &dyn KeySource) -> Result<Self, SdJwtError> {
        if text.len() > MAX_ANSWER {
            return Err(SdJwtError::Malformed("longer than any answer that is accepted"));
        }
        let body = text.strip_suffix('~').ok_or(SdJwtError::Malformed("it ends with '~' (no key binding)"))?;
        let mut parts = body.split('~');
        let token = parts.next().unwrap_or_default();
        let (payload, signer) = jws::verify::<Payload>(token, TYPE, keys)?.into_parts();
        let claims = payload.check(&signer)?;
        let (mut fields, mut disclosures, mut used) = (BTreeMap::new(), Vec::new(), BTreeSet::new());
        for part in parts {
            let (name, value) = read_disclosure(part)?;
            let digest = digest_of(part);
            let Ok(position) = payload.digests.binary_search(&digest) else { return Err(SdJwtError::Foreign) };
            if !used.insert(position) || fields.insert(name.clone(), value).is_some() {
                return Err(SdJwtError::Duplicate);
            }
            disclosures.push((name, part.to_owned()));
        }
        let found = payload.finding == Finding::Found;
        Ok(Self { token: token.to_owned(), disclosures, claims, fields, found, signer })
    }

    /// The same answer with fewer fields: the disclosures of those that `keep` does not name are dropped.
    pub fn release(&self, keep: impl Fn(&FieldName) -> bool) -> String {
        let mut text = self.token.clone();
        text.push('~');
        for (name, disclosure) in &self.disclosures {
            if keep(name) {
                text.push_str(disclosure);
                text.push('~');
            }
        }
        text
    }

    /// What the owner says in clear.
    pub const fn claims(&self) -> &OwnerClaims {
        &self.claims
    }

    /// The owner that sealed.
    pub const fn issuer(&self) -> &MemberId {
        &self.claims.issuer
    }

    /// The service that was asked.
    pub const fn service(&self) -> &ServiceId {
        &self.claims.service
    }

    /// The verb that was asked.
    pub const fn verb(&self) -> Verb {
        self.claims.verb
    }

    /// When it was sealed, in seconds since 1970.
    pub const fn issued(&self) -> i64 {
        self.claims.issued
    }

    /// The digest of the opening that is answered.
    pub const fn query_digest(&self) -> &Digest {
        &self.claims.query_digest
    }

    /// Whether there is such a subject.
    pub const fn is_found(&self) -> bool {
        self.found
    }

    /// The disclosed fields.
    pub const fn fields(&self) -> &BTreeMap<FieldName, Value> {
        &self.fields
    }

    /// The disclosed fields, or `None` where the owner says that there is no such subject.
    pub fn found(&self) -> Option<&BTreeMap<FieldName, Value>> {
        self.found.then_some(&self.fields)
    }

    /// The seal's identity.
    pub const fn signer(&self) -> &SealIdentity {
        &self.signer
    }

    /// The owner's seal certificate.
    pub fn certificate(&self) -> &Certificate {
        self.signer.certificate()
    }
}

impl fmt::Debug for SealedAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedAnswer({}, {} fields)", self.claims.service, self.fields.len())
    }
}

impl Payload {
    fn check(&self, signer: &SealIdentity) -> Result<OwnerClaims, SdJwtError> {
        if self.digest_algorithm != "sha-256" {
            return Err(SdJwtError::Malformed("_sd_alg is sha-256"));
        }
        let ascending = self.digests.is_sorted_by(|one, next| one < next);
        if !ascending || self.digests.len() > MAX_FIELDS {
            return Err(SdJwtError::Malformed("_sd is sorted, without repetitions, and bounded"));
        }
        if self.finding == Finding::Absent && !self.digests.is_empty() {
            return Err(SdJwtError::Malformed("an answer about nobody has no fields"));
        }
        if self.iss != *signer.member() || *self.service.owner() != self.iss {
            return Err(SdJwtError::Issuer);
        }
        let query_digest = Digest::from_base64url(&self.query_digest)
            .ok_or(SdJwtError::Malformed("query_digest is a SHA-256 in base64url"))?;
        Ok(OwnerClaims {
            issuer: self.iss.clone(),
            service: self.service.clone(),
            verb: self.verb,
            issued: self.iat,
            query_digest,
        })
    }
}

/// Reads `[salt, name, value]`. A `FieldName` cannot be `_sd` or `...`; the payload's own names are refused here.
fn read_disclosure(text: &str) -> Result<(FieldName, Value), SdJwtError> {
    const SHAPE: SdJwtError = SdJwtError::Malformed("a disclosure is [salt, name, value] in base64url");
    if text.len() > MAX_DISCLOSURE {
        return Err(SHAPE);
    }
    let json = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| SHAPE)?;
    let (salt, name, value): (String, FieldName, Value) = serde_json::from_slice(&json).map_err(|_| SHAPE)?;
    if salt.len() < 22 {
        return Err(SdJwtError::Malformed("a salt has at least 128 bits"));
    }
    if RESERVED.contains(&name.as_str()) {
        return Err(SdJwtError::ReservedName(name.to_string()));
    }
    Ok((name, value))
}

#[cfg(test)]
mod tests;
