//! The auditor's offline verifier: a log folder and the log's public key are all it needs.
//!
//! It trusts nothing in the folder but what the key has signed, and reads every byte once. Memory stays flat but for the
//! number of consumers and of intents that are open at one moment.

mod receipt;
mod report;
mod select;
mod stamps;
mod verify;

pub use mohur_journal::{Entry, Log, ReadError};
pub use receipt::{ReceiptProblem, check_receipt, is_beginning};
pub use report::{Consumer, OpenIntent, Problem, Report};
pub use select::{SelectError, Wanted, select};
pub use stamps::{StampProblem, Stamped, check_time_stamp};
pub use verify::{Options, verify};
