//! The authority online: what it answers to whom. Only with the feature `serve`.

mod config;
mod control;
mod desk;
mod rates;
mod responders;
mod routes;
mod serials;
mod service;
mod stats;
mod status;
mod time_stamps;

pub use config::ServeConfig;
pub use control::{ControlError, ControlFile, order};
pub use responders::{Freshness, Lender, Responders};
pub use routes::{Answer, Routes, answer, refusal};
pub use serials::{SerialError, Serials};
pub use service::{RunningService, Service, StartError};
pub use status::{lists, ocsp};
pub use time_stamps::time_stamps;
