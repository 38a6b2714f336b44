//! Authenticate: the peer that TLS proved is a current member whose home is this broker, or another broker that may hand
//! queries on.

use mohur_wire::{Arrival, MemberId, Refusal, RefusalCode};

use super::accept::Accepted;
use crate::World;

/// A message from a member of ours, or from a broker.
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
    if accepted.is_forwarded() {
        broker(peer.member(), world, me, accepted.arrival())?;
    } else {
        member(peer.member(), world, me)?;
    }
    Ok(Authenticated { accepted })
}

fn member(peer: &MemberId, world: &World, me: &MemberId) -> Result<(), Refusal> {
    let member = world.directory().member(peer).ok_or(RefusalCode::UnknownMember)?;
    if member.broker != *me {
        return Err(Refusal::new(RefusalCode::WrongBroker, format!("Your home broker is {}.", member.broker)));
    }
    Ok(())
}

/// A broker of our own domain, or of one that may ask something here.
fn broker(peer: &MemberId, world: &World, me: &MemberId, at: Arrival) -> Result<(), Refusal> {
    let may_ask = peer.instance() == world.directory().domain()
        || world.directory().foreign(peer.instance()).is_some_and(|foreign| !foreign.may_ask.is_empty());
    if may_ask && peer != me && world.domains.broker(peer, at.0).is_some() {
        Ok(())
    } else {
        Err(Refusal::new(RefusalCode::UnknownMember, "Only brokers that may ask something here hand queries on."))
    }
}

impl Authenticated {
    pub(crate) fn into_accepted(self) -> Accepted {
        self.accepted
    }
}
