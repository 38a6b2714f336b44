//! What is wrong with a foreign certificate: every deviation from a profile at once, who demands it and what to set.

use crate::CertificateError;
use crate::profile::{Profile, claimed, problems, problems_as};
use crate::reading::Reading;

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

const PROFILES: &str = "decision record 0012";

fn advice(problem: &CertificateError) -> (&'static str, String) {
    match problem {
        CertificateError::Form(fault) => (fault.source(), fault.remedy().to_owned()),
        CertificateError::NoMember | CertificateError::SeveralMembers | CertificateError::BadMember => {
            (PROFILES, "subjectAltName with exactly one URI:mohur://instance/class/member/subsystem".to_owned())
        }
        CertificateError::UnexpectedNames(profile) => (PROFILES, names(*profile).to_owned()),
        CertificateError::NoProfile => (
            "RFC 5280 section 4.2.1.12; decision record 0012",
            format!("{} or {}", purposes(Profile::Tls), purposes(Profile::Seal)),
        ),
        CertificateError::KeyUsage(profile) => {
            ("RFC 5280 section 4.2.1.3; decision record 0012", key_usage(*profile).to_owned())
        }
        CertificateError::ExtendedKeyUsage(profile) => {
            ("RFC 5280 section 4.2.1.12, RFC 9336; decision record 0012", purposes(*profile).to_owned())
        }
        CertificateError::Policy(profile) => {
            ("RFC 5280 section 4.2.1.4; decision record 0012", policies(*profile).to_owned())
        }
        CertificateError::BasicConstraints(profile) => {
            ("RFC 5280 section 4.2.1.9; decision record 0012", constraints(*profile).to_owned())
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
        | CertificateError::StaleRevocationList
        | CertificateError::UntrustedIssuer
        | CertificateError::BadSignature
        | CertificateError::InvalidPath
        | CertificateError::Purpose
        | CertificateError::WrongProfile { .. }
        | CertificateError::WrongAlgorithm => {
            ("RFC 5280 section 6", "a certificate of this domain's authority".to_owned())
        }
    }
}

const fn names(profile: Profile) -> &'static str {
    match profile {
        Profile::Root | Profile::Issuing | Profile::Directory => "no subjectAltName",
        Profile::Tls => "subjectAltName with one URI, DNS names and IP addresses, nothing else",
        Profile::Seal => "subjectAltName with one URI, nothing else",
    }
}

const fn key_usage(profile: Profile) -> &'static str {
    match profile {
        Profile::Root | Profile::Issuing => "keyUsage=critical,keyCertSign,cRLSign",
        Profile::Tls => "keyUsage=critical,digitalSignature",
        Profile::Seal | Profile::Directory => "keyUsage=critical,digitalSignature,nonRepudiation",
    }
}

const fn purposes(profile: Profile) -> &'static str {
    match profile {
        Profile::Root => "no extendedKeyUsage",
        Profile::Issuing => "extendedKeyUsage=serverAuth,clientAuth of a TLS CA, 1.3.6.1.5.5.7.3.36 of a Seal CA",
        Profile::Tls => "extendedKeyUsage=serverAuth,clientAuth",
        Profile::Seal | Profile::Directory => "extendedKeyUsage=1.3.6.1.5.5.7.3.36",
    }
}

const fn policies(profile: Profile) -> &'static str {
    match profile {
        Profile::Root | Profile::Tls => "no certificatePolicies",
        Profile::Issuing => {
            "no certificatePolicies in a TLS CA; 2.25.168881632066891434156959818910932949201.1 in a Seal CA"
        }
        Profile::Seal => "certificatePolicies=2.25.168881632066891434156959818910932949201.1",
        Profile::Directory => "certificatePolicies=2.25.168881632066891434156959818910932949201.2",
    }
}

const fn constraints(profile: Profile) -> &'static str {
    match profile {
        Profile::Root => "basicConstraints=critical,CA:TRUE,pathlen:1",
        Profile::Issuing => "basicConstraints=critical,CA:TRUE,pathlen:0",
        Profile::Tls | Profile::Seal | Profile::Directory => "basicConstraints=critical,CA:FALSE",
    }
}
