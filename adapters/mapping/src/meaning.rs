//! What it means when a service answers that something is wrong: a mapping says it by one of these words.

use std::str::FromStr;

use mohur_contract::RegistryError;

/// What a fault, or a status, can mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// There is no such subject.
    Absent,
    /// The subject may be there; nothing of what was asked is held.
    Unknown,
    /// The register cannot answer now.
    Unavailable,
    /// The adapter's own credential is refused.
    Credential,
    /// The query does not fit the service.
    Malformed,
    /// The service or the mapping is wrong.
    Invalid,
}

impl FromStr for Meaning {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "absent" => Self::Absent,
            "unknown" => Self::Unknown,
            "unavailable" => Self::Unavailable,
            "credential" => Self::Credential,
            "malformed" => Self::Malformed,
            "invalid" => Self::Invalid,
            _ => return Err("choose one of absent, unknown, unavailable, credential, malformed, invalid"),
        })
    }
}

/// What is wrong, and an answer all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nothing {
    /// There is no such subject.
    Nobody,
    /// Nothing of what was asked is held.
    Held,
}

impl Meaning {
    /// An answer, or the error that it is; `by` says what said so.
    ///
    /// # Errors
    /// For every meaning that is no answer.
    pub fn outcome(self, by: &'static str) -> Result<Nothing, RegistryError> {
        match self {
            Self::Absent => Ok(Nothing::Nobody),
            Self::Unknown => Ok(Nothing::Held),
            Self::Unavailable => Err(RegistryError::Unavailable(format!("it says so with {by}"))),
            Self::Credential => Err(RegistryError::Credential(by)),
            Self::Malformed => Err(RegistryError::Unsupported("the register refused what was asked as malformed")),
            Self::Invalid => Err(RegistryError::Invalid(by)),
        }
    }
}
