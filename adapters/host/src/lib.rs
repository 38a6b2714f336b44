//! The process around any adapter.
//!
//! It believes nobody: the broker must show its own seal, the caller's own signature and the receipt of the log's entry before
//! the host speaks as the owner; then the owner's own policy is evaluated, the register asked within its limits, and what may
//! leave is masked and sealed, field by field. Start reading at `pipeline.rs`.

mod admin;
mod config;
mod door;
mod guard;
mod host;
mod ledger;
mod metrics;
mod pipeline;
mod renewing;
mod sources;
pub mod stage;
mod start_error;
mod stop;
mod times;
mod watch;
mod world;

pub use config::{HostConfig, KeyFiles, RegisterAddress};
pub use guard::RegisterSettings;
pub use host::{Host, RunningHost};
pub use ledger::LedgerStore;
pub use mohur_http::BreakerSettings;
pub use start_error::StartError;
pub use times::Times;
