//! The published contracts, served as they stand.

/// The contract of REST.
pub(crate) const OPENAPI: &str = include_str!("../../../schemas/contracts/openapi.json");
