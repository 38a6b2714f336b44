//! One file a stage. Each stage consumes the type of the stage before it and returns its own, whose fields are private to
//! the stage's module. A stage cannot be left out, and its result cannot be made up, kept or used twice:
//!
//! ```
//! // The types can be named …
//! use mohur_host::stage::{caller::Proved, claim::Claimed, policy::Permitted, receipt::Logged};
//! fn named(_: Proved, _: Logged, _: Claimed, _: Permitted) {}
//! ```
//!
//! ```compile_fail
//! // … but whoever has no verified receipt cannot say that there is one,
//! use mohur_host::stage::{caller::Proved, receipt::Logged};
//! fn forge(proved: Proved, entry: mohur_crypto::Digest) -> Logged {
//!     Logged { proved, entry }
//! }
//! ```
//!
//! ```compile_fail
//! // what is claimed is not yet permitted,
//! use mohur_host::stage::{claim::Claimed, policy::Permitted};
//! fn skip(claimed: Claimed) -> Permitted {
//!     claimed
//! }
//! ```
//!
//! ```compile_fail
//! // and a claim is good for one answer.
//! use mohur_host::stage::claim::Claimed;
//! fn twice(claimed: Claimed) -> (Claimed, Claimed) {
//!     (claimed.clone(), claimed)
//! }
//! ```

pub mod caller;
pub mod claim;
pub mod connect;
pub mod decision;
pub mod policy;
pub mod receipt;
pub mod register;
pub mod release;
pub mod seal;
