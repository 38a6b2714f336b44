//! What is wrong with a foreign certificate: every deviation from a profile at once, who demands it and what to set.

use crate::profile::{Names, Profile, claimed, problems, problems_as};
use crate::reading::Reading;
use crate::{CertificateError, oid};

/// One deviation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What is wrong.
    pub problem: CertificateError,
    /// Which record or RFC demands it.
    pub source: &'static str,
    /// What to set, in words of OpenSSL's configuration.
    pub remedy: String,
}

/// Holds a certificate against `expected`, or against the profile that it claims: which that is, and all that is wrong.
pub fn lint(der: &[u8], expected: Option<Profile>) -> Result<(Option<Profile>, Vec<Finding>), CertificateError> {
    let reading = Reading::of(der)?;
    let profile = expected.or_else(|| claimed(&reading));
    let found = expected.map_or_else(|| problems(&reading), |profile| problems_as(&reading, profile));
    let finding = |problem| {
        let (source, remedy) = advice(&problem);
        Finding { problem, source, remedy }
    };
    Ok((profile, found.into_iter().map(finding).collect()))
}

const PATH: &str = "RFC 5280 section 6";
const PROFILES: &str = "decision record 0140";

fn advice(problem: &CertificateError) -> (&'static str, String) {
    match problem {
        CertificateError::Form(fault) => (fault.source(), fault.remedy().to_owned()),
        CertificateError::NoMember | CertificateError::SeveralMembers | CertificateError::BadMember => {
            (PROFILES, "subjectAltName with exactly one URI:mohur://instance/class/member/subsystem".to_owned())
        }
        CertificateError::BadOfficer => {
            (PROFILES, "subjectAltName with exactly one URI:mohur-officer://instance/class/member/officer".to_owned())
        }
        CertificateError::NoHost => (PROFILES, "subjectAltName with DNS:… or IP:… of the server".to_owned()),
        CertificateError::NoCheck(Profile::Ocsp) => {
            ("RFC 6960 section 4.2.2.2.1; decision record 0140", "noCheck=ignored".to_owned())
        }
        CertificateError::NoCheck(_) => ("RFC 6960 section 4.2.2.2.1; decision record 0140", "no noCheck".to_owned()),
        CertificateError::UnexpectedNames(profile) => (PROFILES, names(*profile).to_owned()),
        CertificateError::NoProfile => (
            "RFC 5280 section 4.2.1.12; decision record 0140",
            format!("{} of a member's TLS certificate, or those of another profile", purposes(Profile::Tls)),
        ),
        CertificateError::KeyUsage(profile) => {
            ("RFC 5280 section 4.2.1.3; decision record 0140", key_usage(*profile).to_owned())
        }
        CertificateError::ExtendedKeyUsage(profile) => {
            ("RFC 5280 section 4.2.1.12, RFC 9336; decision record 0140", purposes(*profile))
        }
        CertificateError::Policy(profile) => {
            ("RFC 5280 section 4.2.1.4; decision record 0140", policies(*profile).to_owned())
        }
        CertificateError::BasicConstraints(profile) => {
            ("RFC 5280 section 4.2.1.9; decision record 0140", constraints(*profile))
        }
        CertificateError::Issuer(_) => {
            (PROFILES, "a root signed with its own key; every other authority signed by the root".to_owned())
        }
        CertificateError::LivesTooLong { days, .. } => (PROFILES, format!("-days {days} or less")),
        CertificateError::WeakKey => (
            PROFILES,
            "ECDSA P-256, Ed25519, or RSA of 2048 to 8192 bits in whole octets; for an authority ECDSA P-384 or P-256"
                .to_owned(),
        ),
        CertificateError::WeakSignature => (PROFILES, "an issuer that signs with SHA-256 or better".to_owned()),
        // What a certificate's path and time say is not found here.
        CertificateError::Unreadable
        | CertificateError::Expired(_)
        | CertificateError::NotYetValid(_)
        | CertificateError::Revoked
        | CertificateError::RevocationUnknown
        | CertificateError::NoFreshAnswer
        | CertificateError::NotKnownToIssuer
        | CertificateError::StaleRevocationList
        | CertificateError::UntrustedIssuer
        | CertificateError::BadSignature
        | CertificateError::InvalidPath
        | CertificateError::Purpose
        | CertificateError::WrongProfile { .. }
        | CertificateError::NoIssuingAuthority(_)
        | CertificateError::WrongAlgorithm => (PATH, "a certificate of this domain's authority".to_owned()),
    }
}

const fn names(profile: Profile) -> &'static str {
    match profile.rules().names {
        Names::None => "no subjectAltName",
        Names::Member => "subjectAltName with one URI, nothing else",
        Names::MemberAndHosts => "subjectAltName with one URI, DNS names and IP addresses, nothing else",
        Names::Hosts => "subjectAltName with DNS names and IP addresses, nothing else",
        Names::Officer => "subjectAltName with one URI:mohur-officer://instance/class/member/officer, nothing else",
    }
}

const fn key_usage(profile: Profile) -> &'static str {
    match profile {
        Profile::Root | Profile::Issuing(_) => "keyUsage=critical,keyCertSign,cRLSign",
        Profile::Seal => "keyUsage=critical,digitalSignature,nonRepudiation",
        Profile::Tls | Profile::Infrastructure | Profile::Ocsp | Profile::TimeStamp | Profile::Officer => {
            "keyUsage=critical,digitalSignature"
        }
    }
}

fn purposes(profile: Profile) -> String {
    let names: Vec<&str> = profile.rules().purposes.iter().map(|purpose| purpose_name(purpose)).collect();
    match names.as_slice() {
        [] => "no extendedKeyUsage".to_owned(),
        _ if profile == Profile::TimeStamp => format!("extendedKeyUsage=critical,{}", names.join(",")),
        names => format!("extendedKeyUsage={}", names.join(",")),
    }
}

fn purpose_name(purpose: &[u8]) -> &'static str {
    match purpose {
        oid::SERVER_AUTH => "serverAuth",
        oid::CLIENT_AUTH => "clientAuth",
        oid::TIME_STAMPING => "timeStamping",
        oid::OCSP_SIGNING => "OCSPSigning",
        _ => "1.3.6.1.5.5.7.3.36",
    }
}

fn policies(profile: Profile) -> &'static str {
    match profile.rules().policies {
        [oid::SEAL_POLICY] => "certificatePolicies=2.25.168881632066891434156959818910932949201.1",
        [oid::OFFICER_POLICY] => "certificatePolicies=2.25.168881632066891434156959818910932949201.3",
        _ => "no certificatePolicies",
    }
}

fn constraints(profile: Profile) -> String {
    let length = profile.path_length();
    length.map_or_else(
        || "basicConstraints=critical,CA:FALSE".to_owned(),
        |length| format!("basicConstraints=critical,CA:TRUE,pathlen:{length}"),
    )
}
