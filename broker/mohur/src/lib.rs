//! What the subcommands of `mohur` share, and what the tests build on: the adapters by name, and a throwaway nation in a
//! folder, with real keys, real sockets and the same configuration files that a ministry would write.

pub mod adapters;
pub mod nation;
