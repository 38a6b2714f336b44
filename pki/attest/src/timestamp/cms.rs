//! The part of CMS that a time stamp is wrapped in (RFC 5652 §5): one signer, signed attributes, certificates.

use mohur_chain::SignerCertificate;
use mohur_crypto::X509Algorithm;

use crate::algorithm::{Hash, identifier, signature_identifier};
use crate::asn1::{
    Element, Elements, INTEGER, OCTET_STRING, OID, SEQUENCE, SET, context, context_constructed, number, tlv, unsigned,
};
use crate::timestamp::TokenError;

/// `id-signedData`.
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
/// `id-ct-TSTInfo`.
const TST_INFO: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04];
const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03];
const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04];
/// `id-aa-signingCertificate` (RFC 2634 §5.4): names the certificate by SHA-1.
const SIGNING_CERTIFICATE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x0c];
/// `id-aa-signingCertificateV2` (RFC 5035 §3).
const SIGNING_CERTIFICATE_V2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x2f];
/// `rsaEncryption`: CMS names it where the hash stands beside it.
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// More certificates than this are in no chain.
const MAX_CERTIFICATES: usize = 16;

/// The pieces of a signed time stamp.
pub(super) struct Signed<'a> {
    /// The `TSTInfo`, DER.
    pub(super) content: &'a [u8],
    certificates: Vec<SignerCertificate>,
    signer: SignerInfo<'a>,
}

struct SignerInfo<'a> {
    identifier: Element<'a>,
    hash: Hash,
    attributes: &'a [u8],
    algorithm: X509Algorithm,
    signature: &'a [u8],
}

impl<'a> Signed<'a> {
    /// Reads a `ContentInfo` with a `SignedData` of one signer.
    pub(super) fn read(octets: &'a [u8]) -> Result<Self, TokenError> {
        let mut info = Elements::one(octets, SEQUENCE)?.inside()?;
        let kind = info.expect(OID)?;
        let wrapped = info.next()?;
        info.end()?;
        wrapped.expect(context_constructed(0))?;
        let signed = wrapped.only()?;
        signed.expect(SEQUENCE)?;
        if kind != SIGNED_DATA {
            return Err(TokenError::Unreadable);
        }
        let mut inside = signed.inside()?;
        number(inside.expect(INTEGER)?)?;
        inside.expect(SET)?;
        let content = content(inside.expect(SEQUENCE)?)?;
        let certificates = match inside.optional(context_constructed(0))? {
            Some(set) => certificates(&set)?,
            None => Vec::new(),
        };
        inside.optional(context_constructed(1))?;
        let signers = Elements::new(inside.expect(SET)?)?.rest()?;
        inside.end()?;
        // RFC 3161 §2.4.2: the token holds no other signature than the authority's.
        let [signer] = signers.as_slice() else { return Err(TokenError::Unreadable) };
        Ok(Self { content, certificates, signer: SignerInfo::read(signer)? })
    }

    /// Proves that the holder of one of the certificates signed the content, and gives that certificate and the others.
    pub(super) fn verify(&self) -> Result<(SignerCertificate, Vec<SignerCertificate>), TokenError> {
        let all = &self.certificates;
        let signer = all.iter().find(|certificate| self.signer.names(certificate)).ok_or(TokenError::NoCertificate)?;
        self.signer.check_attributes(self.content, signer)?;
        // RFC 5652 §5.4: what is signed is the SET, not the implicit tag that it travels under.
        let message = tlv(SET, &[self.signer.attributes]);
        let signature = self.signer.algorithm.verify(signer.spki(), &message, self.signer.signature);
        signature.map_err(|_| TokenError::Signature)?;
        let others = all.iter().filter(|other| other.der() != signer.der()).cloned().collect();
        Ok((signer.clone(), others))
    }
}

fn content(encapsulated: &[u8]) -> Result<&[u8], TokenError> {
    let mut inside = Elements::new(encapsulated)?;
    let kind = inside.expect(OID)?;
    let wrapped = inside.next()?;
    inside.end()?;
    wrapped.expect(context_constructed(0))?;
    if kind != TST_INFO {
        return Err(TokenError::Unreadable);
    }
    Ok(wrapped.only()?.expect(OCTET_STRING)?)
}

fn certificates(set: &Element<'_>) -> Result<Vec<SignerCertificate>, TokenError> {
    let elements = set.inside()?.rest()?;
    if elements.len() > MAX_CERTIFICATES {
        return Err(TokenError::Unreadable);
    }
    // Attribute certificates and the like are passed over: they are on no path.
    let plain = elements.iter().filter(|element| element.tag == SEQUENCE);
    plain.map(|element| SignerCertificate::parse(element.raw).map_err(TokenError::from)).collect()
}

impl<'a> SignerInfo<'a> {
    fn read(element: &Element<'a>) -> Result<Self, TokenError> {
        element.expect(SEQUENCE)?;
        let mut inside = element.inside()?;
        number(inside.expect(INTEGER)?)?;
        let signer = inside.next()?;
        let hash = Hash::from_oid(identifier(&inside.next()?)?).ok_or(TokenError::Algorithm)?;
        let attributes = inside.optional(context_constructed(0))?.ok_or(TokenError::Attributes)?;
        let algorithm = algorithm(&inside.next()?, hash)?;
        let signature = inside.expect(OCTET_STRING)?;
        inside.optional(context_constructed(1))?;
        inside.end()?;
        Ok(Self { identifier: signer, hash, attributes: attributes.content, algorithm, signature })
    }

    fn names(&self, certificate: &SignerCertificate) -> bool {
        if self.identifier.tag == context(0) {
            return certificate.key_identifier() == Some(self.identifier.content);
        }
        self.identifier.raw == issuer_and_serial(certificate)
    }

    /// The attributes are bound to this content and this certificate (RFC 5652 §11, RFC 5816 §2.2.2).
    fn check_attributes(&self, content: &[u8], signer: &SignerCertificate) -> Result<(), TokenError> {
        let value = |kind: &[u8]| attribute(self.attributes, kind);
        let kind = value(CONTENT_TYPE)?.ok_or(TokenError::Attributes)?;
        let digest = value(MESSAGE_DIGEST)?.ok_or(TokenError::Attributes)?;
        let fits = kind.expect(OID)? == TST_INFO && digest.expect(OCTET_STRING)? == self.hash.digest(content);
        let named = match (value(SIGNING_CERTIFICATE_V2)?, value(SIGNING_CERTIFICATE)?) {
            (Some(second), _) => names_by_hash(&second, signer)?,
            (None, Some(first)) => names_by_sha1(&first, signer)?,
            (None, None) => false,
        };
        if fits && named { Ok(()) } else { Err(TokenError::Attributes) }
    }
}

/// The single value of an attribute that stands once.
fn attribute<'a>(attributes: &'a [u8], kind: &[u8]) -> Result<Option<Element<'a>>, TokenError> {
    let mut found = None;
    for attribute in Elements::new(attributes)?.rest()? {
        attribute.expect(SEQUENCE)?;
        let mut inside = attribute.inside()?;
        if inside.expect(OID)? != kind {
            continue;
        }
        let values = inside.next()?;
        values.expect(SET)?;
        inside.end()?;
        if found.replace(values.only()?).is_some() {
            return Err(TokenError::Attributes);
        }
    }
    Ok(found)
}

/// The first `ESSCertIDv2` is the signer's (RFC 5035 §3): by SHA-256 when no hash is named.
fn names_by_hash(value: &Element<'_>, signer: &SignerCertificate) -> Result<bool, TokenError> {
    let mut first = first_identifier(value)?;
    let hash = match first.optional(SEQUENCE)? {
        Some(algorithm) => Hash::from_oid(identifier(&algorithm)?).ok_or(TokenError::Algorithm)?,
        None => Hash::Sha256,
    };
    Ok(first.expect(OCTET_STRING)? == hash.digest(signer.der()))
}

/// The first `ESSCertID`. SHA-1 only tells the certificate from others here: the path is what is trusted.
fn names_by_sha1(value: &Element<'_>, signer: &SignerCertificate) -> Result<bool, TokenError> {
    let mut first = first_identifier(value)?;
    Ok(first.expect(OCTET_STRING)? == mohur_crypto::digest::sha1_name(signer.der()))
}

fn first_identifier<'a>(value: &Element<'a>) -> Result<Elements<'a>, TokenError> {
    value.expect(SEQUENCE)?;
    let identifiers = Elements::new(value.inside()?.expect(SEQUENCE)?)?.next()?;
    identifiers.expect(SEQUENCE)?;
    Ok(identifiers.inside()?)
}

fn algorithm(element: &Element<'_>, hash: Hash) -> Result<X509Algorithm, TokenError> {
    let oid = identifier(element)?;
    if oid == RSA_ENCRYPTION {
        return Ok(match hash {
            Hash::Sha256 => X509Algorithm::RsaSha256,
            Hash::Sha384 => X509Algorithm::RsaSha384,
            Hash::Sha512 => X509Algorithm::RsaSha512,
        });
    }
    X509Algorithm::from_oid(oid).ok_or(TokenError::Algorithm)
}

fn issuer_and_serial(certificate: &SignerCertificate) -> Vec<u8> {
    tlv(SEQUENCE, &[certificate.issuer(), &tlv(INTEGER, &[certificate.serial()])])
}

/// What is signed: content type, digest of the content and digest of the certificate, as a SET OF in DER order.
pub(super) fn attributes(content: &[u8], certificate: &SignerCertificate) -> Vec<u8> {
    let attribute = |kind: &[u8], value: &[u8]| tlv(SEQUENCE, &[&tlv(OID, &[kind]), &tlv(SET, &[value])]);
    let digest = Hash::Sha256.digest(certificate.der());
    // The hash is SHA-256, the default, and so is not written (RFC 5035 §4).
    let named = tlv(SEQUENCE, &[&tlv(SEQUENCE, &[&tlv(SEQUENCE, &[&tlv(OCTET_STRING, &[&digest])])])]);
    let mut all = [
        attribute(CONTENT_TYPE, &tlv(OID, &[TST_INFO])),
        attribute(MESSAGE_DIGEST, &tlv(OCTET_STRING, &[&Hash::Sha256.digest(content)])),
        attribute(SIGNING_CERTIFICATE_V2, &named),
    ];
    all.sort();
    all.concat()
}

/// Wraps content and signature. `certificates` is empty where none were asked for.
pub(super) fn wrap(
    content: &[u8],
    signer: &SignerCertificate,
    (algorithm, signature): (X509Algorithm, &[u8]),
    certificates: &[Vec<u8>],
) -> Vec<u8> {
    let hash = Hash::Sha256.identifier();
    let encapsulated =
        tlv(SEQUENCE, &[&tlv(OID, &[TST_INFO]), &tlv(context_constructed(0), &[&tlv(OCTET_STRING, &[content])])]);
    let mut certificates = certificates.to_vec();
    certificates.sort();
    let set = if certificates.is_empty() { Vec::new() } else { tlv(context_constructed(0), &[&certificates.concat()]) };
    let info = tlv(
        SEQUENCE,
        &[
            &unsigned(1),
            &issuer_and_serial(signer),
            &hash,
            &tlv(context_constructed(0), &[&attributes(content, signer)]),
            &signature_identifier(algorithm),
            &tlv(OCTET_STRING, &[signature]),
        ],
    );
    // RFC 5652 §5.1: version 3, since the content is not id-data.
    let signed = tlv(SEQUENCE, &[&unsigned(3), &tlv(SET, &[&hash]), &encapsulated, &set, &tlv(SET, &[&info])]);
    tlv(SEQUENCE, &[&tlv(OID, &[SIGNED_DATA]), &tlv(context_constructed(0), &[&signed])])
}
