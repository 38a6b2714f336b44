//! The signed member list: who is a member, where, with which keys, offering what.
//!
//! A file `directory.jws`: a JWS in compact form (RFC 7515) whose certificate the root issued for this alone. Versions only
//! rise, everything expires. The full directory in the form of TUF metadata comes later and keeps these types.

mod assemble;
pub mod content;
pub mod document;
mod domains;
pub mod error;
mod follower;
mod foreign;
mod jws;
pub mod repository;
pub mod rollback;
mod snapshot;
mod trial;

pub use document::{
    Authority, BrokerEntry, DefinitionEntry, Directory, ForeignDomain, HexDigest, HostEntry, LogEntry, MemberEntry,
    PolicyEntry, RetiredLogKey, SealEntry, ServiceEntry,
};
pub use domains::{Domain, Domains, UntrustedDomain};
pub use error::{DirectoryError, SealLookupError};
pub use follower::{DirectorySettings, Follower, Found, Place};
pub use foreign::{ForeignError, ForeignFiles};
pub use jws::sign;
pub use rollback::RollbackGuard;
pub use snapshot::{ServiceRoute, Snapshot};
pub use trial::Trial;
