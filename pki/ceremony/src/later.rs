//! What the root does in later years: a new authority, a revocation, a new list.

use std::path::{Path, PathBuf};

use mohur_authority::{Issuer, Reason};
use mohur_chain::Role;
use mohur_wire::Clock;

use crate::CeremonyError;
use crate::asking::{Ask, Whom};
use crate::found::sign;
use crate::session::Session;
use crate::transcript::{Event, Purpose};

/// A folder, and the shares of those who are there.
#[derive(Clone, Copy, Debug)]
pub struct Present<'a> {
    /// The offline folder.
    pub folder: &'a Path,
    /// Share files, of as many operators as are needed or more.
    pub shares: &'a [PathBuf],
}

/// What to sign.
#[derive(Clone, Copy, Debug)]
pub struct NewAuthority<'a> {
    /// Its kind.
    pub role: Role,
    /// A request (PKCS#10, PEM) for a key that is elsewhere; without one, a key is made.
    pub request: Option<&'a str>,
}

/// Signs a new issuing authority beside those that there are; gives which.
pub fn sign_authority(
    present: Present<'_>,
    new: NewAuthority<'_>,
    (ask, clock): (&mut dyn Ask, &dyn Clock),
) -> Result<Issuer, CeremonyError> {
    let (mut session, root, _) = Session::later(present.folder, present.shares, Purpose::SignAuthority, (ask, clock))?;
    let issuer = Issuer::Ca(new.role, session.transcript.state.next_number(new.role));
    let carrying = match new.request {
        None => Some(session.ask.new_passphrase(Whom::Carrying)?),
        Some(_) => None,
    };
    sign(&mut session, &root, issuer, (new.request, carrying.as_ref()))?;
    session.close()?;
    Ok(issuer)
}

/// Revokes an issuing authority, and signs the list that says so.
pub fn revoke(
    present: Present<'_>,
    (authority, reason): (Issuer, Reason),
    (ask, clock): (&mut dyn Ask, &dyn Clock),
) -> Result<(), CeremonyError> {
    let (mut session, root, _) = Session::later(present.folder, present.shares, Purpose::Revoke, (ask, clock))?;
    let known = session.transcript.state.authorities.iter().find(|one| one.authority == authority);
    let known = known.ok_or_else(|| CeremonyError::Refused(format!("{authority} was never signed here")))?;
    let serial = known.serial.clone();
    session.record(Event::AuthorityRevoked { authority, serial, reason })?;
    session.ask.step(&format!("Revoked {authority}: {}.", reason.name()));
    session.sign_list(&root)?;
    session.close()
}

/// Signs a new revocation list before the old one ends.
pub fn renew_list(present: Present<'_>, (ask, clock): (&mut dyn Ask, &dyn Clock)) -> Result<(), CeremonyError> {
    let (mut session, root, _) = Session::later(present.folder, present.shares, Purpose::RenewList, (ask, clock))?;
    session.sign_list(&root)?;
    session.close()
}
