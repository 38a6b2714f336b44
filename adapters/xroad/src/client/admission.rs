//! Who may be named as client, and by whom.

use std::collections::BTreeMap;

use mohur_transport::{CertificatePin, InsideError, Pins};

use crate::config::Accepted;
use crate::identifier::ClientId;
use crate::vocabulary::{Code, XRoadError};

/// The accepted clients. With mutual TLS, each with what it shows.
#[derive(Debug)]
pub struct Admission {
    clients: BTreeMap<ClientId, Pins>,
    is_mutual: bool,
}

impl Admission {
    /// Reads the clients' certificates.
    pub fn load(accepts: &[Accepted], is_mutual: bool) -> Result<Self, InsideError> {
        let mut clients = BTreeMap::new();
        for accepted in accepts {
            clients.insert(accepted.id.clone(), Pins::load(&accepted.certificates)?);
        }
        Ok(Self { clients, is_mutual })
    }

    /// Whether whoever shows this certificate may ask as that client.
    pub fn admit(&self, client: &ClientId, pin: Option<&CertificatePin>) -> Result<(), XRoadError> {
        let pins = self.clients.get(client).ok_or_else(|| {
            let said = "the client is not one of this door; its configuration names them in [[client.accepts]]";
            XRoadError::door(Code::UNKNOWN_MEMBER, said)
        })?;
        if self.is_mutual && !pin.is_some_and(|pin| pins.contains(pin)) {
            let said = "the certificate that was shown is not pinned for the client that the message names";
            return Err(XRoadError::door(Code::SSL_AUTH_FAILED, said));
        }
        Ok(())
    }

    /// The clients that somebody may be who names none: with mutual TLS those whose certificate was shown.
    pub fn unnamed(&self, pin: Option<&CertificatePin>) -> impl Iterator<Item = &ClientId> {
        let fits = move |pins: &Pins| !self.is_mutual || pin.is_some_and(|pin| pins.contains(pin));
        self.clients.iter().filter(move |(_, pins)| fits(pins)).map(|(client, _)| client)
    }
}
