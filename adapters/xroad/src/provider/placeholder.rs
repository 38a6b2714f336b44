//! What a template may ask for: a part of the query.

use std::str::FromStr;

use mohur_contract::RegistryError;
use mohur_wire::{Ask, FieldName, Query, SubjectKey};

/// A part of the query, as `{…}` names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Placeholder {
    /// `{subject}`: the number; or `{subject.x}`: one part of a key that has several.
    Subject(Option<&'static str>),
    /// `{id}`
    Id,
    /// `{caller}`
    Caller,
    /// `{case}`
    Case,
    /// `{official}`
    Official,
    /// `{purpose}`
    Purpose,
    /// `{onBehalfOf}`
    OnBehalfOf,
    /// `{value.x}`: the value given for a field of a `match`.
    Value(FieldName),
}

const PARTS: [&str; 5] = ["issuingState", "type", "number", "name", "birthDate"];

impl FromStr for Placeholder {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const KNOWN: &str = "write {subject}, {subject.number}, .type, .issuingState, .name or .birthDate, {id}, \
                             {caller}, {case}, {official}, {purpose}, {onBehalfOf} or {value.field}";
        if let Some(part) = text.strip_prefix("subject.") {
            return PARTS.iter().find(|known| **known == part).map(|part| Self::Subject(Some(part))).ok_or(KNOWN);
        }
        if let Some(field) = text.strip_prefix("value.") {
            return field.parse().map(Self::Value).map_err(|_| KNOWN);
        }
        match text {
            "subject" => Ok(Self::Subject(None)),
            "id" => Ok(Self::Id),
            "caller" => Ok(Self::Caller),
            "case" => Ok(Self::Case),
            "official" => Ok(Self::Official),
            "purpose" => Ok(Self::Purpose),
            "onBehalfOf" => Ok(Self::OnBehalfOf),
            _ => Err(KNOWN),
        }
    }
}

impl Placeholder {
    /// The text of the query's part.
    pub(crate) fn text(&self, query: &Query) -> Result<String, RegistryError> {
        let missing = |what| RegistryError::Unsupported(what);
        match self {
            Self::Subject(part) => {
                subject(&query.subject, *part).ok_or_else(|| missing("the service takes another kind of subject"))
            }
            Self::Id => Ok(query.id.to_string()),
            Self::Caller => Ok(query.caller.to_string()),
            Self::Case => {
                let case = query.case.as_ref().ok_or_else(|| missing("the service needs a case reference"));
                case.map(ToString::to_string)
            }
            Self::Official => Ok(query.official.to_string()),
            Self::Purpose => Ok(query.purpose.to_string()),
            Self::OnBehalfOf => {
                let body = query.on_behalf_of.as_ref();
                body.map(ToString::to_string).ok_or_else(|| missing("the service needs the body that is acted for"))
            }
            Self::Value(field) => match &query.ask {
                Ask::Match(values) => {
                    let value = values.get(field).map(ToString::to_string);
                    value.ok_or_else(|| missing("a value that the service needs is not given"))
                }
                Ask::Read(_) | Ask::Verify(_) | Ask::Change(_) => Err(missing("the service takes match only")),
            },
        }
    }
}

/// The subject's number, or one part of a key that has several.
pub(crate) fn subject(subject: &SubjectKey, part: Option<&str>) -> Option<String> {
    match (subject, part) {
        (SubjectKey::Fin(fin), None) => Some(fin.to_string()),
        (SubjectKey::Pin(pin), None) => Some(pin.to_string()),
        (SubjectKey::Plate(plate), None) => Some(plate.to_string()),
        (SubjectKey::Vin(vin), None) => Some(vin.to_string()),
        (SubjectKey::Receipt(receipt), None) => Some(receipt.to_string()),
        (SubjectKey::Serial(serial), None) => Some(serial.to_string()),
        (SubjectKey::Document(key), None | Some("number")) => Some(key.number.to_string()),
        (SubjectKey::Document(key), Some("type")) => Some(key.kind.to_string()),
        (SubjectKey::Document(key), Some("issuingState")) => Some(key.issuing_state.to_string()),
        (SubjectKey::NameAndBirthDate(key), Some("name")) => Some(key.name.to_string()),
        (SubjectKey::NameAndBirthDate(key), Some("birthDate")) => Some(key.birth_date.to_string()),
        (
            SubjectKey::Fin(_)
            | SubjectKey::Pin(_)
            | SubjectKey::Plate(_)
            | SubjectKey::Vin(_)
            | SubjectKey::Receipt(_)
            | SubjectKey::Serial(_)
            | SubjectKey::Document(_)
            | SubjectKey::NameAndBirthDate(_)
            | SubjectKey::Biometric(_)
            | SubjectKey::Message(_),
            _,
        ) => None,
    }
}
