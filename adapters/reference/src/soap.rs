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

/// Exactly these children, in this order; nothing else, no text between them, no attributes of anybody's own.
pub(crate) fn children<'d, const N: usize>(
    namespace: &str,
    parent: Element<'d>,
    names: [&str; N],
) -> Result<[Element<'d>; N], Unread> {
    const OTHER: Unread = Unread::Invalid("the elements are not those of the schema");
    let found: Vec<_> = parent.children().collect();
    let found: [Element<'d>; N] = found.try_into().map_err(|_| OTHER)?;
    let fits = found.iter().zip(names).all(|(element, name)| element.is(namespace, name));
    if fits && !parent.has_own_text() && parent.attributes().next().is_none() { Ok(found) } else { Err(OTHER) }
}

/// A text of 1 to 200 characters, white space collapsed as `xs:token` wants it.
pub(crate) fn text(element: Element<'_>) -> Result<String, Unread> {
    const WRONG: Unread = Unread::Invalid("a text is not one of the schema");
    if element.attributes().next().is_some() {
        return Err(WRONG);
    }
    let text = element.text().map_err(|_| WRONG)?;
    let text = text.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    if (1..=200).contains(&text.chars().count()) { Ok(text) } else { Err(WRONG) }
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
