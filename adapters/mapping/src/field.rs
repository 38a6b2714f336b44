//! Fields: of which type each is, how its text becomes a value, and how values are compared.

use std::collections::BTreeMap;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use mohur_config::Table;
use mohur_contract::RegistryError;
use mohur_wire::{FieldName, Predicate, Value, Verdict, names_match};

/// Most decimals that a number may be counted in.
const MAX_SCALE: u32 = 9;

/// A field's name, type and way of comparing: the same in every kind of mapping file.
#[derive(Clone, Debug)]
pub struct FieldType {
    /// Its name in the policy.
    pub name: FieldName,
    kind: Kind,
    compare: Compare,
    missing: Verdict,
    codes: BTreeMap<String, String>,
    scale: u32,
}

/// The type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// A whole number.
    Number,
    /// Yes or no.
    Flag,
    /// A day, `YYYY-MM-DD`.
    Date,
    /// A moment, RFC 3339 in UTC, to the second.
    Time,
}

/// How a text is compared. Numbers, flags, dates and times are the same or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compare {
    Exact,
    Name,
}

impl FromStr for Kind {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "text" => Ok(Self::Text),
            "number" => Ok(Self::Number),
            "flag" => Ok(Self::Flag),
            "date" => Ok(Self::Date),
            "time" => Ok(Self::Time),
            _ => Err("choose one of text, number, flag, date, time"),
        }
    }
}

impl FromStr for Compare {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "exact" => Ok(Self::Exact),
            "name" => Ok(Self::Name),
            _ => Err("choose one of exact, name"),
        }
    }
}

/// What the verdict is on a field that the reply does not hold.
struct Missing(Verdict);

impl FromStr for Missing {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "unknown" => Ok(Self(Verdict::Unknown)),
            "mismatch" => Ok(Self(Verdict::Mismatch)),
            _ => Err("choose one of unknown, mismatch"),
        }
    }
}

const OTHER_TYPE: RegistryError = RegistryError::Unsupported("a value is not of its field's type");

const WRONG_VALUE: RegistryError =
    RegistryError::Invalid("a field is not of the type, or has not one of the codes, of the mapping");

impl FieldType {
    /// Reads what a field's table says of its type: `name`, `type`, `compare`, `missing`, `codes`, `scale`.
    pub fn read(table: &mut Table) -> Option<Self> {
        let (name, kind) = (table.required("name"), table.optional("type").or(Some(Kind::Text)));
        let is_not = |other: Kind| kind.is_some_and(|kind| kind != other);
        let compare = table.optional("compare");
        if compare == Some(Compare::Name) && is_not(Kind::Text) {
            table.error("compare", "fits a text only", "take it out: other types are the same or not");
        }
        let scale = table.number("scale", 0..=MAX_SCALE);
        if scale.is_some() && is_not(Kind::Number) {
            table.error("scale", "fits a number only", "take it out, or write type = \"number\"");
        }
        let missing = table.optional::<Missing>("missing").map_or(Verdict::Unknown, |missing| missing.0);
        let mut codes = BTreeMap::new();
        if let Some(mut known) = table.optional_table("codes") {
            for code in known.names() {
                codes.extend(known.required::<String>(&code).map(|text| (code, text)));
            }
            if is_not(Kind::Text) {
                table.error("codes", "fit a text only", "leave the type out");
            }
        }
        let (compare, scale) = (compare.unwrap_or(Compare::Exact), scale.unwrap_or(0));
        Some(Self { name: name?, kind: kind?, compare, missing, codes, scale })
    }

    /// Its type.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The value that a text of the register stands for.
    ///
    /// # Errors
    /// [`RegistryError::Invalid`] if it is not of the field's type.
    pub fn convert(&self, text: &str) -> Result<Value, RegistryError> {
        let value = match self.kind {
            Kind::Text if self.codes.is_empty() => Some(Value::text(text)),
            Kind::Text => self.codes.get(text).map(Value::text),
            Kind::Number => number(text, self.scale).map(Value::Number),
            Kind::Flag => match text {
                "true" | "1" => Some(Value::Flag(true)),
                "false" | "0" => Some(Value::Flag(false)),
                _ => None,
            },
            Kind::Date => date(text).map(|date| Value::text(date.to_string())),
            Kind::Time => time(text).map(Value::Text),
        };
        value.ok_or(WRONG_VALUE)
    }

    /// Whether the value held is the one given.
    pub fn compared(&self, held: Option<&Value>, given: &Value) -> Verdict {
        let Some(held) = held else { return self.missing };
        let same = match (self.compare, held.as_text(), given.as_text()) {
            (Compare::Name, Some(held), Some(given)) => names_match(held, given),
            (Compare::Name | Compare::Exact, _, _) => held == given,
        };
        Verdict::of_match(same)
    }

    /// Whether the predicate holds for the value.
    pub fn verified(&self, held: Option<&Value>, predicate: &Predicate) -> Verdict {
        let Some(held) = held else { return self.missing };
        match (predicate, held) {
            (Predicate::AtLeast(least), Value::Number(number)) => Verdict::of_match(number >= least),
            (Predicate::AtMost(most), Value::Number(number)) => Verdict::of_match(number <= most),
            // `takes_predicate` lets these two through for numbers only, and a number's value is one.
            (Predicate::AtLeast(_) | Predicate::AtMost(_), Value::Text(_) | Value::Flag(_)) => Verdict::Unknown,
            (Predicate::OneOf(choices), held) => {
                let any = choices.iter().any(|choice| self.compared(Some(held), choice) == Verdict::Match);
                Verdict::of_match(any)
            }
        }
    }

    /// Refuses a value of another type before anybody is asked.
    ///
    /// # Errors
    /// [`RegistryError::Unsupported`].
    pub fn takes(&self, given: &Value) -> Result<(), RegistryError> {
        let fits = match (self.kind, given) {
            (Kind::Text, Value::Text(_)) | (Kind::Number, Value::Number(_)) | (Kind::Flag, Value::Flag(_)) => true,
            (Kind::Date, Value::Text(text)) => text.len() == 10 && date(text).is_some(),
            (Kind::Time, Value::Text(text)) => time(text).is_some_and(|time| time == *text),
            (Kind::Text | Kind::Number | Kind::Flag | Kind::Date | Kind::Time, _) => false,
        };
        if fits { Ok(()) } else { Err(OTHER_TYPE) }
    }

    /// Refuses a predicate that does not fit the type.
    ///
    /// # Errors
    /// [`RegistryError::Unsupported`].
    pub fn takes_predicate(&self, predicate: &Predicate) -> Result<(), RegistryError> {
        match predicate {
            Predicate::AtLeast(_) | Predicate::AtMost(_) if self.kind == Kind::Number => Ok(()),
            Predicate::AtLeast(_) | Predicate::AtMost(_) => Err(OTHER_TYPE),
            Predicate::OneOf(choices) => choices.iter().try_for_each(|choice| self.takes(choice)),
        }
    }
}

/// `xs:date` or `xs:dateTime`: the day, whatever the time zone (XML Schema part 2, sections 3.2.7 and 3.2.9).
fn date(text: &str) -> Option<Date> {
    let (day, rest) = text.split_at_checked(10)?;
    let is_rest = rest.is_empty() || rest.starts_with(['T', 'Z', '+', '-']);
    day.parse().ok().filter(|_| is_rest)
}

/// The moment in UTC, without fractions of a second.
fn time(text: &str) -> Option<String> {
    let moment: Timestamp = text.parse().ok()?;
    Timestamp::from_second(moment.as_second()).ok().map(|moment| moment.to_string())
}

/// The number times ten to the power of `scale`, if that is whole: an amount of 12.30 in hundredths is 1230.
fn number(text: &str, scale: u32) -> Option<i64> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole.strip_prefix(['-', '+']).unwrap_or(whole)) || !is_digits(decimals) {
        return None;
    }
    let scale = usize::try_from(scale).ok()?;
    let decimals = decimals.trim_end_matches('0');
    let within = decimals.len() <= scale;
    within.then(|| format!("{whole}{decimals:0<scale$}").trim_start_matches('+').parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(text: &str) -> FieldType {
        mohur_config::parse(std::path::Path::new("f.toml"), text, FieldType::read).unwrap_or_else(|e| panic!("{e}"))
    }

    #[test]
    fn numbers_are_counted_in_their_scale() {
        let amount = field("name = \"amount\"\ntype = \"number\"\nscale = 2\n");
        for (text, number) in [("12.30", 1230), ("12.3", 1230), ("-0.05", -5), ("7", 700), ("+1.000", 100), ("0", 0)] {
            assert_eq!(amount.convert(text), Ok(Value::Number(number)), "{text}");
        }
        for wrong in ["12.345", "NaN", "1e3", "", ".5", "5.", "--1", "99999999999999999999", "1,5", " 1"] {
            assert!(amount.convert(wrong).is_err(), "{wrong}");
        }
        let whole = field("name = \"seats\"\ntype = \"number\"\n");
        assert_eq!(whole.convert("5.00"), Ok(Value::Number(5)));
        assert!(whole.convert("5.5").is_err());
    }

    #[test]
    fn moments_have_one_text() {
        let at = field("name = \"at\"\ntype = \"time\"\n");
        let expected = Value::text("2026-03-01T06:00:00Z");
        for text in ["2026-03-01T10:00:00+04:00", "2026-03-01T06:00:00.123Z", "2026-03-01 06:00:00+00"] {
            assert_eq!(at.convert(text), Ok(expected.clone()), "{text}");
        }
        assert!(at.convert("infinity").is_err());
        assert!(at.takes(&expected).is_ok());
        assert!(at.takes(&Value::text("2026-03-01T10:00:00+04:00")).is_err(), "one text for one moment");
    }
}
