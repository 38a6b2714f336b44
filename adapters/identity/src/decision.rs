//! What an adjudicator signs: a compact JWS (RFC 7515) whose header carries the officer's certificate (`x5c`, §4.1.6). It
//! names the facts that the officer saw, and is kept with the link.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use mohur_chain::{Certificate, OfficerIdentity, Trust};
use mohur_seal::{Seal, SealError};
use mohur_wire::Timestamp;
use serde::{Deserialize, Serialize};

use crate::book::BookError;
use crate::rules::{Conclusion, Facts};

const TYPE: &str = "mohur-link-decision+jwt";
/// Longer than any decision.
const LONGEST: usize = 16 * 1024;
/// A decision is handed in within a day of being signed.
const FRESH_SECONDS: i64 = 86_400;
/// Clocks differ.
const AHEAD_SECONDS: i64 = 300;

/// A decision about a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Decision {
    /// The link.
    pub link: String,
    /// What the officer saw: decided anew if it changes.
    pub facts: Facts,
    /// What the officer concludes.
    pub conclusion: Conclusion,
    /// Why, in the officer's words.
    pub why: String,
    /// When it was signed.
    pub at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: String,
    x5c: Vec<String>,
}

/// Signs a decision with an officer's key.
pub fn sign_decision(decision: &Decision, officer: &dyn Seal) -> Result<String, SealError> {
    let header = Header {
        alg: officer.algorithm().jws_name().to_owned(),
        typ: TYPE.to_owned(),
        x5c: vec![BASE64_STANDARD.encode(officer.certificate())],
    };
    let unwritable = |_| SealError::Crypto("write the decision");
    let header = serde_json::to_vec(&header).map_err(unwritable)?;
    let claims = serde_json::to_vec(decision).map_err(unwritable)?;
    let input = format!("{}.{}", BASE64_URL_SAFE_NO_PAD.encode(header), BASE64_URL_SAFE_NO_PAD.encode(claims));
    let signature = officer.sign(input.as_bytes())?;
    Ok(format!("{input}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)))
}

/// The decision, and the officer who signed it within the last day.
pub(crate) fn verify(text: &str, trust: &Trust, now: Timestamp) -> Result<(Decision, OfficerIdentity), BookError> {
    let (decision, officer) = signed(text, trust, now)?;
    let age = now.as_second().saturating_sub(decision.at.as_second());
    if !(-AHEAD_SECONDS..=FRESH_SECONDS).contains(&age) {
        return Err(BookError::Statement("it was not signed within the last day; sign it again".to_owned()));
    }
    Ok((decision, officer))
}

/// The decision, and the officer, whose certificate is good now.
pub(crate) fn signed(text: &str, trust: &Trust, now: Timestamp) -> Result<(Decision, OfficerIdentity), BookError> {
    let malformed = || BookError::Statement("it is not a signed decision".to_owned());
    if text.len() > LONGEST {
        return Err(malformed());
    }
    let (input, signature) = text.trim_end().rsplit_once('.').ok_or_else(malformed)?;
    let (header, claims) = input.split_once('.').ok_or_else(malformed)?;
    let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| malformed());
    let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| malformed())?;
    let [certificate] = header.x5c.as_slice() else { return Err(malformed()) };
    let certificate = BASE64_STANDARD.decode(certificate).map_err(|_| malformed())?;
    let refused = |error: mohur_chain::CertificateError| BookError::Statement(format!("its signer: {error}"));
    let certificate = Certificate::parse(&certificate).map_err(refused)?;
    let officer = trust.validate_officer(&certificate, now).map_err(refused)?;
    let key = certificate.public_key();
    if header.typ != TYPE || header.alg != key.algorithm().jws_name() {
        return Err(malformed());
    }
    let wrong = |_| BookError::Statement("its signature does not verify".to_owned());
    key.verify(input.as_bytes(), &decode(signature)?).map_err(wrong)?;
    let decision = serde_json::from_slice(&decode(claims)?).map_err(|_| malformed())?;
    Ok((decision, officer))
}
