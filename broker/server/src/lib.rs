//! The broker's process: sockets, files and settings around `mohur-exchange`.

mod admin;
mod broker;
mod config;
mod contract;
mod door;
mod log;
mod metrics;
mod neighbours;
mod provider;
mod rate;
mod renewing;
mod stamper;
mod standing;
mod time_stamp;
mod watch;
mod world;

pub use broker::{Broker, RunningBroker, StartError};
pub use config::{Config, KeyFiles, LogFiles, TimeStamps};
pub use neighbours::NeighbourLimits;
pub use provider::HttpProvider;
pub use time_stamp::{TimeStampError, ask_time_stamp, time_stamp_client};
