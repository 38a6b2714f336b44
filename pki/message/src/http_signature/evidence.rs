//! A caller's signature as data: what the broker forwards and the owner's host verifies, rebuilding nothing.

use std::fmt;

use mohur_chain::SealIdentity;
use mohur_crypto::{Digest, sha256};
use mohur_wire::{Refusal, RefusalCode};

use super::base::{MAX_BASE, SIGNATURE_PARAMS, missing_parameter, signer, verify};
use super::input::SignatureInput;
use crate::KeySource;

/// Signature base, signature and certificate of a request.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpEvidence {
    /// The signature base, byte for byte.
    pub base: Vec<u8>,
    /// The signature over it.
    pub signature: Vec<u8>,
    /// The signer's seal certificate, DER.
    pub certificate: Vec<u8>,
    /// The name of the algorithm: the one that the certificate's key is pinned to.
    pub algorithm: String,
}

impl HttpEvidence {
    pub(super) fn new(base: String, signature: Vec<u8>, identity: &SealIdentity) -> Self {
        let certificate = identity.certificate();
        Self {
            base: base.into_bytes(),
            signature,
            certificate: certificate.der().to_vec(),
            algorithm: certificate.public_key().algorithm().name().to_owned(),
        }
    }
}

impl fmt::Debug for HttpEvidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpEvidence({}, base of {} bytes)", self.algorithm, self.base.len())
    }
}

/// A verified signature base, read strictly.
#[derive(Clone, Debug)]
pub struct EvidenceBase {
    identity: SealIdentity,
    input: SignatureInput,
    values: Vec<String>,
}

/// Verifies the signature over the base's bytes with the known certificate, then reads the base.
///
/// Nothing is judged here but the signature; what it covers is for the caller to compare ([`crate::prove_query`] does).
pub fn verify_evidence(evidence: &HttpEvidence, keys: &dyn KeySource) -> Result<EvidenceBase, Refusal> {
    let (input, values) = read_base(&evidence.base)?;
    let fingerprint = sha256(&evidence.certificate);
    if input.parameters().key_id.as_deref().and_then(Digest::from_hex) != Some(fingerprint) {
        return Err(invalid("the certificate is not the one that keyid names"));
    }
    let identity = signer(input.parameters(), keys)?;
    if identity.certificate().public_key().algorithm().name() != evidence.algorithm {
        return Err(Refusal::new(RefusalCode::AlgorithmRefused, "the evidence names another algorithm than the key's"));
    }
    // INVARIANT: read_base accepts ASCII only, so the text is the bytes.
    verify(&identity, std::str::from_utf8(&evidence.base).unwrap_or_default(), &evidence.signature)?;
    Ok(EvidenceBase { identity, input, values })
}

impl EvidenceBase {
    /// Who signed.
    pub const fn identity(&self) -> &SealIdentity {
        &self.identity
    }

    /// When, in seconds since 1970.
    pub fn created(&self) -> Result<i64, Refusal> {
        self.input.parameters().created.ok_or_else(|| missing_parameter("created"))
    }

    /// When the signature ends, if the signer said so.
    pub const fn expires(&self) -> Option<i64> {
        self.input.parameters().expires
    }

    /// The nonce.
    pub fn nonce(&self) -> Result<&str, Refusal> {
        self.input.parameters().nonce.as_deref().ok_or_else(|| missing_parameter("nonce"))
    }

    /// The value of a component that is covered without flags.
    pub fn value(&self, name: &str) -> Option<&str> {
        let position = self.input.components().iter().position(|component| component.is_plain(name))?;
        self.values.get(position).map(String::as_str)
    }

    /// The same, or the refusal that names what is not covered.
    pub fn required(&self, name: &str) -> Result<&str, Refusal> {
        self.value(name).ok_or_else(|| super::base::uncovered(&[format!("\"{name}\"")]))
    }
}

/// Reads a base from its end: the last line says which components the lines before it are, in order. Each line must begin
/// with its component's identifier, so a value that imitates another line does not pass for one.
fn read_base(bytes: &[u8]) -> Result<(SignatureInput, Vec<String>), Refusal> {
    if bytes.len() > MAX_BASE {
        return Err(invalid("the signature base is longer than any that is accepted"));
    }
    if !bytes.iter().all(|byte| matches!(byte, b'\n' | b'\t' | b' '..=b'~')) {
        return Err(invalid("the signature base is not plain ASCII"));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| invalid("the signature base is not plain ASCII"))?;
    let (lines, last) = text.rsplit_once('\n').map_or((None, text), |(lines, last)| (Some(lines), last));
    let parameters = last
        .strip_prefix(SIGNATURE_PARAMS)
        .ok_or_else(|| invalid("the last line of the signature base is not \"@signature-params\""))?;
    let input = SignatureInput::from_text("", parameters)?;
    let mut values = Vec::with_capacity(input.components().len());
    let mut lines = lines.into_iter().flat_map(|lines| lines.split('\n'));
    for component in input.components() {
        let value = lines
            .next()
            .and_then(|line| line.strip_prefix(component.identifier()))
            .and_then(|rest| rest.strip_prefix(": "))
            .ok_or_else(|| invalid("the lines of the signature base are not the components that it lists"))?;
        values.push(value.to_owned());
    }
    if lines.next().is_some() {
        return Err(invalid("the signature base has more lines than components"));
    }
    Ok((input, values))
}

fn invalid(detail: &str) -> Refusal {
    Refusal::new(RefusalCode::SignatureInvalid, detail)
}

#[cfg(test)]
mod tests;
