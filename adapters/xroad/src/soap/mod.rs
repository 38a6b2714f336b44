//! X-Road's message protocol for SOAP (PR-MESS 4.0).

mod fault;
mod headers;

pub(crate) use fault::escaped;
pub use fault::fault;
pub use headers::{Headers, Party};
