//! Public keys as metadata names them (specification, §4.2).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mohur_crypto::public_key::verify_ecdsa_asn1;
use mohur_crypto::{Algorithm, PublicKey, sha256};
use mohur_seal::BareKey;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::canonical::canonical;
use crate::error::TufError;

/// Everything of an Ed25519 `SubjectPublicKeyInfo` before the key (RFC 8410).
const ED25519_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const END: &str = "-----END PUBLIC KEY-----";

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// `ecdsa` or `ed25519`.
    pub keytype: String,
    /// `ecdsa-sha2-nistp256` or `ed25519`.
    pub scheme: String,
    /// The key itself.
    pub keyval: KeyValue,
    /// What else stands there.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The value of a public key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyValue {
    /// PEM for ECDSA, hexadecimal for Ed25519.
    pub public: String,
    /// What else stands there.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

enum Kind {
    Ecdsa,
    Ed25519,
}

impl Key {
    /// From a `SubjectPublicKeyInfo`, DER: ECDSA on P-256, or Ed25519.
    pub fn from_spki(spki: &[u8]) -> Option<Self> {
        let (keytype, scheme, public) = if let Some(raw) = spki.strip_prefix(&ED25519_PREFIX) {
            PublicKey::new(Algorithm::Ed25519, raw).ok()?;
            ("ed25519", "ed25519", hex(raw))
        } else {
            PublicKey::new(Algorithm::EcdsaP256Sha256, spki).ok()?;
            ("ecdsa", "ecdsa-sha2-nistp256", pem(spki))
        };
        let keyval = KeyValue { public, extra: Map::new() };
        Some(Self { keytype: keytype.to_owned(), scheme: scheme.to_owned(), keyval, extra: Map::new() })
    }

    /// From a public key in PEM, as `openssl pkey -pubout` writes it.
    pub fn from_pem(text: &str) -> Option<Self> {
        Self::from_spki(&unpem(text)?)
    }

    /// The public half of a key that signs.
    pub fn of(key: &BareKey) -> Result<Self, TufError> {
        Self::from_spki(key.public()).ok_or(TufError::Seal(mohur_seal::SealError::UnsupportedKey))
    }

    /// As a public key in PEM.
    pub fn to_pem(&self) -> Option<String> {
        Some(pem(&self.spki()?))
    }

    /// Its `SubjectPublicKeyInfo`, DER. `None` for a key of a kind that is not accepted here.
    pub fn spki(&self) -> Option<Vec<u8>> {
        match self.kind()? {
            Kind::Ecdsa => {
                let spki = unpem(&self.keyval.public)?;
                PublicKey::new(Algorithm::EcdsaP256Sha256, &spki).ok().map(|_| spki)
            }
            Kind::Ed25519 => {
                let raw = unhex(&self.keyval.public).filter(|raw| raw.len() == 32)?;
                Some([ED25519_PREFIX.as_slice(), &raw].concat())
            }
        }
    }

    /// SHA-256 of its canonical form, in hexadecimal.
    pub fn id(&self) -> String {
        let value = json!({
            "keytype": self.keytype, "scheme": self.scheme, "keyval": {"public": self.keyval.public},
        });
        // INVARIANT: there is no number in it, so it has a canonical form.
        sha256(&canonical(&value).unwrap_or_default()).to_string()
    }

    /// Verifies a signature in hexadecimal over `message`. ECDSA signatures are DER.
    pub(crate) fn verify(&self, message: &[u8], signature: &str) -> bool {
        let (Some(kind), Some(spki), Some(signature)) = (self.kind(), self.spki(), unhex(signature)) else {
            return false;
        };
        match kind {
            Kind::Ecdsa => verify_ecdsa_asn1(&spki, false, message, &signature).is_ok(),
            Kind::Ed25519 => {
                PublicKey::new(Algorithm::Ed25519, &spki).is_ok_and(|key| key.verify(message, &signature).is_ok())
            }
        }
    }

    fn kind(&self) -> Option<Kind> {
        match (self.keytype.as_str(), self.scheme.as_str()) {
            // The first is what the specification says, the second what older tools write.
            ("ecdsa" | "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256") => Some(Kind::Ecdsa),
            ("ed25519", "ed25519") => Some(Kind::Ed25519),
            _ => None,
        }
    }
}

/// A signature as metadata carries it: in hexadecimal, ECDSA in DER.
pub(crate) fn sign(key: &BareKey, message: &[u8]) -> Result<String, TufError> {
    let signature = key.sign(message)?;
    Ok(hex(&match key.algorithm() {
        Algorithm::EcdsaP256Sha256 => ecdsa_der(&signature),
        Algorithm::Ed25519 | Algorithm::RsaPssSha512 | Algorithm::RsaV15Sha256 => signature,
    }))
}

/// `r ‖ s` as `SEQUENCE { INTEGER r, INTEGER s }` (RFC 3279 §2.2.3).
fn ecdsa_der(signature: &[u8]) -> Vec<u8> {
    let (r, s) = signature.split_at(signature.len() / 2);
    let body = [integer(r), integer(s)].concat();
    [vec![0x30, length(&body)], body].concat()
}

fn integer(bytes: &[u8]) -> Vec<u8> {
    let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len().saturating_sub(1));
    let digits = bytes.get(start..).unwrap_or_default();
    let mut body = Vec::with_capacity(digits.len() + 1);
    if digits.first().is_none_or(|first| first & 0x80 != 0) {
        body.push(0);
    }
    body.extend_from_slice(digits);
    [vec![0x02, length(&body)], body].concat()
}

/// Short form: at most 70 bytes.
fn length(body: &[u8]) -> u8 {
    u8::try_from(body.len()).unwrap_or(0x7f)
}

fn pem(spki: &[u8]) -> String {
    let body = BASE64_STANDARD.encode(spki);
    let mut out = format!("{BEGIN}\n");
    for line in body.as_bytes().chunks(64) {
        out.extend(line.iter().map(|byte| char::from(*byte)));
        out.push('\n');
    }
    out.push_str(END);
    out.push('\n');
    out
}

fn unpem(text: &str) -> Option<Vec<u8>> {
    let body = text.trim().strip_prefix(BEGIN)?.strip_suffix(END)?;
    BASE64_STANDARD.decode(body.split_ascii_whitespace().collect::<String>()).ok()
}

fn hex(bytes: &[u8]) -> String {
    mohur_seal::pkcs11::hex(bytes)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some((digit(*high)? << 4) | digit(*low)?)).collect()
}

#[cfg(test)]
mod tests {
    use mohur_seal::KeyKind;
    use mohur_seal::generate::generate;

    use super::*;

    #[test]
    fn what_each_kind_signs_verifies() {
        for kind in [KeyKind::P256, KeyKind::Ed25519] {
            for _ in 0..20 {
                let signer = BareKey::from_pkcs8(&generate(kind).unwrap()).unwrap();
                let key = Key::of(&signer).unwrap();
                let signature = sign(&signer, b"metadata").unwrap();
                assert!(key.verify(b"metadata", &signature));
                assert!(!key.verify(b"metadatb", &signature));
                assert!(!key.verify(b"metadata", &signature[2..]));
                assert_eq!(Key::from_pem(&key.to_pem().unwrap()).unwrap(), key);
                assert_eq!(key.id().len(), 64);
            }
        }
    }

    #[test]
    fn integers_have_no_needless_octets() {
        let der = ecdsa_der(&[[0; 31].as_slice(), &[0x80], &[0; 31], &[0x7f]].concat());
        assert_eq!(der, [0x30, 7, 2, 2, 0, 0x80, 2, 1, 0x7f]);
    }

    #[test]
    fn a_key_of_another_kind_verifies_nothing() {
        let signer = BareKey::from_pkcs8(&generate(KeyKind::Ed25519).unwrap()).unwrap();
        let signature = sign(&signer, b"x").unwrap();
        let key = Key::of(&signer).unwrap();
        let other = Key { scheme: "ed25519ph".to_owned(), ..key.clone() };
        assert!(other.spki().is_none() && !other.verify(b"x", &signature));
        let short = Key { keyval: KeyValue { public: "00".to_owned(), ..key.keyval.clone() }, ..key };
        assert!(short.spki().is_none());
    }
}
