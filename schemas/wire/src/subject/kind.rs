//! The kinds of keys, and what of a key can be compared with a field.

use std::fmt;
use std::str::FromStr;

use super::SubjectKey;
use crate::{ParseError, Value, text_form};

/// The kind of a key, as it is tagged in JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SubjectKind {
    /// `fin`
    #[default]
    Fin,
    /// `pin`
    Pin,
    /// `document`
    Document,
    /// `plate`
    Plate,
    /// `vin`
    Vin,
    /// `receipt`
    Receipt,
    /// `serial`
    Serial,
    /// `biometric`
    Biometric,
    /// `name-and-birth-date`
    NameAndBirthDate,
    /// `message`
    Message,
}

impl SubjectKind {
    /// Every kind there is.
    pub const ALL: [Self; 10] = [
        Self::Fin,
        Self::Pin,
        Self::Document,
        Self::Plate,
        Self::Vin,
        Self::Receipt,
        Self::Serial,
        Self::Biometric,
        Self::NameAndBirthDate,
        Self::Message,
    ];

    /// The tag in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fin => "fin",
            Self::Pin => "pin",
            Self::Document => "document",
            Self::Plate => "plate",
            Self::Vin => "vin",
            Self::Receipt => "receipt",
            Self::Serial => "serial",
            Self::Biometric => "biometric",
            Self::NameAndBirthDate => "name-and-birth-date",
            Self::Message => "message",
        }
    }

    /// The kind of a key.
    pub const fn of(key: &SubjectKey) -> Self {
        match key {
            SubjectKey::Fin(_) => Self::Fin,
            SubjectKey::Pin(_) => Self::Pin,
            SubjectKey::Document(_) => Self::Document,
            SubjectKey::Plate(_) => Self::Plate,
            SubjectKey::Vin(_) => Self::Vin,
            SubjectKey::Receipt(_) => Self::Receipt,
            SubjectKey::Serial(_) => Self::Serial,
            SubjectKey::Biometric(_) => Self::Biometric,
            SubjectKey::NameAndBirthDate(_) => Self::NameAndBirthDate,
            SubjectKey::Message(_) => Self::Message,
        }
    }

    /// Whether this is the default, which JSON leaves out.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if passes a reference")]
    pub(crate) fn is_fin(&self) -> bool {
        *self == Self::Fin
    }
}

impl FromStr for SubjectKind {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(ParseError::new(
            "kind of key",
            "fin, pin, document, plate, vin, receipt, serial, biometric, name-and-birth-date or message",
        ))
    }
}

impl fmt::Display for SubjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

text_form!(SubjectKind);

/// The part of a key that a register holds as one field, e.g. the number of a document beside its holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyPart {
    /// `fin`
    Fin,
    /// `pin`
    Pin,
    /// `document`: its number.
    Document,
    /// `plate`
    Plate,
    /// `vin`
    Vin,
    /// `serial`
    Serial,
    /// `name`, of a `name-and-birth-date`.
    Name,
    /// `birth-date`, of a `name-and-birth-date`.
    BirthDate,
}

impl KeyPart {
    /// Every part there is.
    pub const ALL: [Self; 8] =
        [Self::Fin, Self::Pin, Self::Document, Self::Plate, Self::Vin, Self::Serial, Self::Name, Self::BirthDate];

    /// Its name in a definition.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fin => "fin",
            Self::Pin => "pin",
            Self::Document => "document",
            Self::Plate => "plate",
            Self::Vin => "vin",
            Self::Serial => "serial",
            Self::Name => "name",
            Self::BirthDate => "birth-date",
        }
    }

    /// The kind of key that it is a part of.
    pub const fn kind(self) -> SubjectKind {
        match self {
            Self::Fin => SubjectKind::Fin,
            Self::Pin => SubjectKind::Pin,
            Self::Document => SubjectKind::Document,
            Self::Plate => SubjectKind::Plate,
            Self::Vin => SubjectKind::Vin,
            Self::Serial => SubjectKind::Serial,
            Self::Name | Self::BirthDate => SubjectKind::NameAndBirthDate,
        }
    }

    /// The value of this part of a key; `None` if the key is of another kind.
    pub fn of(self, key: &SubjectKey) -> Option<Value> {
        let text = match (self, key) {
            (Self::Fin, SubjectKey::Fin(fin)) => fin.as_str().to_owned(),
            (Self::Pin, SubjectKey::Pin(pin)) => pin.to_string(),
            (Self::Document, SubjectKey::Document(document)) => document.number.to_string(),
            (Self::Plate, SubjectKey::Plate(plate)) => plate.to_string(),
            (Self::Vin, SubjectKey::Vin(vin)) => vin.to_string(),
            (Self::Serial, SubjectKey::Serial(serial)) => serial.to_string(),
            (Self::Name, SubjectKey::NameAndBirthDate(person)) => person.name.to_string(),
            (Self::BirthDate, SubjectKey::NameAndBirthDate(person)) => person.birth_date.to_string(),
            _ => return None,
        };
        Some(Value::text(text))
    }
}

impl FromStr for KeyPart {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        const EXPECTED: ParseError =
            ParseError::new("part of a key", "fin, pin, document, plate, vin, serial, name or birth-date");
        Self::ALL.into_iter().find(|part| part.as_str() == text).ok_or(EXPECTED)
    }
}

impl fmt::Display for KeyPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

text_form!(KeyPart);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_the_tag_of_its_keys() {
        for (json, kind) in [
            (r#"{"fin":"5ABCDE1"}"#, SubjectKind::Fin),
            (r#"{"document":{"issuingState":"AZE","type":"P","number":"C01234567"}}"#, SubjectKind::Document),
            (r#"{"biometric":"b-1.face"}"#, SubjectKind::Biometric),
            (r#"{"name-and-birth-date":{"name":"A B","birthDate":"1990-05-06"}}"#, SubjectKind::NameAndBirthDate),
        ] {
            let key: SubjectKey = serde_json::from_str(json).unwrap();
            assert_eq!((SubjectKind::of(&key), kind.as_str()), (kind, key.kind()));
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
    }

    #[test]
    fn a_part_is_of_its_own_kind_of_key_only() {
        let key: SubjectKey =
            serde_json::from_str(r#"{"document":{"issuingState":"AZE","type":"P","number":"C01234567"}}"#).unwrap();
        assert_eq!(KeyPart::Document.of(&key), Some(Value::text("C01234567")));
        for part in KeyPart::ALL.into_iter().filter(|part| *part != KeyPart::Document) {
            assert_eq!(part.of(&key), None, "{part}");
            assert_eq!(part.as_str().parse(), Ok(part));
        }
    }
}
