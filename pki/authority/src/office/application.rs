//! Applications for seals, which wait for officers.

use mohur_chain::OfficerIdentity;
use mohur_crypto::sha256;
use mohur_wire::{MemberId, OfficerId, Timestamp};
use serde::{Deserialize, Serialize};

use super::statement::{self, Decision, Verdict};
use super::{Denial, Enrols, Office, Outcome};
use crate::AuthorityError;
use crate::journal::{Event, Grounds};
use crate::request::Proved;
use crate::template::Template;

/// The kind of thing in the register.
const KIND: &str = "application";

/// An application for a seal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Application {
    /// What the officers call it: made of member and key, so that the same key applies once.
    pub id: String,
    /// Who applies.
    pub member: MemberId,
    /// For what: a seal.
    pub profile: Enrols,
    /// SHA-256 of the public key (its SubjectPublicKeyInfo), hexadecimal.
    pub key: String,
    /// The request itself, PEM.
    pub request: String,
    /// When.
    pub at: Timestamp,
    /// Until when it waits.
    pub expires: Timestamp,
    /// Who approved, each officer once.
    pub approvals: Vec<Approval>,
    /// How far it is.
    pub state: State,
}

/// One officer's approval, which is evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Approval {
    /// Who.
    pub officer: OfficerId,
    /// What the officer signed, a compact JWS with its certificate.
    pub statement: String,
}

/// How far an application is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case", tag = "is")]
pub enum State {
    /// It waits.
    Pending,
    /// The certificate was issued.
    Issued {
        /// Its fingerprint.
        fingerprint: String,
    },
    /// An officer said no.
    Rejected {
        /// Who.
        officer: OfficerId,
        /// Why.
        why: String,
        /// What the officer signed.
        statement: String,
    },
}

impl Application {
    /// Whether an officer may still decide.
    pub fn is_pending(&self, now: Timestamp) -> bool {
        self.state == State::Pending && now <= self.expires
    }
}

impl Office {
    /// Applies for a seal, or says how far that is.
    pub(super) fn apply(
        &self,
        member: &MemberId,
        proved: &Proved,
        grounds: Grounds,
        now: Timestamp,
    ) -> Result<Outcome, Denial> {
        let id: String =
            sha256(format!("{member} {}", proved.digest).as_bytes()).to_string().chars().take(16).collect();
        let found = match self.national.register.thing::<Application>(KIND, &id)? {
            Some(found) => found,
            None => self.enter(id, member, proved, grounds, now)?,
        };
        match &found.state {
            State::Issued { fingerprint } => {
                let der = self.national.register.der(fingerprint)?;
                let der = der.ok_or_else(|| Denial::Unknown("the certificate is gone".to_owned()))?;
                Ok(Outcome::Issued(self.chain(fingerprint, &der)?))
            }
            State::Rejected { why, .. } => Err(Denial::Rejected(why.clone())),
            State::Pending if now > found.expires => Err(Denial::Rejected("no officer decided in time".to_owned())),
            State::Pending => Ok(Outcome::Pending(Box::new(found))),
        }
    }

    fn enter(
        &self,
        id: String,
        member: &MemberId,
        proved: &Proved,
        grounds: Grounds,
        now: Timestamp,
    ) -> Result<Application, Denial> {
        self.check_key(proved, member, Enrols::Seal)?;
        let seal = self.seal_template(member, now)?;
        self.trial_for(&seal, &proved.key).map_err(|error| Denial::KeyRefused(error.to_string()))?;
        let application = Application {
            id,
            member: member.clone(),
            profile: Enrols::Seal,
            key: proved.digest.clone(),
            request: proved.pem.clone(),
            at: now,
            expires: now.checked_add(self.rules.application_life).map_err(|_| AuthorityError::Time)?,
            approvals: Vec::new(),
            state: State::Pending,
        };
        let event = Event::Applied {
            application: application.id.clone(),
            member: member.clone(),
            key: application.key.clone(),
            grounds,
        };
        self.national.register.change(|change| {
            change.keep(KIND, &application.id, &application)?;
            change.note(event, now)
        })?;
        Ok(application)
    }

    fn seal_template(&self, member: &MemberId, now: Timestamp) -> Result<Template, AuthorityError> {
        let mut template = Template::seal(member, now, 1)?;
        template.not_after = now.checked_add(self.rules.seal_life).map_err(|_| AuthorityError::Time)?;
        Ok(template)
    }

    /// Every application there was.
    pub fn applications(&self) -> Result<Vec<Application>, AuthorityError> {
        self.national.register.things(KIND)
    }

    /// Takes an officer's signed decision. With the last approval that is needed the certificate is issued, in the same
    /// transaction. `peer` is the officer at the other end of the connection, where there is one: nobody hands in another's.
    pub fn decide(
        &self,
        statement: &str,
        peer: Option<&OfficerIdentity>,
        now: Timestamp,
    ) -> Result<Application, Denial> {
        let trust = self.trust(now)?;
        let (decision, officer) = statement::verify(statement, &trust, now)?;
        self.check_record(officer.certificate())?;
        self.check_approver(&officer)?;
        if peer.is_some_and(|peer| peer.officer() != officer.officer()) {
            return Err(Denial::NotAllowed(
                "the decision is another officer's than the one who hands it in".to_owned(),
            ));
        }
        statement::check_age(&decision, now)?;
        let found = self.national.register.thing::<Application>(KIND, &decision.application)?;
        let mut application = found.ok_or_else(|| Denial::Unknown("there is no such application".to_owned()))?;
        check_matches(&decision, &application)?;
        if !application.is_pending(now) {
            return Err(Denial::NotAllowed("the application is decided already, or its time is over".to_owned()));
        }
        match decision.verdict {
            Verdict::Reject => {
                let why = decision.why.unwrap_or_else(|| "an officer said no".to_owned());
                let state =
                    State::Rejected { officer: officer.officer().clone(), why, statement: statement.to_owned() };
                application.state = state;
                self.settle(&application, Event::rejected(&application, &officer, statement), now)?;
            }
            Verdict::Approve => self.approve(&mut application, &officer, statement, now)?,
        }
        Ok(application)
    }

    fn approve(
        &self,
        application: &mut Application,
        officer: &OfficerIdentity,
        text: &str,
        now: Timestamp,
    ) -> Result<(), Denial> {
        if application.approvals.iter().any(|approval| approval.officer == *officer.officer()) {
            return Err(Denial::NotAllowed(format!(
                "{} has approved this already; another officer must",
                officer.officer()
            )));
        }
        application.approvals.push(Approval { officer: officer.officer().clone(), statement: text.to_owned() });
        let event = Event::approved(application, officer, text);
        if self.standing(application, now)? < self.rules.approvals {
            return self.settle(application, event, now);
        }
        let proved = Proved::read(application.request.as_bytes())?;
        self.check_key(&proved, &application.member, Enrols::Seal)?;
        let template = self.seal_template(&application.member, now)?;
        let (record, der, certified) = self.sign_for(template, Enrols::Seal, &proved)?;
        application.state = State::Issued { fingerprint: record.fingerprint.clone() };
        let officers = application.approvals.iter().map(|approval| approval.officer.clone()).collect();
        let grounds = Grounds::Approvals { application: application.id.clone(), officers };
        self.national.register.change(|change| {
            Self::still_pending(change, application)?;
            change.keep(KIND, &application.id, application)?;
            change.note(event, now)?;
            change.add(&record, &der, grounds, now)?;
            Self::keep_key(change, &proved, &certified)
        })?;
        Ok(())
    }

    /// How many approvals count now: that of an officer whose certificate was revoked since counts no more.
    fn standing(&self, application: &Application, now: Timestamp) -> Result<u32, Denial> {
        let trust = self.trust(now)?;
        let counts = |approval: &&Approval| {
            let signer = statement::verify(&approval.statement, &trust, now);
            signer.is_ok_and(|(_, officer)| {
                *officer.officer() == approval.officer && self.check_record(officer.certificate()).is_ok()
            })
        };
        Ok(u32::try_from(application.approvals.iter().filter(counts).count()).unwrap_or(0))
    }

    fn settle(&self, application: &Application, event: Event, now: Timestamp) -> Result<(), Denial> {
        self.national.register.change(|change| {
            Self::still_pending(change, application)?;
            change.keep(KIND, &application.id, application)?;
            change.note(event, now)
        })?;
        Ok(())
    }

    /// Two officers may decide at the same time: whoever comes second reads what the first one wrote.
    fn still_pending(change: &crate::register::Change<'_>, application: &Application) -> Result<(), AuthorityError> {
        let stands: Option<Application> = change.thing(KIND, &application.id)?;
        let unchanged = stands.is_some_and(|stands| {
            stands.state == State::Pending && application.approvals.starts_with(&stands.approvals)
        });
        if unchanged { Ok(()) } else { Err(AuthorityError::Overtaken) }
    }
}

/// The officer must have meant exactly this member, this profile and this key, not only a number.
fn check_matches(decision: &Decision, application: &Application) -> Result<(), Denial> {
    if decision.member == application.member
        && decision.profile == application.profile
        && decision.key == application.key
    {
        return Ok(());
    }
    Err(Denial::StatementRefused("it is about another member, profile or key than the application".to_owned()))
}
