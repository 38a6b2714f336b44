//! X-Road's envelope, written and read.
//!
//! The prefixes are those of PR-META's examples, declared on the envelope, and there is no XML declaration: providers are
//! known that read the first tag with regular expressions and take no other.

use mohur_contract::RegistryError;
use mohur_soap::{Document, Element, Limits, ns, write};
use mohur_wire::{MemberId, Query, ServiceId};

/// The content type of a SOAP 1.1 message.
pub(crate) const TEXT_XML: &str = "text/xml; charset=UTF-8";

/// An envelope whose header says what the query says.
pub(crate) fn of_query(query: &Query, body: &str) -> String {
    let mut out = opened();
    write::open(&mut out, "soapenv:Header");
    client(&mut out, &query.caller);
    service(&mut out, &query.service);
    field(&mut out, "xro:id", query.id.as_str());
    field(&mut out, "xro:userId", query.official.as_str());
    if let Some(case) = &query.case {
        field(&mut out, "xro:issue", case.as_str());
    }
    field(&mut out, "xro:protocolVersion", "4.0");
    if let Some(body) = &query.on_behalf_of {
        represented(&mut out, body);
    }
    write::close(&mut out, "soapenv:Header");
    finished(out, body)
}

/// An envelope with a header block that was written before.
pub(crate) fn with_header(header: &str, body: &str) -> String {
    let mut out = opened();
    out.push_str(header);
    finished(out, body)
}

fn opened() -> String {
    format!(
        "<soapenv:Envelope xmlns:soapenv=\"{}\" xmlns:xro=\"{}\" xmlns:iden=\"{}\">",
        ns::SOAP11,
        ns::XROAD,
        ns::XROAD_ID
    )
}

fn finished(mut out: String, body: &str) -> String {
    write::open(&mut out, "soapenv:Body");
    out.push_str(body);
    write::close(&mut out, "soapenv:Body");
    write::close(&mut out, "soapenv:Envelope");
    out
}

/// What XML cannot carry is left out: officials and cases are bounded texts, and ours never hold it.
fn field(out: &mut String, name: &str, text: &str) {
    let text: String = text.chars().filter(|c| write::is_text(c.encode_utf8(&mut [0; 4]))).collect();
    write::element(out, name, &text);
}

fn codes(out: &mut String, member: &MemberId) {
    for (name, code) in [
        ("iden:xRoadInstance", member.instance()),
        ("iden:memberClass", member.member_class()),
        ("iden:memberCode", member.member_code()),
        ("iden:subsystemCode", member.subsystem_code()),
    ] {
        field(out, name, code);
    }
}

fn client(out: &mut String, member: &MemberId) {
    out.push_str("<xro:client iden:objectType=\"SUBSYSTEM\">");
    codes(out, member);
    write::close(out, "xro:client");
}

fn service(out: &mut String, service: &ServiceId) {
    out.push_str("<xro:service iden:objectType=\"SERVICE\">");
    codes(out, service.owner());
    field(out, "iden:serviceCode", service.service_code());
    field(out, "iden:serviceVersion", service.service_version());
    write::close(out, "xro:service");
}

fn represented(out: &mut String, member: &MemberId) {
    out.push_str("<rep:representedParty xmlns:rep=\"");
    out.push_str(ns::XROAD_REP);
    out.push_str("\">");
    field(out, "rep:partyClass", member.member_class());
    field(out, "rep:partyCode", member.member_code());
    write::close(out, "rep:representedParty");
}

/// An envelope's parts. It is read like every message: no DTD, no instructions, bounded.
#[derive(Clone, Copy)]
pub(crate) struct Parts<'d> {
    pub(crate) header: Option<Element<'d>>,
    /// The Body's only child.
    pub(crate) payload: Element<'d>,
}

/// Parses an envelope's octets.
pub(crate) fn document<'a>(octets: &'a [u8], limits: &Limits) -> Result<Document<'a>, &'static str> {
    // A byte order mark may stand before it (PR-MESS 2.6).
    let octets = octets.strip_prefix(b"\xef\xbb\xbf").unwrap_or(octets);
    Document::from_utf8(octets, limits).map_err(|error| {
        if error.is_limit() { "the message is larger than the limits of XML allow" } else { "the message is not XML" }
    })
}

/// Takes an envelope apart.
pub(crate) fn parts<'d>(document: &'d Document<'_>) -> Result<Parts<'d>, &'static str> {
    let root = document.root();
    if !root.is(ns::SOAP11, "Envelope") || root.has_processing_instructions() {
        return Err("the message is not a SOAP 1.1 envelope");
    }
    let header = root.optional(ns::SOAP11, "Header").map_err(|_| "the envelope has two headers")?;
    let body = root.only(ns::SOAP11, "Body").map_err(|_| "the envelope has no body, or two")?;
    let mut children = body.children();
    match (children.next(), children.next()) {
        (Some(payload), None) => Ok(Parts { header, payload }),
        _ => Err("the envelope's body does not hold exactly one element"),
    }
}

/// The code of a fault, if the payload is one.
pub(crate) fn fault_code(payload: Element<'_>) -> Option<String> {
    if !payload.is(ns::SOAP11, "Fault") {
        return None;
    }
    let code = payload.child("", "faultcode").and_then(|code| code.text().ok().map(|text| text.trim().to_owned()));
    Some(code.unwrap_or_default())
}

/// What a fault means that says nothing of the subject: X-Road blames by the code's beginning.
pub(crate) fn fault_meaning(code: &str) -> RegistryError {
    let code = code.rsplit(':').next().unwrap_or_default();
    if code.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("client")) {
        RegistryError::Invalid("it refused the request as wrong (SOAP fault); compare the mapping with its description")
    } else {
        RegistryError::Unavailable("it answers with a SOAP fault".to_owned())
    }
}
