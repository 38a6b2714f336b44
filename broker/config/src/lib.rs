//! Configuration files: TOML, read with all errors at once, each with its file and line.
//!
//! A table is read key by key; what nobody asked for is refused, with the nearest name that would have been known. The
//! functions that read return `None` after they have noted an error, so that reading goes on and finds the next one:
//!
//! ```
//! # use std::path::Path;
//! struct Door { listen: std::net::SocketAddr, drain: std::time::Duration }
//!
//! let text = "listen = \"127.0.0.1:0\"\n";
//! let door = mohur_config::parse(Path::new("door.toml"), text, |table| {
//!     let listen = table.required("listen");
//!     let drain = table.duration("drain").unwrap_or(std::time::Duration::from_secs(30));
//!     Some(Door { listen: listen?, drain })
//! });
//! assert_eq!(door.unwrap().listen.port(), 0);
//! ```

mod duration;
mod errors;
mod lines;
mod reader;
mod suggest;
mod table;
mod tree;

pub use duration::parse_duration;
pub use errors::{ConfigError, ConfigErrors};
pub use lines::Lines;
pub use reader::{Reader, load, parse};
pub use suggest::nearest;
pub use table::{Scalar, Table};
