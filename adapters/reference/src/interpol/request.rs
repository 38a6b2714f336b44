//! The requests, read as their schema says: these elements, in this order, with nothing beside them.

use mohur_soap::Element;
use mohur_wire::subject::{BirthDate, DocumentNumber, DocumentType, StateCode, Vin};

use super::record::{Paper, Subject};
use super::{NAMESPACE, Refusal};
use crate::soap::{children, text};

pub(super) fn search(payload: Element<'_>) -> Result<Subject, Refusal> {
    if let Ok([bureau, asked]) = children(NAMESPACE, payload, ["Bureau", "Document"]) {
        country(bureau)?;
        return paper(asked).map(Subject::Document);
    }
    if let Ok([bureau, asked]) = children(NAMESPACE, payload, ["Bureau", "Person"]) {
        country(bureau)?;
        let [name, born] = children(NAMESPACE, asked, ["Name", "BirthDate"])?;
        let birth_date = checked::<BirthDate>(born)?;
        return Ok(Subject::Person { name: latin(name)?, birth_date });
    }
    let [bureau, asked] = children(NAMESPACE, payload, ["Bureau", "Vehicle"])?;
    country(bureau)?;
    let [vin] = children(NAMESPACE, asked, ["VIN"])?;
    Ok(Subject::Vehicle { vin: checked::<Vin>(vin)? })
}

pub(super) fn record(payload: Element<'_>) -> Result<String, Refusal> {
    let [bureau, id] = children(NAMESPACE, payload, ["Bureau", "RecordId"])?;
    country(bureau)?;
    let id = text(id)?;
    let is_id = (12..=40).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if is_id { Ok(id) } else { Err(Refusal::Invalid("RecordId is not an id")) }
}

/// The bureau, the document, and why.
pub(super) fn publication(payload: Element<'_>) -> Result<(String, Paper, String), Refusal> {
    let [bureau, document, reason] = children(NAMESPACE, payload, ["Bureau", "Document", "Reason"])?;
    let reason = text(reason)?;
    if !["lost", "stolen", "destroyed", "revoked"].contains(&reason.as_str()) {
        return Err(Refusal::Invalid("Reason is none of the four"));
    }
    Ok((country(bureau)?, paper(document)?, reason))
}

fn paper(element: Element<'_>) -> Result<Paper, Refusal> {
    let [state, code, number] = children(NAMESPACE, element, ["IssuingState", "Type", "Number"])?;
    Ok(Paper {
        state: checked::<StateCode>(state)?,
        code: checked::<DocumentType>(code)?,
        number: checked::<DocumentNumber>(number)?,
    })
}

fn country(element: Element<'_>) -> Result<String, Refusal> {
    let country = checked::<StateCode>(element)?;
    if country.len() == 3 { Ok(country) } else { Err(Refusal::Invalid("Bureau is not a country")) }
}

/// Capital letters and single blanks.
fn latin(element: Element<'_>) -> Result<String, Refusal> {
    let text = text(element)?;
    let good = text.bytes().all(|b| b.is_ascii_uppercase() || b == b' ');
    if good { Ok(text) } else { Err(Refusal::Invalid("a name is not in the letters of a machine-readable zone")) }
}

/// A text that the type reads.
fn checked<T: std::str::FromStr>(element: Element<'_>) -> Result<String, Refusal> {
    let text = text(element)?;
    if text.parse::<T>().is_ok() { Ok(text) } else { Err(Refusal::Invalid("a text is not one of the schema")) }
}
