//! The FIN service's book: identity files, the numbers issued for them, and the links between them (State Programme,
//! item 2.4.4; Regulation (EU) 2019/817, Articles 30 to 33).
//!
//! It keeps its records in a [`Ledger`](mohur_contract::Ledger) and changes them by compare-and-set, so that two processes,
//! threads or attempts after a crash never issue one number twice, and never one transaction two numbers. It takes biometric
//! matches as facts; who compares samples is not its matter. Time is an argument.

mod book;
mod decision;
mod file;
mod link;
pub mod rules;
pub mod similar;

pub use book::{Book, BookError, Candidates, Match};
pub use decision::{Decision, sign_decision};
pub use file::{File, Identity, Sex};
pub use link::{Kept, Link, Notice, Panel, State};
