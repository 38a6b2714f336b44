//! What a request can be filled with: the subject, the values of a `match`, the case and the like. How a parameter is marked
//! (`{subject}`, `:subject`) is each mapping's own.

use jiff::civil::Date;
use jiff::tz::Offset;
use mohur_wire::{Arrival, Ask, FieldName, Query, Value};

use crate::subject::SubjectKind;

/// One parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// A part of the subject, by its place among the parts.
    Subject(usize),
    /// A value that a `match` gives.
    Value(FieldName),
    /// The case reference.
    Case,
    /// The official who asks.
    Official,
    /// The member who asks.
    Caller,
    /// The purpose.
    Purpose,
    /// The message's id.
    Id,
    /// Of a change: the idempotency key, with the caller's id before it so that it is nobody else's.
    Key,
    /// The day of the message in Baku, `YYYY-MM-DD`.
    Today,
    /// The moment of the message, RFC 3339 in UTC.
    Now,
}

/// The texts of one query's parameters.
pub struct Given<'a> {
    query: &'a Query,
    arrival: Arrival,
    subject: Vec<String>,
}

impl Parameter {
    /// The same for what changes something, which has a key.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn parse_of_change(name: &str, kind: SubjectKind) -> Result<Self, String> {
        if name == "key" { Ok(Self::Key) } else { Self::parse(name, kind) }
    }

    /// Reads a parameter's name.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn parse(name: &str, kind: SubjectKind) -> Result<Self, String> {
        if let Some(field) = name.strip_prefix("value.") {
            return field.parse().map(Self::Value).map_err(|_| format!("{name} does not name a field"));
        }
        let part = name.strip_prefix("subject").map(|rest| rest.strip_prefix('.').unwrap_or(rest));
        if let Some(part) = part {
            let place = kind.parts().iter().position(|known| *known == part);
            let known =
                kind.parts().iter().map(|part| if part.is_empty() { String::new() } else { format!(".{part}") });
            let known: Vec<_> = known.map(|part| format!("subject{part}")).collect();
            return place
                .map(Self::Subject)
                .ok_or_else(|| format!("{name} is no part of this kind of subject, which has {}", known.join(" ")));
        }
        match name {
            "key" => Err("key belongs to a change, which has a check and an apply".to_owned()),
            "case" => Ok(Self::Case),
            "official" => Ok(Self::Official),
            "caller" => Ok(Self::Caller),
            "purpose" => Ok(Self::Purpose),
            "id" => Ok(Self::Id),
            "today" => Ok(Self::Today),
            "now" => Ok(Self::Now),
            _ => Err(format!(
                "{name} is not known: there are subject, value.FIELD, case, official, caller, purpose, id, today and now"
            )),
        }
    }
}

impl<'a> Given<'a> {
    /// The parameters of a query; `None` if its subject is of another kind.
    pub fn of(query: &'a Query, kind: SubjectKind, arrival: Arrival) -> Option<Self> {
        Some(Self { query, arrival, subject: kind.texts(&query.subject)? })
    }

    /// Every text that a caller chose.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let values: Vec<&str> = match &self.query.ask {
            Ask::Match(values) => values.values().filter_map(Value::as_text).collect(),
            Ask::Change(effect) => effect.values.values().filter_map(Value::as_text).collect(),
            Ask::Read(_) | Ask::Verify(_) => Vec::new(),
        };
        let others = [Some(self.query.official.as_str()), self.query.case.as_ref().map(|case| case.as_str())];
        self.subject.iter().map(String::as_str).chain(values).chain(others.into_iter().flatten())
    }

    /// A parameter as the value that it is: what a `match` gives keeps its type, everything else is text.
    pub fn value(&self, parameter: &Parameter) -> Option<Value> {
        match (parameter, &self.query.ask) {
            (Parameter::Value(field), Ask::Match(values)) => values.get(field).cloned(),
            (_, _) => self.text(parameter).map(Value::Text),
        }
    }

    /// The text of a parameter; `None` if the query does not have it.
    pub fn text(&self, parameter: &Parameter) -> Option<String> {
        match parameter {
            Parameter::Subject(part) => self.subject.get(*part).cloned(),
            Parameter::Value(field) => match &self.query.ask {
                Ask::Match(values) => values.get(field).map(Value::to_string),
                Ask::Change(effect) => effect.values.get(field).map(Value::to_string),
                Ask::Read(_) | Ask::Verify(_) => None,
            },
            Parameter::Case => self.query.case.as_ref().map(ToString::to_string),
            Parameter::Official => Some(self.query.official.to_string()),
            Parameter::Caller => Some(self.query.caller.to_string()),
            Parameter::Purpose => Some(self.query.purpose.to_string()),
            Parameter::Id => Some(self.query.id.to_string()),
            Parameter::Key => match &self.query.ask {
                Ask::Change(effect) => Some(format!("{} {}", self.query.caller, effect.key)),
                Ask::Read(_) | Ask::Match(_) | Ask::Verify(_) => None,
            },
            Parameter::Today => Some(today(self.arrival).to_string()),
            Parameter::Now => Some(self.arrival.0.to_string()),
        }
    }
}

/// The day in Baku, which is four hours ahead of UTC the whole year.
fn today(arrival: Arrival) -> Date {
    Offset::constant(4).to_datetime(arrival.0).date()
}
