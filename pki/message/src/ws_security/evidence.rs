//! What a SOAP caller signed, as data: the broker forwards it and the owner's host verifies it, rebuilding nothing.

use std::fmt;

use mohur_chain::SealIdentity;
use mohur_crypto::sha256;
use mohur_soap::message::{self, BundleRequest, Payload};
use mohur_soap::{Document, Element, Limits, ns};
use mohur_wire::{Query, Refusal, RefusalCode};

use super::algorithm::method_uri;
use super::ids::ids_of;
use super::security::Times;
use super::signed_info::{SignedInfo, Target, expect};
use crate::keys::KeySource;

/// The canonical octets of what an XML Signature covers, with the signature and its certificate.
#[derive(Clone, PartialEq, Eq)]
pub struct SoapEvidence {
    /// The canonical octets of `ds:SignedInfo`, over which the signature is.
    pub signed_info: Vec<u8>,
    /// The canonical octets of `wsu:Timestamp`.
    pub timestamp: Vec<u8>,
    /// The canonical octets of the Body that lists a bundle's digests. Of a single query the Body is the opening.
    pub body: Option<Vec<u8>>,
    /// `ds:SignatureValue`, decoded.
    pub signature: Vec<u8>,
    /// The signer's seal certificate, DER.
    pub certificate: Vec<u8>,
    /// The URI of the signature method.
    pub algorithm: String,
}

impl fmt::Debug for SoapEvidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SoapEvidence({}, SignedInfo of {} bytes)", self.algorithm, self.signed_info.len())
    }
}

/// Why forwarded octets prove nothing.
fn invalid(detail: &str) -> Refusal {
    Refusal::new(RefusalCode::SignatureInvalid, detail)
}

/// A verified signature, with the times that it covers.
pub(crate) struct Proof {
    pub(crate) identity: SealIdentity,
    pub(crate) created: i64,
    pub(crate) expires: Option<i64>,
}

/// Verifies the signature over the octets of SignedInfo, and that its references are to the Timestamp's octets and to these
/// octets of a Body: by digest, and by the id that the octets themselves carry.
///
/// The octets of Body and Timestamp are their own canonical form, so that no text can stand for a digest of another.
pub(crate) fn prove(evidence: &SoapEvidence, body: &[u8], keys: &dyn KeySource) -> Result<Proof, Refusal> {
    let identity = keys.seal(&sha256(&evidence.certificate))?;
    let limits = Limits::default();
    let document = Document::from_utf8(&evidence.signed_info, &limits)?;
    let signed_info = SignedInfo::read(expect(Some(document.root()), "SignedInfo")?)?;
    if method_uri(signed_info.method) != evidence.algorithm {
        return Err(Refusal::new(
            RefusalCode::AlgorithmRefused,
            "the evidence names another algorithm than SignedInfo",
        ));
    }
    if signed_info.canonical()? != evidence.signed_info {
        return Err(invalid("the octets of SignedInfo are not their own canonical form"));
    }
    signed_info.verify(&evidence.signed_info, &evidence.signature, identity.certificate().public_key())?;
    let timestamp = Document::from_utf8(&evidence.timestamp, &limits)?;
    if !timestamp.root().is(ns::WSU, "Timestamp") {
        return Err(invalid("the octets of the Timestamp are those of another element"));
    }
    check_covered(&signed_info, timestamp.root(), &evidence.timestamp)?;
    let body_document = Document::from_utf8(body, &limits)?;
    payload(body_document.root())?;
    check_covered(&signed_info, body_document.root(), body)?;
    let times = Times::read(timestamp.root())?;
    Ok(Proof { identity, created: times.created, expires: times.expires })
}

/// One reference is to an id of this element, and its digest is that of the octets, which are canonical.
fn check_covered(signed_info: &SignedInfo<'_>, element: Element<'_>, octets: &[u8]) -> Result<(), Refusal> {
    let reference = signed_info
        .references
        .iter()
        .find(|reference| ids_of(element).any(|id| reference.target == Target::Id(id)))
        .ok_or_else(|| {
            Refusal::new(
                RefusalCode::ComponentUncovered,
                "SignedInfo has no reference to the id that these octets carry",
            )
        })?;
    if reference.check(octets).is_none() {
        let detail = "SignedInfo, as signed, has another digest for these octets";
        return Err(Refusal::new(RefusalCode::DigestMismatch, detail));
    }
    if element.has_processing_instructions() || reference.canonical(element)? != octets {
        return Err(invalid("the octets are not their own canonical form"));
    }
    Ok(())
}

/// The only child of a Body that stands alone, as it does in its canonical octets.
fn payload(body: Element<'_>) -> Result<Element<'_>, Refusal> {
    let is_body = body.is(ns::SOAP11, "Body") || body.is(ns::SOAP12, "Body");
    let mut children = body.children();
    match (children.next(), children.next()) {
        (Some(payload), None) if is_body && !body.has_own_text() => Ok(payload),
        _ => Err(invalid("the octets are not those of a Body with one element")),
    }
}

/// Reads the one query of a Body's canonical octets.
pub(crate) fn read_query(octets: &[u8]) -> Result<Query, Refusal> {
    let document = Document::from_utf8(octets, &Limits::default())?;
    Ok(message::query(payload(document.root())?)?)
}

/// Reads the bundle of a Body's canonical octets.
pub(crate) fn read_bundle(octets: &[u8]) -> Result<BundleRequest, Refusal> {
    let document = Document::from_utf8(octets, &Limits::default())?;
    match message::read(payload(document.root())?)? {
        Payload::Bundle(bundle) => Ok(bundle),
        Payload::Query(_) | Payload::Poll(_) => Err(invalid("the signed Body is not that of a bundle")),
    }
}
