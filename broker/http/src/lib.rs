//! HTTP in both directions: the one place with hyper in it.
//!
//! A server that bounds everything a peer can make it wait for or hold, and a client that keeps its connections. Both
//! say, for each message, which member the certificate at the other end belongs to.

mod body;
mod breaker;
mod client;
mod clock;
mod connect;
mod connection;
mod directory;
mod inside;
mod limits;
mod pool;
mod request;
mod seal;
mod server;
mod service;
mod stats;
mod watch;

pub use breaker::{Attempt, Breaker, BreakerSettings};
pub use client::{BodyLimit, Client, ClientError, Reply};
pub use clock::SystemClock;
pub use directory::{directory_settings, directory_state, follower, followers, foreign_directories};
pub use inside::{InsideStream, inside_client, inside_server, inside_stream};
pub use limits::{ClientLimits, Limits};
pub use request::{Handler, Request};
pub use seal::seal_source;
pub use server::{BindError, Server};
pub use stats::Stats;

#[cfg(test)]
mod tests {
    mod inside;
    mod plain;
    mod tls;
}
