//! What goes over the wire: identifiers, subject keys, queries, answers and refusals.
//!
//! Strict parsing and nothing else: no I/O, no clock, no cryptography. A value of one of these types is well formed.

pub mod answer;
pub mod bundle;
pub mod enclosed;
pub mod fin;
pub mod id;
pub mod mrz;
pub mod names;
pub mod query;
pub mod refusal;
pub mod subject;
pub mod text;
pub mod time;
pub mod value;

pub use answer::{Answer, Verdict};
pub use enclosed::Enclosed;
pub use fin::Fin;
pub use id::{MemberId, OfficerId, ServiceId};
pub use mrz::Mrz;
pub use names::names_match;
pub use query::{Ask, Effect, LegRef, Operation, Predicate, Query, Verb};
pub use refusal::{Refusal, RefusalCode};
pub use subject::SubjectKey;
pub use text::{CaseReference, MessageId, Official, Purpose};
pub use time::{Arrival, Clock, Timestamp};
pub use value::{FieldName, Value};

/// Why a text is not a value of the type asked for: what was expected, never what was given (it may be personal data).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {expected}")]
pub struct ParseError {
    /// Which kind of value was being read, e.g. `FIN`.
    pub what: &'static str,
    /// What would have been accepted.
    pub expected: &'static str,
}

impl ParseError {
    pub(crate) const fn new(what: &'static str, expected: &'static str) -> Self {
        Self { what, expected }
    }
}

/// Implements `Display`, `Serialize` and `Deserialize` for a type that has `as_str` (or `to_string`) and `FromStr`.
macro_rules! text_form {
    ($type:ty) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use text_form;

#[cfg(test)]
mod properties;
