//! The command line of `mohur`, and what the tests build on: the adapters by name, and a throwaway nation in a folder, with
//! real keys, real sockets and the same configuration files that a ministry would write.

mod adapter;
pub mod adapters;
mod asking;
mod broker;
mod bundle;
mod cli;
mod credential;
#[cfg(feature = "authority")]
mod demo;
mod directory;
mod enrol;
mod links;
mod log;
#[cfg(feature = "authority")]
pub mod nation;
mod output;
#[cfg(feature = "authority")]
mod pki;
mod policy;
mod process;
mod prompt;
mod query;
mod registry;
mod subject;
mod xroad;

pub use cli::main;
#[cfg(feature = "authority")]
pub use pki::TsaConfig;
