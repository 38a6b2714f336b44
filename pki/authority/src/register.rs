//! What was issued, and what of it was revoked.

use mohur_chain::Certificate;
use mohur_wire::Timestamp;
use serde::{Deserialize, Serialize};

use crate::AuthorityError;
use crate::layout::{Layout, read, replace};
use crate::revocation::Reason;

/// Who signs certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Issuer {
    /// The root.
    Root,
    /// The authority for TLS.
    TlsCa,
    /// The authority for seals.
    SealCa,
}

impl Issuer {
    pub(crate) const ALL: [Self; 3] = [Self::Root, Self::TlsCa, Self::SealCa];

    /// Its name, also that of its files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::TlsCa => "tls-ca",
            Self::SealCa => "seal-ca",
        }
    }
}

/// One certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Record {
    /// Serial number, hexadecimal.
    pub serial: String,
    /// SHA-256 of the DER, hexadecimal.
    pub fingerprint: String,
    /// Who signed it.
    pub issuer: Issuer,
    /// Its profile, e.g. `seal`.
    pub profile: String,
    /// Whom or what it names.
    pub subject: String,
    /// Valid until.
    pub not_after: Timestamp,
    /// When and why it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Revocation>,
}

/// A revocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Revocation {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: Reason,
}

/// Everything that a PKI issued, without opening its keys.
pub fn records(layout: &Layout) -> Result<Vec<Record>, AuthorityError> {
    Ok(Register::load(layout)?.certificates)
}

/// The register's file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Register {
    pub(crate) domain: String,
    /// The number of the last revocation lists: only rises.
    pub(crate) crl_number: u64,
    pub(crate) certificates: Vec<Record>,
}

impl Register {
    pub(crate) const fn new(domain: String) -> Self {
        Self { domain, crl_number: 0, certificates: Vec::new() }
    }

    pub(crate) fn load(layout: &Layout) -> Result<Self, AuthorityError> {
        let path = layout.register();
        serde_json::from_str(&read(&path)?).map_err(|source| AuthorityError::Register { path, source })
    }

    pub(crate) fn save(&self, layout: &Layout) -> Result<(), AuthorityError> {
        let path = layout.register();
        let text = serde_json::to_string_pretty(self)
            .map_err(|source| AuthorityError::Register { path: path.clone(), source })?;
        replace(&path, &text)
    }

    pub(crate) fn add(&mut self, issuer: Issuer, certificate: &Certificate) {
        let subject = certificate.member().map_or_else(|| "directory".to_owned(), ToString::to_string);
        self.certificates.push(Record {
            serial: certificate.serial(),
            fingerprint: certificate.fingerprint().to_string(),
            issuer,
            profile: certificate.profile().name().to_owned(),
            subject,
            not_after: certificate.not_after(),
            revoked: None,
        });
    }

    /// The one certificate whose serial number or fingerprint begins with `which` (colons are ignored, 8 digits or more).
    pub(crate) fn find(&mut self, which: &str) -> Result<&mut Record, AuthorityError> {
        let digits = which.replace(':', "").to_ascii_lowercase();
        let long_enough = digits.len() >= 8;
        let matches = |record: &&mut Record| {
            long_enough && (record.serial.starts_with(&digits) || record.fingerprint.starts_with(&digits))
        };
        let mut found = self.certificates.iter_mut().filter(matches);
        match (found.next(), found.next()) {
            (Some(record), None) => Ok(record),
            (None, _) => Err(AuthorityError::Unknown(which.to_owned())),
            (Some(_), Some(_)) => Err(AuthorityError::Ambiguous(which.to_owned())),
        }
    }
}
