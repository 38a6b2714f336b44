//! What a register says of a query, before the owner's host filters and seals it.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{FieldName, SubjectKey, Value};

/// A register's answer. For a `match` or a `verify` each value is a [`Verdict`]'s text; for a `change` the fields are
/// `state` and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Whom the register says it answered about: the host compares it with the query's.
    pub subject: SubjectKey,
    /// The values, or that there is no such subject.
    pub finding: Finding,
}

/// Found or not.
#[derive(Clone, PartialEq, Eq)]
pub enum Finding {
    /// The subject exists; these are the values asked for (a field that the register does not hold is missing).
    Found(BTreeMap<FieldName, Value>),
    /// The register holds no such subject.
    Absent,
}

impl fmt::Debug for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Found(fields) => write!(f, "Found({} fields)", fields.len()),
            Self::Absent => f.write_str("Absent"),
        }
    }
}

/// The verdict on one field or on one leg of a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The value is as given, the predicate holds.
    Match,
    /// The value differs, the predicate does not hold.
    Mismatch,
    /// Values were released.
    Value,
    /// Something is recorded against the subject.
    Hit,
    /// Nothing is recorded against the subject.
    Clear,
    /// The register cannot say: no such subject, or no such field.
    Unknown,
    /// The register could not be asked in time.
    Unavailable,
    /// The policy does not let the caller ask this.
    NotInProfile,
}

impl Verdict {
    /// Every verdict there is.
    pub const ALL: [Self; 8] = [
        Self::Match,
        Self::Mismatch,
        Self::Value,
        Self::Hit,
        Self::Clear,
        Self::Unknown,
        Self::Unavailable,
        Self::NotInProfile,
    ];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::Mismatch => "mismatch",
            Self::Value => "value",
            Self::Hit => "hit",
            Self::Clear => "clear",
            Self::Unknown => "unknown",
            Self::Unavailable => "unavailable",
            Self::NotInProfile => "not-in-profile",
        }
    }

    /// Yes or no as a verdict on a value.
    pub const fn of_match(matches: bool) -> Self {
        if matches { Self::Match } else { Self::Mismatch }
    }

    /// The verdict as a field's value.
    pub fn to_value(self) -> Value {
        Value::text(self.as_str())
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
