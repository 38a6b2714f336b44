//! X-Road clients as they are: their messages go into the door's inside listener, and come back as X-Road answers; between
//! there are the door, the broker, the owner's host and its register, over real sockets.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of it is test code"
)]

mod door;
mod metadata;
mod rest;
mod soap;
mod tls;
