//! Kinds of subjects, as texts: what goes into a request, and what a reply must name.

use mohur_wire::subject::{DocumentKey, NameAndBirthDate};
use mohur_wire::{SubjectKey, names_match};

/// The kind of subject that a service is keyed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubjectKind {
    /// `fin`
    Fin,
    /// `pin`
    Pin,
    /// `plate`
    Plate,
    /// `vin`
    Vin,
    /// `receipt`
    Receipt,
    /// `serial`
    Serial,
    /// `document`: issuing state, type and number.
    Document,
    /// `name-and-birth-date`
    NameAndBirthDate,
}

impl std::str::FromStr for SubjectKind {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "fin" => Self::Fin,
            "pin" => Self::Pin,
            "plate" => Self::Plate,
            "vin" => Self::Vin,
            "receipt" => Self::Receipt,
            "serial" => Self::Serial,
            "document" => Self::Document,
            "name-and-birth-date" => Self::NameAndBirthDate,
            _ => return Err("choose one of fin, pin, plate, vin, receipt, serial, document, name-and-birth-date"),
        })
    }
}

impl SubjectKind {
    /// The names of its parts; one without a name if it has no parts.
    pub const fn parts(self) -> &'static [&'static str] {
        match self {
            Self::Fin | Self::Pin | Self::Plate | Self::Vin | Self::Receipt | Self::Serial => &[""],
            Self::Document => &["issuingState", "type", "number"],
            Self::NameAndBirthDate => &["name", "birthDate"],
        }
    }

    /// The texts of its parts, in their order; `None` if the subject is of another kind.
    pub fn texts(self, subject: &SubjectKey) -> Option<Vec<String>> {
        let one = |text: &dyn std::fmt::Display| vec![text.to_string()];
        Some(match (self, subject) {
            (Self::Fin, SubjectKey::Fin(fin)) => one(fin),
            (Self::Pin, SubjectKey::Pin(pin)) => one(pin),
            (Self::Plate, SubjectKey::Plate(plate)) => one(plate),
            (Self::Vin, SubjectKey::Vin(vin)) => one(vin),
            (Self::Receipt, SubjectKey::Receipt(receipt)) => one(receipt),
            (Self::Serial, SubjectKey::Serial(serial)) => one(serial),
            (Self::Document, SubjectKey::Document(document)) => {
                vec![document.issuing_state.to_string(), document.kind.to_string(), document.number.to_string()]
            }
            (Self::NameAndBirthDate, SubjectKey::NameAndBirthDate(person)) => {
                vec![person.name.to_string(), person.birth_date.to_string()]
            }
            (
                Self::Fin
                | Self::Pin
                | Self::Plate
                | Self::Vin
                | Self::Receipt
                | Self::Serial
                | Self::Document
                | Self::NameAndBirthDate,
                _,
            ) => return None,
        })
    }

    /// The subject that texts name, in the order of the parts; `None` if they are not those of such a subject.
    pub fn of(self, texts: &[String]) -> Option<SubjectKey> {
        Some(match (self, texts) {
            (Self::Fin, [text]) => SubjectKey::Fin(text.parse().ok()?),
            (Self::Pin, [text]) => SubjectKey::Pin(text.parse().ok()?),
            (Self::Plate, [text]) => SubjectKey::Plate(text.parse().ok()?),
            (Self::Vin, [text]) => SubjectKey::Vin(text.parse().ok()?),
            (Self::Receipt, [text]) => SubjectKey::Receipt(text.parse().ok()?),
            (Self::Serial, [text]) => SubjectKey::Serial(text.parse().ok()?),
            (Self::Document, [state, kind, number]) => SubjectKey::Document(DocumentKey {
                issuing_state: state.parse().ok()?,
                kind: kind.parse().ok()?,
                number: number.parse().ok()?,
            }),
            (Self::NameAndBirthDate, [name, birth_date]) => SubjectKey::NameAndBirthDate(NameAndBirthDate {
                name: name.parse().ok()?,
                birth_date: birth_date.parse().ok()?,
            }),
            (
                Self::Fin
                | Self::Pin
                | Self::Plate
                | Self::Vin
                | Self::Receipt
                | Self::Serial
                | Self::Document
                | Self::NameAndBirthDate,
                _,
            ) => return None,
        })
    }

    /// Whether what a register names is whom it was asked about. Numbers are compared as they stand; a name may be spelt
    /// otherwise under the national transliteration table.
    pub fn is_same(self, named: &SubjectKey, asked: &SubjectKey) -> bool {
        match (named, asked) {
            (SubjectKey::NameAndBirthDate(named), SubjectKey::NameAndBirthDate(asked)) => {
                named.birth_date == asked.birth_date && names_match(named.name.as_str(), asked.name.as_str())
            }
            (named, asked) => named == asked,
        }
    }
}
