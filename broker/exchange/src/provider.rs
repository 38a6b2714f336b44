//! The port to the registers' hosts: a sealed query goes out, a sealed answer comes back.

use std::time::Duration;

use futures_util::future::BoxFuture;
use mohur_message::hop::{Ask, Reply};
use mohur_wire::{MemberId, RefusalCode};

/// Where a question goes.
#[derive(Clone, Debug)]
pub struct Destination {
    /// The member that owns the register: the peer must prove to be it.
    pub owner: MemberId,
    /// `host:port` of its host, from the directory.
    pub authority: String,
}

/// Carries questions to hosts. Whoever implements it checks that the peer is `destination.owner`, and keeps the deadline.
pub trait Provider: Send + Sync + 'static {
    /// Asks, once: whether to try again is the host's decision, never the broker's.
    fn ask<'a>(
        &'a self,
        destination: &'a Destination,
        ask: &'a Ask,
        deadline: Duration,
    ) -> BoxFuture<'a, Result<Reply, ProviderFailure>>;
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderFailure {
    /// The host cannot be reached, or the peer is not the owner.
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
            ProviderFailure::Unavailable => Self::ProviderUnavailable,
            ProviderFailure::Timeout => Self::ProviderTimeout,
            ProviderFailure::Invalid => Self::ProviderInvalid,
        }
    }
}
