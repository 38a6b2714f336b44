//! What a template can be filled with: `{subject}`, `{value.field}`, `{case}` and the like.

use mohur_soap::write::is_text;
use mohur_wire::{Ask, FieldName, Query, Value};

use crate::subject::SubjectKind;

/// One parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Parameter {
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
}

/// The texts of one query's parameters.
pub(crate) struct Given<'a> {
    query: &'a Query,
    subject: Vec<String>,
}

impl Parameter {
    /// Reads what stands between the braces.
    pub(crate) fn parse(name: &str, kind: SubjectKind) -> Result<Self, String> {
        if let Some(field) = name.strip_prefix("value.") {
            return field.parse().map(Self::Value).map_err(|_| format!("{{{name}}} does not name a field"));
        }
        let part = name.strip_prefix("subject").map(|rest| rest.strip_prefix('.').unwrap_or(rest));
        if let Some(part) = part {
            let place = kind.parts().iter().position(|known| *known == part);
            let known =
                kind.parts().iter().map(|part| if part.is_empty() { String::new() } else { format!(".{part}") });
            let known: Vec<_> = known.map(|part| format!("{{subject{part}}}")).collect();
            return place.map(Self::Subject).ok_or_else(|| {
                format!("{{{name}}} is no part of this kind of subject, which has {}", known.join(" "))
            });
        }
        match name {
            "case" => Ok(Self::Case),
            "official" => Ok(Self::Official),
            "caller" => Ok(Self::Caller),
            "purpose" => Ok(Self::Purpose),
            "id" => Ok(Self::Id),
            _ => Err(format!(
                "{{{name}}} is not known: there are {{subject}}, {{value.FIELD}}, {{case}}, {{official}}, {{caller}}, \
                 {{purpose}} and {{id}}"
            )),
        }
    }
}

impl<'a> Given<'a> {
    /// The parameters of a query; `None` if its subject is of another kind, or XML cannot carry one of them.
    pub(crate) fn of(query: &'a Query, kind: SubjectKind) -> Option<Self> {
        let subject = kind.texts(&query.subject)?;
        let values: Vec<&str> = match &query.ask {
            Ask::Match(values) => values.values().filter_map(Value::as_text).collect(),
            Ask::Read(_) | Ask::Verify(_) | Ask::Change(_) => Vec::new(),
        };
        let others = [Some(query.official.as_str()), query.case.as_ref().map(|case| case.as_str())];
        let texts = subject.iter().map(String::as_str).chain(values).chain(others.into_iter().flatten());
        let all = texts.into_iter().all(is_text);
        all.then_some(Self { query, subject })
    }

    /// The text of a parameter; `None` if the query does not have it.
    pub(crate) fn text(&self, parameter: &Parameter) -> Option<String> {
        match parameter {
            Parameter::Subject(part) => self.subject.get(*part).cloned(),
            Parameter::Value(field) => match &self.query.ask {
                Ask::Match(values) => values.get(field).map(Value::to_string),
                Ask::Read(_) | Ask::Verify(_) | Ask::Change(_) => None,
            },
            Parameter::Case => self.query.case.as_ref().map(ToString::to_string),
            Parameter::Official => Some(self.query.official.to_string()),
            Parameter::Caller => Some(self.query.caller.to_string()),
            Parameter::Purpose => Some(self.query.purpose.to_string()),
            Parameter::Id => Some(self.query.id.to_string()),
        }
    }
}
