//! The rules of a mapping: how each part of a query is made.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use mohur_wire::subject::{DocumentKey, NameAndBirthDate};
use mohur_wire::{FieldName, Official, ParseError, Predicate, SubjectKey, Value};

use super::message::Message;
use super::source::Source;
use crate::vocabulary::XRoadError;

/// What is asked.
#[derive(Clone, Debug)]
pub enum AskRule {
    /// `read`: these fields.
    Read(BTreeSet<FieldName>),
    /// `match`: these values, out of the message.
    Match(Vec<ValueRule>),
    /// `verify`: these conditions.
    Verify(BTreeMap<FieldName, Predicate>),
    /// `message`: the message as a whole.
    Whole,
}

/// A value out of the message.
#[derive(Clone, Debug)]
pub struct ValueRule {
    /// Whose value it is.
    pub field: FieldName,
    /// Where it stands.
    pub source: Source,
    /// What it is.
    pub kind: Kind,
    /// What the client writes, and what we write instead.
    pub codes: BTreeMap<String, String>,
    /// Whether the field is left out of the question where the message has no value.
    pub optional: bool,
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A whole number.
    Number,
    /// `true` or `1`, `false` or `0`.
    Flag,
    /// A day; what XML Schema lets stand behind it (a time, a zone) is cut off.
    Date,
}

/// About whom.
#[derive(Clone, Debug)]
pub enum SubjectRule {
    /// A key of one text: `fin`, `pin`, `plate`, `vin`, `receipt`, `serial`.
    One(OneKey, Source),
    /// `document`: issuing state, type and number.
    Document(Source, Source, Source),
    /// `person`: name and birth date.
    Person(Source, Source),
    /// `message`: nobody is named; the message's digest stands for it.
    Message,
}

/// The keys of one text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OneKey {
    /// A citizen's personal number.
    Fin,
    /// A residence permit's number.
    Pin,
    /// A registration plate.
    Plate,
    /// A vehicle's number.
    Vin,
    /// A receipt.
    Receipt,
    /// The serial number of a thing.
    Serial,
}

/// Who acts.
#[derive(Clone, Debug)]
pub struct OfficialRule {
    /// Where the message says it.
    pub source: Source,
    /// `otherwise`: who, if the message does not say it. Without it, such a message is refused.
    pub otherwise: Option<Official>,
}

impl SubjectRule {
    /// The subject of a message; `None` where its digest stands for it.
    pub fn key(&self, message: &Message<'_>) -> Result<Option<SubjectKey>, XRoadError> {
        let key = match self {
            Self::Message => return Ok(None),
            Self::One(key, source) => key.of(source, message)?,
            Self::Document(state, kind, number) => SubjectKey::Document(DocumentKey {
                issuing_state: parsed(state, message)?,
                kind: parsed(kind, message)?,
                number: parsed(number, message)?,
            }),
            Self::Person(name, birth_date) => SubjectKey::NameAndBirthDate(NameAndBirthDate {
                name: parsed(name, message)?,
                birth_date: day(birth_date, &birth_date.must_find(message)?)?
                    .parse()
                    .map_err(|error: ParseError| birth_date.wrong(&error.to_string()))?,
            }),
        };
        Ok(Some(key))
    }

    /// The places that it reads.
    pub(super) fn sources(&self) -> Vec<&Source> {
        match self {
            Self::Message => Vec::new(),
            Self::One(_, source) => vec![source],
            Self::Document(state, kind, number) => vec![state, kind, number],
            Self::Person(name, birth_date) => vec![name, birth_date],
        }
    }
}

impl OneKey {
    fn of(self, source: &Source, message: &Message<'_>) -> Result<SubjectKey, XRoadError> {
        Ok(match self {
            Self::Fin => SubjectKey::Fin(parsed(source, message)?),
            Self::Pin => SubjectKey::Pin(parsed(source, message)?),
            Self::Plate => SubjectKey::Plate(parsed(source, message)?),
            Self::Vin => SubjectKey::Vin(parsed(source, message)?),
            Self::Receipt => SubjectKey::Receipt(parsed(source, message)?),
            Self::Serial => SubjectKey::Serial(parsed(source, message)?),
        })
    }
}

impl OfficialRule {
    /// Who acts.
    pub fn official(&self, message: &Message<'_>) -> Result<Official, XRoadError> {
        match (self.source.find(message)?, &self.otherwise) {
            (Some(text), _) => text.parse().map_err(|error: ParseError| self.source.wrong(&error.to_string())),
            (None, Some(otherwise)) => Ok(otherwise.clone()),
            (None, None) => Err(self.source.wrong("is missing, and somebody must act")),
        }
    }
}

impl ValueRule {
    /// The value; `None` where it may be left out and is not there.
    pub fn value(&self, message: &Message<'_>) -> Result<Option<Value>, XRoadError> {
        let Some(text) = self.source.find(message)? else {
            return if self.optional { Ok(None) } else { Err(self.source.wrong("is missing")) };
        };
        let text = self.codes.get(&text).cloned().unwrap_or(text);
        let wrong = |what| self.source.wrong(what);
        Ok(Some(match self.kind {
            Kind::Text => Value::Text(text),
            Kind::Number => Value::Number(text.parse().map_err(|_| wrong("is not a whole number"))?),
            Kind::Flag => match text.as_str() {
                "true" | "1" => Value::Flag(true),
                "false" | "0" => Value::Flag(false),
                _ => return Err(wrong("is neither true nor false")),
            },
            Kind::Date => Value::text(day(&self.source, &text)?),
        }))
    }
}

fn parsed<T: FromStr<Err = ParseError>>(source: &Source, message: &Message<'_>) -> Result<T, XRoadError> {
    source.must_find(message)?.parse().map_err(|error: ParseError| source.wrong(&error.to_string()))
}

/// The day of an xs:date or xs:dateTime.
fn day(source: &Source, text: &str) -> Result<String, XRoadError> {
    let day = text.get(..10).filter(|day| {
        let rest = text.get(10..).unwrap_or_default();
        day.parse::<jiff::civil::Date>().is_ok() && rest.bytes().all(|byte| b"0123456789:.TZ+-".contains(&byte))
    });
    day.map(str::to_owned).ok_or_else(|| source.wrong("is not a day, YYYY-MM-DD"))
}

impl FromStr for Kind {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "text" => Ok(Self::Text),
            "number" => Ok(Self::Number),
            "flag" => Ok(Self::Flag),
            "date" => Ok(Self::Date),
            _ => Err("write text, number, flag or date"),
        }
    }
}
