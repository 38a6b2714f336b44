//! One file a stage. Each stage's result has fields that only its own module can set.

pub mod accept;
pub mod authenticate;
pub mod call;
pub mod claim;
pub mod decide;
pub mod intent;
pub mod outcome;
pub mod release;
pub mod respond;
pub mod route;
pub mod seal;
pub mod verify;

#[cfg(doctest)]
mod tests;
