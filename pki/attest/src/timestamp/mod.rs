//! Time stamps (RFC 3161, with the certificate identifiers of RFC 5816): that some octets existed at some time, by the word of
//! an authority that never saw them.

mod authority;
mod cms;
mod error;
mod failure;
mod query;
mod token;

pub use authority::{Authority, Granted};
pub use error::{AuthorityError, TokenError};
pub use failure::Failure;
pub use query::{Imprint, MAX_QUERY_BYTES, PolicyId, PolicyIdError, Query};
pub use token::{Accuracy, MAX_TOKEN_BYTES, Stamp, Token};

pub use crate::algorithm::Hash;

/// `application/timestamp-query` (RFC 3161 §3.4).
pub const QUERY_MEDIA_TYPE: &str = "application/timestamp-query";
/// `application/timestamp-reply`.
pub const REPLY_MEDIA_TYPE: &str = "application/timestamp-reply";
