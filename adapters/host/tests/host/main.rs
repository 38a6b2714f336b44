//! The host as its brokers see it: over real mutual TLS, with real keys, directory, log and policies.

mod answers;
mod broker;
mod dishonest;
mod fees;
mod nation;
mod operation;
mod register;
