//! `m:bundle`, `m:poll`, and the header `m:openings` that travels beside a bundle's signed Body.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mohur_wire::{MemberId, MessageId};

use super::children::{Children, text, wrong};
use crate::envelope::{Envelope, EnvelopeError};
use crate::write::{close, element, open};
use crate::{Element, ns};

/// Most legs that one bundle may have.
pub const MAX_LEGS: usize = 64;

/// A bundle as it is signed: which definition, and the digest of each leg's opening. Nothing in it is about a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleRequest {
    /// The bundle's id.
    pub id: MessageId,
    /// Who asks.
    pub caller: MemberId,
    /// The definition that it was built from.
    pub definition: MessageId,
    /// That definition's version.
    pub version: u32,
    /// SHA-256 of each string of the header `m:openings`, in order.
    pub digests: Vec<[u8; 32]>,
}

/// A question for what is there of a bundle so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poll {
    /// The message's id.
    pub id: MessageId,
    /// Who asks: the member that sent the bundle.
    pub caller: MemberId,
    /// The bundle's id.
    pub bundle: MessageId,
}

/// Reads `m:bundle`.
pub(super) fn bundle(payload: Element<'_>) -> Result<BundleRequest, EnvelopeError> {
    let mut children = Children::of(payload, &[])?;
    let (id, caller) = (children.value("id")?, children.value("caller")?);
    let (definition, version) = (children.value("definition")?, children.number("version")?);
    let digests = Children::of(children.next("digests")?, &[])?.all("digest", (1, MAX_LEGS))?;
    children.end()?;
    let digests = digests.into_iter().map(digest).collect::<Result<_, _>>()?;
    Ok(BundleRequest { id, caller, definition, version, digests })
}

fn digest(holder: Element<'_>) -> Result<[u8; 32], EnvelopeError> {
    let digest = BASE64_STANDARD.decode(text(holder)?.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
    digest.ok_or_else(|| wrong(holder, "a SHA-256 in base64, 44 characters"))
}

/// Reads `m:poll`.
pub(super) fn poll(payload: Element<'_>) -> Result<Poll, EnvelopeError> {
    let mut children = Children::of(payload, &[])?;
    let (id, caller) = (children.value("id")?, children.value("caller")?);
    let poll = Poll { id, caller, bundle: children.value("bundle")? };
    children.end().map(|()| poll)
}

/// The openings of a bundle, from the header `m:openings`: strings as they stand, each base64url of a query's JSON,
/// exactly as over REST. Whether they fit the signed digests is for the reader to check. No header, no openings.
///
/// # Errors
/// [`EnvelopeError`] where the header stands twice or is not as it must be.
pub fn bundle_openings(envelope: &Envelope<'_>) -> Result<Vec<String>, EnvelopeError> {
    let Some(block) = envelope.header(ns::MOHUR, "openings")? else { return Ok(Vec::new()) };
    // The block may have SOAP's own attributes, and those of a signature.
    if block.has_own_text() {
        return Err(wrong(block, "elements only"));
    }
    let openings = Children::below(block).all("opening", (1, MAX_LEGS))?;
    openings.into_iter().map(|opening| Ok(text(opening)?.into_owned())).collect()
}

/// Writes `m:bundle`, canonical.
#[must_use]
pub fn bundle_xml(bundle: &BundleRequest) -> String {
    let mut out = String::with_capacity(512);
    out.push_str("<m:bundle xmlns:m=\"urn:mohur:exchange:1\">");
    element(&mut out, "m:id", bundle.id.as_str());
    element(&mut out, "m:caller", bundle.caller.as_str());
    element(&mut out, "m:definition", bundle.definition.as_str());
    element(&mut out, "m:version", &bundle.version.to_string());
    open(&mut out, "m:digests");
    for digest in &bundle.digests {
        element(&mut out, "m:digest", &BASE64_STANDARD.encode(digest));
    }
    close(&mut out, "m:digests");
    close(&mut out, "m:bundle");
    out
}

/// Writes `m:poll`, canonical.
#[must_use]
pub fn poll_xml(poll: &Poll) -> String {
    let mut out = String::with_capacity(256);
    out.push_str("<m:poll xmlns:m=\"urn:mohur:exchange:1\">");
    element(&mut out, "m:id", poll.id.as_str());
    element(&mut out, "m:caller", poll.caller.as_str());
    element(&mut out, "m:bundle", poll.bundle.as_str());
    close(&mut out, "m:poll");
    out
}

/// Writes the header block `m:openings`, canonical.
#[must_use]
pub fn openings_xml(openings: &[String]) -> String {
    let mut out = String::from("<m:openings xmlns:m=\"urn:mohur:exchange:1\">");
    openings.iter().for_each(|opening| element(&mut out, "m:opening", opening));
    close(&mut out, "m:openings");
    out
}
