//! Connect: the peer that TLS proved is a broker of the directory in force.

use std::sync::Arc;

use mohur_chain::TlsIdentity;
use mohur_http::Request;
use mohur_message::hop::Ask;
use mohur_wire::{Arrival, MemberId, RefusalCode};

use crate::stop::Stop;
use crate::world::World;

/// An ask from a broker, of the right form and otherwise unproved.
pub struct Connected {
    world: Arc<World>,
    broker: MemberId,
    arrival: Arrival,
    ask: Ask,
}

/// Finds the peer among the directory's brokers, and reads what it sent.
pub(crate) fn broker(request: &Request, world: Arc<World>) -> Result<Connected, Stop> {
    let arrival = request.arrival;
    if !world.directory().is_current(arrival.0) {
        return Err(Stop::new(RefusalCode::DirectoryStale, "the directory in force has expired"));
    }
    let peer = request.peer.as_ref().map(TlsIdentity::member);
    let peer = peer.ok_or_else(|| Stop::new(RefusalCode::CertificateRefused, "the connection has no certificate"))?;
    if world.directory().broker(peer).is_none() {
        return Err(Stop::new(RefusalCode::UnknownMember, format_args!("{peer} is not a broker of the directory")));
    }
    let ask = Ask::parse(&request.body)?;
    Ok(Connected { broker: peer.clone(), world, arrival, ask })
}

impl Connected {
    pub(crate) const fn world(&self) -> &Arc<World> {
        &self.world
    }

    pub(crate) const fn broker(&self) -> &MemberId {
        &self.broker
    }

    pub(crate) const fn arrival(&self) -> Arrival {
        self.arrival
    }

    pub(crate) const fn ask(&self) -> &Ask {
        &self.ask
    }
}
