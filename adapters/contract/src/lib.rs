//! What an adapter implements, what it is given, and the suite that every adapter must pass.
//!
//! An adapter translates one [`Query`] into its register's native protocol and the reply back into an [`Answer`]. It
//! never decides who may see what: its host checks signatures, applies the owner's policy, masks and seals.

pub mod conformance;
pub mod error;
pub mod ledger;
pub mod registry;

pub use error::RegistryError;
pub use ledger::{Ledger, LedgerError, Record, Swap};
pub use registry::{BoxFuture, Context, Registry, Settle, service_name};

pub use mohur_wire::{Answer, Query};
