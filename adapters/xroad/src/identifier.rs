//! X-Road's identifiers, as its clients and providers write them.
//!
//! They are wider than ours: a client may be a member without a subsystem, and a service may have no version. The
//! configuration and the mapping files say which member and service of ours stand behind them.

use std::fmt;
use std::str::FromStr;

use mohur_wire::MemberId;

/// The longest code that is read.
const MAX_CODE: usize = 255;

/// What an identifier may consist of (PR-MESS 2.7, PR-REST 4.8), and `_`, which our own identifiers have.
fn is_code(code: &str) -> bool {
    let is_symbol = |byte: u8| b"'()+,-.=?_".contains(&byte);
    (1..=MAX_CODE).contains(&code.len())
        && code != "."
        && code != ".."
        && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || is_symbol(byte))
}

/// Why a text is not an identifier. It never shows the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentifierError {
    /// Too few or too many parts.
    #[error("expected {0}")]
    Parts(&'static str),
    /// A character that X-Road does not allow.
    #[error("a code holds something else than letters, digits and '()+,-.=?_, or is empty or longer than 255")]
    Code,
}

/// A client or an owner of services: a member, usually with a subsystem.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId {
    /// The X-Road instance, e.g. `AZ`.
    pub instance: String,
    /// The member class, e.g. `GOV`.
    pub member_class: String,
    /// The member, e.g. `MIA`.
    pub member_code: String,
    /// The subsystem, e.g. `id-cards`.
    pub subsystem_code: Option<String>,
}

/// A service of a subsystem.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServiceCode {
    /// Whose it is.
    pub owner: ClientId,
    /// Its code, e.g. `birth`.
    pub code: String,
    /// Its version, e.g. `v1`; REST has none.
    pub version: Option<String>,
}

impl ClientId {
    /// From its codes.
    pub fn of(codes: &[&str]) -> Result<Self, IdentifierError> {
        if !codes.iter().all(|code| is_code(code)) {
            return Err(IdentifierError::Code);
        }
        let (instance, class, member, subsystem) = match codes {
            [instance, class, member] => (instance, class, member, None),
            [instance, class, member, subsystem] => (instance, class, member, Some((*subsystem).to_owned())),
            _ => return Err(IdentifierError::Parts("instance/class/member/subsystem")),
        };
        Ok(Self {
            instance: (*instance).to_owned(),
            member_class: (*class).to_owned(),
            member_code: (*member).to_owned(),
            subsystem_code: subsystem,
        })
    }

    /// The member of ours that has the same name, if it can be one.
    pub fn member(&self) -> Option<MemberId> {
        self.to_string().parse().ok()
    }

    /// The codes in order.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        let named = [&self.instance, &self.member_class, &self.member_code];
        named.into_iter().chain(&self.subsystem_code).map(String::as_str)
    }

    /// `MEMBER` or `SUBSYSTEM`, as X-Road's `objectType` says it.
    pub const fn object_type(&self) -> &'static str {
        if self.subsystem_code.is_some() { "SUBSYSTEM" } else { "MEMBER" }
    }

    /// The form of an HTTP header: the codes percent-encoded, with `/` between them.
    pub fn encoded(&self) -> String {
        self.codes().map(percent_encoded).collect::<Vec<_>>().join("/")
    }
}

impl ServiceCode {
    /// From the owner's codes, the service's and its version.
    pub fn of(owner: &[&str], code: &str, version: Option<&str>) -> Result<Self, IdentifierError> {
        if !is_code(code) || version.is_some_and(|version| !is_code(version)) {
            return Err(IdentifierError::Code);
        }
        Ok(Self { owner: ClientId::of(owner)?, code: code.to_owned(), version: version.map(str::to_owned) })
    }

    /// The form of an HTTP header, without a version: REST has none.
    pub fn encoded(&self) -> String {
        format!("{}/{}", self.owner.encoded(), percent_encoded(&self.code))
    }
}

impl FromStr for ClientId {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, IdentifierError> {
        Self::of(&text.split('/').collect::<Vec<_>>())
    }
}

impl FromStr for ServiceCode {
    type Err = IdentifierError;

    /// `instance/class/member/subsystem/service[/version]`: as text, a service always belongs to a subsystem.
    fn from_str(text: &str) -> Result<Self, IdentifierError> {
        let parts: Vec<_> = text.split('/').collect();
        match parts.as_slice() {
            [owner @ .., code] if owner.len() == 4 => Self::of(owner, code, None),
            [owner @ .., code, version] if owner.len() == 4 => Self::of(owner, code, Some(version)),
            _ => Err(IdentifierError::Parts("instance/class/member/subsystem/service or …/service/version")),
        }
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.codes().collect::<Vec<_>>().join("/"))
    }
}

impl fmt::Display for ServiceCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.code)?;
        self.version.as_ref().map_or(Ok(()), |version| write!(f, "/{version}"))
    }
}

impl From<&MemberId> for ClientId {
    fn from(member: &MemberId) -> Self {
        Self {
            instance: member.instance().to_owned(),
            member_class: member.member_class().to_owned(),
            member_code: member.member_code().to_owned(),
            subsystem_code: Some(member.subsystem_code().to_owned()),
        }
    }
}

impl From<&mohur_wire::ServiceId> for ServiceCode {
    fn from(service: &mohur_wire::ServiceId) -> Self {
        Self {
            owner: service.owner().into(),
            code: service.service_code().to_owned(),
            version: Some(service.service_version().to_owned()),
        }
    }
}

/// RFC 3986 §2.1: everything but unreserved characters is escaped.
pub(crate) fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// RFC 3986 §2.1, strictly: two hexadecimal digits after each `%`, UTF-8 as the result. `+` is a plus.
pub(crate) fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let (high, low) = (digit(bytes.next()?)?, digit(bytes.next()?)?);
        out.push(high << 4 | low);
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_keep_their_text() {
        for text in ["EE/GOV/MEMBER1/SUBSYSTEM1", "EE/GOV/MEMBER1", "AA/B/C/a.b-c_(d)+'=?,"] {
            assert_eq!(text.parse::<ClientId>().unwrap().to_string(), text);
        }
        for text in ["EE/GOV/M/S/exampleService/v1", "EE/GOV/M/S/exampleService"] {
            assert_eq!(text.parse::<ServiceCode>().unwrap().to_string(), text);
        }
        for wrong in
            ["", "EE", "EE/GOV", "EE//M", "EE/GOV/M/S/x", "EE/GOV/M/..", "EE/GOV/M/ş", "EE/GOV/M/a b", "EE/GOV/M/%41"]
        {
            assert!(wrong.parse::<ClientId>().is_err(), "{wrong}");
        }
        assert!("EE/GOV/M/svc".parse::<ServiceCode>().is_err(), "a service belongs to a subsystem");
    }

    #[test]
    fn a_member_of_ours_has_a_subsystem() {
        let office: ClientId = "AZ/GOV/MIA/id-cards".parse().unwrap();
        assert_eq!(office.member().unwrap().as_str(), "AZ/GOV/MIA/id-cards");
        assert_eq!("AZ/GOV/MIA".parse::<ClientId>().unwrap().member(), None);
        assert_eq!(ClientId::from(&office.member().unwrap()), office);
    }

    #[test]
    fn percent_encoding_is_strict() {
        assert_eq!(percent_decoded("BAR%2FSERVICE").as_deref(), Some("BAR/SERVICE"));
        assert_eq!(percent_decoded("%C9%99+").as_deref(), Some("ə+"));
        for wrong in ["%", "%4", "%4g", "%ff"] {
            assert_eq!(percent_decoded(wrong), None, "{wrong}");
        }
        assert_eq!(percent_encoded("a/ə"), "a%2F%C9%99");
    }
}
