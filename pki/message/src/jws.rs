//! Compact JWS (RFC 7515), one narrow shape of it: a header of exactly `alg`, `typ` and `x5t#S256`.
//!
//! No `none`, no `crit`, no key inside the token: the key is the seal certificate of the fingerprint, and its algorithm
//! is the only one that counts.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use mohur_chain::SealIdentity;
use mohur_crypto::Digest;
use mohur_seal::{Seal, SealError};
use mohur_wire::{MemberId, Refusal, RefusalCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::keys::{KeyError, KeySource};

/// Largest token that is read.
pub const MAX_TOKEN: usize = 256 * 1024;

/// Why a token is refused, or was not made. Never shows the token.
#[derive(Debug, thiserror::Error)]
pub enum JwsError {
    /// Not of the one shape that is accepted.
    #[error("not a token of the expected shape: {0}")]
    Malformed(&'static str),
    /// A token for something else.
    #[error("a token of another type: typ must be {0}")]
    Type(&'static str),
    /// The key may not be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// `alg` is not the key's.
    #[error("alg must be {0}, the algorithm of the key")]
    Algorithm(&'static str),
    /// The signature is wrong.
    #[error("the signature of the token does not verify")]
    Signature,
    /// The claims are not those of the type.
    #[error("the claims do not have the form of their type, near line {line}, column {column}")]
    Claims {
        /// 1-based line.
        line: usize,
        /// 1-based column.
        column: usize,
    },
    /// The key did not sign.
    #[error("the seal key did not sign: {0}")]
    Seal(#[from] SealError),
}

impl JwsError {
    /// The refusal for whoever sent the token.
    pub const fn code(&self) -> RefusalCode {
        match self {
            Self::Malformed(_) | Self::Type(_) | Self::Claims { .. } => RefusalCode::Malformed,
            Self::Key(error) => error.code(),
            Self::Algorithm(_) => RefusalCode::AlgorithmRefused,
            Self::Signature => RefusalCode::SignatureInvalid,
            Self::Seal(_) => RefusalCode::Internal,
        }
    }
}

impl From<JwsError> for Refusal {
    fn from(error: JwsError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: String,
    #[serde(rename = "x5t#S256")]
    fingerprint: String,
}

/// The claims of a token whose signature was verified. Only [`verify`] makes one.
#[derive(Clone)]
pub struct Signed<T> {
    claims: T,
    signer: SealIdentity,
}

impl<T> Signed<T> {
    /// What was signed.
    pub const fn claims(&self) -> &T {
        &self.claims
    }

    /// Who signed.
    pub const fn signer(&self) -> &SealIdentity {
        &self.signer
    }

    /// Whose seal it is.
    pub fn member(&self) -> &MemberId {
        self.signer.member()
    }

    /// Both.
    pub fn into_parts(self) -> (T, SealIdentity) {
        (self.claims, self.signer)
    }
}

impl<T> fmt::Debug for Signed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signed(by {})", self.signer.member())
    }
}

/// Signs claims as a compact JWS.
pub fn sign<T: Serialize>(typ: &'static str, claims: &T, seal: &dyn Seal) -> Result<String, JwsError> {
    let header = Header {
        alg: seal.algorithm().jws_name().to_owned(),
        typ: typ.to_owned(),
        fingerprint: seal.key_id().to_base64url(),
    };
    let unwritable = |_| JwsError::Malformed("the claims cannot be written as JSON");
    let mut text = String::with_capacity(512);
    BASE64_URL_SAFE_NO_PAD.encode_string(serde_json::to_vec(&header).map_err(unwritable)?, &mut text);
    text.push('.');
    BASE64_URL_SAFE_NO_PAD.encode_string(serde_json::to_vec(claims).map_err(unwritable)?, &mut text);
    let signature = seal.sign(text.as_bytes())?;
    text.push('.');
    BASE64_URL_SAFE_NO_PAD.encode_string(signature, &mut text);
    Ok(text)
}

/// Verifies a compact JWS of that type and reads its claims. `T` refuses unknown members; repeated ones are refused here.
pub fn verify<T: DeserializeOwned>(text: &str, typ: &'static str, keys: &dyn KeySource) -> Result<Signed<T>, JwsError> {
    let (payload, signer) = verify_bytes(text, typ, keys)?;
    let claims = serde_json::from_slice(&payload)
        .map_err(|error| JwsError::Claims { line: error.line(), column: error.column() })?;
    Ok(Signed { claims, signer })
}

/// The verified payload and its signer.
fn verify_bytes(text: &str, typ: &'static str, keys: &dyn KeySource) -> Result<(Vec<u8>, SealIdentity), JwsError> {
    if text.len() > MAX_TOKEN {
        return Err(JwsError::Malformed("longer than any token that is accepted"));
    }
    let (signing_input, signature) = text.rsplit_once('.').ok_or(JwsError::Malformed("no dots"))?;
    let (header, payload) = signing_input.split_once('.').ok_or(JwsError::Malformed("one dot only"))?;
    // base64url has no dot: a fourth part fails to decode.
    let header: Header = serde_json::from_slice(&decode(header)?)
        .map_err(|_| JwsError::Malformed("the header is alg, typ and x5t#S256, each once"))?;
    let (payload, signature) = (decode(payload)?, decode(signature)?);
    if header.typ != typ {
        return Err(JwsError::Type(typ));
    }
    let fingerprint =
        Digest::from_base64url(&header.fingerprint).ok_or(JwsError::Malformed("x5t#S256 is a SHA-256 in base64url"))?;
    let signer = keys.seal(&fingerprint)?;
    let key = signer.certificate().public_key();
    if header.alg != key.algorithm().jws_name() {
        return Err(JwsError::Algorithm(key.algorithm().jws_name()));
    }
    key.verify(signing_input.as_bytes(), &signature).map_err(|_| JwsError::Signature)?;
    Ok((payload, signer))
}

fn decode(part: &str) -> Result<Vec<u8>, JwsError> {
    BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| JwsError::Malformed("each part is base64url without padding"))
}

#[cfg(test)]
mod tests;
