//! The certificate authorities of a national domain: root, issuing authorities and the directory's signer, in one folder.
//!
//! Keys in encrypted files, certificates of the profiles of `mohur-chain`, revocation lists, a register with its journal; and the
//! office that does so online. The root's key may lie elsewhere: `mohur-ceremony` holds it in shares. The broker's server never
//! links this crate.

mod der;
mod error;
mod import;
mod issue;
mod issuer;
mod journal;
mod layout;
mod national;
pub mod office;
mod register;
mod request;
mod revocation;
mod root;
#[cfg(feature = "serve")]
pub mod serve;
mod settings;
mod template;

#[cfg(feature = "testing")]
pub mod testing;

pub use error::AuthorityError;
pub use import::{Brought, FromRoot};
pub use issue::{Issue, Issued, Make};
pub use issuer::{Issuer, IssuerParseError};
pub use journal::{Entry, Event, Grounds};
pub use layout::Layout;
pub use national::{National, create_log_key};
pub use register::{Record, Revocation, entries, records};
pub use request::{Requested, request};
pub use revocation::{Reason, ReasonParseError};
pub use root::{AuthorityKey, Root, Terms, key_of_authority, key_of_request, request_authority};
pub use settings::Settings;
