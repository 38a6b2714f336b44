//! SOAP 1.1 and 1.2, document/literal, under WS-Security. What the signed Body holds says which kind of message it is.
//!
//! One parse: what is verified are nodes of the one tree, and what is read are those nodes. `SOAPAction` is never read.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode, request};
use mohur_crypto::Digest;
use mohur_message::ws_security::{Attachment, VerifiedEnvelope, sign_envelope, verify_envelope};
use mohur_seal::Seal;
use mohur_soap::envelope::xroad::XRoadHeaders;
use mohur_soap::message::{self, Answered, BundleRequest, Payload, Readable, Sealed};
use mohur_soap::mime::{self, ContentType};
use mohur_soap::{Document, Element, Envelope, Version, fault, ns};
use mohur_wire::{MemberId, MessageId, Refusal, RefusalCode};

use super::{Circumstances, Content, Said, Signed, SignedBundle, xroad};
use crate::Settings;
use crate::reply::{Incoming, ReplyTo};

/// Where every SOAP message arrives.
pub const SOAP: &str = "/soap";

/// A SOAP message, unpacked and not yet parsed.
pub(crate) struct Received {
    version: Version,
    envelope: Bytes,
    attachments: Vec<mime::Attachment>,
}

impl Received {
    /// Refuses what is not SOAP, and takes a package of several parts apart.
    pub(crate) fn of(incoming: Incoming, settings: &Settings) -> Result<Self, Refusal> {
        let content_type = content_type(&incoming.parts);
        if mime::is_multipart(content_type) {
            let package = mime::read(content_type, &incoming.body, &settings.soap.mime)?;
            let (version, envelope) = (package.version, package.envelope.into());
            return Ok(Self { version, envelope, attachments: package.attachments });
        }
        let plain = ContentType::parse(content_type).ok().filter(ContentType::is_utf8);
        let version = plain.and_then(|plain| Version::of_content_type(plain.media_type())).ok_or_else(|| {
            let detail = "Content-Type must be text/xml (SOAP 1.1), application/soap+xml (SOAP 1.2) or multipart/related, in UTF-8.";
            Refusal::new(RefusalCode::UnsupportedMediaType, detail)
        })?;
        Ok(Self { version, envelope: incoming.body, attachments: Vec::new() })
    }

    /// Parses the message once, verifies its signature, and reads what that covers.
    pub(crate) fn verify(self, by: &Circumstances<'_>, to: &mut ReplyTo) -> Result<Signed, Refusal> {
        let document = Document::from_utf8(&self.envelope, &by.settings.soap.xml)?;
        let envelope = Envelope::read(&document)?;
        if envelope.version != self.version {
            let detail = "Content-Type names another SOAP version than the namespace of the Envelope does.";
            return Err(Refusal::new(RefusalCode::Malformed, detail));
        }
        let headers = XRoadHeaders::read(&envelope);
        let attachments = self.attachments.iter().map(attachment).collect::<Result<Vec<_>, _>>()?;
        let (keys, seals) = (by.world.keys(by.arrival), by.world.directory().seals_of(by.peer).collect::<Vec<_>>());
        let verified = verify_envelope(envelope, &attachments, &keys, &seals, by.arrival, by.settings.window())?;
        to.id = id(verified.payload());
        to.signature = Some(verified.signature_value().to_vec());
        let content = headers.map_err(Refusal::from).and_then(|headers| content(&verified, &headers));
        let is_bundle = matches!(content, Ok(Content::Bundle(_)));
        let evidence = if is_bundle { verified.bundle_evidence() } else { verified.evidence() };
        let (signer, evidence) = (verified.identity().clone(), Arc::new(evidence));
        Ok(Signed { signer, id: to.id.clone(), evidence, brought: None, content })
    }
}

/// A part beside the envelope, as its signature covers it. Encoded content would be covered as what it stands for.
fn attachment(part: &mime::Attachment) -> Result<Attachment<'_>, Refusal> {
    let encoding = part.header("Content-Transfer-Encoding").unwrap_or("binary").trim().to_ascii_lowercase();
    if !["7bit", "8bit", "binary"].contains(&encoding.as_str()) {
        return Err(mime::MimeError::TransferEncoding.into());
    }
    let media_type = part.header("Content-Type").unwrap_or("text/plain");
    Ok(Attachment { content_id: &part.content_id, media_type, content: &part.content })
}

/// Reads the verified Body. Of the headers nothing is read: what they say must stand there, too.
fn content(verified: &VerifiedEnvelope<'_>, headers: &XRoadHeaders<'_>) -> Result<Content, Refusal> {
    let payload = message::read(verified.payload())?;
    if caller(&payload) != verified.signer() {
        return Err(Refusal::new(RefusalCode::IdentityMismatch, "`caller` must name the agency that signs."));
    }
    xroad::check(headers, &payload)?;
    match payload {
        Payload::Query(query) => Ok(Content::Query(verified.opening(), *query)),
        Payload::Bundle(BundleRequest { id, definition, version, digests, .. }) => {
            let digests: Vec<_> = digests.into_iter().map(Digest).collect();
            let openings = verified.bundle_openings(&digests)?;
            Ok(Content::Bundle(SignedBundle { id, definition, version: version.to_string(), openings }))
        }
        Payload::Poll(poll) => Ok(Content::Poll { id: poll.id, bundle: poll.bundle }),
    }
}

/// Who a message says that it is from.
pub(super) const fn caller(payload: &Payload) -> &MemberId {
    match payload {
        Payload::Query(query) => &query.caller,
        Payload::Bundle(bundle) => &bundle.caller,
        Payload::Poll(poll) => &poll.caller,
    }
}

/// The id that a verified message gives itself, whether or not the rest of it can be read.
fn id(payload: Element<'_>) -> Option<MessageId> {
    payload.child(ns::MOHUR, "id")?.text().ok()?.parse().ok()
}

/// The version that an answer must have: that of the request, as far as its media type tells.
pub(crate) fn version(parts: &request::Parts) -> Version {
    let content_type = content_type(parts).to_ascii_lowercase();
    if content_type.contains(Version::Soap12.media_type()) { Version::Soap12 } else { Version::Soap11 }
}

fn content_type(parts: &request::Parts) -> &str {
    parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Writes an answer as an envelope and signs it. It confirms the request's signature, where that was verified.
pub(crate) fn write(
    version: Version,
    said: &Said<'_>,
    to: &ReplyTo,
    seal: &dyn Seal,
) -> Result<Response<Bytes>, Refusal> {
    let payload = payload(version, said, to)?;
    let signed = sign_envelope(version, &payload, "", seal, to.arrival.0, to.signature.as_deref());
    let mut response = respond(version, status(version, said), signed.map_err(|_| RefusalCode::Internal)?);
    super::put_provider_receipt(&mut response, said);
    Ok(response)
}

/// The same without a signature.
pub(crate) fn plain(version: Version, said: &Said<'_>, to: &ReplyTo) -> Response<Bytes> {
    respond(version, status(version, said), unsigned(version, &payload(version, said, to).unwrap_or_default()))
}

/// A refusal that no message was read for.
pub(crate) fn unread(version: Version, refusal: &Refusal) -> Response<Bytes> {
    let fault = fault::fault(version, refusal, None);
    respond(version, fault::http_status(version, refusal.code), unsigned(version, &fault))
}

fn unsigned(version: Version, payload: &str) -> String {
    let namespace = version.namespace();
    format!("<e:Envelope xmlns:e=\"{namespace}\"><e:Body>{payload}</e:Body></e:Envelope>")
}

fn payload(version: Version, said: &Said<'_>, to: &ReplyTo) -> Result<String, Refusal> {
    match said {
        Said::Answer(released) => Ok(message::answer_xml(&Answered {
            id: released.query().id.clone(),
            service: released.query().service.clone(),
            finding: released.finding(),
            sealed: Sealed(released.sealed().to_owned()),
        })),
        Said::Report(report) => {
            let id = to.id.as_ref().ok_or(RefusalCode::Internal)?;
            let (legs, settlements) = (report.read().legs.clone(), report.read().settlements.clone());
            Ok(message::bundle_answer_xml(id, report.answer(), &Readable { legs, settlements }))
        }
        Said::Refusal(refusal) => Ok(fault::fault(version, refusal, to.id.as_ref().map(MessageId::as_str))),
    }
}

const fn status(version: Version, said: &Said<'_>) -> u16 {
    match said {
        Said::Answer(_) | Said::Report(_) => 200,
        Said::Refusal(refusal) => fault::http_status(version, refusal.code),
    }
}

fn respond(version: Version, status: u16, envelope: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(envelope));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(version.content_type()));
    response
}
