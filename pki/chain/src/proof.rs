//! The proofs that a certificate is good under a domain's trust anchors: only [`Trust`](crate::Trust) makes them.

use mohur_crypto::Digest;
use mohur_wire::{MemberId, OfficerId};

use crate::Certificate;

/// The peer of a TLS connection. Only [`crate::Trust::validate_tls`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsIdentity {
    pub(crate) member: MemberId,
    pub(crate) certificate: Certificate,
}

impl TlsIdentity {
    /// Who it is.
    pub const fn member(&self) -> &MemberId {
        &self.member
    }

    /// SHA-256 of the certificate.
    pub fn fingerprint(&self) -> Digest {
        self.certificate.fingerprint()
    }

    /// The validated certificate.
    pub const fn certificate(&self) -> &Certificate {
        &self.certificate
    }
}

/// The holder of a seal. Only [`crate::Trust::validate_seal`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealIdentity {
    pub(crate) member: MemberId,
    pub(crate) certificate: Certificate,
    pub(crate) evidence: Digest,
}

impl SealIdentity {
    /// Who it is.
    pub const fn member(&self) -> &MemberId {
        &self.member
    }

    /// The validated certificate.
    pub const fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// SHA-256 of what says that it is not revoked: the issuer's answer about it, or its revocation list.
    pub const fn evidence(&self) -> Digest {
        self.evidence
    }
}

/// An officer who approves. Only [`crate::Trust::validate_officer`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfficerIdentity {
    pub(crate) officer: OfficerId,
    pub(crate) certificate: Certificate,
}

impl OfficerIdentity {
    /// Who it is.
    pub const fn officer(&self) -> &OfficerId {
        &self.officer
    }

    /// The validated certificate.
    pub const fn certificate(&self) -> &Certificate {
        &self.certificate
    }
}

/// A proof about a certificate that names neither a member nor an officer.
macro_rules! certificate_proof {
    ($(#[$what:meta])* $name:ident) => {
        $(#[$what])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name {
            pub(crate) certificate: Certificate,
        }

        impl $name {
            /// The validated certificate.
            pub const fn certificate(&self) -> &Certificate {
                &self.certificate
            }
        }
    };
}

certificate_proof! {
    /// A server of the domain itself, under one of the hosts of its certificate. Only
    /// [`crate::Trust::validate_infrastructure`] makes one.
    InfrastructureIdentity
}
certificate_proof! {
    /// Who may answer whether a certificate of its own issuer is revoked. Only [`crate::Trust::validate_ocsp_responder`]
    /// makes one.
    OcspResponder
}
certificate_proof! {
    /// Who stamps times for the domain. Only [`crate::Trust::validate_time_stamper`] makes one.
    TimeStamper
}
