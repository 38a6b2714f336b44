//! What the databases send.

use std::fmt::Write as _;

use quick_xml::escape::escape;

use super::record::{About, Paper, Record, Subject};
use super::{NAMESPACE, Refusal};
use crate::Faults;
use crate::country::Sex;
use crate::soap::envelope;

/// The most hits in one reply (`SearchResponse` in the schema).
const MOST: usize = 50;

/// The hits on that subject.
pub(super) fn hits(subject: &Subject, found: &[Record], faults: Faults) -> String {
    let mut content = key(subject, faults.wrong_person);
    for record in found.iter().take(MOST) {
        let mut hit = format!("{}{}", leaf("RecordId", &record.id), leaf("Action", &record.action));
        if faults.extra_fields {
            hit.push_str(&leaf("Owner", &record.owner));
            hit.push_str(&leaf("Reason", &record.reason));
        }
        content.push_str(&element("Hit", &hit));
    }
    content.push_str(&leaf("Total", &found.len().to_string()));
    answer("SearchResponse", &content)
}

fn key(subject: &Subject, wrong: bool) -> String {
    match subject {
        Subject::Document(document) => element("Document", &paper(document, wrong)),
        Subject::Person { name, birth_date } => {
            let name = if wrong { "NOBODY NEMO" } else { name };
            element("Person", &format!("{}{}", leaf("Name", name), leaf("BirthDate", birth_date)))
        }
        Subject::Vehicle { vin } => element("Vehicle", &leaf("VIN", if wrong { "WDBZZZ1K0WB000000" } else { vin })),
    }
}

fn paper(document: &Paper, wrong: bool) -> String {
    let number = if wrong { "X00000000" } else { document.number.as_str() };
    format!("{}{}{}", leaf("IssuingState", &document.state), leaf("Type", &document.code), leaf("Number", number))
}

/// One full record.
pub(super) fn record(record: &Record, faults: Faults) -> String {
    let id = if faults.wrong_person { "0000000000000000OTHER" } else { record.id.as_str() };
    let mut content = leaf("RecordId", id);
    content.push_str(&leaf("Owner", &record.owner));
    content.push_str(&leaf("Action", &record.action));
    content.push_str(&leaf("Reason", &record.reason));
    content.push_str(&leaf("Issued", &record.issued.to_string()));
    content.push_str(&match &record.about {
        About::Document(document) => element("Document", &paper(document, false)),
        About::Person { family_name, given_name, birth_date, sex, nationality } => {
            let sex = if *sex == Sex::Male { "M" } else { "F" };
            let parts = [
                ("FamilyName", family_name.as_str()),
                ("GivenName", given_name),
                ("BirthDate", &birth_date.to_string()),
                ("Sex", sex),
                ("Nationality", nationality),
            ];
            element("Person", &leaves(&parts))
        }
        About::Vehicle { vin, plate, make, model } => {
            element("Vehicle", &leaves(&[("VIN", vin), ("Plate", plate), ("Make", make), ("Model", model)]))
        }
    });
    if faults.extra_fields {
        content.push_str(&leaf("Informant", "somebody who must not be named"));
    }
    answer("GetRecordResponse", &element("Record", &content))
}

/// That a document is recorded.
pub(super) fn published(document: &Paper, id: &str, faults: Faults) -> String {
    let document = element("Document", &paper(document, faults.wrong_person));
    answer("PublishDocumentResponse", &format!("{document}{}", leaf("RecordId", id)))
}

/// SOAP 1.1, section 4.4: the parts of a fault are in no namespace, and a fault about the header has no detail.
pub(super) fn fault(refusal: Refusal) -> String {
    let (code, said, detail) = match refusal {
        Refusal::UnknownRecord => ("Client", "there is no such record", Some("UnknownRecord")),
        Refusal::NotTheIssuer => ("Client", "a country reports its own documents only", Some("NotTheIssuer")),
        Refusal::Invalid(what) => ("Client", what, Some("InvalidRequest")),
        Refusal::Version => ("VersionMismatch", "this register speaks SOAP 1.1", None),
        Refusal::NotUnderstood => ("MustUnderstand", "this register knows no header that must be understood", None),
    };
    let mut content = format!("<faultcode>soap:{code}</faultcode><faultstring>{}</faultstring>", escape(said));
    if let Some(detail) = detail {
        let detail = leaf("code", detail);
        let _ =
            write!(content, "<detail><ip:InterpolFault xmlns:ip=\"{NAMESPACE}\">{detail}</ip:InterpolFault></detail>");
    }
    envelope(&format!("<soap:Fault>{content}</soap:Fault>"))
}

fn answer(name: &str, content: &str) -> String {
    envelope(&format!("<ip:{name} xmlns:ip=\"{NAMESPACE}\">{content}</ip:{name}>"))
}

fn element(name: &str, content: &str) -> String {
    format!("<ip:{name}>{content}</ip:{name}>")
}

fn leaf(name: &str, text: &str) -> String {
    element(name, &escape(text))
}

fn leaves(parts: &[(&str, &str)]) -> String {
    parts.iter().map(|(name, text)| leaf(name, text)).collect()
}
