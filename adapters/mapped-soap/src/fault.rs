//! What a service's faults mean.

use std::str::FromStr;

use mohur_config::Table;
use mohur_connection::soap::Fault;
use mohur_contract::RegistryError;
use mohur_soap::XPath;

use crate::field::exists;
use crate::namespaces::Namespaces;

/// One `[[service.fault]]`: a fault that a path fits becomes that.
#[derive(Clone, Debug)]
pub(crate) struct FaultRule {
    path: XPath,
    becomes: Meaning,
}

/// What a fault can mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
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

impl FaultRule {
    pub(crate) fn read(mut table: Table, namespaces: &Namespaces) -> Option<Self> {
        let (path, becomes) = (namespaces.path(&mut table, "path"), table.required("becomes"));
        Some(Self { path: path?, becomes: becomes? })
    }
}

/// A fault that is an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nothing {
    /// There is no such subject.
    Nobody,
    /// Nothing of what was asked is held.
    Held,
}

/// What a fault means: the first rule that fits, else what SOAP says of its code.
pub(crate) fn meaning(rules: &[FaultRule], fault: &Fault<'_>) -> Result<Nothing, RegistryError> {
    for rule in rules {
        if exists(&rule.path, fault.element)? {
            return match rule.becomes {
                Meaning::Absent => Ok(Nothing::Nobody),
                Meaning::Unknown => Ok(Nothing::Held),
                Meaning::Unavailable => {
                    Err(RegistryError::Unavailable("it answers with a SOAP fault that says so".to_owned()))
                }
                Meaning::Credential => Err(RegistryError::Credential("a SOAP fault")),
                Meaning::Malformed => {
                    Err(RegistryError::Unsupported("the register refused what was asked as malformed"))
                }
                Meaning::Invalid => Err(RegistryError::Invalid("it answers with a SOAP fault")),
            };
        }
    }
    Err(fault.meaning())
}
