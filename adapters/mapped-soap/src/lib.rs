//! A register behind any document/literal SOAP service, connected with one mapping file and no code.
//!
//! The file says for each service what is sent, as a template in XML; whom the reply speaks of and where each field stands
//! in it, as XPath; and what its faults mean. `docs/registries.md` shows how to write one. The file is checked whole when it
//! is read; what it fills in is content of elements and attributes, and can never become markup.

mod adapter;
mod fault;
mod field;
mod mapping;
mod namespaces;
mod reply;
mod service;
mod template;

use std::path::Path;

use mohur_config::ConfigErrors;

pub use adapter::MappedSoap;
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

impl MappedSoap {
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
