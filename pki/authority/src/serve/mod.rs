//! The authority online: what it answers to whom. Only with the feature `serve`.

mod routes;

pub use routes::{Answer, Routes, answer, refusal};
