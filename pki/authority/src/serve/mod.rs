//! The authority online: what it answers to whom. Only with the feature `serve`.

mod responders;
mod routes;
mod serials;
mod status;
mod time_stamps;

pub use responders::{Freshness, Lender, Responders};
pub use routes::{Answer, Routes, answer, refusal};
pub use serials::{SerialError, Serials};
pub use status::{lists, ocsp};
pub use time_stamps::time_stamps;
