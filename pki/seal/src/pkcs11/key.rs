//! Keys in a token: which one, what may be done with it, and its public half.

use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use mohur_crypto::Algorithm;
use mohur_crypto::digest::{sha256, sha512};
use pkcs8::der::asn1::{AnyRef, OctetStringRef, UintRef};
use pkcs8::der::{Decode, Encode, Reader, SliceReader, Tag};

use super::KeyName;
use super::failure::Failure;

/// `DigestInfo` of SHA-256 before the digest (RFC 8017 §9.2, note 1).
const SHA256_INFO: [u8; 19] = [48, 49, 48, 13, 6, 9, 96, 134, 72, 1, 101, 3, 4, 2, 1, 5, 0, 4, 32];

/// The kinds of key that are made in tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKeyKind {
    /// ECDSA on P-256.
    P256,
    /// RSA, 3072 bits.
    Rsa3072,
}

/// A private key of a token, as the token describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyInfo {
    /// `CKA_LABEL` and `CKA_ID`.
    pub name: KeyName,
    /// `EC`, `RSA` or what else it is.
    pub kind: &'static str,
    /// `CKA_SENSITIVE`: its value is never shown in clear. A token that does not say is taken at the worst.
    pub sensitive: bool,
    /// `CKA_EXTRACTABLE`: it can leave the token, wrapped. A token that does not say is taken at the worst.
    pub extractable: bool,
    /// `CKA_LOCAL` and `CKA_NEVER_EXTRACTABLE`: it was made in the token and could never leave it. One that was brought in, or
    /// could once leave, may have copies outside. A token that does not say is taken at the worst.
    pub always_inside: bool,
    /// `CKA_ALWAYS_AUTHENTICATE`: it wants the PIN for each signature.
    pub always_authenticate: bool,
}

impl KeyInfo {
    /// Whether the key is in the token only, and cannot leave it.
    pub const fn stays_inside(&self) -> bool {
        self.sensitive && !self.extractable && self.always_inside
    }

    pub(super) fn read(session: &Session, key: ObjectHandle) -> Result<Self, Failure> {
        let wanted = [
            AttributeType::Label,
            AttributeType::Id,
            AttributeType::KeyType,
            AttributeType::Sensitive,
            AttributeType::Extractable,
            AttributeType::Local,
            AttributeType::NeverExtractable,
            AttributeType::AlwaysAuthenticate,
        ];
        let mut info = Self {
            name: KeyName::default(),
            kind: "unknown",
            sensitive: false,
            extractable: true,
            always_inside: false,
            always_authenticate: false,
        };
        let (mut local, mut never_extractable) = (false, false);
        for attribute in session.get_attributes(key, &wanted).map_err(|error| Failure::of(&error))? {
            #[expect(clippy::wildcard_enum_match_arm, reason = "only what was asked for comes back")]
            match attribute {
                Attribute::Label(label) => info.name.label = Some(String::from_utf8_lossy(&label).into_owned()),
                Attribute::Id(id) => info.name.id = (!id.is_empty()).then_some(id),
                Attribute::KeyType(KeyType::EC) => info.kind = "EC",
                Attribute::KeyType(KeyType::RSA) => info.kind = "RSA",
                Attribute::Sensitive(yes) => info.sensitive = yes,
                Attribute::Extractable(yes) => info.extractable = yes,
                Attribute::Local(yes) => local = yes,
                Attribute::NeverExtractable(yes) => never_extractable = yes,
                Attribute::AlwaysAuthenticate(yes) => info.always_authenticate = yes,
                _ => {}
            }
        }
        info.always_inside = local && never_extractable;
        Ok(info)
    }
}

/// The objects of a class and a name.
pub(super) fn find(session: &Session, class: ObjectClass, name: &KeyName) -> Result<Vec<ObjectHandle>, Failure> {
    let mut template = vec![Attribute::Class(class)];
    template.extend(name.label.as_ref().map(|label| Attribute::Label(label.as_bytes().to_vec())));
    template.extend(name.id.as_ref().map(|id| Attribute::Id(id.clone())));
    session.find_objects(&template).map_err(|error| Failure::of(&error))
}

/// The one private key of that name.
pub(super) fn find_private(session: &Session, name: &KeyName) -> Result<ObjectHandle, Failure> {
    match find(session, ObjectClass::PRIVATE_KEY, name)?.as_slice() {
        [key] => Ok(*key),
        // A token that is being replaced shows no keys for a while.
        [] => Err(Failure::absent(format!("it has no private key {name}; `mohur pki token list` shows what it has"))),
        _ => Err(Failure::Final(format!("several private keys {name}: give key and id both"))),
    }
}

/// The public half of the key of that name: for P-256 the uncompressed point, for RSA the PKCS#1 `RSAPublicKey`.
pub(super) fn public_half(session: &Session, name: &KeyName) -> Result<(TokenKeyKind, Vec<u8>), Failure> {
    let unusable = |what: &str| Failure::Final(format!("the public key {name}: {what}"));
    let [key] = find(session, ObjectClass::PUBLIC_KEY, name)?[..] else {
        return Err(unusable("there is not exactly one of it"));
    };
    let wanted =
        [AttributeType::EcPoint, AttributeType::EcParams, AttributeType::Modulus, AttributeType::PublicExponent];
    let (mut point, mut curve, mut modulus, mut exponent) = (None, None, None, None);
    for attribute in session.get_attributes(key, &wanted).map_err(|error| Failure::of(&error))? {
        #[expect(clippy::wildcard_enum_match_arm, reason = "only what was asked for comes back")]
        match attribute {
            Attribute::EcPoint(bytes) => point = Some(bytes),
            Attribute::EcParams(bytes) => curve = Some(bytes),
            Attribute::Modulus(bytes) => modulus = Some(bytes),
            Attribute::PublicExponent(bytes) => exponent = Some(bytes),
            _ => {}
        }
    }
    match (point, modulus, exponent) {
        (Some(point), None, None) if curve.as_deref() == Some(&P256_OID) => {
            // The standard wants an OCTET STRING (§2.3.3), some tokens give the bare point.
            let bare = OctetStringRef::from_der(&point).map(|inner| inner.as_bytes().to_vec()).unwrap_or(point);
            if bare.len() == 65 { Ok((TokenKeyKind::P256, bare)) } else { Err(unusable("not an uncompressed point")) }
        }
        (None, Some(modulus), Some(exponent)) => pair_of_integers(&modulus, &exponent)
            .map(|der| (TokenKeyKind::Rsa3072, der))
            .ok_or_else(|| unusable("not an RSA key")),
        _ => Err(unusable("neither P-256 nor RSA")),
    }
}

/// `CKA_EC_PARAMS` of P-256: its object identifier, DER.
pub(super) const P256_OID: [u8; 10] = [6, 8, 42, 134, 72, 206, 61, 3, 1, 7];

/// `SEQUENCE { INTEGER, INTEGER }`: an RSA public key, or an ECDSA signature as X.509 has it.
fn pair_of_integers(one: &[u8], other: &[u8]) -> Option<Vec<u8>> {
    let mut content = UintRef::new(one).ok()?.to_der().ok()?;
    content.extend(UintRef::new(other).ok()?.to_der().ok()?);
    AnyRef::new(Tag::Sequence, &content).ok()?.to_der().ok()
}

/// An ECDSA signature `r ‖ s` as X.509 and PKCS#10 have it.
pub(super) fn ecdsa_asn1(signature: &[u8]) -> Option<Vec<u8>> {
    let (r, s) = signature.split_at_checked(signature.len() / 2)?;
    pair_of_integers(r, s)
}

/// The `SubjectPublicKeyInfo` of a certificate, DER (RFC 5280 §4.1).
pub(crate) fn certified_key(certificate: &[u8]) -> Option<Vec<u8>> {
    let certificate = AnyRef::from_der(certificate).ok()?;
    let signed = AnyRef::from_der(SliceReader::new(certificate.value()).ok()?.tlv_bytes().ok()?).ok()?;
    let mut fields = SliceReader::new(signed.value()).ok()?;
    // An explicit [0] version, which every version 3 certificate has; then serial, algorithm, issuer, validity, subject.
    for _ in 0..if fields.peek_byte() == Some(0xa0) { 6 } else { 5 } {
        fields.tlv_bytes().ok()?;
    }
    fields.tlv_bytes().ok().map(<[u8]>::to_vec)
}

/// What the token is asked to do, and with which bytes.
pub(super) fn operation(algorithm: Algorithm, message: &[u8]) -> Option<(Mechanism<'static>, Vec<u8>)> {
    match algorithm {
        Algorithm::EcdsaP256Sha256 => Some((Mechanism::Ecdsa, sha256(message).as_bytes().to_vec())),
        Algorithm::RsaPssSha512 => {
            let parameters =
                PkcsPssParams { hash_alg: MechanismType::SHA512, mgf: PkcsMgfType::MGF1_SHA512, s_len: 64.into() };
            Some((Mechanism::RsaPkcsPss(parameters), sha512(message).to_vec()))
        }
        Algorithm::RsaV15Sha256 => {
            Some((Mechanism::RsaPkcs, [SHA256_INFO.as_slice(), sha256(message).as_bytes()].concat()))
        }
        Algorithm::Ed25519 => None,
    }
}
