//! The algorithms that are accepted, by their URIs (XML Signature 1.1 §6, RFC 9231), and what to set instead of others.

use mohur_crypto::{Digest, XmlMethod, sha256, sha384, sha512};
use mohur_soap::{Element, ns};
use mohur_wire::{Refusal, RefusalCode};

use super::malformed;

const ECDSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";
const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
const RSA_SHA512: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512";
/// RFC 9231 §2.3.10: everything in one name.
const PSS_SHA256: &str = "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1";
const PSS_SHA384: &str = "http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1";
const PSS_SHA512: &str = "http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1";
/// RFC 9231 §2.3.9: with parameters.
const PSS: &str = "http://www.w3.org/2007/05/xmldsig-more#rsa-pss";
const PSS_NAMESPACE: &str = "http://www.w3.org/2007/05/xmldsig-more#";
const MGF1: &str = "http://www.w3.org/2007/05/xmldsig-more#MGF1";

/// The only digest that our own signatures use.
pub(super) const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
const SHA384: &str = "http://www.w3.org/2001/04/xmldsig-more#sha384";
const SHA512: &str = "http://www.w3.org/2001/04/xmlenc#sha512";

/// What the owner of each client sets.
const SET_METHOD: &str = "Use rsa-sha256, rsa-sha512, sha256-rsa-MGF1 (or 384, 512) or ecdsa-sha256, as your key is. zeep: \
    BinarySignature(key, certificate, signature_method=xmlsec.constants.TransformRsaSha256, \
    digest_method=xmlsec.constants.TransformSha256), for an EC key TransformEcdsaSha256. Node soap: \
    signatureAlgorithm \"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\". WSS4J: signatureAlgorithm and \
    signatureDigestAlgorithm";
const SET_DIGEST: &str = "Use SHA-256, SHA-384 or SHA-512. zeep: digest_method=xmlsec.constants.TransformSha256. Node soap: \
    digestAlgorithm \"sha256\". WSS4J: signatureDigestAlgorithm \"http://www.w3.org/2001/04/xmlenc#sha256\"";

/// The URI of a method, as we write it.
pub(super) const fn method_uri(method: XmlMethod) -> &'static str {
    match method {
        XmlMethod::EcdsaSha256 => ECDSA_SHA256,
        XmlMethod::RsaSha256 => RSA_SHA256,
        XmlMethod::RsaSha512 => RSA_SHA512,
        XmlMethod::RsaPssSha256 => PSS_SHA256,
        XmlMethod::RsaPssSha384 => PSS_SHA384,
        XmlMethod::RsaPssSha512 => PSS_SHA512,
    }
}

/// Reads `ds:SignatureMethod`.
pub(super) fn signature_method(element: Element<'_>) -> Result<XmlMethod, Refusal> {
    let method = match algorithm(element)? {
        ECDSA_SHA256 => XmlMethod::EcdsaSha256,
        RSA_SHA256 => XmlMethod::RsaSha256,
        RSA_SHA512 => XmlMethod::RsaSha512,
        PSS_SHA256 => XmlMethod::RsaPssSha256,
        PSS_SHA384 => XmlMethod::RsaPssSha384,
        PSS_SHA512 => XmlMethod::RsaPssSha512,
        PSS => return pss(element),
        other => return Err(refused(&format!("SignatureMethod is {}. {SET_METHOD}.", about(other)))),
    };
    no_children(element)?;
    Ok(method)
}

/// A key of another kind, or pinned to another padding.
pub(super) fn unfit(method: XmlMethod, key: &str) -> Refusal {
    let used = method_uri(method).rsplit_once('#').map_or("", |(_, name)| name);
    refused(&format!(
        "SignatureMethod is {used}, but the directory pins your seal key to {key}. Sign as it says, or, for an RSA key, have the \
         directory pin it to rsa-v1_5-sha256 (then rsa-sha256 and rsa-sha512 are accepted) or to rsa-pss-sha512 (then the \
         …-rsa-MGF1 methods)."
    ))
}

/// A digest method of a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DigestMethod {
    Sha256,
    Sha384,
    Sha512,
}

impl DigestMethod {
    /// Reads `ds:DigestMethod`.
    pub(super) fn read(element: Element<'_>) -> Result<Self, Refusal> {
        no_children(element)?;
        match algorithm(element)? {
            SHA256 => Ok(Self::Sha256),
            SHA384 => Ok(Self::Sha384),
            SHA512 => Ok(Self::Sha512),
            other => Err(refused(&format!("DigestMethod is {}. {SET_DIGEST}.", about(other)))),
        }
    }

    const fn length(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// Whether `value` is the digest of the octets; their SHA-256 where it was computed for that.
    pub(super) fn check(self, octets: &[u8], value: &[u8]) -> Option<Option<Digest>> {
        match self {
            Self::Sha256 => {
                let digest = sha256(octets);
                (digest.as_bytes() == value).then_some(Some(digest))
            }
            Self::Sha384 => (sha384(octets) == value).then_some(None),
            Self::Sha512 => (sha512(octets) == value).then_some(None),
        }
    }
}

/// RSASSA-PSS with parameters: one digest throughout, a salt as long as the digest, the usual trailer.
fn pss(element: Element<'_>) -> Result<XmlMethod, Refusal> {
    let unfit = || {
        refused(
            "RSAPSSParams ask for something unusual: use one digest for message and MGF1, a SaltLength of that digest, and \
             TrailerField 1; or use sha256-rsa-MGF1, which needs no parameters.",
        )
    };
    let mut digest = DigestMethod::Sha256;
    let mut of_mask = DigestMethod::Sha256;
    let mut salt = None;
    let mut children = element.children();
    if let Some(parameters) = children.next() {
        if !parameters.is(PSS_NAMESPACE, "RSAPSSParams") || children.next().is_some() {
            return Err(unfit());
        }
        for child in parameters.children() {
            match (child.namespace(), child.local()) {
                (ns::DS, "DigestMethod") => digest = DigestMethod::read(child)?,
                (PSS_NAMESPACE, "MaskGenerationFunction") if algorithm(child)? == MGF1 => {
                    if let Some(method) = child.optional(ns::DS, "DigestMethod")? {
                        of_mask = DigestMethod::read(method)?;
                    }
                }
                (PSS_NAMESPACE, "SaltLength") => salt = Some(child.text()?.trim().parse().map_err(|_| unfit())?),
                (PSS_NAMESPACE, "TrailerField") if child.text()?.trim() == "1" => {}
                _ => return Err(unfit()),
            }
        }
    }
    if of_mask != digest || salt.is_some_and(|salt: usize| salt != digest.length()) {
        return Err(unfit());
    }
    Ok(match digest {
        DigestMethod::Sha256 => XmlMethod::RsaPssSha256,
        DigestMethod::Sha384 => XmlMethod::RsaPssSha384,
        DigestMethod::Sha512 => XmlMethod::RsaPssSha512,
    })
}

/// The attribute `Algorithm`.
pub(super) fn algorithm(element: Element<'_>) -> Result<&str, Refusal> {
    element
        .attribute("", "Algorithm")
        .ok_or_else(|| malformed("an element of ds:SignedInfo lacks its attribute Algorithm"))
}

pub(super) fn refused(detail: &str) -> Refusal {
    Refusal::new(RefusalCode::AlgorithmRefused, detail)
}

fn no_children(element: Element<'_>) -> Result<(), Refusal> {
    match element.children().next() {
        None => Ok(()),
        Some(_) => {
            Err(refused("SignatureMethod or DigestMethod has parameters (such as HMACOutputLength): leave them out."))
        }
    }
}

/// What an algorithm is called, where it may be said: the sender chose the URI.
fn about(uri: &str) -> &'static str {
    let name = uri.rsplit_once('#').map_or(uri, |(_, name)| name);
    match name {
        "rsa-sha1" => "rsa-sha1, and SHA-1 is refused",
        "ecdsa-sha1" => "ecdsa-sha1, and SHA-1 is refused",
        "dsa-sha1" => "dsa-sha1, and DSA and SHA-1 are refused",
        "sha1" => "SHA-1, which is refused",
        "md5" | "rsa-md5" => "MD5, which is refused",
        _ if name.starts_with("hmac") => "an HMAC, which is refused: whoever verifies it could have made it",
        _ => "one that is not accepted",
    }
}
