//! The ceremonies of a domain's root, offline: `m` of `n` operators make it, and later work with it.
//!
//! The root's key is encrypted with a random key, and that key is shared among the operators (Shamir); neither is ever whole on
//! a disk. Every ceremony leaves an entry for each step in a transcript, which is a chain of digests that the operators sign, and
//! which anyone replays offline ([`verify`]). A dry run does all of it, and marks what it makes so that nobody ever trusts it.

mod asking;
mod check;
mod error;
mod folder;
mod found;
mod hand_over;
mod later;
mod plan;
mod reshare;
mod session;
mod shares;
mod splitting;
mod state;
mod transcript;
mod verify;

pub use asking::{Ask, Whom};
pub use error::CeremonyError;
pub use found::found;
pub use hand_over::{HandOver, hand_over, request};
pub use later::{NewAuthority, Present, renew_list, revoke, sign_authority};
pub use plan::{Plan, PlannedAuthority};
pub use reshare::{Resharing, reshare};
pub use shares::{ShareInfo, check_share};
pub use state::{AuthorityState, ListState, State};
pub use transcript::{Entry, Event, Holder, Purpose, SOFTWARE};
pub use verify::{Report, verify};
