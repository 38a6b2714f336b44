//! An envelope of the protocol, and the answer that repeats its header as it was written (PR-MESS 2.2).

use mohur_soap::{Document, Element, Envelope, Version, ns};

use super::fault::escaped;
use super::headers::Headers;
use crate::hash::SHA512_URI;
use crate::vocabulary::{Code, XRoadError};

/// A message: its header fields, and the Body's one child.
#[derive(Debug)]
pub struct SoapMessage<'d> {
    /// The header fields.
    pub headers: Headers,
    /// The Body's child.
    pub payload: Element<'d>,
    envelope: Envelope<'d>,
    header: Element<'d>,
}

impl<'d> SoapMessage<'d> {
    /// Reads a request: every rule of PR-MESS 2.2 and 2.3.
    pub fn request(document: &'d Document<'d>) -> Result<Self, XRoadError> {
        let message = Self::read(document)?;
        // The wrapper is named after the service (2.3); existing services add to the name.
        if !message.payload.local().starts_with(&message.headers.service.code) {
            let said = "the element in the Body must be named after the serviceCode of the header";
            return Err(XRoadError::client(Code::INCONSISTENT_HEADERS, said));
        }
        Ok(message)
    }

    /// Reads a message whose Body may hold anything.
    pub fn read(document: &'d Document<'d>) -> Result<Self, XRoadError> {
        let envelope = Envelope::read(document)?;
        if envelope.version != Version::Soap11 {
            return Err(XRoadError::client(Code::INVALID_SOAP, "the envelope must be SOAP 1.1"));
        }
        let header = envelope.root.child(ns::SOAP11, "Header");
        let header = header.ok_or_else(|| XRoadError::client(Code::MISSING_HEADER, "the envelope has no Header"))?;
        Ok(Self { headers: Headers::read(header)?, payload: envelope.payload, header, envelope })
    }

    /// Whether the Body holds a fault.
    pub fn is_fault(&self) -> bool {
        self.payload.is(ns::SOAP11, "Fault")
    }

    /// The answer: the header as it stands in `text` (the document's own), with the request's hash after `id`, and this
    /// payload, which declares the namespaces that it uses.
    pub fn answered(&self, text: &str, payload: &str, hash: &str) -> String {
        let (root, body) = (self.envelope.root, self.envelope.body);
        let mut out = String::with_capacity(text.len() + payload.len() + 300);
        out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        out.push_str(&self.hashed(text, root.range().start..body.range().start, hash));
        let body_name = qualified(body);
        out.push_str(&format!("<{body_name}{}>{payload}</{body_name}>", declared(body)));
        out.push_str(&format!("</{}>", qualified(root)));
        out
    }

    /// A part of the text, with the hash after `id`, and without any that was there before.
    fn hashed(&self, text: &str, part: std::ops::Range<usize>, hash: &str) -> String {
        let mut out = String::with_capacity(text.len() + 200);
        let mut done = part.start;
        for block in self.header.children().filter(|block| block.namespace() == ns::XROAD) {
            let range = block.range();
            match block.local() {
                "requestHash" => {
                    out.push_str(text.get(done..range.start).unwrap_or_default());
                    done = range.end;
                }
                "id" => {
                    out.push_str(text.get(done..range.end).unwrap_or_default());
                    let name = if block.prefix().is_empty() { String::new() } else { format!("{}:", block.prefix()) };
                    let (declared, hash) = (declared(block), escaped(hash));
                    out.push_str(&format!(
                        "<{name}requestHash{declared} algorithmId=\"{SHA512_URI}\">{hash}</{name}requestHash>"
                    ));
                    done = range.end;
                }
                _ => {}
            }
        }
        out.push_str(text.get(done..part.end).unwrap_or_default());
        out
    }
}

/// A provider's answer, with the hash of the request in its header. It must repeat the request's header; a fault may have
/// none, and is passed on as it is.
pub fn with_request_hash(
    text: &str,
    document: &Document<'_>,
    request: &Headers,
    hash: &str,
) -> Result<String, XRoadError> {
    let provider = |error: XRoadError| {
        XRoadError::provider(Code::INCONSISTENT_RESPONSE, format!("the provider's answer: {}", error.message))
    };
    let envelope = Envelope::read(document).map_err(|error| provider(error.into()))?;
    if envelope.payload.is(ns::SOAP11, "Fault") {
        return Ok(text.to_owned());
    }
    let answer = SoapMessage::read(document).map_err(provider)?;
    if answer.headers != *request {
        let said = "the provider's answer does not repeat the header of the request";
        return Err(XRoadError::provider(Code::INCONSISTENT_RESPONSE, said));
    }
    Ok(answer.hashed(text, 0..text.len(), hash))
}

fn qualified(element: Element<'_>) -> String {
    let local = element.local();
    if element.prefix().is_empty() { local.to_owned() } else { format!("{}:{local}", element.prefix()) }
}

/// The declaration of an element's own prefix: what stands beside it may not have it in scope.
fn declared(element: Element<'_>) -> String {
    let uri = escaped(element.namespace());
    if element.prefix().is_empty() {
        format!(" xmlns=\"{uri}\"")
    } else {
        format!(" xmlns:{}=\"{uri}\"", element.prefix())
    }
}

#[cfg(test)]
mod tests;
