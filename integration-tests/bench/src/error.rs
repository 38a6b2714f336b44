//! Why there is no measurement.

use std::fmt::Display;

/// Why there is no measurement: what was tried, and what came of it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct BenchError(String);

impl BenchError {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

/// Adds what was tried to any error.
pub(crate) trait Tried<T> {
    fn tried(self, what: impl Display) -> Result<T, BenchError>;
}

impl<T, E: Display> Tried<T> for Result<T, E> {
    fn tried(self, what: impl Display) -> Result<T, BenchError> {
        self.map_err(|error| BenchError(format!("{what}: {error}")))
    }
}
