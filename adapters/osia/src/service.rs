//! Möhür's fields and OSIA's attributes: what a register's adapter says of its services.

use mohur_contract::RegistryError;
use mohur_wire::{FieldName, Value};

/// A service over OSIA Data Access: its name as `code/version`, and its fields.
#[derive(Debug)]
pub struct Service {
    /// `code/version`, e.g. `birth/v1`.
    pub name: &'static str,
    /// Its fields.
    pub fields: &'static [Field],
}

/// A field and the attribute that holds it.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Möhür's name.
    pub name: &'static str,
    /// OSIA's.
    pub attribute: &'static str,
    /// What values it has.
    pub kind: Kind,
}

/// What an attribute can hold. Anything else in a reply makes it invalid.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Text of one to that many bytes.
    Text(usize),
    /// `YYYY-MM-DD`.
    Date,
    /// One of those.
    Code(&'static [&'static str]),
    /// A whole number between the two. OSIA's schema takes no integers (one would fit "integer" and "number", and so
    /// neither): they travel as text.
    Number(i64, i64),
    /// Years of age, from a date of birth: to `verify` only.
    Age,
}

/// Why a value does not fit.
const TEXTS: RegistryError = RegistryError::Unsupported("the values of this service are texts");
const NUMBERS: RegistryError = RegistryError::Unsupported("the value of this field is a whole number");

impl Service {
    /// The field of that name that can be read and matched.
    pub(crate) fn attribute(&self, field: &FieldName) -> Option<&'static Field> {
        self.field(field).filter(|field| !matches!(field.kind, Kind::Age))
    }

    /// The field of that name.
    pub(crate) fn field(&self, field: &FieldName) -> Option<&'static Field> {
        self.fields.iter().find(|known| known.name == field.as_str())
    }
}

impl Field {
    /// What the register gave, as the field's value, if its attribute can have it.
    pub(crate) fn value(&self, given: &Value) -> Result<Value, RegistryError> {
        let text = given.as_text().ok_or(RegistryError::Invalid("an attribute is not a text"))?;
        match self.kind {
            Kind::Date | Kind::Age if text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok() => {
                Ok(given.clone())
            }
            Kind::Date | Kind::Age => Err(RegistryError::Invalid("a date is not YYYY-MM-DD")),
            Kind::Code(codes) if codes.contains(&text) => Ok(given.clone()),
            Kind::Code(_) => Err(RegistryError::Invalid("an attribute has a code that is not known")),
            Kind::Number(least, most) => {
                let number = text.parse::<i64>().ok().filter(|number| (least..=most).contains(number));
                number.map(Value::Number).ok_or(RegistryError::Invalid("a number is none, or out of its range"))
            }
            Kind::Text(most) if text.is_empty() || text.len() > most => {
                Err(RegistryError::Invalid("a text is empty or too long"))
            }
            Kind::Text(_) => Ok(given.clone()),
        }
    }

    /// What is sent for a value of the caller's.
    pub(crate) fn sent(&self, given: &Value) -> Result<String, RegistryError> {
        match (self.kind, given) {
            (Kind::Number(..), Value::Number(number)) => Ok(number.to_string()),
            (Kind::Number(..), _) => Err(NUMBERS),
            (_, Value::Text(text)) => Ok(text.clone()),
            (_, _) => Err(TEXTS),
        }
    }
}

/// A field that the service does not have takes no value either.
pub(crate) const fn no_field(given: &Value) -> Result<(), RegistryError> {
    if matches!(given, Value::Text(_)) { Ok(()) } else { Err(TEXTS) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_of_their_kind() {
        let field = |kind| Field { name: "x", attribute: "x", kind };
        let text = |text: &str| Value::text(text);
        assert_eq!(field(Kind::Number(20, 280)).value(&text("197")), Ok(Value::Number(197)));
        for (kind, wrong) in [
            (Kind::Number(20, 280), "300"),
            (Kind::Number(20, 280), "x"),
            (Kind::Date, "2026-02-30"),
            (Kind::Code(&["M", "F"]), "m"),
            (Kind::Text(3), ""),
            (Kind::Text(3), "long"),
        ] {
            assert!(matches!(field(kind).value(&text(wrong)), Err(RegistryError::Invalid(_))), "{wrong}");
        }
        assert!(field(Kind::Text(9)).value(&Value::Number(7)).is_err());
        assert_eq!(field(Kind::Number(0, 9)).sent(&Value::Number(7)), Ok("7".to_owned()));
        assert!(field(Kind::Number(0, 9)).sent(&text("7")).is_err());
        assert!(field(Kind::Date).sent(&Value::Number(7)).is_err());
    }
}
