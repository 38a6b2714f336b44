//! A throwaway nation: a root, a broker, registers with their hosts, and those who ask them.
//!
//! Everything lies in one folder, in the files and formats of a real deployment, and is started from those files.

mod cast;
mod error;
mod files;
mod layout;
mod ports;
mod running;

pub use cast::{BROKER, CallerPart, Cast, LOG_ORIGIN, OwnerPart, RegisterPart, id};
pub use error::NationError;
pub use layout::Nation;
pub use ports::free_ports;
pub use running::{Running, RunningOwner, SEED};
