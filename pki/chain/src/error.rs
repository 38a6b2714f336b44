//! Why a certificate, or a set of trust anchors, is refused.

use std::path::PathBuf;

use mohur_wire::{RefusalCode, Timestamp};

use crate::{Form, Profile};

/// Why a certificate is refused. Public data only: identifiers of members are no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Not a certificate.
    #[error("not a well-formed X.509 v3 certificate")]
    Unreadable,
    /// Expired.
    #[error("expired at {0}: renew it")]
    Expired(Timestamp),
    /// Not yet valid.
    #[error("not valid before {0}: check the clocks")]
    NotYetValid(Timestamp),
    /// Revoked.
    #[error("revoked by its issuer")]
    Revoked,
    /// No revocation list of its issuer is at hand.
    #[error("no revocation list of its issuer is at hand: fetch one")]
    RevocationUnknown,
    /// No fresh answer of its issuer is at hand, and the grace is over.
    #[error(
        "no fresh answer of its issuer's OCSP responder is at hand, and the grace is over: see whether it is reached"
    )]
    NoFreshAnswer,
    /// Its issuer answers that it knows no such certificate.
    #[error("its issuer says that it knows no such certificate")]
    NotKnownToIssuer,
    /// The revocation list is too old.
    #[error("the revocation list of its issuer is older than it promises to be: fetch the current one")]
    StaleRevocationList,
    /// The path does not end at our root through the authority of the profile.
    #[error("not issued under this root by the authority for its profile")]
    UntrustedIssuer,
    /// A signature on the path does not verify.
    #[error("a signature on its path does not verify")]
    BadSignature,
    /// Another rule of path validation is broken (RFC 5280 §6).
    #[error("its path is not valid (RFC 5280 section 6)")]
    InvalidPath,
    /// Has no member URI.
    #[error("names no member: exactly one URI `mohur://instance/class/member/subsystem` is needed")]
    NoMember,
    /// Has more than one URI.
    #[error("names more than one URI: exactly one `mohur://instance/class/member/subsystem` is needed")]
    SeveralMembers,
    /// Its URI is not a member's.
    #[error("its URI is not `mohur://instance/class/member/subsystem`")]
    BadMember,
    /// Names no officer, or not exactly one.
    #[error("does not name an officer: exactly one URI `mohur-officer://instance/class/member/officer` is needed")]
    BadOfficer,
    /// A server of the domain that has no name.
    #[error("names no host: at least one DNS name or IP address is needed")]
    NoHost,
    /// `id-pkix-ocsp-nocheck` is there and must not be, or the reverse.
    #[error(
        "id-pkix-ocsp-nocheck, which an OCSP responder's certificate has and no other, is not as in a {0} certificate"
    )]
    NoCheck(Profile),
    /// Has names that its profile does not allow.
    #[error("has names that a {0} certificate must not have")]
    UnexpectedNames(Profile),
    /// Has none of the profiles.
    #[error("has none of the profiles: no profile has its extended key usage")]
    NoProfile,
    /// Has another profile than the one needed here.
    #[error("a {found} certificate where a {expected} certificate is needed")]
    WrongProfile {
        /// What is needed.
        expected: Profile,
        /// What was found.
        found: Profile,
    },
    /// Not an issuing authority's.
    #[error("a {0} certificate where an issuing authority's is needed")]
    NoIssuingAuthority(Profile),
    /// Key usage.
    #[error("its key usage is not that of a {0} certificate")]
    KeyUsage(Profile),
    /// Extended key usage.
    #[error("its extended key usage is not that of a {0} certificate")]
    ExtendedKeyUsage(Profile),
    /// The policy of the profile is missing, or another profile's is there.
    #[error("its certificate policies are not those of a {0} certificate")]
    Policy(Profile),
    /// A certificate authority used as an end entity, or the reverse.
    #[error("its basic constraints are not those of a {0} certificate")]
    BasicConstraints(Profile),
    /// An authority's certificate issued by itself that should not be, or the reverse.
    #[error("not issued by whoever issues a {0} certificate: a root issues itself, and the root all other authorities")]
    Issuer(Profile),
    /// Badly written, whatever its profile.
    #[error("{} ({})", .0.what(), .0.source())]
    Form(Form),
    /// Valid for longer than the profile allows.
    #[error("valid for longer than the {days} days of a {profile} certificate")]
    LivesTooLong {
        /// Its profile.
        profile: Profile,
        /// The most that is allowed.
        days: i64,
    },
    /// The key is of a kind or size that is not accepted.
    #[error(
        "its key is not ECDSA P-256, Ed25519 or RSA of 2048 to 8192 bits in whole octets (authorities: ECDSA P-384 or P-256)"
    )]
    WeakKey,
    /// May not sign this kind of statement.
    #[error(
        "its extended key usage does not allow this statement: timeStamping alone and critical (RFC 3161 section 2.3), or OCSPSigning (RFC 6960 section 4.2.2.2)"
    )]
    Purpose,
    /// Signed with an algorithm that is not accepted.
    #[error("signed with an algorithm that is not accepted: SHA-1 and older are refused")]
    WeakSignature,
    /// The key cannot be pinned to that algorithm.
    #[error("its key cannot be used with that algorithm")]
    WrongAlgorithm,
}

impl CertificateError {
    /// The refusal that a caller gets.
    pub const fn refusal(&self) -> RefusalCode {
        match self {
            Self::Expired(_) | Self::NotYetValid(_) => RefusalCode::CertificateExpired,
            Self::Revoked => RefusalCode::CertificateRevoked,
            Self::Unreadable
            | Self::RevocationUnknown
            | Self::NoFreshAnswer
            | Self::NotKnownToIssuer
            | Self::StaleRevocationList
            | Self::UntrustedIssuer
            | Self::BadSignature
            | Self::InvalidPath
            | Self::NoMember
            | Self::SeveralMembers
            | Self::BadMember
            | Self::BadOfficer
            | Self::NoHost
            | Self::NoCheck(_)
            | Self::UnexpectedNames(_)
            | Self::NoProfile
            | Self::WrongProfile { .. }
            | Self::NoIssuingAuthority(_)
            | Self::KeyUsage(_)
            | Self::ExtendedKeyUsage(_)
            | Self::Policy(_)
            | Self::BasicConstraints(_)
            | Self::Issuer(_)
            | Self::Form(_)
            | Self::LivesTooLong { .. }
            | Self::WeakKey
            | Self::Purpose
            | Self::WeakSignature
            | Self::WrongAlgorithm => RefusalCode::CertificateRefused,
        }
    }
}

/// Why trust anchors cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// A file cannot be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Not PEM.
    #[error("{}: damaged PEM", path.display())]
    BadPem {
        /// Which file.
        path: PathBuf,
    },
    /// A certificate authority's certificate is not what it should be.
    #[error("the {authority} certificate: {source}")]
    Authority {
        /// Which one.
        authority: &'static str,
        /// What is wrong.
        source: CertificateError,
    },
    /// Not PEM, or not exactly one.
    #[error("{what}: expected exactly one in PEM")]
    NotOne {
        /// What was read.
        what: &'static str,
    },
    /// Not PEM.
    #[error("{what}: damaged PEM")]
    NotPem {
        /// What was read.
        what: &'static str,
    },
    /// An issuing authority was not certified by the root.
    #[error("the {authority} certificate is not signed by the root")]
    NotUnderRoot {
        /// Which one.
        authority: &'static str,
    },
    /// There is no issuing authority of that kind at all.
    #[error("there is no {authority}: its certificate is missing")]
    NoAuthority {
        /// Which one.
        authority: &'static str,
    },
    /// A revocation list does not parse, is not signed by one of the authorities, or is a delta or partial list.
    #[error("a revocation list is unreadable, partial, or not signed by the root or one of its issuing authorities")]
    RevocationList,
    /// There is no revocation list of that authority.
    #[error("there is no revocation list of the {authority}: `mohur pki init` and `mohur pki revoke` write one")]
    NoRevocationList {
        /// Whose.
        authority: &'static str,
    },
}
