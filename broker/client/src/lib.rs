//! A caller: signs what it asks, and believes nothing that it cannot check.
//!
//! Of every answer the broker's seal, the owner's seal, the receipt and its checkpoint are verified, and of a bundle the
//! verdict is computed again. A stock HTTP-signature library can leave all but the first of these out; this client never does.

mod bundle;
mod caller;
mod config;
mod error;
mod members;
mod verify;

pub use bundle::{BundleReport, Inputs, LegReport};
pub use caller::{Answered, Caller, Exchanged, Question};
pub use config::Config;
pub use error::{AskError, Refused};
pub use members::{Listed, Offered};

pub use mohur_directory::{Domains, Followers};
