//! What the operator orders, at the machine: the command line does it itself, or has the service that holds the register do it.

use mohur_wire::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Application, Denial, Invitation, Invite, Invited, Office};
use crate::journal::{Entry, Grounds};
use crate::register::Record;
use crate::revocation::Reason;

/// An order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Order {
    /// Invite a member.
    Invite(Invite),
    /// Take an invitation back.
    Withdraw {
        /// Its id.
        invitation: String,
    },
    /// Every invitation.
    Invitations,
    /// Every application.
    Applications,
    /// Take an officer's signed decision, which the operator was given.
    Decide {
        /// The compact JWS.
        statement: String,
    },
    /// Revoke a certificate.
    Revoke {
        /// The beginning of its serial number or fingerprint.
        which: String,
        /// Why.
        reason: Reason,
    },
    /// Every certificate.
    Certificates,
    /// The whole journal.
    Journal,
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Report {
    /// The invitation with its token.
    Invited(Box<Invited>),
    /// An invitation.
    Invitation(Box<Invitation>),
    /// Invitations.
    Invitations(Vec<Invitation>),
    /// An application.
    Application(Box<Application>),
    /// Applications.
    Applications(Vec<Application>),
    /// What was revoked.
    Revoked(Box<Record>),
    /// Certificates.
    Certificates(Vec<Record>),
    /// The journal.
    Journal(Vec<Entry>),
}

impl Office {
    /// Does what the operator orders.
    pub fn carry_out(&mut self, order: Order, now: Timestamp) -> Result<Report, Denial> {
        Ok(match order {
            Order::Invite(invite) => Report::Invited(Box::new(self.invite(&invite, now).map_err(Denial::of_operator)?)),
            Order::Withdraw { invitation } => {
                Report::Invitation(Box::new(self.withdraw(&invitation, now).map_err(Denial::of_operator)?))
            }
            Order::Invitations => Report::Invitations(self.invitations()?),
            Order::Applications => Report::Applications(self.applications()?),
            Order::Decide { statement } => Report::Application(Box::new(self.decide(&statement, None, now)?)),
            Order::Revoke { which, reason } => {
                let record = self.national.register.find(&which).map_err(Denial::of_operator)?;
                Report::Revoked(Box::new(self.revoke(&record, reason, Grounds::Operator, now)?))
            }
            Order::Certificates => Report::Certificates(self.national.certificates()?),
            Order::Journal => Report::Journal(self.journal()?),
        })
    }
}
