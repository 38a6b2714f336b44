//! Invitations: one-time tokens, of which only the hash is kept.

use std::net::IpAddr;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use mohur_crypto::{random_bytes, sha256};
use mohur_wire::{MemberId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Denial, Enrols, Office, Outcome};
use crate::AuthorityError;
use crate::journal::{Event, Grounds};
use crate::request::Proved;
use crate::template::Template;

/// The kind of thing in the register.
const KIND: &str = "invitation";

/// Whom to invite.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Invite {
    /// Whom.
    pub member: MemberId,
    /// For what; each once.
    pub profiles: Vec<Enrols>,
    /// DNS names and IP addresses of its server, for the TLS certificate.
    pub hosts: Vec<String>,
    /// For how long the token can be redeemed.
    pub life: Duration,
}

/// What is kept of an invitation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Invitation {
    /// What the operator calls it: the beginning of the token's hash.
    pub id: String,
    /// Whom it is for.
    pub member: MemberId,
    /// For what, and the SHA-256 of the public key that used it up.
    pub profiles: Vec<(Enrols, Option<String>)>,
    /// Names of its server.
    pub hosts: Vec<String>,
    /// Until when it can be redeemed.
    pub expires: Timestamp,
    /// Whether the operator took it back.
    pub withdrawn: bool,
}

/// A new invitation, with the token that is shown once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Invited {
    /// The token.
    pub token: String,
    /// What is kept of it.
    pub invitation: Invitation,
}

impl std::fmt::Debug for Invited {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Invited({:?})", self.invitation)
    }
}

/// RFC 5280 §4.2.1.10: a name is permitted, and everything below it. Only names are constrained, not addresses.
fn is_permitted(permitted: &[String], host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let is_below = |name: &String| {
        host.strip_suffix(name.to_ascii_lowercase().as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    permitted.is_empty() || host.parse::<IpAddr>().is_ok() || permitted.iter().any(is_below)
}

/// 256 random bits need no slow hash: nobody can try them out.
fn key_of(token: &str) -> String {
    sha256(token.as_bytes()).to_string()
}

impl Office {
    /// Invites a member.
    pub fn invite(&self, invite: &Invite, now: Timestamp) -> Result<Invited, AuthorityError> {
        self.national.check_domain(&invite.member)?;
        // What would be refused later is refused now.
        let permitted = &self.national.settings().permitted_hosts;
        if let Some(host) = invite.hosts.iter().find(|host| !is_permitted(permitted, host)) {
            return Err(AuthorityError::Host(host.clone()));
        }
        self.trial(Template::tls(&invite.member, &invite.hosts, now, 1)?)?;
        let token = BASE64_URL_SAFE_NO_PAD.encode(random_bytes::<32>());
        let key = key_of(&token);
        let mut profiles = invite.profiles.clone();
        profiles.sort_unstable();
        profiles.dedup();
        let invitation = Invitation {
            id: key.chars().take(12).collect(),
            member: invite.member.clone(),
            profiles: profiles.iter().map(|profile| (*profile, None)).collect(),
            hosts: invite.hosts.clone(),
            expires: now.checked_add(invite.life).map_err(|_| AuthorityError::Time)?,
            withdrawn: false,
        };
        let event = Event::Invited {
            invitation: invitation.id.clone(),
            member: invitation.member.clone(),
            profiles,
            hosts: invitation.hosts.clone(),
            expires: invitation.expires,
        };
        self.national.register.change(|change| {
            change.keep(KIND, &key, &invitation)?;
            change.note(event, now)
        })?;
        Ok(Invited { token, invitation })
    }

    /// Every invitation there was.
    pub fn invitations(&self) -> Result<Vec<Invitation>, AuthorityError> {
        self.national.register.things(KIND)
    }

    /// Takes an invitation back, by the id that the operator was told.
    pub fn withdraw(&self, id: &str, now: Timestamp) -> Result<Invitation, AuthorityError> {
        let found = self.national.register.keys_of(KIND, id)?;
        let [key] = found.as_slice() else { return Err(AuthorityError::Unknown(id.to_owned())) };
        self.national.register.change(|change| {
            let found: Option<Invitation> = change.thing(KIND, key)?;
            let mut invitation = found.ok_or_else(|| AuthorityError::Unknown(id.to_owned()))?;
            invitation.withdrawn = true;
            change.keep(KIND, key, &invitation)?;
            change.note(Event::Withdrawn { invitation: invitation.id.clone() }, now)?;
            Ok(invitation)
        })
    }

    /// Redeems a token. The same token with the same key gives the same answer again: whoever was cut off before the answer
    /// came asks once more. With another key it is refused. Of several at once exactly one wins.
    pub fn redeem(&self, token: &str, what: Enrols, request: &[u8], now: Timestamp) -> Result<Outcome, Denial> {
        let key = key_of(token);
        let read = |id: &str| self.national.register.thing::<Invitation>(KIND, id);
        let invitation = read(&key)?.filter(|found| !found.withdrawn).ok_or(Denial::TokenUnknown)?;
        let proved = Proved::read(request)?;
        proved.check_member(&invitation.member)?;
        self.check_key(&proved, &invitation.member, what)?;
        let invitation = self.use_up(&key, what, &proved, now)?;
        let grounds = Grounds::Invitation { invitation: invitation.id };
        match what {
            Enrols::Tls => {
                let named = (&invitation.member, invitation.hosts.as_slice());
                self.issue_tls(named, &proved, grounds, now).map(Outcome::Issued)
            }
            Enrols::Seal => self.apply(&invitation.member, &proved, grounds, now),
        }
    }

    /// Marks the token as used by this key, on disk before anything is issued for it. A crash in between costs nothing: the
    /// key's holder asks again.
    fn use_up(&self, key: &str, what: Enrols, proved: &Proved, now: Timestamp) -> Result<Invitation, Denial> {
        self.national.register.change(|change| {
            let found: Option<Invitation> = change.thing(KIND, key)?;
            let Some(mut invitation) = found.filter(|found| !found.withdrawn) else {
                return Ok(Err(Denial::TokenUnknown));
            };
            let Some((_, used)) = invitation.profiles.iter_mut().find(|(profile, _)| *profile == what) else {
                return Ok(Err(Denial::NotInvited));
            };
            match used {
                Some(by) if *by == proved.digest => Ok(Ok(invitation)),
                Some(_) => Ok(Err(Denial::TokenUsed)),
                None if now > invitation.expires => Ok(Err(Denial::TokenExpired)),
                None => {
                    *used = Some(proved.digest.clone());
                    change.keep(KIND, key, &invitation)?;
                    Ok(Ok(invitation))
                }
            }
        })?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_permitted_names_are_invited() {
        let permitted = ["gov.az".to_owned()];
        for good in ["gov.az", "cards.GOV.az", "10.0.0.1", "::1"] {
            assert!(is_permitted(&permitted, good), "{good}");
        }
        for wrong in ["xgov.az", "gov.az.example", "example.com"] {
            assert!(!is_permitted(&permitted, wrong), "{wrong}");
            assert!(is_permitted(&[], wrong), "{wrong}");
        }
    }
}
