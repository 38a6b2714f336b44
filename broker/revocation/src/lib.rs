//! Keeps answers about seals fresh, in the background: no message ever waits for one.
//!
//! [`mohur_chain::Standing`] judges; this crate feeds it. It asks each issuer's OCSP responder about every seal that was seen,
//! many in one request, proves what it answers, keeps the answer as evidence, and only then lets it count.

mod ask;
mod keep;
mod office;
mod settings;
mod watcher;

pub use ask::{StatusError, ask_status, status_client};
pub use keep::{Evidence, Form, Keep, keep_in, keep_lists};
pub use office::{Report, Revocation};
pub use settings::{Ocsp, Settings};
pub use watcher::{Figures, Watcher};
