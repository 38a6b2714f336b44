//! The port to the registers' hosts and to other brokers: a sealed query goes out, a sealed answer comes back.

use std::time::Duration;

use futures_util::future::BoxFuture;
use mohur_message::handover::Forward;
use mohur_message::hop::{Ask, Reply};
use mohur_wire::{MemberId, Refusal, RefusalCode};

/// Where a question goes.
#[derive(Clone, Debug)]
pub struct Destination {
    /// The member that owns the register.
    pub owner: MemberId,
    /// Whom the peer must prove to be: the owner, or the broker that is home to it.
    pub peer: MemberId,
    /// `host:port` of the peer, from the directory.
    pub authority: String,
}

/// What goes there.
pub enum Outgoing {
    /// To the owner's host: what we decided.
    Ask(Ask),
    /// To the broker that is home to the owner, which decides: what we vouch for.
    Forward(Forward),
}

/// What came back.
pub struct Answered {
    /// The reply.
    pub reply: Reply,
    /// The receipt beside it, in its header form: a broker's reply has one.
    pub receipt: Option<String>,
}

/// Carries questions. Whoever implements it checks that the peer is `destination.peer`, and keeps the deadline.
pub trait Provider: Send + Sync + 'static {
    /// Asks, once: whether to try again is the host's decision, never the broker's.
    fn ask<'a>(
        &'a self,
        destination: &'a Destination,
        question: &'a Outgoing,
        deadline: Duration,
    ) -> BoxFuture<'a, Result<Answered, ProviderFailure>>;
}

impl Outgoing {
    /// The address at the peer.
    pub const fn path(&self) -> &'static str {
        match self {
            Self::Ask(_) => "/v1/ask",
            Self::Forward(_) => crate::address::FORWARD,
        }
    }

    /// The JSON to send.
    pub fn to_json(&self) -> Result<Vec<u8>, Refusal> {
        match self {
            Self::Ask(ask) => ask.to_json(),
            Self::Forward(forward) => forward.to_json(),
        }
    }
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderFailure {
    /// There is no connection to the peer, or it is left alone: the question did not leave.
    #[error("the register's host cannot be reached; nothing was sent")]
    NotSent,
    /// The connection broke, or the peer refused: what was asked may have been done.
    #[error("the register's host cannot be reached")]
    Unavailable,
    /// The deadline passed.
    #[error("the register's host did not answer in time")]
    Timeout,
    /// The reply is not one that the contract allows.
    #[error("the register's host sent something that is not an answer")]
    Invalid,
}

impl From<ProviderFailure> for RefusalCode {
    fn from(failure: ProviderFailure) -> Self {
        match failure {
            ProviderFailure::NotSent | ProviderFailure::Unavailable => Self::ProviderUnavailable,
            ProviderFailure::Timeout => Self::ProviderTimeout,
            ProviderFailure::Invalid => Self::ProviderInvalid,
        }
    }
}
