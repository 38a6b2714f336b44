//! Small durable state: which messages were claimed, and records changed by compare-and-set.
//!
//! [`Claims`] and [`Table`] say what is needed; [`Store`] is the embedded engine, one file. Time is an argument.

mod claims;
mod error;
mod store;
mod table;
mod writer;

use std::pin::Pin;

pub use claims::{Claim, Claims};
pub use error::StoreError;
pub use store::Store;
pub use table::{MAX_KEY, Record, Swap, Table};

/// A future that can be sent between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
