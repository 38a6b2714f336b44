//! The signed directory: who is a member, where, with which keys, offering what; which authorities count, and what is denied.
//!
//! TUF metadata (`mohur-tuf`) over the files of [`content`], each signed by the office whose matter it is. A [`Follower`] fetches
//! it and puts together a [`Domain`], as a whole or not at all; officers work on a [`repository::Repository`].

mod assemble;
pub mod content;
pub mod document;
mod domains;
pub mod error;
mod follower;
pub mod repository;
mod snapshot;
mod trial;

pub use document::{
    Authority, BrokerEntry, DefinitionEntry, Directory, ForeignDomain, HexDigest, HostEntry, LogEntry, MemberEntry,
    PolicyEntry, RetiredLogKey, SealEntry, ServiceEntry,
};
pub use domains::{Domain, Domains, UntrustedDomain};
pub use error::{DirectoryError, SealLookupError};
pub use follower::{DirectorySettings, Follower, Followers, ForeignDirectory, Found, Place, Trouble};
pub use mohur_tuf::{FolderSource, Source, SourceError};
pub use snapshot::{ServiceRoute, Snapshot};
pub use trial::Trial;
