//! A register behind any JSON-over-HTTP service, connected with one mapping file and no code.
//!
//! The file says for each service what is sent (method, path, query, headers, body), whom the reply speaks of and where each
//! field stands in it, as JSON pointers (RFC 6901), and what its statuses mean. `docs/registries.md` shows how to write one.
//! What a query says is percent-encoded into a path or query, and a whole value of a JSON body: it cannot become anything
//! else. No URL is ever logged.

mod adapter;
mod mapping;
mod reply;
mod service;
mod template;

use std::path::Path;

use mohur_config::ConfigErrors;

pub use adapter::MappedRest;
pub use mapping::Mapping;
pub use mohur_connection::{ConnectionError, Settings};

/// Why an adapter with a mapping file cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The mapping file is wrong: everything that is, with its lines.
    #[error(transparent)]
    Mapping(#[from] ConfigErrors),
    /// The register's address is wrong.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
}

impl MappedRest {
    /// Reads a mapping file for the register at that address.
    ///
    /// # Errors
    /// [`LoadError`] with all that is wrong.
    pub fn load(mapping: &Path, settings: &Settings) -> Result<Self, LoadError> {
        Ok(Self::new(Mapping::load(mapping)?, settings)?)
    }
}

#[cfg(test)]
mod tests;
