//! How a certificate must be written, whatever its profile: what RFC 5280 asks and the library that walks the path does not
//! look at. The root is among them, of which that library reads name and key only.

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{AuthorityKeyIdentifier, GeneralName, NameConstraints, ParsedExtension, X509Extension};

use crate::oid;
use crate::profile::KEY_CERT_SIGN;
use crate::reading::Reading;

/// A way in which a certificate is badly written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Zero, negative, or longer than 20 octets.
    SerialNumber,
    /// An authority has no name.
    NamelessAuthority,
    /// No subject, and the alternative names are not critical.
    NamesNotCritical,
    /// A subject, and the alternative names are critical all the same.
    NamesCritical,
    /// A DNS name that is none, or that has an asterisk.
    DnsName,
    /// A common name that looks like a host and is not among the alternative names.
    CommonName,
    /// An authority's basic constraints are not critical.
    BasicConstraintsNotCritical,
    /// `keyCertSign` without being an authority, or the reverse.
    CertificateSigning,
    /// No authority key identifier, in a certificate that another issued.
    NoAuthorityKey,
    /// The authority key identifier is critical, or a self-issued certificate's is not simply its own key's.
    AuthorityKey,
    /// An authority without a subject key identifier, or a critical one.
    SubjectKey,
    /// Name constraints that are not critical, not an authority's, empty, or no names.
    NameConstraints,
    /// A root with an extended key usage, or a server's that is critical or names any purpose.
    Purposes,
    /// Policy constraints: nobody here processes them.
    PolicyConstraints,
    /// A critical extension that this program does not know.
    CriticalExtension,
    /// The mark of a dry run.
    DryRun,
}

impl Form {
    /// What is wrong.
    pub const fn what(self) -> &'static str {
        match self {
            Self::SerialNumber => "its serial number is zero, negative or longer than 20 octets",
            Self::NamelessAuthority => "an authority without a subject",
            Self::NamesNotCritical => "no subject, and its subject alternative name is not critical",
            Self::NamesCritical => "a subject, and its subject alternative name is critical all the same",
            Self::DnsName => "a DNS name that is not letters, digits and hyphens between dots (an asterisk neither)",
            Self::CommonName => "its common name looks like a host that is not among its alternative names",
            Self::BasicConstraintsNotCritical => "an authority's basic constraints that are not critical",
            Self::CertificateSigning => "key usage keyCertSign and basic constraints CA do not say the same",
            Self::NoAuthorityKey => "no authority key identifier with the issuer's key",
            Self::AuthorityKey => {
                "its authority key identifier is critical, or not its own key's though it issued itself"
            }
            Self::SubjectKey => "its subject key identifier is critical, or missing though it is an authority",
            Self::NameConstraints => "name constraints that are not critical, not an authority's, empty, or not names",
            Self::Purposes => {
                "an extended key usage in a root, or one of a TLS certificate that is critical or allows any purpose"
            }
            Self::PolicyConstraints => "policy constraints, which nobody here processes",
            Self::CriticalExtension => "a critical extension that is not known here",
            Self::DryRun => "made in a dry run of a ceremony, never to be trusted",
        }
    }

    /// Where that is demanded.
    pub const fn source(self) -> &'static str {
        match self {
            Self::SerialNumber => "RFC 5280 section 4.1.2.2",
            Self::NamelessAuthority => "RFC 5280 section 4.1.2.6",
            Self::NamesNotCritical | Self::NamesCritical => "RFC 5280 section 4.2.1.6",
            Self::DnsName => "RFC 5280 section 4.2.1.6; decision record 0105",
            Self::CommonName => "CA/Browser Forum Baseline Requirements section 7.1.4.3; decision record 0105",
            Self::BasicConstraintsNotCritical | Self::CertificateSigning => "RFC 5280 section 4.2.1.9",
            Self::NoAuthorityKey | Self::AuthorityKey => "RFC 5280 section 4.2.1.1; decision record 0105",
            Self::SubjectKey => "RFC 5280 section 4.2.1.2",
            Self::NameConstraints => "RFC 5280 section 4.2.1.10",
            Self::Purposes => "RFC 5280 section 4.2.1.12; decision records 0140 and 0105",
            Self::PolicyConstraints => "RFC 5280 section 4.2.1.11; decision record 0105",
            Self::CriticalExtension => "RFC 5280 section 4.2",
            Self::DryRun => "decision record 0142",
        }
    }

    /// What to set.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::SerialNumber => "a positive number of at most 20 octets, 128 bits of them random",
            Self::NamelessAuthority => "a subject of its own",
            Self::NamesNotCritical => "a subject, or subjectAltName=critical,…",
            Self::NamesCritical => "subjectAltName without critical",
            Self::DnsName => "each host by its whole name, in subjectAltName=DNS:…",
            Self::CommonName => "a common name that is no host, or exactly one of the alternative names",
            Self::BasicConstraintsNotCritical => "basicConstraints=critical,CA:TRUE,pathlen:…",
            Self::CertificateSigning => "CA:TRUE with keyCertSign for an authority, neither for anyone else",
            Self::NoAuthorityKey => "authorityKeyIdentifier=keyid:always",
            Self::AuthorityKey => "authorityKeyIdentifier=keyid:always, not critical; a root's is its own, or absent",
            Self::SubjectKey => "subjectKeyIdentifier=hash, not critical",
            Self::NameConstraints => "nameConstraints=critical,… in an authority, DNS names without a leading dot",
            Self::Purposes => "none in a root; extendedKeyUsage=serverAuth,clientAuth, not critical, for TLS",
            Self::PolicyConstraints => "no policyConstraints",
            Self::CriticalExtension => "that extension as not critical, or leave it out",
            Self::DryRun => "the certificate of the real ceremony",
        }
    }
}

/// All that is badly written.
pub(crate) fn faults(parsed: &X509Certificate<'_>, reading: &Reading) -> Vec<Form> {
    let mut out = Vec::new();
    let mut require = |holds: bool, fault: Form| {
        if !holds {
            out.push(fault);
        }
    };
    let nameless = parsed.subject.iter().next().is_none();
    require(is_serial(parsed.raw_serial()), Form::SerialNumber);
    require(!(reading.authority && nameless), Form::NamelessAuthority);
    require(reading.hosts.iter().all(|host| host.contains(':') || is_dns_name(host)), Form::DnsName);
    require(has_known_common_name(parsed, reading), Form::CommonName);
    require(reading.authority == (reading.key_usage & KEY_CERT_SIGN != 0), Form::CertificateSigning);
    let (mut subject_key, mut authority_key) = (None, None);
    for extension in parsed.extensions() {
        let fault = extension_fault(extension, reading, nameless);
        if let Some(fault) = fault {
            require(false, fault);
        }
        if let ParsedExtension::SubjectKeyIdentifier(key) = extension.parsed_extension() {
            subject_key = Some(key.0);
        }
        if let ParsedExtension::AuthorityKeyIdentifier(key) = extension.parsed_extension() {
            authority_key = Some(key);
        }
    }
    require(subject_key.is_some() || !reading.authority, Form::SubjectKey);
    match authority_key {
        None => require(reading.self_issued, Form::NoAuthorityKey),
        Some(key) if reading.self_issued => require(is_own(key, subject_key), Form::AuthorityKey),
        Some(key) => require(key.key_identifier.is_some(), Form::NoAuthorityKey),
    }
    out
}

#[expect(clippy::wildcard_enum_match_arm, reason = "any other kind may not be critical, whatever it is")]
fn extension_fault(extension: &X509Extension<'_>, reading: &Reading, nameless: bool) -> Option<Form> {
    let critical = extension.critical;
    let (fine, fault) = match extension.parsed_extension() {
        ParsedExtension::BasicConstraints(_) => (critical || !reading.authority, Form::BasicConstraintsNotCritical),
        ParsedExtension::SubjectAlternativeName(_) if nameless => (critical, Form::NamesNotCritical),
        ParsedExtension::SubjectAlternativeName(_) => (!critical, Form::NamesCritical),
        ParsedExtension::AuthorityKeyIdentifier(_) => (!critical, Form::AuthorityKey),
        ParsedExtension::SubjectKeyIdentifier(_) => (!critical, Form::SubjectKey),
        ParsedExtension::NameConstraints(names) => {
            (critical && reading.authority && are_names(names), Form::NameConstraints)
        }
        ParsedExtension::ExtendedKeyUsage(usage) => {
            let root = reading.authority && reading.self_issued;
            let server = !reading.authority && usage.server_auth;
            (!root && !(server && (critical || usage.any)), Form::Purposes)
        }
        ParsedExtension::PolicyConstraints(_) => (false, Form::PolicyConstraints),
        _ if extension.oid.as_bytes() == oid::DRY_RUN => (false, Form::DryRun),
        // Whether they may be critical is a matter of the path.
        ParsedExtension::KeyUsage(_) | ParsedExtension::CertificatePolicies(_) => return None,
        _ => (!critical, Form::CriticalExtension),
    };
    (!fine).then_some(fault)
}

/// RFC 5280 §4.1.2.2: positive, at most 20 octets.
fn is_serial(octets: &[u8]) -> bool {
    let positive = octets.first().is_some_and(|first| first & 0x80 == 0) && octets.iter().any(|octet| *octet != 0);
    positive && octets.len() <= 20
}

/// Preferred name syntax (RFC 1034 §3.5, RFC 1123 §2.1), without the asterisk of RFC 6125.
fn is_dns_name(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

/// A common name with dots or colons, as hosts have, stands among the hosts in the same letters.
fn has_known_common_name(parsed: &X509Certificate<'_>, reading: &Reading) -> bool {
    let is_host = |name: &str| (name.contains(['.', ':']) || name.starts_with("0x")) && !name.contains(['/', ' ']);
    reading.authority
        || reading.hosts.is_empty()
        || parsed
            .subject
            .iter_common_name()
            .all(|name| name.as_str().is_ok_and(|name| !is_host(name) || reading.hosts.iter().any(|host| host == name)))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "webpki judges the other kinds of names")]
fn are_names(constraints: &NameConstraints<'_>) -> bool {
    let trees = [&constraints.permitted_subtrees, &constraints.excluded_subtrees];
    let mut trees = trees.into_iter().flatten().flatten().peekable();
    trees.peek().is_some()
        && trees.all(|tree| match &tree.base {
            GeneralName::DNSName(name) => name.is_empty() || is_dns_name(name),
            _ => true,
        })
}

/// A certificate that issued itself names its own key and nothing else, if any.
fn is_own(key: &AuthorityKeyIdentifier<'_>, subject_key: Option<&[u8]>) -> bool {
    key.authority_cert_issuer.is_none()
        && key.authority_cert_serial.is_none()
        && key.key_identifier.as_ref().is_some_and(|key| Some(key.0) == subject_key)
}
