//! Möhür's fields and OSIA's attributes.

use mohur_contract::RegistryError;
use mohur_wire::{FieldName, Value};

/// A service of the civil registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    /// The birth act.
    Birth,
    /// The civil status.
    Marriage,
}

impl Service {
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "birth/v1" => Some(Self::Birth),
            "marriage/v1" => Some(Self::Marriage),
            _ => None,
        }
    }

    /// The attribute that holds a field; `None` if the service has no such field.
    pub(crate) fn attribute(self, field: &FieldName) -> Option<&'static str> {
        match (self, field.as_str()) {
            (Self::Birth, "familyName") => Some("lastName"),
            (Self::Birth, "givenName") => Some("firstName"),
            (Self::Birth, "patronymic") => Some("patronymic"),
            (Self::Birth, "birthDate") => Some("dateOfBirth"),
            (Self::Birth, "birthPlace") => Some("placeOfBirth"),
            (Self::Birth, "sex") => Some("gender"),
            (Self::Marriage, "maritalStatus") => Some("maritalStatus"),
            (Self::Marriage, "marriageDate") => Some("marriageDate"),
            _ => None,
        }
    }
}

/// Whether a value that the register gave is one that its attribute can have.
pub(crate) fn check(attribute: &str, value: &Value) -> Result<(), RegistryError> {
    let text = value.as_text().ok_or(RegistryError::Invalid("an attribute is not a text"))?;
    match attribute {
        "dateOfBirth" | "marriageDate" if text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok() => Ok(()),
        "dateOfBirth" | "marriageDate" => Err(RegistryError::Invalid("a date is not YYYY-MM-DD")),
        "gender" if matches!(text, "M" | "F") => Ok(()),
        "gender" => Err(RegistryError::Invalid("gender is neither M nor F")),
        "maritalStatus" if matches!(text, "single" | "married" | "divorced" | "widowed") => Ok(()),
        "maritalStatus" => Err(RegistryError::Invalid("maritalStatus is none of the four known ones")),
        _ if text.is_empty() || text.len() > 200 => {
            Err(RegistryError::Invalid("a name is empty or longer than 200 bytes"))
        }
        _ => Ok(()),
    }
}
