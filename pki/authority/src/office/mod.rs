//! The office: enrols members on invitation, renews on the strength of the certificate in use, and lets seals wait for officers.
//! Whoever asks, and over what, is the business of `serve` and of the command line.

mod application;
mod certify;
mod denial;
mod invitation;
mod order;
mod statement;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use mohur_chain::{Certificate, OfficerIdentity, TlsIdentity, Trust};
use mohur_wire::{MemberId, Timestamp};
use serde::{Deserialize, Serialize};

pub use application::{Application, Approval, State};
pub use denial::Denial;
pub use invitation::{Invitation, Invite, Invited};
pub use order::{Order, Report};
pub use statement::{Decision, Verdict, sign_decision};

use crate::AuthorityError;
use crate::issuer::Issuer;
use crate::journal::{Entry, Event, Grounds};
use crate::national::National;
use crate::register::Record;
use crate::request::Proved;
use crate::revocation::Reason;

/// What is enrolled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Enrols {
    /// A certificate for connections: issued at once.
    Tls,
    /// A seal: issued when officers have approved.
    Seal,
}

impl Enrols {
    /// Its name, also in addresses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tls => "tls",
            Self::Seal => "seal",
        }
    }
}

impl std::str::FromStr for Enrols {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Tls, Self::Seal].into_iter().find(|each| each.name() == text).ok_or("choose tls or seal")
    }
}

/// By what the office goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How long a TLS certificate lives. 7 days.
    pub tls_life: Duration,
    /// How long a seal lives. 365 days.
    pub seal_life: Duration,
    /// How many different officers must approve a seal: two at least.
    pub approvals: u32,
    /// The agencies whose officers may approve, `AZ/GOV/OPERATOR`; empty: any of the domain.
    pub approvers: Vec<String>,
    /// How long an application waits for officers. 30 days.
    pub application_life: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        let days = |days: u64| Duration::from_secs(days * 86_400);
        Self {
            tls_life: days(7),
            seal_life: days(365),
            approvals: 2,
            approvers: Vec::new(),
            application_life: days(30),
        }
    }
}

/// What comes of a request for a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The certificate with its authority's, PEM.
    Issued(String),
    /// It waits for officers.
    Pending(Box<Application>),
}

/// The office of a domain.
#[derive(Debug)]
pub struct Office {
    national: National,
    rules: Rules,
    /// The trust anchors with their lists, for a while: reading them anew for each request would cost more than all else.
    trust: RwLock<Option<(Timestamp, Arc<Trust>)>>,
}

/// For how long the trust anchors are taken as read. What is revoked here counts at once all the same, by the register.
const READ_AGAIN_SECONDS: i64 = 30;

impl Office {
    /// The office over these authorities.
    pub const fn new(national: National, rules: Rules) -> Self {
        Self { national, rules, trust: RwLock::new(None) }
    }

    /// The authorities.
    pub const fn national(&self) -> &National {
        &self.national
    }

    /// The authorities, to do more in their name.
    pub const fn national_mut(&mut self) -> &mut National {
        &mut self.national
    }

    /// By what it goes.
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Issues the next certificate to whoever holds the TLS certificate in use. A seal waits for officers all the same.
    pub fn renew(&self, peer: &TlsIdentity, what: Enrols, request: &[u8], now: Timestamp) -> Result<Outcome, Denial> {
        let proved = Proved::read(request)?;
        proved.check_member(peer.member())?;
        let grounds = Grounds::Renewal { with: peer.fingerprint().to_string() };
        match what {
            Enrols::Tls => {
                let hosts = peer.certificate().hosts().to_vec();
                self.issue_tls((peer.member(), &hosts), &proved, grounds, now).map(Outcome::Issued)
            }
            Enrols::Seal => self.apply(peer.member(), &proved, grounds, now),
        }
    }

    /// The member that a certificate shown over TLS proves. It was issued here, holds, and is not revoked: the register
    /// knows that at once, the lists only once they are copied.
    pub fn member(&self, shown: &Certificate, now: Timestamp) -> Result<TlsIdentity, Denial> {
        self.check_record(shown)?;
        let trust = self.trust(now)?;
        trust.validate_tls(shown, now).map_err(|error| Denial::CertificateRefused(error.to_string()))
    }

    /// The officer that a certificate proves.
    pub fn officer(&self, shown: &Certificate, now: Timestamp) -> Result<OfficerIdentity, Denial> {
        self.check_record(shown)?;
        let trust = self.trust(now)?;
        trust.validate_officer(shown, now).map_err(|error| Denial::CertificateRefused(error.to_string()))
    }

    fn trust(&self, now: Timestamp) -> Result<Arc<Trust>, AuthorityError> {
        let kept = self.trust.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((at, trust)) = kept
            && (0..READ_AGAIN_SECONDS).contains(&now.as_second().saturating_sub(at.as_second()))
        {
            return Ok(trust);
        }
        let trust = Arc::new(self.national.trust()?);
        *self.trust.write().unwrap_or_else(PoisonError::into_inner) = Some((now, Arc::clone(&trust)));
        Ok(trust)
    }

    fn check_record(&self, shown: &Certificate) -> Result<(), Denial> {
        match self.national.register.by_fingerprint(&shown.fingerprint().to_string())? {
            Some(Record { revoked: None, .. }) => Ok(()),
            Some(_) => Err(Denial::CertificateRefused("it is revoked".to_owned())),
            None => Err(Denial::CertificateRefused("it was not issued here".to_owned())),
        }
    }

    /// Revokes a certificate in its holder's name: of the member that asks, and of nobody else.
    pub fn revoke_own(
        &mut self,
        peer: &TlsIdentity,
        which: &str,
        reason: Reason,
        now: Timestamp,
    ) -> Result<Record, Denial> {
        let record = self.national.register.find(which).map_err(Denial::of_lookup)?;
        if record.subject != peer.member().as_str() || matches!(record.issuer, Issuer::Root) {
            return Err(Denial::NotAllowed(format!("{} is not a certificate of {}", record.serial, peer.member())));
        }
        let grounds = Grounds::Holder { with: peer.fingerprint().to_string() };
        self.revoke(&record, reason, grounds, now)
    }

    /// Revokes a certificate in an officer's name: of any member. One officer is enough to shut a door.
    pub fn revoke_as_officer(
        &mut self,
        officer: &OfficerIdentity,
        which: &str,
        reason: Reason,
        now: Timestamp,
    ) -> Result<Record, Denial> {
        self.check_approver(officer)?;
        let record = self.national.register.find(which).map_err(Denial::of_lookup)?;
        if record.subject.parse::<MemberId>().is_err() {
            return Err(Denial::NotAllowed("an officer revokes certificates of members".to_owned()));
        }
        let grounds = Grounds::Officer { officer: officer.officer().clone() };
        self.revoke(&record, reason, grounds, now)
    }

    fn revoke(&mut self, record: &Record, reason: Reason, grounds: Grounds, now: Timestamp) -> Result<Record, Denial> {
        self.national.revoke_on(&record.fingerprint, reason, grounds, now).map_err(Denial::of_lookup)
    }

    /// Everything that was issued, approved, refused and revoked.
    pub fn journal(&self) -> Result<Vec<Entry>, AuthorityError> {
        self.national.register.entries()
    }

    /// Writes a refusal down.
    pub fn note_refusal(&self, what: &str, code: &str, from: &str, now: Timestamp) -> Result<(), AuthorityError> {
        let event = Event::Refused { what: what.to_owned(), code: code.to_owned(), from: from.to_owned() };
        self.national.register.change(|change| change.note(event, now))
    }

    pub(crate) fn check_approver(&self, officer: &OfficerIdentity) -> Result<(), Denial> {
        let id = officer.officer();
        let agency = format!("{}/{}/{}", id.instance(), id.member_class(), id.member_code());
        if self.rules.approvers.is_empty() || self.rules.approvers.contains(&agency) {
            return Ok(());
        }
        Err(Denial::NotAllowed(format!("officers of {agency} do not approve here")))
    }
}
