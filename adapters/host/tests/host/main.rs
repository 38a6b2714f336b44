//! The host as its brokers see it: over real mutual TLS, with real keys, directory, log and policies.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's helpers fail the test"
)]

mod answers;
mod broker;
mod dishonest;
mod fees;
mod nation;
mod operation;
mod register;
