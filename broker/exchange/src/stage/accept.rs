//! Accept: the message is one that this door takes.

use mohur_chain::TlsIdentity;
use mohur_wire::{Arrival, Refusal};

use crate::Settings;
use crate::dialect::Received;
use crate::reply::Incoming;

/// A message of the right form. Its body was bounded by whoever read it from the socket.
pub struct Accepted {
    peer: TlsIdentity,
    arrival: Arrival,
    received: Received,
}

/// Refuses what is not of the form that its address takes.
pub fn message(incoming: Incoming, settings: &Settings) -> Result<Accepted, Refusal> {
    let (peer, arrival) = (incoming.peer.clone(), incoming.arrival);
    Ok(Accepted { peer, arrival, received: Received::of(incoming, settings)? })
}

impl Accepted {
    pub(crate) const fn peer(&self) -> &TlsIdentity {
        &self.peer
    }

    pub(crate) const fn arrival(&self) -> Arrival {
        self.arrival
    }

    /// Whether it comes by way of another broker.
    pub(crate) const fn is_forwarded(&self) -> bool {
        matches!(self.received, Received::Forwarded(_))
    }

    pub(crate) fn into_received(self) -> Received {
        self.received
    }
}
