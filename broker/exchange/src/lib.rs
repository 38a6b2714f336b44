//! The exchange: one message's way from its arrival to its answer.
//!
//! Start reading at [`pipeline`]. No sockets, files, environment or system clock: the caller brings the message with its
//! arrival time, a [`World`] to judge it by, a journal and a [`Provider`].
//!
//! ```text
//! accept → authenticate → verify signature → claim once → decide → route → log INTENT → call provider → release → seal
//!        → log OUTCOME → respond
//! ```

pub mod bundle;
pub mod claims;
mod dialect;
mod members;
mod parties;
pub mod pipeline;
pub mod provider;
mod refuse;
mod reply;
mod settings;
pub mod stage;
mod trace;
pub mod world;

pub use claims::{Claims, Way};
pub use dialect::{address, refusal_at};
pub use pipeline::{Exchange, Parties};
pub use provider::{Outgoing, Provider, ProviderFailure};
pub use reply::{Incoming, ReplyTo};
pub use settings::{Settings, SoapLimits};
pub use trace::Trace;
pub use world::World;
