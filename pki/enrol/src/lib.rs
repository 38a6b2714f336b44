//! How a member obtains its certificates and keeps them current: keys are made here and never leave, the authority online is
//! asked with requests (PKCS#10, RFC 2986), first with a one-time token and from then on with the certificate in use.
//!
//! [`Keeper`] renews by itself, inside the process that uses the certificates; [`Authority`] is what is asked; [`Pair`] is a
//! certificate and its key in two files that no crash tears apart.

mod ask;
mod error;
mod invitation;
mod keeper;
mod life;
mod outlook;
mod pair;
mod request;
mod settings;

pub use ask::{Answer, Authority, Enrols, Pending};
pub use error::EnrolError;
pub use invitation::InvitationFile;
pub use keeper::{Keeper, Kept, SealStep, Watcher};
pub use life::Life;
pub use outlook::Outlook;
pub use pair::{Pair, check as check_issued};
pub use request::{request, request_for_token};
pub use settings::EnrolmentSettings;
