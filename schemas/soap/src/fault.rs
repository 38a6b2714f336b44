//! SOAP faults: a refusal as SOAP says it.
//!
//! The fault's own prefix is `f`, whatever the envelope's is, so that the fault is canonical inside and outside of it
//! (Exclusive XML Canonicalization 1.0, section 3). There is no SOAP 1.2 `Subcode`: exclusive canonicalisation would drop
//! the declaration of a prefix that stands in text only.

use mohur_wire::refusal::SoapFault;
use mohur_wire::{Refusal, RefusalCode};

use crate::envelope::{EnvelopeError, Version};
use crate::write::{close, element, open, text};
use crate::{Element, ns};

/// Writes the fault of a refusal, canonical: what the `Body` of its envelope holds. `id` is the message's, where it could
/// be read.
#[must_use]
pub fn fault(version: Version, refusal: &Refusal, id: Option<&str>) -> String {
    let mut out = String::with_capacity(1024);
    out.push_str("<f:Fault xmlns:f=\"");
    out.push_str(version.namespace());
    out.push_str("\">");
    let told = refusal.code.text();
    let (english, azerbaijani) = (sentences(told.english, refusal), told.azerbaijani);
    match version {
        Version::Soap11 => {
            element(&mut out, "faultcode", soap11_code(told.soap));
            in_language(&mut out, "faultstring", "en", &english);
            open(&mut out, "detail");
            write_refusal(&mut out, refusal, id);
            close(&mut out, "detail");
        }
        Version::Soap12 => {
            open(&mut out, "f:Code");
            element(&mut out, "f:Value", soap12_code(told.soap));
            close(&mut out, "f:Code");
            open(&mut out, "f:Reason");
            in_language(&mut out, "f:Text", "en", &english);
            in_language(&mut out, "f:Text", "az", azerbaijani);
            close(&mut out, "f:Reason");
            open(&mut out, "f:Detail");
            write_refusal(&mut out, refusal, id);
            close(&mut out, "f:Detail");
        }
    }
    close(&mut out, "f:Fault");
    out
}

/// The HTTP status that a fault goes with: 500, and 400 where a SOAP 1.2 sender is at fault (SOAP 1.1, section 6.2;
/// SOAP 1.2 part 2, table 20).
#[must_use]
pub const fn http_status(version: Version, code: RefusalCode) -> u16 {
    match (version, code.text().soap) {
        (Version::Soap12, SoapFault::Client) => 400,
        (Version::Soap11 | Version::Soap12, SoapFault::Client | SoapFault::Server | SoapFault::MustUnderstand) => 500,
    }
}

/// What a fault of ours says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The refusal.
    pub refusal: Refusal,
    /// The message's id, where it could be read.
    pub id: Option<String>,
}

/// Reads a fault of ours: `None` for a payload that is no fault, or one without our `m:refusal`.
///
/// # Errors
/// [`EnvelopeError`] where it is not as it must be.
pub fn read(version: Version, payload: Element<'_>) -> Result<Option<Told>, EnvelopeError> {
    if !payload.is(version.namespace(), "Fault") {
        return Ok(None);
    }
    let detail = match version {
        Version::Soap11 => payload.optional("", "detail")?,
        Version::Soap12 => payload.optional(ns::SOAP12, "Detail")?,
    };
    let Some(said) = detail.and_then(|detail| detail.child(ns::MOHUR, "refusal")) else { return Ok(None) };
    crate::message::refusal(said).map(Some)
}

/// The code's sentence and what is to be said beyond it: many clients show this text and nothing else.
fn sentences(sentence: &str, refusal: &Refusal) -> String {
    if refusal.detail.is_empty() { sentence.to_owned() } else { format!("{sentence} {}", refusal.detail) }
}

const fn soap11_code(fault: SoapFault) -> &'static str {
    match fault {
        SoapFault::Client => "f:Client",
        SoapFault::Server => "f:Server",
        SoapFault::MustUnderstand => "f:MustUnderstand",
    }
}

const fn soap12_code(fault: SoapFault) -> &'static str {
    match fault {
        SoapFault::Client => "f:Sender",
        SoapFault::Server => "f:Receiver",
        SoapFault::MustUnderstand => "f:MustUnderstand",
    }
}

fn write_refusal(out: &mut String, refusal: &Refusal, id: Option<&str>) {
    let told = refusal.code.text();
    out.push_str("<m:refusal xmlns:m=\"urn:mohur:exchange:1\">");
    element(out, "m:code", refusal.code.as_str());
    in_language(out, "m:title", "en", told.english);
    in_language(out, "m:title", "az", told.azerbaijani);
    element(out, "m:detail", &refusal.detail);
    element(out, "m:remedy", told.remedy);
    if let Some(id) = id {
        element(out, "m:id", id);
    }
    close(out, "m:refusal");
}

fn in_language(out: &mut String, name: &str, language: &str, content: &str) {
    out.push('<');
    out.push_str(name);
    out.push_str(" xml:lang=\"");
    out.push_str(language);
    out.push_str("\">");
    text(out, content);
    close(out, name);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stale(version: Version) -> String {
        fault(version, &Refusal::from(RefusalCode::Stale), Some("2026-07-01-000042"))
    }

    /// The example in the document, without its indentation.
    #[test]
    fn the_document_shows_a_fault_as_it_is() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../", "docs/errors.md");
        let document = std::fs::read_to_string(path).unwrap();
        let example = document.split("```xml\n").nth(1).unwrap().split("```").next().unwrap();
        assert_eq!(example.lines().map(str::trim_start).collect::<String>(), stale(Version::Soap11));
    }

    #[test]
    fn each_version_says_it_in_its_own_way() {
        assert_eq!(
            stale(Version::Soap12).split("<f:Detail>").next().unwrap(),
            "<f:Fault xmlns:f=\"http://www.w3.org/2003/05/soap-envelope\"><f:Code><f:Value>f:Sender</f:Value></f:Code>\
             <f:Reason><f:Text xml:lang=\"en\">The signature was made too long ago. Set the clock, and sign again just \
             before sending.</f:Text><f:Text xml:lang=\"az\">İmza çox əvvəl yaradılıb.</f:Text></f:Reason>"
        );
        for (code, soap11, soap12, status) in [
            (RefusalCode::Stale, "f:Client", "f:Sender", (500, 400)),
            (RefusalCode::ProviderTimeout, "f:Server", "f:Receiver", (500, 500)),
            (RefusalCode::NotUnderstood, "f:MustUnderstand", "f:MustUnderstand", (500, 500)),
        ] {
            let said = |version| fault(version, &code.into(), None);
            assert!(said(Version::Soap11).contains(&format!("<faultcode>{soap11}</faultcode>")));
            assert!(said(Version::Soap12).contains(&format!("<f:Value>{soap12}</f:Value>")));
            assert_eq!((http_status(Version::Soap11, code), http_status(Version::Soap12, code)), status);
            assert!(!said(Version::Soap11).contains("<m:id>"));
        }
    }

    #[test]
    fn a_fault_of_somebody_else_is_none_of_ours() {
        let text = format!("<s:Fault xmlns:s=\"{}\"><faultcode>s:Client</faultcode></s:Fault>", ns::SOAP11);
        let document = crate::Document::parse(&text, &crate::Limits::default()).unwrap();
        assert_eq!(read(Version::Soap11, document.root()), Ok(None));
        assert_eq!(read(Version::Soap12, document.root()), Ok(None));
    }
}
