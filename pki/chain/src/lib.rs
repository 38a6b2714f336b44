//! Certificates: from a chain to exactly one member.
//!
//! A certificate has one of the profiles of `docs/decisions/0140-all-certificate-profiles.md`, each narrower than RFC 5280
//! allows. A path goes through the issuing authority of its own profile and no other, so that a TLS certificate can never
//! seal and a seal certificate never opens TLS. Revocation lists must be there and must be fresh.

mod anchors;
mod certificate;
pub mod error;
pub mod form;
pub mod inspection;
pub mod lint;
mod list;
mod naming;
pub mod oid;
mod path;
mod pem;
pub mod profile;
mod proof;
mod reading;
mod revocation;
pub mod signer;
pub mod standing;
mod trust;

pub use certificate::Certificate;
pub use error::{CertificateError, TrustError};
pub use form::Form;
pub use inspection::{Inspection, ListInspection, check_signature, inspect, inspect_list};
pub use lint::{Finding, lint};
pub use list::ListHeader;
pub use pem::read_pem_file;
pub use profile::{Profile, Role};
pub use proof::{InfrastructureIdentity, OcspResponder, OfficerIdentity, SealIdentity, TimeStamper, TlsIdentity};
pub use signer::{Anchors, Purpose, SignerCertificate};
pub use standing::Standing;
pub use trust::{Trust, TrustFiles};
