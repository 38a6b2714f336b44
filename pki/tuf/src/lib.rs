//! The Update Framework, specification 1.0: signed metadata in roles, and the client's workflow that believes none of it unread.
//!
//! Nothing here knows what the files are about. Time is an argument, a signer is a key of `mohur-seal`, and where files come
//! from is a [`Source`]: `docs/decisions/0110-our-own-tuf.md` says why this is written here.

mod canonical;
mod client;
mod envelope;
mod error;
mod key;
mod limits;
mod metadata;
mod path;
mod roots;
mod source;
mod store;
mod verified;
mod walk;

pub use canonical::canonical;
pub use client::Client;
pub use envelope::{Envelope, Signature};
pub use error::TufError;
pub use key::Key;
pub use limits::Limits;
pub use metadata::{
    DelegatedRole, Delegations, MetaFile, Role, RoleKeys, Root, SPEC_VERSION, Snapshot, TargetFile, Targets, Timestamp,
    second,
};
pub use path::{encode_role, is_plain_path, matches, target_file};
pub use source::{FolderSource, Source, SourceError, replace_file};
pub use store::Memory;
pub use verified::{File, Loaded, Verified};
pub use walk::{rebuild, walk};
