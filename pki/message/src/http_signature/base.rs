//! The signature base (RFC 9421 §2.5): one line a component, then `"@signature-params"`.

use mohur_chain::SealIdentity;
use mohur_crypto::{Algorithm, Digest};
use mohur_wire::{Arrival, Refusal, RefusalCode};

use super::input::{Parameters, SignatureInput};
use super::message::Message;
use crate::KeySource;

/// The last line's name.
pub(super) const SIGNATURE_PARAMS: &str = "\"@signature-params\": ";

/// Largest base that is built or accepted.
pub(super) const MAX_BASE: usize = 16 * 1024;

/// The bytes that are signed, with the parameters exactly as received.
pub fn signature_base(message: &Message<'_>, input: &SignatureInput) -> Result<String, Refusal> {
    let mut base = String::with_capacity(1024);
    for component in input.components() {
        base.push_str(component.identifier());
        base.push_str(": ");
        message.write(component, &mut base)?;
        base.push('\n');
    }
    base.push_str(SIGNATURE_PARAMS);
    base.push_str(input.text());
    if base.len() > MAX_BASE {
        return Err(Refusal::new(
            RefusalCode::TooLarge,
            format!("the covered components have more than {MAX_BASE} bytes"),
        ));
    }
    Ok(base)
}

/// The identity behind `keyid`, and that `alg`, if given, is the one of its key.
pub(super) fn signer(parameters: &Parameters, keys: &dyn KeySource) -> Result<SealIdentity, Refusal> {
    let Some(key_id) = &parameters.key_id else { return Err(missing_parameter("keyid")) };
    let digest = Digest::from_hex(key_id).ok_or_else(|| {
        Refusal::new(
            RefusalCode::KeyUnknown,
            "keyid is the SHA-256 of your seal certificate's DER, 64 lower-case hexadecimal digits",
        )
    })?;
    let identity = keys.seal(&digest)?;
    let pinned = identity.certificate().public_key().algorithm();
    match &parameters.algorithm {
        Some(algorithm) if algorithm != pinned.name() => Err(Refusal::new(
            RefusalCode::AlgorithmRefused,
            format!("the key of keyid signs with {}: set alg to that, or leave alg out", pinned.name()),
        )),
        _ => Ok(identity),
    }
}

/// Verifies the signature over a base.
pub(super) fn verify(identity: &SealIdentity, base: &str, signature: &[u8]) -> Result<(), Refusal> {
    let key = identity.certificate().public_key();
    key.verify(base.as_bytes(), signature).map_err(|_| {
        let hint = match key.algorithm() {
            Algorithm::RsaPssSha512 => {
                "; for RSA-PSS use SHA-512, MGF1 with SHA-512 and a salt of exactly 64 bytes (Node: saltLength: 64, its default is longer)"
            }
            Algorithm::EcdsaP256Sha256 => "; for P-256 the signature is r and s one after the other, 64 bytes, not ASN.1",
            Algorithm::Ed25519 | Algorithm::RsaV15Sha256 => "",
        };
        Refusal::new(
            RefusalCode::SignatureInvalid,
            format!("it was made with another key, or over something else than what arrived: sign last, and change nothing afterwards{hint}"),
        )
    })
}

/// `created` within the window around the arrival, `expires` not passed.
pub(super) fn check_time(parameters: &Parameters, arrival: Arrival, window_seconds: u32) -> Result<i64, Refusal> {
    let Some(created) = parameters.created else { return Err(missing_parameter("created")) };
    let (now, window) = (arrival.unix_seconds(), i64::from(window_seconds));
    let age = now.saturating_sub(created);
    if age > window {
        return Err(Refusal::new(
            RefusalCode::Stale,
            format!(
                "created is {age} s before the message's arrival, at most {window} s are accepted: sign just before sending, and check your clock"
            ),
        ));
    }
    if age < -window {
        return Err(Refusal::new(
            RefusalCode::Future,
            format!(
                "created is {} s after the message's arrival, at most {window} s are accepted: set your clock",
                age.saturating_neg()
            ),
        ));
    }
    if parameters.expires.is_some_and(|expires| expires < now) {
        return Err(Refusal::new(RefusalCode::Stale, "expires has passed: sign again just before sending"));
    }
    Ok(created)
}

pub(super) fn missing_parameter(name: &str) -> Refusal {
    Refusal::new(RefusalCode::ComponentUncovered, format!("Signature-Input: the parameter {name} is missing: add it"))
}

pub(super) fn uncovered(names: &[String]) -> Refusal {
    Refusal::new(RefusalCode::ComponentUncovered, format!("cover also: {}", names.join(" ")))
}
