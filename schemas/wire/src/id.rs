//! X-Road's identifier model: `instance/memberClass/memberCode/subsystemCode[/serviceCode/serviceVersion]`.

use std::fmt;
use std::str::FromStr;

use crate::{ParseError, text_form};

/// Longest identifier accepted, in bytes.
const MAX_LENGTH: usize = 255;

/// A subsystem of a member: who asks, and who owns.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MemberId(String);

/// An officer of an agency: who approves, and signs policies. The last part is a staff number or another name of the office's
/// own making; no name of a person has to stand in it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OfficerId(String);

/// A service of a subsystem, with its version.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServiceId {
    text: String,
    owner: MemberId,
}

fn is_part(part: &str) -> bool {
    !part.is_empty()
        && part != "."
        && part != ".."
        && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

fn has_parts(text: &str, count: usize) -> bool {
    text.len() <= MAX_LENGTH && text.split('/').count() == count && text.split('/').all(is_part)
}

impl MemberId {
    /// The identifier as text, e.g. `AZ/GOV/MIA/id-cards`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn part(&self, index: usize) -> &str {
        // INVARIANT: FromStr accepts exactly four parts.
        self.0.split('/').nth(index).unwrap_or_default()
    }

    /// The national domain, e.g. `AZ`.
    pub fn instance(&self) -> &str {
        self.part(0)
    }

    /// The member class, e.g. `GOV`.
    pub fn member_class(&self) -> &str {
        self.part(1)
    }

    /// The agency, e.g. `MIA`.
    pub fn member_code(&self) -> &str {
        self.part(2)
    }

    /// The subsystem of the agency, e.g. `id-cards`.
    pub fn subsystem_code(&self) -> &str {
        self.part(3)
    }

    /// The URI that a TLS certificate carries for this member: `mohur://AZ/GOV/MIA/id-cards`.
    pub fn to_uri(&self) -> String {
        format!("mohur://{}", self.0)
    }

    /// Reads the URI form.
    pub fn from_uri(uri: &str) -> Result<Self, ParseError> {
        uri.strip_prefix("mohur://")
            .ok_or(ParseError::new("member URI", "mohur://instance/class/member/subsystem"))?
            .parse()
    }
}

impl FromStr for MemberId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if has_parts(text, 4) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseError::new("member", "instance/class/member/subsystem of letters, digits, - _ ."))
        }
    }
}

impl OfficerId {
    /// The identifier as text, e.g. `AZ/GOV/MIA/officer-17`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn part(&self, index: usize) -> &str {
        // INVARIANT: FromStr accepts exactly four parts.
        self.0.split('/').nth(index).unwrap_or_default()
    }

    /// The national domain, e.g. `AZ`.
    pub fn instance(&self) -> &str {
        self.part(0)
    }

    /// The class of the agency, e.g. `GOV`.
    pub fn member_class(&self) -> &str {
        self.part(1)
    }

    /// The agency, e.g. `MIA`.
    pub fn member_code(&self) -> &str {
        self.part(2)
    }

    /// The officer within the agency, e.g. `officer-17`.
    pub fn officer_code(&self) -> &str {
        self.part(3)
    }

    /// Whether the officer is of the agency that has this subsystem.
    pub fn is_of_agency_of(&self, member: &MemberId) -> bool {
        (0..3).all(|index| self.part(index) == member.part(index))
    }

    /// The URI that an officer's certificate carries: `mohur-officer://AZ/GOV/MIA/officer-17`. The scheme is another than a
    /// member's, so that no reading of the one gives the other.
    pub fn to_uri(&self) -> String {
        format!("mohur-officer://{}", self.0)
    }

    /// Reads the URI form.
    pub fn from_uri(uri: &str) -> Result<Self, ParseError> {
        uri.strip_prefix("mohur-officer://")
            .ok_or(ParseError::new("officer URI", "mohur-officer://instance/class/member/officer"))?
            .parse()
    }
}

impl FromStr for OfficerId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if has_parts(text, 4) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseError::new("officer", "instance/class/member/officer of letters, digits, - _ ."))
        }
    }
}

impl ServiceId {
    /// The identifier as text, e.g. `AZ/GOV/MOJ/civil-registry/birth/v1`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The subsystem that offers the service.
    pub const fn owner(&self) -> &MemberId {
        &self.owner
    }

    fn part(&self, index: usize) -> &str {
        // INVARIANT: FromStr accepts exactly six parts.
        self.text.split('/').nth(index).unwrap_or_default()
    }

    /// The service's code within its subsystem, e.g. `birth`.
    pub fn service_code(&self) -> &str {
        self.part(4)
    }

    /// The service's version, e.g. `v1`.
    pub fn service_version(&self) -> &str {
        self.part(5)
    }
}

impl FromStr for ServiceId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        const EXPECTED: ParseError =
            ParseError::new("service", "instance/class/member/subsystem/service/version of letters, digits, - _ .");
        if !has_parts(text, 6) {
            return Err(EXPECTED);
        }
        let end = text.match_indices('/').nth(3).map(|(at, _)| at).ok_or(EXPECTED)?;
        let owner = text.get(..end).ok_or(EXPECTED)?.parse()?;
        Ok(Self { text: text.to_owned(), owner })
    }
}

impl fmt::Display for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for OfficerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for OfficerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ServiceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for ServiceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

text_form!(MemberId);
text_form!(OfficerId);
text_form!(ServiceId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_knows_its_owner() {
        let service: ServiceId = "AZ/GOV/MOJ/civil-registry/birth/v1".parse().unwrap();
        assert_eq!(service.owner().as_str(), "AZ/GOV/MOJ/civil-registry");
        assert_eq!(service.owner().member_code(), "MOJ");
        assert_eq!((service.service_code(), service.service_version()), ("birth", "v1"));
        assert_eq!(service.owner().to_uri(), "mohur://AZ/GOV/MOJ/civil-registry");
        assert_eq!(MemberId::from_uri("mohur://AZ/GOV/MOJ/civil-registry").unwrap(), *service.owner());
    }

    #[test]
    fn an_officer_is_never_a_member() {
        let officer: OfficerId = "AZ/GOV/MIA/officer-17".parse().unwrap();
        assert_eq!(OfficerId::from_uri("mohur-officer://AZ/GOV/MIA/officer-17").unwrap(), officer);
        assert!(MemberId::from_uri(&officer.to_uri()).is_err());
        assert!(OfficerId::from_uri("mohur://AZ/GOV/MIA/officer-17").is_err());
        assert!(officer.is_of_agency_of(&"AZ/GOV/MIA/id-cards".parse().unwrap()));
        assert!(!officer.is_of_agency_of(&"AZ/GOV/MOJ/id-cards".parse().unwrap()));
    }

    #[test]
    fn wrong_shapes_are_refused() {
        for wrong in
            ["", "AZ", "AZ/GOV/MOJ", "AZ/GOV//x", "AZ/GOV/../x", "AZ/GOV/M J/x", "AZ/GOV/MOJ/x/", "AZ/GOV/ƏD/x"]
        {
            assert!(wrong.parse::<MemberId>().is_err(), "{wrong}");
        }
        assert!("AZ/GOV/MOJ/x".parse::<ServiceId>().is_err());
        assert!("AZ/GOV/MOJ/x/birth/v1/extra".parse::<ServiceId>().is_err());
    }
}
