//! Where a transcript leads to: each entry is applied in turn, and one that does not follow is refused. A ceremony that is held
//! and one that is replayed go through the same rules.

use std::collections::{BTreeMap, BTreeSet};

use mohur_authority::{Issuer, Reason};
use mohur_chain::Role;
use mohur_wire::Timestamp;

use crate::plan::{Plan, sharing_fault};
use crate::transcript::{Entry, Event, Holder, Purpose};

/// Everything that the ceremonies so far made.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The plan.
    pub plan: Option<Plan>,
    /// Only practised.
    pub dry_run: bool,
    /// How many ceremonies there were.
    pub ceremonies: u32,
    /// Digests of the root's certificate and of its key, and when it was made.
    pub root: Option<(String, String, Timestamp)>,
    /// The number of the last sharing.
    pub generation: u32,
    /// How many shares are needed.
    pub needed: u8,
    /// Who holds a share.
    pub holders: Vec<Holder>,
    /// The digest of `root.sealed`.
    pub sealed: String,
    /// The issuing authorities, in their order.
    pub authorities: Vec<AuthorityState>,
    /// The last revocation list.
    pub list: Option<ListState>,
    open: Option<Open>,
    last: Option<Timestamp>,
}

/// An issuing authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorityState {
    /// Which.
    pub authority: Issuer,
    /// Its serial number, hexadecimal.
    pub serial: String,
    /// The digest of its certificate.
    pub certificate: String,
    /// The digest of its key.
    pub key: String,
    /// Whether a request was signed, whose key is elsewhere.
    pub requested: bool,
    /// When it was signed.
    pub at: Timestamp,
    /// When and why it was revoked.
    pub revoked: Option<(Timestamp, Reason)>,
}

/// The root's revocation list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListState {
    /// Its number.
    pub number: u64,
    /// When the next one is due.
    pub next_update: Timestamp,
    /// The digest of the file.
    pub list: String,
}

/// A ceremony that has begun.
#[derive(Clone, Debug)]
struct Open {
    purpose: Purpose,
    /// What was done in it, by kind.
    done: BTreeSet<&'static str>,
    /// Keys that have to sign, and whose they are.
    owed: BTreeMap<String, String>,
    /// A signature was given: nothing else may follow.
    closing: bool,
}

type Applied = Result<(), String>;

fn refuse<T>(what: impl Into<String>) -> Result<T, String> {
    Err(what.into())
}

impl State {
    /// Whether the last ceremony was ended and signed by all who had to.
    pub fn is_complete(&self) -> bool {
        self.ceremonies > 0 && self.open.is_none()
    }

    /// Who still has to sign, with the key.
    pub(crate) fn owed(&self) -> Vec<(String, String)> {
        let owed = self.open.iter().flat_map(|open| &open.owed);
        owed.map(|(key, operator)| (operator.clone(), key.clone())).collect()
    }

    /// When the last entry was made.
    pub const fn last(&self) -> Option<Timestamp> {
        self.last
    }

    /// The serial numbers that are revoked, sorted.
    pub(crate) fn revoked(&self) -> Vec<String> {
        let revoked = self.authorities.iter().filter(|one| one.revoked.is_some());
        let mut serials: Vec<String> = revoked.map(|one| one.serial.clone()).collect();
        serials.sort_unstable();
        serials
    }

    /// The number that the next authority of that kind gets.
    pub(crate) fn next_number(&self, role: Role) -> u16 {
        let numbers = self.authorities.iter().filter_map(|one| match one.authority {
            Issuer::Ca(found, number) if found == role => Some(number),
            Issuer::Ca(..) | Issuer::Root => None,
        });
        numbers.max().unwrap_or(0).saturating_add(1)
    }

    pub(crate) fn apply(&mut self, entry: &Entry) -> Applied {
        if self.last.is_some_and(|last| entry.at < last) {
            return refuse("is older than the one before it: the clock went back");
        }
        match &entry.event {
            Event::Begun { ceremony, purpose, dry_run, present, plan } => {
                self.begin((*ceremony, *purpose, *dry_run), present, plan.as_deref())?;
            }
            Event::Signed { operator, key, .. } => self.sign(operator, key)?,
            Event::RootMade { .. }
            | Event::Shared { .. }
            | Event::SharesProved { .. }
            | Event::AuthoritySigned { .. }
            | Event::AuthorityRevoked { .. }
            | Event::ListSigned { .. } => {
                let done = self.step(&entry.event, entry.at)?;
                match &mut self.open {
                    Some(open) if !open.closing => open.done.insert(done),
                    Some(_) => return refuse("comes after a signature of its ceremony"),
                    None => return refuse("belongs to no ceremony"),
                };
            }
        }
        self.last = Some(entry.at);
        Ok(())
    }

    fn begin(
        &mut self,
        (ceremony, purpose, dry_run): (u32, Purpose, bool),
        present: &[String],
        plan: Option<&Plan>,
    ) -> Applied {
        if self.open.is_some() {
            return refuse("begins before the last ceremony was signed by all who were there");
        }
        if ceremony != self.ceremonies + 1 || (purpose == Purpose::Found) != (ceremony == 1) {
            return refuse("is not the ceremony that comes next");
        }
        let mut owed = BTreeMap::new();
        if purpose == Purpose::Found {
            let Some(plan) = plan else { return refuse("has no plan") };
            if let Some(fault) = sharing_fault(&plan.operators, plan.needed) {
                return refuse(fault);
            }
            if present != plan.operators {
                return refuse("all operators of the plan have to be there, in its order");
            }
            (self.plan, self.dry_run) = (Some(plan.clone()), dry_run);
        } else {
            if plan.is_some() || dry_run != self.dry_run {
                return refuse("does not belong to the first ceremony");
            }
            for name in present {
                let Some(holder) = self.holders.iter().find(|holder| holder.operator == *name) else {
                    return refuse(format!("{name} holds no share"));
                };
                owed.insert(holder.signing_key.clone(), name.clone());
            }
            if owed.len() != present.len() || present.len() < usize::from(self.needed) {
                return refuse("too few operators are there");
            }
        }
        self.ceremonies = ceremony;
        self.open = Some(Open { purpose, done: BTreeSet::new(), owed, closing: false });
        Ok(())
    }

    fn purpose(&self) -> Option<Purpose> {
        self.open.as_ref().map(|open| open.purpose)
    }

    fn has_done(&self, what: &str) -> bool {
        self.open.as_ref().is_some_and(|open| open.done.contains(what))
    }

    /// Applies a step, and says what kind it is.
    fn step(&mut self, event: &Event, at: Timestamp) -> Result<&'static str, String> {
        match event {
            Event::RootMade { certificate, key } => {
                if self.purpose() != Some(Purpose::Found) || self.root.is_some() {
                    return refuse("a root is made once, in the first ceremony");
                }
                self.root = Some((certificate.clone(), key.clone(), at));
                Ok("root")
            }
            Event::Shared { generation, needed, holders, sealed } => {
                self.share((*generation, *needed), holders, sealed).map(|()| "shared")
            }
            Event::SharesProved { generation, .. } => {
                if *generation != self.generation || !self.has_done("shared") {
                    return refuse("proves shares that were not made in this ceremony");
                }
                Ok("proved")
            }
            Event::AuthoritySigned { authority, serial, certificate, key, requested } => {
                let (serial, certificate, key) = (serial.clone(), certificate.clone(), key.clone());
                let (authority, requested) = (*authority, *requested);
                let signed = AuthorityState { authority, serial, certificate, key, requested, at, revoked: None };
                self.add_authority(signed).map(|()| "signed")
            }
            Event::AuthorityRevoked { authority, serial, reason } => {
                self.revoke((*authority, serial), (at, *reason)).map(|()| "revoked")
            }
            Event::ListSigned { number, revoked, next_update, list } => {
                if *number != self.list.as_ref().map_or(1, |list| list.number + 1) {
                    return refuse("is not the list that comes next");
                }
                if *revoked != self.revoked() {
                    return refuse("lists others than those that were revoked");
                }
                self.list = Some(ListState { number: *number, next_update: *next_update, list: list.clone() });
                Ok("listed")
            }
            Event::Begun { .. } | Event::Signed { .. } => refuse("is no step"),
        }
    }

    fn share(&mut self, (generation, needed): (u32, u8), holders: &[Holder], sealed: &str) -> Applied {
        let names: Vec<String> = holders.iter().map(|holder| holder.operator.clone()).collect();
        let founding = self.purpose() == Some(Purpose::Found);
        if !founding && self.purpose() != Some(Purpose::Reshare) || self.has_done("shared") || self.root.is_none() {
            return refuse("shares are made once, in the first ceremony or in one for new shares");
        }
        if generation != self.generation + 1 {
            return refuse("is not the sharing that comes next");
        }
        if let Some(fault) = sharing_fault(&names, needed) {
            return refuse(fault);
        }
        let planned = self.plan.as_ref().map(Plan::sharing);
        if founding && planned != Some((&names, needed)) {
            return refuse("shares otherwise than the plan");
        }
        let distinct: BTreeSet<&str> = holders.iter().map(|holder| holder.commitment.as_str()).collect();
        if distinct.len() != holders.len() {
            return refuse("hands out one piece twice");
        }
        if let Some(open) = &mut self.open {
            open.owed.extend(holders.iter().map(|holder| (holder.signing_key.clone(), holder.operator.clone())));
        }
        (self.generation, self.needed) = (generation, needed);
        (self.holders, self.sealed) = (holders.to_vec(), sealed.to_owned());
        Ok(())
    }

    fn add_authority(&mut self, signed: AuthorityState) -> Applied {
        let Issuer::Ca(role, number) = signed.authority else { return refuse("the root does not sign itself again") };
        if number != self.next_number(role) || self.authorities.iter().any(|one| one.serial == signed.serial) {
            return refuse("is not the authority that comes next");
        }
        let planned = self.plan.iter().flat_map(|plan| &plan.authorities).find(|one| one.role() == Some(role));
        match self.purpose() {
            Some(Purpose::Found) if planned.is_some_and(|one| one.request.is_some() == signed.requested) => {}
            Some(Purpose::Found) => return refuse("is not in the plan"),
            Some(Purpose::SignAuthority) if !self.has_done("signed") => {}
            _ => return refuse("an authority is signed in the first ceremony, or alone in one of its own"),
        }
        self.authorities.push(signed);
        Ok(())
    }

    fn revoke(&mut self, (authority, serial): (Issuer, &str), why: (Timestamp, Reason)) -> Applied {
        if self.purpose() != Some(Purpose::Revoke) || self.has_done("listed") {
            return refuse("an authority is revoked in a ceremony for that, before its list");
        }
        let found = self.authorities.iter_mut().find(|one| one.authority == authority && one.serial == serial);
        match found {
            Some(one) if one.revoked.is_none() => one.revoked = Some(why),
            Some(_) => return refuse("was revoked already"),
            None => return refuse("revokes what was never signed"),
        }
        Ok(())
    }

    fn sign(&mut self, operator: &str, key: &str) -> Applied {
        if let Some(missing) = self.missing() {
            return refuse(format!("is a signature before the ceremony was done: {missing}"));
        }
        let Some(open) = &mut self.open else { return refuse("is a signature outside of a ceremony") };
        if open.owed.get(key).is_none_or(|owner| owner != operator) {
            return refuse(format!("is a signature of {operator} that nobody asked for"));
        }
        open.owed.remove(key);
        open.closing = true;
        if open.owed.is_empty() {
            self.open = None;
        }
        Ok(())
    }

    /// What the ceremony still has to do.
    fn missing(&self) -> Option<&'static str> {
        let wanted: &[(&str, &'static str)] = match self.purpose()? {
            Purpose::Found => &[
                ("root", "no root"),
                ("shared", "no shares"),
                ("proved", "the shares were not proved"),
                ("signed", "no authority"),
                ("listed", "no revocation list"),
            ],
            Purpose::SignAuthority => &[("signed", "no authority")],
            Purpose::Revoke => &[("revoked", "nothing was revoked"), ("listed", "no revocation list")],
            Purpose::RenewList => &[("listed", "no revocation list")],
            Purpose::Reshare => &[("shared", "no shares"), ("proved", "the shares were not proved")],
        };
        let all_planned = self.plan.as_ref().is_some_and(|plan| self.authorities.len() >= plan.authorities.len());
        let missing = wanted.iter().find(|(done, _)| !self.has_done(done)).map(|(_, missing)| *missing);
        missing.or_else(|| (!all_planned).then_some("an authority of the plan is missing"))
    }
}
