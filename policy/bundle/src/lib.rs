//! Policy folders: one an agency, beside them the governance rules that stand above all.
//!
//! A folder holds `manifest.toml`, `*.cedar`, `purposes.toml`, `release.toml`, `tests/*.toml` and `bundles/*.toml`;
//! anything else in it is refused, because a rule in a file that nobody reads would be a rule that nobody keeps. Every
//! problem is reported at once, as `file:line: what; what to do`.

mod cases;
mod definition;
mod errors;
mod files;
mod load;
mod manifest;
mod names;
mod purposes;
mod release;
mod seal;

pub use cases::{Case, CaseFailure, Expected, Report, UnknownOutcome, load_facts, parse_facts, run_tests};
pub use definition::{definition_digest, load_definitions};
pub use errors::PolicyErrors;
pub use files::{GOVERNANCE, agency_folders, is_agency_folder};
pub use load::{check, load_agency, load_all};
pub use manifest::Owner;
pub use seal::{Sealed, seal};

#[cfg(test)]
mod tests;
