//! Verifies an envelope and hands on what its signature covers.

use bytes::Bytes;
use mohur_chain::{Certificate, SealIdentity};
use mohur_crypto::{Digest, PublicKey, sha256};
use mohur_soap::{Element, Envelope, Version, ns};
use mohur_wire::{Arrival, MemberId, Refusal, RefusalCode};

use super::algorithm::method_uri;
use super::attachment::{self, Attachment};
use super::evidence::SoapEvidence;
use super::ids::Ids;
use super::security::{Security, Signature, Times, uncovered};
use super::signed_info::{Reference, SignedInfo, Target};
use super::token::Token;
use super::{malformed, xml_refused};
use crate::keys::KeySource;
use crate::opening::SentOpening;
use crate::{Evidence, Form};

/// An envelope whose signature was verified. Only [`verify_envelope`] and [`super::verify_answer`] make one; what it gives
/// out was covered, and stands in the very tree that was verified.
///
/// ```
/// # use mohur_message::ws_security::VerifiedEnvelope;
/// # use mohur_soap::{Element, Envelope};
/// fn proved<'d>(it: VerifiedEnvelope<'d>) -> Element<'d> {
///     it.payload()
/// }
/// ```
///
/// ```compile_fail,E0308
/// # use mohur_message::ws_security::VerifiedEnvelope;
/// # use mohur_soap::{Element, Envelope};
/// fn proved<'d>(it: Envelope<'d>) -> VerifiedEnvelope<'d> {
///     it
/// }
/// ```
///
/// ```compile_fail,E0451
/// # use mohur_message::ws_security::VerifiedEnvelope;
/// fn changed<'d>(it: VerifiedEnvelope<'d>, other: &VerifiedEnvelope<'d>) -> VerifiedEnvelope<'d> {
///     VerifiedEnvelope { identity: other.identity().clone(), ..it }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct VerifiedEnvelope<'d> {
    identity: SealIdentity,
    signed: Signed<'d>,
}

/// What the signature covers, before anyone says whose it is.
#[derive(Clone)]
pub(super) struct Signed<'d> {
    envelope: Envelope<'d>,
    covered: Vec<Element<'d>>,
    times: Times,
    body: Bytes,
    /// SHA-256 of `body`.
    body_digest: Digest,
    timestamp: Vec<u8>,
    signed_info: Vec<u8>,
    signature: Vec<u8>,
    algorithm: &'static str,
    confirmed: Option<Vec<u8>>,
}

impl core::fmt::Debug for Signed<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Signed({} elements, {})", self.covered.len(), self.body_digest)
    }
}

/// Verifies the one signature of an envelope and everything that it must cover: Body, Timestamp and every attachment.
///
/// `peer_seals` are the seals that the directory lists for the member at the other end: a name in `ds:KeyInfo` (issuer and
/// serial number, key identifier, thumbprint) means one of them. `window_seconds` is how far `Created` may be from the
/// arrival, either way. Whether the signer is that member is for the caller to compare.
pub fn verify_envelope<'d>(
    envelope: Envelope<'d>,
    attachments: &[Attachment<'_>],
    keys: &dyn KeySource,
    peer_seals: &[&Certificate],
    arrival: Arrival,
    window_seconds: u32,
) -> Result<VerifiedEnvelope<'d>, Refusal> {
    let (identity, signed) = verify(envelope, attachments, (arrival, window_seconds), |token| {
        let identity = token.identify(keys, peer_seals)?;
        let key = identity.certificate().public_key().clone();
        Ok((identity, key))
    })?;
    Ok(VerifiedEnvelope { identity, signed })
}

/// Verifies with the key that `find` finds for the token.
pub(super) fn verify<'d, I>(
    envelope: Envelope<'d>,
    attachments: &[Attachment<'_>],
    (arrival, window_seconds): (Arrival, u32),
    find: impl FnOnce(&Token<'d>) -> Result<(I, PublicKey), Refusal>,
) -> Result<(I, Signed<'d>), Refusal> {
    check_whole(&envelope)?;
    let security = Security::read(&envelope)?;
    let ids = Ids::of(envelope.root)?;
    let signature = Signature::read(security.signature)?;
    let signed_info = SignedInfo::read(signature.signed_info)?;
    let timestamp = security.timestamp()?;
    let times = Times::read(timestamp)?;
    let parts = parts(&signed_info, &envelope, &security, &ids)?;
    for (what, element) in [("the Body", envelope.body), ("Timestamp", timestamp)] {
        if !parts.iter().any(|(_, covered)| *covered == element) {
            return Err(uncovered(what));
        }
    }
    attachment::check_covered(&signed_info, attachments)?;
    times.check(arrival, window_seconds)?;
    let token = Token::read(signature.key_info, &ids, &security)?;
    let (identity, key) = find(&token)?;
    let canonical = signed_info.canonical()?;
    signed_info.verify(&canonical, &signature.value, &key)?;
    attachment::check(&signed_info, attachments)?;
    let (mut body, mut body_digest, mut stamp) = (Vec::new(), None, Vec::new());
    for (reference, element) in &parts {
        let octets = reference.canonical(*element)?;
        let digest = reference.check(&octets).ok_or_else(|| mismatch(*element))?;
        if *element == envelope.body {
            (body, body_digest) = (octets, digest);
        } else if *element == timestamp {
            stamp = octets;
        }
    }
    let confirmed = confirmed(&security, &parts)?;
    let signed = Signed {
        body_digest: body_digest.unwrap_or_else(|| sha256(&body)),
        body: body.into(),
        covered: parts.into_iter().map(|(_, element)| element).collect(),
        timestamp: stamp,
        signed_info: canonical,
        signature: signature.value,
        algorithm: method_uri(signed_info.method),
        envelope,
        times,
        confirmed,
    };
    Ok((identity, signed))
}

/// That the parts of the envelope are those of one document, as [`Envelope::read`] finds them: its fields are anybody's.
fn check_whole(envelope: &Envelope<'_>) -> Result<(), Refusal> {
    let Envelope { root, body, payload, security, .. } = envelope;
    let is_child = payload.parent() == Some(*body) && body.parent() == Some(*root) && root.parent().is_none();
    let header = security.map(|security| security.parent().and_then(Element::parent));
    if is_child && header.is_none_or(|envelope| envelope == Some(*root)) {
        Ok(())
    } else {
        Err(malformed("the parts of the envelope are not those of one document"))
    }
}

/// The elements that the references mean, each in a place where something signed may stand.
fn parts<'s, 'd>(
    signed_info: &'s SignedInfo<'d>,
    envelope: &Envelope<'d>,
    security: &Security<'d>,
    ids: &Ids<'d>,
) -> Result<Vec<(&'s Reference<'d>, Element<'d>)>, Refusal> {
    let mut parts: Vec<(&Reference<'d>, Element<'d>)> = Vec::with_capacity(signed_info.references.len());
    for reference in &signed_info.references {
        let Target::Id(id) = reference.target else { continue };
        let element = ids.find(id).ok_or_else(|| {
            Refusal::new(
                RefusalCode::DigestMismatch,
                "a ds:Reference points to an id that no element has: sign after everything is in its place, and give the Body and \
                 the Timestamp a wsu:Id",
            )
        })?;
        check_place(element, envelope.body, security)?;
        if parts.iter().any(|(_, other)| *other == element) {
            return Err(xml_refused("two references of ds:SignedInfo point to the same element: sign each part once"));
        }
        // The whole signature would be cut out of the target; then what is signed is not what stands there.
        if reference.enveloped && security.signature.ancestors().any(|ancestor| ancestor == element) {
            return Err(xml_refused(
                "the transform enveloped-signature would cut the signature out of what is signed: sign Body and Timestamp, which do \
                 not hold it",
            ));
        }
        if element.has_processing_instructions() {
            return Err(xml_refused("a processing instruction stands in a signed part: leave it out"));
        }
        parts.push((reference, element));
    }
    Ok(parts)
}

/// The Body, header blocks, and what stands in the Security header beside the signature: nothing else is ever signed here,
/// so nothing that was signed can be carried elsewhere.
fn check_place(element: Element<'_>, body: Element<'_>, security: &Security<'_>) -> Result<(), Refusal> {
    let is_within = |parent: Option<Element<'_>>| parent.is_some() && element.parent() == parent;
    let in_security = is_within(Some(security.element)) && element != security.signature;
    // A host is shown octets and not the place that they stood in: no block may pass for a Body or a Timestamp there.
    let passes_for_another = matches!(element.namespace(), ns::SOAP11 | ns::SOAP12 | ns::WSU);
    let is_header = is_within(security.element.parent()) && element != security.element && !passes_for_another;
    if element == body || in_security || is_header {
        Ok(())
    } else {
        let (line, column) = element.position();
        Err(xml_refused(&format!(
            "a ds:Reference points to an element at line {line}, column {column}, that is neither the Body, nor a header block, nor \
             in wsse:Security beside the signature: sign these only, each as a whole"
        )))
    }
}

fn mismatch(element: Element<'_>) -> Refusal {
    let (line, column) = element.position();
    Refusal::new(
        RefusalCode::DigestMismatch,
        format!(
            "the element at line {line}, column {column} is not what was signed: its DigestValue is another. Sign last, and change \
             or reformat nothing afterwards"
        ),
    )
}

/// What is confirmed, where the confirmation is covered.
fn confirmed<'d>(security: &Security<'d>, parts: &[(&Reference<'d>, Element<'d>)]) -> Result<Option<Vec<u8>>, Refusal> {
    match security.confirmation()? {
        None => Ok(None),
        Some((element, value)) if parts.iter().any(|(_, covered)| *covered == element) => Ok(Some(value)),
        Some(_) => Err(uncovered("wsse11:SignatureConfirmation")),
    }
}

impl Signed<'_> {
    pub(super) fn covers(&self, element: Element<'_>) -> bool {
        self.covered.contains(&element)
    }
}

impl<'d> VerifiedEnvelope<'d> {
    /// Who signed.
    pub fn signer(&self) -> &MemberId {
        self.identity.member()
    }

    /// The seal's identity.
    pub const fn identity(&self) -> &SealIdentity {
        &self.identity
    }

    /// The seal certificate.
    pub fn certificate(&self) -> &Certificate {
        self.identity.certificate()
    }

    /// Which SOAP.
    pub const fn version(&self) -> Version {
        self.signed.envelope.version
    }

    /// The only child of the Body: the same node of the same tree that was verified.
    pub const fn payload(&self) -> Element<'d> {
        self.signed.envelope.payload
    }

    /// The canonical octets of the Body, over which the digest is.
    pub const fn body_octets(&self) -> &Bytes {
        &self.signed.body
    }

    /// SHA-256 of those octets, whatever digest the signature uses: the opening's digest of a single query.
    pub const fn body_digest(&self) -> &Digest {
        &self.signed.body_digest
    }

    /// When it was signed, in seconds since 1970.
    pub const fn created(&self) -> i64 {
        self.signed.times.created
    }

    /// Until when it is good, if the signer said so, in seconds since 1970.
    pub const fn expires(&self) -> Option<i64> {
        self.signed.times.expires
    }

    /// The signature, which the answer confirms.
    pub fn signature_value(&self) -> &[u8] {
        &self.signed.signature
    }

    /// Whether the signature covers this element as a whole.
    pub fn covers(&self, element: Element<'_>) -> bool {
        self.signed.covers(element)
    }

    /// What a `wsse11:SignatureConfirmation`, covered like everything here, confirms.
    pub fn confirmed(&self) -> Option<&[u8]> {
        self.signed.confirmed.as_deref()
    }

    /// The header blocks, whether covered or not: to be compared with what stands in the Body, never to be acted upon.
    pub fn unproved_headers(&self) -> &[Element<'d>] {
        &self.signed.envelope.headers
    }

    /// The signature with what it covers: goes to the owner's host as it is. Of a single query the Body is not in it, since
    /// it is the opening.
    pub fn evidence(&self) -> Evidence {
        self.evidence_with(None)
    }

    /// The same for a bundle, with the Body that lists the digests of the legs.
    pub fn bundle_evidence(&self) -> Evidence {
        self.evidence_with(Some(self.signed.body.to_vec()))
    }

    fn evidence_with(&self, body: Option<Vec<u8>>) -> Evidence {
        Evidence::Soap(SoapEvidence {
            signed_info: self.signed.signed_info.clone(),
            timestamp: self.signed.timestamp.clone(),
            body,
            signature: self.signed.signature.clone(),
            certificate: self.certificate().der().to_vec(),
            algorithm: self.signed.algorithm.to_owned(),
        })
    }

    /// The Body as the opening of a single query.
    pub fn opening(&self) -> SentOpening {
        SentOpening::of_verified(Form::Soap, self.signed.body.clone(), self.signed.body_digest)
    }

    /// The openings of a bundle, from the header blocks: as many as the signed Body has digests, each with its own.
    pub fn bundle_openings(&self, digests: &[Digest]) -> Result<Vec<SentOpening>, Refusal> {
        let strings = mohur_soap::message::bundle_openings(&self.signed.envelope)?;
        if strings.len() != digests.len() {
            let detail =
                format!("the Body lists {} digests, the header openings holds {}", digests.len(), strings.len());
            return Err(Refusal::new(RefusalCode::DigestMismatch, detail));
        }
        let mut openings = Vec::with_capacity(digests.len());
        for (position, (string, digest)) in strings.into_iter().zip(digests).enumerate() {
            let opening = SentOpening::of_leg(string)?;
            if opening.digest() != digest {
                let detail = format!(
                    "digest {} of the Body is not that of the opening at the same place in the header (SHA-256 of the base64url text \
                     as sent)",
                    position + 1
                );
                return Err(Refusal::new(RefusalCode::DigestMismatch, detail));
            }
            openings.push(opening);
        }
        Ok(openings)
    }
}
