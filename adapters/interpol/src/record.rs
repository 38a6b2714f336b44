//! A full record: who or what is sought, by which country, and why.

use std::collections::{BTreeMap, BTreeSet};

use mohur_contract::RegistryError;
use mohur_soap::Element;
use mohur_wire::answer::Finding;
use mohur_wire::{Answer, FieldName, SubjectKey, Value};

use crate::abroad::{Action, INVALID, NAMESPACE, only, text};

/// The opaque id of a record: 12 to 40 capital letters and digits, never as short as a personal number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RecordId(String);

/// What a record says, by field.
pub(crate) struct Record {
    pub(crate) id: RecordId,
    fields: BTreeMap<&'static str, Value>,
}

impl RecordId {
    /// As a query names it.
    pub(crate) fn of_query(text: &str) -> Result<Self, RegistryError> {
        Self::parse(text).ok_or(RegistryError::Unsupported("a record's id is 12-40 capital letters and digits"))
    }

    /// As a reply names it.
    pub(crate) fn of_reply(text: &str) -> Result<Self, RegistryError> {
        Self::parse(text).ok_or(RegistryError::Invalid("the id of a record is none"))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    fn parse(text: &str) -> Option<Self> {
        let good =
            (12..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        good.then(|| Self(text.to_owned()))
    }
}

impl Record {
    /// Reads `Record` of the contract. What it does not have is not read.
    pub(crate) fn read(record: Element<'_>) -> Result<Self, RegistryError> {
        let mut fields = BTreeMap::new();
        let action = Action::named(&text(only(record, "Action")?)?)?;
        fields.insert("action", Value::text(action.as_str()));
        let owner = text(only(record, "Owner")?)?;
        if owner.len() != 3 || !owner.bytes().all(|b| b.is_ascii_uppercase()) {
            return Err(RegistryError::Invalid("the owner of a record is not a country"));
        }
        fields.insert("owner", Value::Text(owner));
        take(&mut fields, record, &[("Reason", "reason")])?;
        fields.insert("issued", date(only(record, "Issued")?)?);
        let one = |name| record.optional(NAMESPACE, name).map_err(|_| INVALID);
        let kind = match (one("Person")?, one("Document")?, one("Vehicle")?) {
            (Some(person), None, None) => {
                take(&mut fields, person, &PERSON)?;
                fields.insert("birthDate", date(only(person, "BirthDate")?)?);
                "person"
            }
            (None, Some(document), None) => {
                take(&mut fields, document, &DOCUMENT)?;
                "document"
            }
            (None, None, Some(vehicle)) => {
                take(&mut fields, vehicle, &VEHICLE)?;
                "vehicle"
            }
            _ => return Err(RegistryError::Invalid("a record is about a person, a document or a vehicle")),
        };
        fields.insert("kind", Value::text(kind));
        Ok(Self { id: RecordId::of_reply(&text(only(record, "RecordId")?)?)?, fields })
    }
}

const PERSON: [(&str, &str); 4] =
    [("FamilyName", "familyName"), ("GivenName", "givenName"), ("Sex", "sex"), ("Nationality", "nationality")];
const DOCUMENT: [(&str, &str); 3] =
    [("IssuingState", "documentState"), ("Type", "documentType"), ("Number", "documentNumber")];
const VEHICLE: [(&str, &str); 4] = [("VIN", "vin"), ("Plate", "plate"), ("Make", "make"), ("Model", "model")];

/// Takes each element's text over, by the name of its field.
fn take(
    fields: &mut BTreeMap<&'static str, Value>,
    parent: Element<'_>,
    names: &[(&str, &'static str)],
) -> Result<(), RegistryError> {
    for (element, field) in names {
        let text = text(only(parent, element)?)?;
        if text.is_empty() || text.chars().count() > 200 {
            return Err(RegistryError::Invalid("a text of a record is empty or longer than 200 characters"));
        }
        fields.insert(field, Value::Text(text));
    }
    Ok(())
}

fn date(element: Element<'_>) -> Result<Value, RegistryError> {
    let text = text(element)?;
    let is_date = text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok();
    if is_date { Ok(Value::Text(text)) } else { Err(RegistryError::Invalid("a date is not one")) }
}

/// The fields that were asked for.
pub(crate) fn answer(subject: &SubjectKey, record: Option<Record>, fields: &BTreeSet<FieldName>) -> Answer {
    let finding = record.map_or(Finding::Absent, |record| {
        let held = |field: &FieldName| Some((field.clone(), record.fields.get(field.as_str())?.clone()));
        Finding::Found(fields.iter().filter_map(held).collect())
    });
    Answer { subject: subject.clone(), finding }
}
