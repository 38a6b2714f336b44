//! X-Road's message protocol for REST (PR-REST 1).

mod error;
mod head;

pub use error::{X_ROAD_ERROR, error};
pub use head::{MAX_TARGET, RestHead, names};
