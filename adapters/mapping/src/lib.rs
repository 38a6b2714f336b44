//! What every adapter with a mapping file has in common: kinds of subjects, parameters, fields with their types, what a
//! service takes, and the way from a record to an answer.
//!
//! A mapping file says how a register is asked without code. Each protocol has its own kind of file (SOAP, REST, SQL); what a
//! field is and how a `match` is decided is the same in all of them, and stands here.

mod answer;
mod field;
mod meaning;
mod offer;
mod parameter;
mod subject;

use mohur_config::Table;

pub use answer::{found, nothing_held};
pub use field::{FieldType, Kind};
pub use meaning::{Meaning, Nothing};
pub use offer::Offer;
pub use parameter::{Given, Parameter};
pub use subject::SubjectKind;

/// What was read of several tables, and whether that is all of them.
pub fn read_all<T>(tables: Vec<Table>, read: impl Fn(Table) -> Option<T>) -> (Vec<T>, bool) {
    let count = tables.len();
    let read: Vec<_> = tables.into_iter().filter_map(read).collect();
    let whole = read.len() == count;
    (read, whole)
}
