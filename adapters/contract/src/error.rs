//! Why a register gave no answer.

use mohur_wire::{Refusal, RefusalCode};

use crate::LedgerError;

/// Why there is no answer. `Display` is the operator's voice, [`refusal`](Self::refusal) the caller's; neither ever
/// carries personal data, a value or a credential.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// The register cannot be reached, or says that it is out of service.
    #[error("the register cannot be reached: {0}; check its address and whether it runs")]
    Unavailable(String),
    /// The deadline passed.
    #[error("the register did not answer by the deadline; look at its load, or raise the service's deadline")]
    Timeout,
    /// The register refused the adapter's own credential.
    #[error("the register refused the adapter's credential ({0}); renew the token in the credential file")]
    Credential(&'static str),
    /// The register's reply is not one that its protocol allows. Names what and where, never the value.
    #[error("the register's reply is invalid: {0}; the answer was dropped, tell the register's operator")]
    Invalid(&'static str),
    /// The register answered about somebody else, and did not say about whom.
    #[error("the register answered about another subject; the answer was dropped, tell the register's operator")]
    OtherSubject,
    /// This register does not offer the service.
    #[error("this register does not offer the service asked for; compare the adapter's services with the directory")]
    UnknownService,
    /// The service does not take this verb, subject or operand.
    #[error("the query does not fit the service: {0}")]
    Unsupported(&'static str),
    /// The reservation cannot be settled like this.
    #[error("the settlement was refused: {0}")]
    Settlement(&'static str),
    /// The adapter's own ledger failed: nothing was changed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl RegistryError {
    /// The refusal for the caller.
    pub fn refusal(&self) -> Refusal {
        match self {
            Self::Unavailable(_) | Self::Ledger(_) => RefusalCode::ProviderUnavailable.into(),
            Self::Timeout => RefusalCode::ProviderTimeout.into(),
            Self::Credential(_) | Self::Invalid(_) => RefusalCode::ProviderInvalid.into(),
            Self::OtherSubject => RefusalCode::SubjectMismatch.into(),
            Self::UnknownService => RefusalCode::UnknownService.into(),
            Self::Unsupported(what) => Refusal::new(RefusalCode::Malformed, *what),
            Self::Settlement(what) => Refusal::new(RefusalCode::SettlementRefused, *what),
        }
    }
}
