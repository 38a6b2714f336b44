//! `ds:SignedInfo`, read strictly: what is canonicalised how, and with which digest.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mohur_crypto::{Digest, PublicKey, XmlMethod};
use mohur_soap::{Element, c14n, ns};
use mohur_wire::{Refusal, RefusalCode};

use super::algorithm::{self, DigestMethod, algorithm};
use super::{malformed, xml_refused};

const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
const STR_TRANSFORM: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#STR-Transform";
const ATTACHMENT_CONTENT: &str =
    "http://docs.oasis-open.org/wss/oasis-wss-SwAProfile-1.1#Attachment-Content-Signature-Transform";

/// What is signed, and how.
#[derive(Debug)]
pub(super) struct SignedInfo<'d> {
    element: Element<'d>,
    prefixes: Vec<&'d str>,
    pub(super) method: XmlMethod,
    pub(super) references: Vec<Reference<'d>>,
}

/// One digest of one thing.
#[derive(Debug)]
pub(super) struct Reference<'d> {
    pub(super) target: Target<'d>,
    /// Whether the transform enveloped-signature stands first.
    pub(super) enveloped: bool,
    prefixes: Vec<&'d str>,
    digest: DigestMethod,
    value: Vec<u8>,
}

/// What a reference points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target<'d> {
    /// The element of this id in the same document.
    Id(&'d str),
    /// The attachment of this content id.
    Attachment(&'d str),
}

impl<'d> SignedInfo<'d> {
    /// Reads the element: exclusive C14N, an accepted method, and references that are no more than digests of elements of
    /// the same document or of attachments.
    pub(super) fn read(element: Element<'d>) -> Result<Self, Refusal> {
        if element.has_comments() || element.has_processing_instructions() {
            return Err(xml_refused("ds:SignedInfo holds a comment or a processing instruction: leave it out"));
        }
        let mut children = element.children();
        let canonicalization = expect(children.next(), "CanonicalizationMethod")?;
        let prefixes = exclusive(canonicalization, "CanonicalizationMethod")?;
        let method = algorithm::signature_method(expect(children.next(), "SignatureMethod")?)?;
        let most = element.document().limits().references;
        let mut references: Vec<Reference<'d>> = Vec::new();
        for child in children {
            if references.len() >= most {
                return Err(Refusal::new(RefusalCode::TooLarge, format!("a signature has at most {most} references")));
            }
            let reference = Reference::read(expect(Some(child), "Reference")?)?;
            if references.iter().any(|other| other.target == reference.target) {
                return Err(xml_refused(
                    "two references of ds:SignedInfo point to the same thing: sign each part once",
                ));
            }
            references.push(reference);
        }
        if references.is_empty() {
            Err(malformed("ds:SignedInfo has no ds:Reference"))
        } else {
            Ok(Self { element, prefixes, method, references })
        }
    }

    /// The octets that are signed.
    pub(super) fn canonical(&self) -> Result<Vec<u8>, Refusal> {
        Ok(c14n::exclusive(self.element, &self.prefixes)?)
    }

    /// Verifies the signature over the canonical octets.
    pub(super) fn verify(&self, canonical: &[u8], signature: &[u8], key: &PublicKey) -> Result<(), Refusal> {
        let pinned = key.algorithm();
        if !self.method.fits(pinned) {
            return Err(algorithm::unfit(self.method, pinned.name()));
        }
        key.verify_xml(self.method, canonical, signature).map_err(|_| {
            let hint = match self.method {
                XmlMethod::EcdsaSha256 => "; with ECDSA the SignatureValue is r and s one after the other, 64 bytes, not ASN.1",
                XmlMethod::RsaPssSha256 | XmlMethod::RsaPssSha384 | XmlMethod::RsaPssSha512 => {
                    "; with RSA-PSS the salt is as long as the digest, and MGF1 uses the same digest"
                }
                XmlMethod::RsaSha256 | XmlMethod::RsaSha512 => "",
            };
            Refusal::new(
                RefusalCode::SignatureInvalid,
                format!(
                    "SignatureValue was made with another key than the token's, or over another SignedInfo: sign last, and change \
                     nothing afterwards{hint}"
                ),
            )
        })
    }
}

impl<'d> Reference<'d> {
    fn read(element: Element<'d>) -> Result<Self, Refusal> {
        let target = target(element)?;
        let mut children = element.children();
        let transforms = children.next().filter(|child| child.is(ns::DS, "Transforms")).ok_or_else(|| {
            algorithm::refused(
                "a ds:Reference has no ds:Transforms, which means inclusive C14N: give it the transform exclusive C14N, \
                 http://www.w3.org/2001/10/xml-exc-c14n#.",
            )
        })?;
        let (enveloped, prefixes) = match target {
            Target::Id(_) => of_element(transforms)?,
            Target::Attachment(_) => of_attachment(transforms)?,
        };
        let digest = DigestMethod::read(expect(children.next(), "DigestMethod")?)?;
        let value = base64(expect(children.next(), "DigestValue")?)?;
        match children.next() {
            None => Ok(Self { target, enveloped, prefixes, digest, value }),
            Some(_) => {
                Err(malformed("a ds:Reference holds Transforms, DigestMethod and DigestValue, and nothing else"))
            }
        }
    }

    /// The canonical octets of the element that is meant.
    pub(super) fn canonical(&self, element: Element<'_>) -> Result<Vec<u8>, Refusal> {
        Ok(c14n::exclusive(element, &self.prefixes)?)
    }

    /// Whether the octets have the digest that is signed; their SHA-256 where that is what it is.
    pub(super) fn check(&self, octets: &[u8]) -> Option<Option<Digest>> {
        if octets.is_empty() { None } else { self.digest.check(octets, &self.value) }
    }
}

fn target(element: Element<'_>) -> Result<Target<'_>, Refusal> {
    let uri =
        element.attribute("", "URI").ok_or_else(|| xml_refused("a ds:Reference has no URI: write URI=\"#id\""))?;
    if let Some(id) = uri.strip_prefix('#') {
        return if is_plain(id) {
            Ok(Target::Id(id))
        } else {
            Err(xml_refused(
                "a ds:Reference points to something else than a plain id, perhaps by XPointer: write URI=\"#id\", the id of letters, \
                 digits, '_', '-', '.' and ':'",
            ))
        };
    }
    if let Some(content_id) = uri.strip_prefix("cid:").filter(|content_id| !content_id.is_empty()) {
        return Ok(Target::Attachment(content_id));
    }
    Err(xml_refused(if uri.is_empty() {
        "a ds:Reference has the URI \"\", the whole document: sign Body and Timestamp by their ids"
    } else {
        "a ds:Reference points outside the message: only URI=\"#id\" and, for an attachment, URI=\"cid:…\" are accepted"
    }))
}

/// An id that everybody reads as one: `#xpointer(/)` and `#element(…)` can mean something else than one element, and so can
/// a space (two ids), a quote and a percent sign, to those who make an XPointer of it.
fn is_plain(id: &str) -> bool {
    !id.is_empty() && id.chars().all(|character| character.is_alphanumeric() || "_-.:".contains(character))
}

/// Exclusive C14N, before it perhaps enveloped-signature.
fn of_element(transforms: Element<'_>) -> Result<(bool, Vec<&str>), Refusal> {
    let mut children = transforms.children();
    let mut next = || children.next().map(|child| expect(Some(child), "Transform")).transpose();
    let mut first = next()?;
    let mut enveloped = false;
    if let Some(transform) = first
        && algorithm(transform)? == ENVELOPED
    {
        if transform.children().next().is_some() {
            return Err(algorithm::refused("the transform enveloped-signature takes no parameters."));
        }
        (enveloped, first) = (true, next()?);
    }
    let missing = || {
        algorithm::refused(
            "the last transform of a ds:Reference must be exclusive C14N, http://www.w3.org/2001/10/xml-exc-c14n#.",
        )
    };
    let prefixes = exclusive(first.ok_or_else(missing)?, "Transform")?;
    match next()? {
        None => Ok((enveloped, prefixes)),
        Some(_) => Err(algorithm::refused("a ds:Reference has a transform after exclusive C14N: leave it out.")),
    }
}

fn of_attachment(transforms: Element<'_>) -> Result<(bool, Vec<&str>), Refusal> {
    let mut children = transforms.children();
    let transform = expect(children.next(), "Transform")?;
    if algorithm(transform)? == ATTACHMENT_CONTENT && transform.children().next().is_none() && children.next().is_none()
    {
        Ok((false, Vec::new()))
    } else {
        Err(algorithm::refused(
            "an attachment is signed with the one transform Attachment-Content-Signature-Transform. WSS4J: signatureParts \
             \"{Content}cid:Attachments\".",
        ))
    }
}

/// The `PrefixList` of exclusive C14N; an empty one and no parameters are the same.
fn exclusive<'d>(element: Element<'d>, what: &str) -> Result<Vec<&'d str>, Refusal> {
    let uri = algorithm(element)?;
    if uri != ns::EXC_C14N {
        return Err(algorithm::refused(&match uri {
            STR_TRANSFORM => {
                "the STR-Transform is not accepted: sign the BinarySecurityToken itself by its wsu:Id, or leave it \
                              unsigned. WSS4J: no {…}STRTransform in signatureParts; in a policy no ProtectTokens."
                    .to_owned()
            }
            _ => format!(
                "{what} is not exclusive C14N without comments: use http://www.w3.org/2001/10/xml-exc-c14n#, and no other \
                 transform than that."
            ),
        }));
    }
    let mut children = element.children();
    let list = children.next();
    match list {
        None => Ok(Vec::new()),
        Some(list) if list.is(ns::EXC_C14N, "InclusiveNamespaces") && children.next().is_none() => {
            prefix_list(list.attribute("", "PrefixList"))
        }
        Some(_) => Err(algorithm::refused("exclusive C14N takes no other parameter than InclusiveNamespaces.")),
    }
}

/// Prefixes with one space between each two: of more space, and of white space that is written as a reference and so is not
/// normalised (XML 1.0 §3.3.3), not everybody makes the same prefixes.
fn prefix_list(list: Option<&str>) -> Result<Vec<&str>, Refusal> {
    let prefixes: Vec<&str> = match list {
        Some("") => Vec::new(),
        Some(list) => list.split(' ').collect(),
        None => vec![""],
    };
    if prefixes.iter().any(|prefix| prefix.is_empty() || prefix.contains(['\t', '\n', '\r'])) {
        return Err(algorithm::refused(
            "InclusiveNamespaces needs its PrefixList: prefixes with one space between each two, and none around them.",
        ));
    }
    Ok(prefixes)
}

/// The element must be this one of XML Signature.
pub(super) fn expect<'d>(element: Option<Element<'d>>, local: &str) -> Result<Element<'d>, Refusal> {
    element.filter(|element| element.is(ns::DS, local)).ok_or_else(|| {
        malformed(&format!("ds:Signature is not in the order of its schema: ds:{local} is missing or stands elsewhere"))
    })
}

/// Base64 with line breaks between.
pub(super) fn base64(element: Element<'_>) -> Result<Vec<u8>, Refusal> {
    let text = element.text()?;
    let compact: Vec<u8> = text.bytes().filter(|octet| !octet.is_ascii_whitespace()).collect();
    BASE64_STANDARD.decode(compact).map_err(|_| malformed(&format!("the content of {} is not base64", element.local())))
}
