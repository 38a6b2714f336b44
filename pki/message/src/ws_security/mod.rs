//! WS-Security 1.1 with the X.509 certificate token profile, strictly.
//!
//! One parse: what is verified are nodes of the tree that is read afterwards, and [`VerifiedEnvelope`] gives out no others.

mod evidence;

pub use evidence::SoapEvidence;

use mohur_wire::{Query, Refusal, RefusalCode};

/// The query in the canonical octets of a signed Body.
pub(crate) fn read_query(_octets: &[u8]) -> Result<Query, Refusal> {
    Err(Refusal::new(RefusalCode::Malformed, "a Body of SOAP is not read here yet"))
}
