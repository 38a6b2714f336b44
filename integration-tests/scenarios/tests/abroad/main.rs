//! Queries that another broker decides: across the border between two domains, and between two brokers of one.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "all of it is test code")]

mod bundles;
mod country;
mod granted;
mod lies;
mod links;
mod logs;
mod refused;
mod trust;
