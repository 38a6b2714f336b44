//! Revoking, and the revocation lists.

use std::str::FromStr;

use mohur_wire::Timestamp;
use rcgen::{
    CertificateRevocationListParams, Issuer as Signer, KeyIdMethod, KeyPair, RevocationReason, RevokedCertParams,
    SerialNumber,
};
use serde::{Deserialize, Serialize};

use crate::AuthorityError;
use crate::issuer::Issuer;
use crate::journal::Grounds;
use crate::layout::replace;
use crate::national::National;
use crate::register::{Record, Revocation};
use crate::template::{DAY, moment};

/// Why a certificate is revoked (RFC 5280 §5.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// No reason is given.
    Unspecified,
    /// The key is or may be in other hands.
    KeyCompromise,
    /// The member changed.
    AffiliationChanged,
    /// Another one took its place.
    Superseded,
    /// It is no longer needed.
    CessationOfOperation,
    /// The member may no longer use it.
    PrivilegeWithdrawn,
}

/// Not a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected unspecified, key-compromise, affiliation-changed, superseded, cessation-of-operation or privilege-withdrawn"
)]
pub struct ReasonParseError;

impl Reason {
    const ALL: [Self; 6] = [
        Self::Unspecified,
        Self::KeyCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
        Self::PrivilegeWithdrawn,
    ];

    /// Its name in RFC 5280, in words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "key-compromise",
            Self::AffiliationChanged => "affiliation-changed",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessation-of-operation",
            Self::PrivilegeWithdrawn => "privilege-withdrawn",
        }
    }

    const fn code(self) -> RevocationReason {
        match self {
            Self::Unspecified => RevocationReason::Unspecified,
            Self::KeyCompromise => RevocationReason::KeyCompromise,
            Self::AffiliationChanged => RevocationReason::AffiliationChanged,
            Self::Superseded => RevocationReason::Superseded,
            Self::CessationOfOperation => RevocationReason::CessationOfOperation,
            Self::PrivilegeWithdrawn => RevocationReason::PrivilegeWithdrawn,
        }
    }
}

impl FromStr for Reason {
    type Err = ReasonParseError;

    fn from_str(text: &str) -> Result<Self, ReasonParseError> {
        Self::ALL.into_iter().find(|reason| reason.name() == text).ok_or(ReasonParseError)
    }
}

/// For how long a new list holds. The root is offline, so its list lives longer.
const fn list_days(issuer: Issuer) -> i64 {
    match issuer {
        Issuer::Root => 180,
        Issuer::Ca(..) => 30,
    }
}

impl National {
    /// Revokes the certificate whose serial number or fingerprint begins with `which`, and writes new lists.
    pub fn revoke(&mut self, which: &str, reason: Reason, now: Timestamp) -> Result<Record, AuthorityError> {
        self.revoke_on(which, reason, Grounds::Operator, now)
    }

    /// The same on somebody else's word.
    pub(crate) fn revoke_on(
        &mut self,
        which: &str,
        reason: Reason,
        grounds: Grounds,
        now: Timestamp,
    ) -> Result<Record, AuthorityError> {
        let found = self.register.find(which)?;
        if found.issuer == Issuer::Root && !self.has_root() {
            return Err(AuthorityError::KeyAway { issuer: Issuer::Root, path: self.layout.key(Issuer::Root) });
        }
        let record = self.register.change(|change| change.revoke(&found.fingerprint, reason, grounds, now))?;
        self.renew_revocation_lists(now)?;
        Ok(record)
    }

    /// Writes new lists of every authority whose key is here, with a higher number. The others keep theirs.
    pub fn renew_revocation_lists(&mut self, now: Timestamp) -> Result<(), AuthorityError> {
        let number = self.register.change(|change| change.next_crl_number())?;
        for issuer in self.issuers() {
            let until = now.as_second().saturating_add(list_days(issuer) * DAY);
            let until = Timestamp::from_second(until).map_err(|_| AuthorityError::Time)?;
            replace(&self.layout.crl(issuer), &self.revocation_list(issuer, number, now, until)?)?;
        }
        Ok(())
    }

    pub(crate) fn revocation_list(
        &self,
        issuer: Issuer,
        number: u64,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<String, AuthorityError> {
        let params = list_params(number, &self.register.revoked(issuer)?, (now, until))?;
        list_pem(params, &self.signer(issuer)?)
    }
}

/// The list with those of `issued` that are revoked.
pub(crate) fn list_params(
    number: u64,
    issued: &[Record],
    (now, until): (Timestamp, Timestamp),
) -> Result<CertificateRevocationListParams, AuthorityError> {
    let mut revoked_certs = Vec::new();
    for record in issued {
        let Some(Revocation { at, reason }) = record.revoked else { continue };
        revoked_certs.push(RevokedCertParams {
            serial_number: SerialNumber::from_slice(&unhex(&record.serial)),
            revocation_time: moment(at)?,
            reason_code: Some(reason.code()),
            invalidity_date: None,
        });
    }
    Ok(CertificateRevocationListParams {
        this_update: moment(now)?,
        next_update: moment(until)?,
        crl_number: SerialNumber::from(number),
        issuing_distribution_point: None,
        revoked_certs,
        key_identifier_method: KeyIdMethod::Sha256,
    })
}

pub(crate) fn list_pem(
    params: CertificateRevocationListParams,
    signer: &Signer<'_, &KeyPair>,
) -> Result<String, AuthorityError> {
    Ok(params.signed_by(signer)?.pem()?)
}

/// Our own register's serial numbers: an even number of digits.
fn unhex(text: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()).unwrap_or_default();
    let (pairs, _) = text.as_bytes().as_chunks::<2>();
    pairs.iter().map(|[high, low]| (digit(*high) << 4) | digit(*low)).collect()
}
