//! The client side: a listener for the ministry's own X-Road clients.

/// The door, ready to serve.
#[derive(Debug)]
pub struct Door {}
