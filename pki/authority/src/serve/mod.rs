//! The authority online: what it answers to whom. Only with the feature `serve`.

mod routes;
mod serials;
mod time_stamps;

pub use routes::{Answer, Routes, answer, refusal};
pub use serials::{SerialError, Serials};
pub use time_stamps::time_stamps;
