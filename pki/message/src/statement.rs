//! What an officer signs: a compact JWS (RFC 7515) whose header carries the officer's certificate (`x5c`, §4.1.6), so that it
//! is evidence by itself and can be kept with what it decided.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use mohur_chain::{Certificate, CertificateError, OfficerIdentity, Trust};
use mohur_seal::{Seal, SealError};
use mohur_wire::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Longer than any statement.
const LONGEST: usize = 16 * 1024;
/// A statement is handed in within a day of being signed.
const FRESH_SECONDS: i64 = 86_400;
/// Clocks differ.
const AHEAD_SECONDS: i64 = 300;

/// Why a statement is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// It is none, or one of another kind.
    #[error("it is not a signed decision")]
    Malformed,
    /// The certificate in it is no officer's, or not good now.
    #[error("its signer: {0}")]
    Signer(#[from] CertificateError),
    /// The signature is not that certificate's.
    #[error("its signature does not verify")]
    Signature,
    /// It may have been about an earlier state of the world.
    #[error("it was not signed within the last day; sign it again")]
    Stale,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: String,
    x5c: Vec<String>,
}

/// Signs claims with an officer's key. `kind` is the JWS' `typ`: no statement counts as one of another kind.
pub fn sign_statement(kind: &str, claims: &impl Serialize, officer: &dyn Seal) -> Result<String, SealError> {
    let header = Header {
        alg: officer.algorithm().jws_name().to_owned(),
        typ: kind.to_owned(),
        x5c: vec![BASE64_STANDARD.encode(officer.certificate())],
    };
    let unwritable = |_| SealError::Crypto("write the statement");
    let header = serde_json::to_vec(&header).map_err(unwritable)?;
    let claims = serde_json::to_vec(claims).map_err(unwritable)?;
    let input = format!("{}.{}", BASE64_URL_SAFE_NO_PAD.encode(header), BASE64_URL_SAFE_NO_PAD.encode(claims));
    let signature = officer.sign(input.as_bytes())?;
    Ok(format!("{input}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)))
}

/// The claims, and the officer, whose certificate is good now. Whoever takes it for new asks [`check_age`], too.
pub fn verify_statement<T: DeserializeOwned>(
    kind: &str,
    text: &str,
    trust: &Trust,
    now: Timestamp,
) -> Result<(T, OfficerIdentity), StatementError> {
    let malformed = || StatementError::Malformed;
    if text.len() > LONGEST {
        return Err(malformed());
    }
    let (input, signature) = text.trim_end().rsplit_once('.').ok_or_else(malformed)?;
    let (header, claims) = input.split_once('.').ok_or_else(malformed)?;
    let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| malformed());
    let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| malformed())?;
    let [certificate] = header.x5c.as_slice() else { return Err(malformed()) };
    let certificate = BASE64_STANDARD.decode(certificate).map_err(|_| malformed())?;
    let certificate = Certificate::parse(&certificate)?;
    let officer = trust.validate_officer(&certificate, now)?;
    let key = certificate.public_key();
    if header.typ != kind || header.alg != key.algorithm().jws_name() {
        return Err(malformed());
    }
    key.verify(input.as_bytes(), &decode(signature)?).map_err(|_| StatementError::Signature)?;
    let claims = serde_json::from_slice(&decode(claims)?).map_err(|_| malformed())?;
    Ok((claims, officer))
}

/// Whether a statement that was signed `at` is new enough to be taken.
pub fn check_age(at: Timestamp, now: Timestamp) -> Result<(), StatementError> {
    let age = now.as_second().saturating_sub(at.as_second());
    if (-AHEAD_SECONDS..=FRESH_SECONDS).contains(&age) { Ok(()) } else { Err(StatementError::Stale) }
}
