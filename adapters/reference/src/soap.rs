//! What the registers that speak SOAP 1.1 share: one request in, its payload or why there is none.

use mohur_soap::{Document, Element, ns};

use crate::web::Call;

pub(crate) const XML: &str = "text/xml; charset=utf-8";

/// Why a request has no payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unread {
    /// Not an envelope as SOAP 1.1 has it; says what.
    Invalid(&'static str),
    /// Another version of SOAP.
    Version,
    /// A header that must be understood.
    NotUnderstood,
}

/// The action that the request names (section 6.1.1).
pub(crate) fn action<'c>(call: &'c Call<'_>) -> Result<&'c str, Unread> {
    let action = call.header("soapaction").ok_or(Unread::Invalid("the header SOAPAction is missing"))?;
    Ok(action.trim_matches('"'))
}

/// The request as a tree.
pub(crate) fn document<'c>(call: &Call<'c>) -> Result<Document<'c>, Unread> {
    let document = Document::from_utf8(call.body, &mohur_soap::Limits::default());
    document.map_err(|_| Unread::Invalid("the request is not XML that is accepted"))
}

/// The only element of the Body (section 4).
pub(crate) fn payload(root: Element<'_>) -> Result<Element<'_>, Unread> {
    if root.is(ns::SOAP12, "Envelope") {
        return Err(Unread::Version);
    }
    if !root.is(ns::SOAP11, "Envelope") || root.has_processing_instructions() {
        return Err(Unread::Invalid("the request is not a SOAP envelope"));
    }
    let parts: Vec<_> = root.children().collect();
    let (header, body) = match parts.as_slice() {
        [body] => (None, body),
        [header, body] if header.is(ns::SOAP11, "Header") => (Some(header), body),
        _ => return Err(Unread::Invalid("an envelope is at most one Header and one Body")),
    };
    let must = |block: Element<'_>| block.attribute(ns::SOAP11, "mustUnderstand") == Some("1");
    if header.is_some_and(|header| header.children().any(must)) {
        return Err(Unread::NotUnderstood);
    }
    let mut payload = body.children();
    match (payload.next(), payload.next()) {
        (Some(payload), None) if body.is(ns::SOAP11, "Body") => Ok(payload),
        _ => Err(Unread::Invalid("the Body holds exactly one element")),
    }
}

/// A finished part in an envelope.
pub(crate) fn envelope(body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soap:Envelope \
         xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body>{body}</soap:Body></soap:Envelope>"
    )
}

/// The WSDL, with the address under which it was asked for in place of the published one.
pub(crate) fn wsdl(wsdl: &str, published: &str, call: &Call<'_>) -> String {
    let here = call.header("host").filter(|host| host.parse::<http::uri::Authority>().is_ok());
    here.map_or_else(|| wsdl.to_owned(), |host| wsdl.replace(published, &format!("http://{host}/soap")))
}
