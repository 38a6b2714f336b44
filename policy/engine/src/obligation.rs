//! Obligations: what a permit demands beside the answer. The vocabulary is closed.

use std::fmt;
use std::str::FromStr;

/// Something that a permit demands. It stands in the policy as an annotation of the same name, e.g. `@four_eyes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Obligation {
    /// Keep the sealed messages themselves, encrypted, beside the log.
    LogPayload,
    /// Tell the person.
    NotifyCitizen,
    /// Keep the query from the person until a date.
    EmbargoUntil,
    /// A second official approves first.
    FourEyes,
    /// Only with an officer's signed reason, reported at once.
    BreakGlass,
    /// Show less of a field.
    Mask,
    /// Send the case to a second line instead of answering.
    SecondLine,
    /// The answer waits for the log's witnesses.
    Witnessed,
}

impl Obligation {
    /// Every obligation there is.
    pub const ALL: [Self; 8] = [
        Self::LogPayload,
        Self::NotifyCitizen,
        Self::EmbargoUntil,
        Self::FourEyes,
        Self::BreakGlass,
        Self::Mask,
        Self::SecondLine,
        Self::Witnessed,
    ];

    /// The annotation's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LogPayload => "log_payload",
            Self::NotifyCitizen => "notify_citizen",
            Self::EmbargoUntil => "embargo_until",
            Self::FourEyes => "four_eyes",
            Self::BreakGlass => "break_glass",
            Self::Mask => "mask",
            Self::SecondLine => "second_line",
            Self::Witnessed => "witnessed",
        }
    }

    /// Whether this version can do what is demanded. A permit whose obligation it cannot honour refuses.
    pub const fn is_honoured(self) -> bool {
        match self {
            Self::Mask => true,
            Self::LogPayload
            | Self::NotifyCitizen
            | Self::EmbargoUntil
            | Self::FourEyes
            | Self::BreakGlass
            | Self::SecondLine
            | Self::Witnessed => false,
        }
    }
}

/// A text that names no obligation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no such obligation")]
pub struct UnknownObligation;

impl FromStr for Obligation {
    type Err = UnknownObligation;

    fn from_str(text: &str) -> Result<Self, UnknownObligation> {
        Self::ALL.into_iter().find(|obligation| obligation.as_str() == text).ok_or(UnknownObligation)
    }
}

impl fmt::Display for Obligation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl serde::Serialize for Obligation {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for Obligation {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <std::borrow::Cow<'de, str>>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
