//! The profiles, and the rules of each. Whatever a rule does not name is refused.

use std::fmt;

use mohur_wire::{MemberId, OfficerId};

use crate::CertificateError;
use crate::oid::{
    CLIENT_AUTH, DOCUMENT_SIGNING, OCSP_SIGNING, OFFICER_POLICY, SEAL_POLICY, SERVER_AUTH, TIME_STAMPING,
};
use crate::reading::{KeyKind, Reading};

/// What an issuing authority issues.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Certificates with which members open and accept connections.
    Tls,
    /// Seals.
    Seal,
    /// Certificates of what the domain itself runs: directory server, enrolment service, time stamps.
    Infrastructure,
    /// Officers' certificates.
    Officer,
}

impl Role {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Tls, Self::Seal, Self::Infrastructure, Self::Officer];

    /// The authority's title, e.g. `TLS CA`.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Tls => "TLS CA",
            Self::Seal => "Seal CA",
            Self::Infrastructure => "Infrastructure CA",
            Self::Officer => "Officer CA",
        }
    }

    /// The name of its files, e.g. `tls-ca`.
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Tls => "tls-ca",
            Self::Seal => "seal-ca",
            Self::Infrastructure => "infrastructure-ca",
            Self::Officer => "officer-ca",
        }
    }
}

/// What a certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Profile {
    /// The offline root.
    Root,
    /// An issuing authority.
    Issuing(Role),
    /// Opens and accepts connections.
    Tls,
    /// Seals messages.
    Seal,
    /// Accepts connections for a service of the domain itself; names no member.
    Infrastructure,
    /// Answers for one issuing authority what is revoked (RFC 6960).
    Ocsp,
    /// Stamps times (RFC 3161).
    TimeStamp,
    /// An officer who approves.
    Officer,
}

/// Whom or what a certificate must name, and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    /// Nobody: no alternative name.
    None,
    /// One member.
    Member,
    /// One member, and the hosts of a server.
    MemberAndHosts,
    /// Hosts, one at least.
    Hosts,
    /// One officer.
    Officer,
}

/// What a profile demands, exactly. The table of `docs/decisions/0140-all-certificate-profiles.md`.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    name: &'static str,
    max_days: i64,
    key_usage: u16,
    pub(crate) purposes: &'static [&'static [u8]],
    pub(crate) policies: &'static [&'static [u8]],
    pub(crate) names: Names,
}

const AUTHORITY: Rules = Rules {
    name: "root",
    max_days: 7306,
    key_usage: KEY_CERT_SIGN | CRL_SIGN,
    purposes: &[],
    policies: &[],
    names: Names::None,
};

const LEAF: Rules = Rules { name: "TLS", max_days: 366, key_usage: DIGITAL_SIGNATURE, ..AUTHORITY };

impl Profile {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Root,
        Self::Issuing(Role::Tls),
        Self::Issuing(Role::Seal),
        Self::Issuing(Role::Infrastructure),
        Self::Issuing(Role::Officer),
        Self::Tls,
        Self::Seal,
        Self::Infrastructure,
        Self::Ocsp,
        Self::TimeStamp,
        Self::Officer,
    ];

    pub(crate) const fn rules(self) -> Rules {
        match self {
            Self::Root => AUTHORITY,
            Self::Issuing(role) => Self::issuing_rules(role),
            Self::Tls => Rules { purposes: &[SERVER_AUTH, CLIENT_AUTH], names: Names::MemberAndHosts, ..LEAF },
            Self::Seal => Rules {
                name: "seal",
                max_days: 731,
                key_usage: DIGITAL_SIGNATURE | NON_REPUDIATION,
                purposes: &[DOCUMENT_SIGNING],
                policies: &[SEAL_POLICY],
                names: Names::Member,
            },
            Self::Infrastructure => {
                Rules { name: "infrastructure", purposes: &[SERVER_AUTH], names: Names::Hosts, ..LEAF }
            }
            Self::Ocsp => Rules { name: "OCSP", max_days: 31, purposes: &[OCSP_SIGNING], ..LEAF },
            Self::TimeStamp => Rules { name: "time stamp", purposes: &[TIME_STAMPING], ..LEAF },
            Self::Officer => Rules {
                name: "officer",
                purposes: &[CLIENT_AUTH],
                policies: &[OFFICER_POLICY],
                names: Names::Officer,
                ..LEAF
            },
        }
    }

    /// The purposes of an authority limit what it issues (RFC 5280 §4.2.1.12 as everyone applies it). None of them may sign
    /// OCSP answers for its own issuer.
    const fn issuing_rules(role: Role) -> Rules {
        let (purposes, policies): (&[&[u8]], &[&[u8]]) = match role {
            Role::Tls => (&[SERVER_AUTH, CLIENT_AUTH], &[]),
            Role::Seal => (&[DOCUMENT_SIGNING], &[SEAL_POLICY]),
            Role::Infrastructure => (&[SERVER_AUTH, TIME_STAMPING], &[]),
            Role::Officer => (&[CLIENT_AUTH], &[OFFICER_POLICY]),
        };
        Rules { name: role.title(), max_days: 1827, purposes, policies, ..AUTHORITY }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        self.rules().name
    }

    /// The longest life, in days.
    pub const fn max_days(self) -> i64 {
        self.rules().max_days
    }

    /// The purpose that every certificate of the path must name. An OCSP responder's own authority does not name
    /// `OCSPSigning`, or it could answer for its issuer: there the profiles of both alone decide.
    pub(crate) fn path_purpose(self) -> Option<&'static [u8]> {
        if self == Self::Ocsp { None } else { self.rules().purposes.first().copied() }
    }

    /// Which authorities issue it. Each issuing authority certifies its own OCSP responder (RFC 6960 §4.2.2.2).
    pub(crate) fn is_issued_by(self, role: Role) -> bool {
        match self {
            Self::Root | Self::Issuing(_) => false,
            Self::Tls => role == Role::Tls,
            Self::Seal => role == Role::Seal,
            Self::Infrastructure | Self::TimeStamp => role == Role::Infrastructure,
            Self::Officer => role == Role::Officer,
            Self::Ocsp => true,
        }
    }

    pub(crate) const fn path_length(self) -> Option<u32> {
        match self {
            Self::Root => Some(1),
            Self::Issuing(_) => Some(0),
            Self::Tls | Self::Seal | Self::Infrastructure | Self::Ocsp | Self::TimeStamp | Self::Officer => None,
        }
    }

    const fn is_authority(self) -> bool {
        self.path_length().is_some()
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

// RFC 5280 §4.2.1.3, in the order in which x509-parser numbers the bits.
const DIGITAL_SIGNATURE: u16 = 1;
const NON_REPUDIATION: u16 = 1 << 1;
pub(crate) const KEY_CERT_SIGN: u16 = 1 << 5;
pub(crate) const CRL_SIGN: u16 = 1 << 6;

/// Which profile the certificate claims. A wrong guess is no danger, whatever it is held against is exact.
pub(crate) fn claimed(reading: &Reading) -> Option<Profile> {
    let has = |purpose: &[u8]| reading.purposes.iter().any(|found| found == purpose);
    let states = |policy: &[u8]| reading.policies.iter().any(|found| found == policy);
    let (server, client) = (has(SERVER_AUTH), has(CLIENT_AUTH));
    if reading.authority && reading.self_issued {
        return Some(Profile::Root);
    }
    if reading.authority {
        let role = match (server, client) {
            _ if has(DOCUMENT_SIGNING) => Role::Seal,
            (true, true) => Role::Tls,
            (false, true) => Role::Officer,
            _ if server || has(TIME_STAMPING) => Role::Infrastructure,
            _ => return None,
        };
        return Some(Profile::Issuing(role));
    }
    let officer = reading.uris.iter().any(|uri| OfficerId::from_uri(uri).is_ok()) || states(OFFICER_POLICY);
    match (server, client) {
        (false, true) if officer => Some(Profile::Officer),
        (true, false) if reading.uris.is_empty() => Some(Profile::Infrastructure),
        (true, _) | (_, true) => Some(Profile::Tls),
        _ if has(OCSP_SIGNING) => Some(Profile::Ocsp),
        _ if has(TIME_STAMPING) => Some(Profile::TimeStamp),
        _ if has(DOCUMENT_SIGNING) => Some(Profile::Seal),
        _ => None,
    }
}

/// Everything that is wrong with the certificate by itself, whoever issued it and whatever the time.
pub(crate) fn problems(reading: &Reading) -> Vec<CertificateError> {
    match claimed(reading) {
        Some(profile) => problems_as(reading, profile),
        None => {
            let mut out = weaknesses(reading);
            out.push(CertificateError::NoProfile);
            out
        }
    }
}

fn weaknesses(reading: &Reading) -> Vec<CertificateError> {
    if reading.strong_signature { Vec::new() } else { vec![CertificateError::WeakSignature] }
}

/// Everything that keeps the certificate from having that profile, whichever it claims.
pub(crate) fn problems_as(reading: &Reading, profile: Profile) -> Vec<CertificateError> {
    let mut out = weaknesses(reading);
    let mut require = |holds: bool, error: CertificateError| {
        if !holds {
            out.push(error);
        }
    };
    let rules = profile.rules();
    require(has_accepted_key(reading, profile), CertificateError::WeakKey);
    let constrained = reading.authority == profile.is_authority() && reading.path_length == profile.path_length();
    require(constrained, CertificateError::BasicConstraints(profile));
    let (root, issuing) = (profile == Profile::Root, matches!(profile, Profile::Issuing(_)));
    let issued = if reading.self_issued { !issuing } else { !root };
    require(issued, CertificateError::Issuer(profile));
    require(reading.key_usage == rules.key_usage, CertificateError::KeyUsage(profile));
    // RFC 3161 §2.3: of a time stamper's it is critical.
    let critical = profile != Profile::TimeStamp || reading.critical_purposes;
    let purposes = is_set(&reading.purposes, rules.purposes) && critical;
    require(purposes, CertificateError::ExtendedKeyUsage(profile));
    require(is_set(&reading.policies, rules.policies), CertificateError::Policy(profile));
    require(reading.no_check == (profile == Profile::Ocsp), CertificateError::NoCheck(profile));
    require(
        reading.not_after.as_second().saturating_sub(reading.not_before.as_second()) <= rules.max_days * 86_400,
        CertificateError::LivesTooLong { profile, days: rules.max_days },
    );
    if let Err(error) = subject(reading, profile) {
        require(false, error);
    }
    let hosts_allowed = matches!(rules.names, Names::MemberAndHosts | Names::Hosts) || reading.hosts.is_empty();
    require(hosts_allowed && reading.other_names == 0, CertificateError::UnexpectedNames(profile));
    out.extend(reading.form.iter().map(|fault| CertificateError::Form(*fault)));
    out
}

pub(crate) fn has_accepted_key(reading: &Reading, profile: Profile) -> bool {
    if profile.is_authority() {
        matches!(reading.key, Some(KeyKind::P256 | KeyKind::P384))
    } else {
        reading.public_key.is_some()
    }
}

fn is_set(found: &[Vec<u8>], expected: &[&[u8]]) -> bool {
    found.len() == expected.len() && expected.iter().all(|one| found.iter().any(|other| other == one))
}

/// Whom a certificate names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A member.
    Member(MemberId),
    /// An officer.
    Officer(OfficerId),
    /// Nobody.
    Nobody,
}

/// Whom the certificate names, if it names as its profile demands.
pub(crate) fn subject(reading: &Reading, profile: Profile) -> Result<Subject, CertificateError> {
    let uris = reading.uris.as_slice();
    match profile.rules().names {
        Names::None | Names::Hosts if !uris.is_empty() => Err(CertificateError::UnexpectedNames(profile)),
        Names::Hosts if reading.hosts.is_empty() => Err(CertificateError::NoHost),
        Names::None | Names::Hosts => Ok(Subject::Nobody),
        Names::Member | Names::MemberAndHosts => match uris {
            [] => Err(CertificateError::NoMember),
            [uri] => MemberId::from_uri(uri).map(Subject::Member).map_err(|_| CertificateError::BadMember),
            _ => Err(CertificateError::SeveralMembers),
        },
        Names::Officer => match uris {
            [uri] => OfficerId::from_uri(uri).map(Subject::Officer).map_err(|_| CertificateError::BadOfficer),
            _ => Err(CertificateError::BadOfficer),
        },
    }
}
