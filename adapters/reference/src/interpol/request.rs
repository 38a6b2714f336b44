//! The requests, read as their schema says: these elements, in this order, with nothing beside them.

use mohur_soap::Element;
use mohur_wire::subject::{BirthDate, DocumentNumber, DocumentType, StateCode, Vin};

use super::record::{Paper, Subject};
use super::{NAMESPACE, Refusal};

pub(super) fn search(payload: Element<'_>) -> Result<Subject, Refusal> {
    if let Ok([bureau, asked]) = children(payload, ["Bureau", "Document"]) {
        country(bureau)?;
        return paper(asked).map(Subject::Document);
    }
    if let Ok([bureau, asked]) = children(payload, ["Bureau", "Person"]) {
        country(bureau)?;
        let [name, born] = children(asked, ["Name", "BirthDate"])?;
        let birth_date = checked::<BirthDate>(born)?;
        return Ok(Subject::Person { name: latin(name)?, birth_date });
    }
    let [bureau, asked] = children(payload, ["Bureau", "Vehicle"])?;
    country(bureau)?;
    let [vin] = children(asked, ["VIN"])?;
    Ok(Subject::Vehicle { vin: checked::<Vin>(vin)? })
}

pub(super) fn record(payload: Element<'_>) -> Result<String, Refusal> {
    let [bureau, id] = children(payload, ["Bureau", "RecordId"])?;
    country(bureau)?;
    let id = text(id)?;
    let is_id = (12..=40).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if is_id { Ok(id) } else { Err(Refusal::Invalid("RecordId is not an id")) }
}

/// The bureau, the document, and why.
pub(super) fn publication(payload: Element<'_>) -> Result<(String, Paper, String), Refusal> {
    let [bureau, document, reason] = children(payload, ["Bureau", "Document", "Reason"])?;
    let reason = text(reason)?;
    if !["lost", "stolen", "destroyed", "revoked"].contains(&reason.as_str()) {
        return Err(Refusal::Invalid("Reason is none of the four"));
    }
    Ok((country(bureau)?, paper(document)?, reason))
}

fn paper(element: Element<'_>) -> Result<Paper, Refusal> {
    let [state, code, number] = children(element, ["IssuingState", "Type", "Number"])?;
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

/// Exactly these children, in this order; nothing else, no text between them, no attributes of anybody's own.
fn children<'d, const N: usize>(parent: Element<'d>, names: [&str; N]) -> Result<[Element<'d>; N], Refusal> {
    const OTHER: Refusal = Refusal::Invalid("the elements are not those of the schema");
    let found: Vec<_> = parent.children().collect();
    let found: [Element<'d>; N] = found.try_into().map_err(|_| OTHER)?;
    let fits = found.iter().zip(names).all(|(element, name)| element.is(NAMESPACE, name));
    if fits && !parent.has_own_text() && parent.attributes().next().is_none() { Ok(found) } else { Err(OTHER) }
}

/// A text of 1 to 200 characters, white space collapsed as `xs:token` wants it.
fn text(element: Element<'_>) -> Result<String, Refusal> {
    const WRONG: Refusal = Refusal::Invalid("a text is not one of the schema");
    if element.attributes().next().is_some() {
        return Err(WRONG);
    }
    let text = element.text().map_err(|_| WRONG)?;
    let text = text.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    if (1..=200).contains(&text.chars().count()) { Ok(text) } else { Err(WRONG) }
}
