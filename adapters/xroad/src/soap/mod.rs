//! X-Road's message protocol for SOAP (PR-MESS 4.0).

mod entity;
mod envelope;
mod fault;
mod headers;

pub use entity::SoapEntity;
pub use envelope::{SoapMessage, with_request_hash};
pub(crate) use fault::escaped;
pub use fault::fault;
pub use headers::{Headers, Party};
