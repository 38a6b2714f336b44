//! Who signs certificates.

use std::fmt;
use std::str::FromStr;

use mohur_chain::Role;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Who signs certificates: the root, or an issuing authority. There may be several of one kind, while one takes over from
/// the other; each has a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Issuer {
    /// The root.
    Root,
    /// An issuing authority and its number; the first is 1.
    Ca(Role, u16),
}

impl Issuer {
    /// The first TLS CA.
    pub const TLS_CA: Self = Self::Ca(Role::Tls, 1);
    /// The first Seal CA.
    pub const SEAL_CA: Self = Self::Ca(Role::Seal, 1);
    /// The first Infrastructure CA.
    pub const INFRASTRUCTURE_CA: Self = Self::Ca(Role::Infrastructure, 1);
    /// The first Officer CA.
    pub const OFFICER_CA: Self = Self::Ca(Role::Officer, 1);

    /// Its title, as it stands in its name: `TLS CA`, `TLS CA 2`.
    pub(crate) fn title(self) -> String {
        match self {
            Self::Root => "root".to_owned(),
            Self::Ca(role, 1) => role.title().to_owned(),
            Self::Ca(role, number) => format!("{} {number}", role.title()),
        }
    }
}

/// The name of its files: `root`, `tls-ca`, `tls-ca-2`.
impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => f.write_str("root"),
            Self::Ca(role, 1) => f.write_str(role.file_name()),
            Self::Ca(role, number) => write!(f, "{}-{number}", role.file_name()),
        }
    }
}

/// Not an authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected root, tls-ca, seal-ca, infrastructure-ca or officer-ca, with -2 and so on for later ones")]
pub struct IssuerParseError;

impl FromStr for Issuer {
    type Err = IssuerParseError;

    fn from_str(text: &str) -> Result<Self, IssuerParseError> {
        if text == "root" {
            return Ok(Self::Root);
        }
        let read = |role: Role| {
            let rest = text.strip_prefix(role.file_name())?;
            let number = if rest.is_empty() { 1 } else { rest.strip_prefix('-')?.parse().ok()? };
            Some(Self::Ca(role, number)).filter(|issuer| number > 0 && issuer.to_string() == text)
        };
        Role::ALL.into_iter().find_map(read).ok_or(IssuerParseError)
    }
}

impl Serialize for Issuer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Issuer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_is_written_as_its_files_are_named() {
        for (issuer, name) in [
            (Issuer::Root, "root"),
            (Issuer::TLS_CA, "tls-ca"),
            (Issuer::Ca(Role::Infrastructure, 12), "infrastructure-ca-12"),
        ] {
            assert_eq!(issuer.to_string(), name);
            assert_eq!(name.parse(), Ok(issuer));
        }
        for wrong in ["", "ca", "tls-ca-1", "tls-ca-0", "tls-ca-02", "tls-ca-", "tls-ca2", "root-2"] {
            assert!(wrong.parse::<Issuer>().is_err(), "{wrong}");
        }
    }
}
