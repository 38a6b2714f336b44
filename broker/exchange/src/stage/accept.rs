//! Accept: the message is one that this door takes.

use http::header::CONTENT_TYPE;
use mohur_wire::{Refusal, RefusalCode};

use crate::reply::Incoming;

/// A message of the right form. Its body was bounded by whoever read it from the socket.
pub struct Accepted {
    incoming: Incoming,
}

/// Refuses what is not JSON.
pub fn message(incoming: Incoming) -> Result<Accepted, Refusal> {
    let media_type = incoming.parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(Refusal::new(
            RefusalCode::UnsupportedMediaType,
            "Content-Type must be application/json; compare with the contract at /openapi.json.",
        ));
    }
    Ok(Accepted { incoming })
}

impl Accepted {
    pub(crate) fn into_incoming(self) -> Incoming {
        self.incoming
    }
}
