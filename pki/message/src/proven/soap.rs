//! A query whose caller signed a SOAP envelope.

use mohur_wire::{MemberId, Refusal};

use super::{ProvenQuery, mismatch};
use crate::keys::KeySource;
use crate::opening::SentOpening;
use crate::ws_security::SoapEvidence;

/// Proves that the caller itself signed this opening. No part of an envelope names a broker: the directory does, so
/// `home` must know one.
pub(super) fn prove(
    _opening: &SentOpening,
    _evidence: &SoapEvidence,
    _keys: &dyn KeySource,
    _home: &dyn Fn(&MemberId) -> Option<String>,
) -> Result<ProvenQuery, Refusal> {
    Err(mismatch("SOAP evidence is not verified here yet"))
}
