//! Authenticate: the peer that TLS proved is a current member whose home is this broker.

use mohur_wire::{MemberId, Refusal, RefusalCode};

use super::accept::Accepted;
use crate::World;

/// A message from a member of ours.
pub struct Authenticated {
    accepted: Accepted,
}

/// Finds the peer in the directory.
pub fn caller(accepted: Accepted, world: &World, me: &MemberId) -> Result<Authenticated, Refusal> {
    let (directory, peer) = (world.directory(), accepted.peer());
    if !directory.is_current(accepted.arrival().0) {
        return Err(RefusalCode::DirectoryStale.into());
    }
    if directory.is_denied(&peer.fingerprint()) {
        return Err(RefusalCode::CertificateRevoked.into());
    }
    let member = directory.member(peer.member()).ok_or(RefusalCode::UnknownMember)?;
    if member.broker != *me {
        return Err(Refusal::new(RefusalCode::WrongBroker, format!("Your home broker is {}.", member.broker)));
    }
    Ok(Authenticated { accepted })
}

impl Authenticated {
    pub(crate) fn into_accepted(self) -> Accepted {
        self.accepted
    }
}
