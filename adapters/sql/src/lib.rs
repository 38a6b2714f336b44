//! A register in a PostgreSQL database, connected with one mapping file and no code.
//!
//! Most ministries have a database and no API. The file names for each service one statement with named parameters, the columns
//! that say whom a row speaks of, and the columns of the fields. `docs/registries.md` shows how to write one.
//!
//! - A parameter is bound, never spliced: what a query says cannot become SQL.
//! - A statement is wrapped as a subquery that selects the mapped columns and no others, in a transaction that only reads. Only the
//!   `apply` of a change may have an effect, which the role has been given the right to, best a function and nothing else.
//! - The mapping is held against the live database before anything is asked: columns, types, parameters, and that the role
//!   may not write. A database that is away when the host starts is looked at again until it is back.

mod adapter;
mod address;
mod change;
mod changing;
mod check;
mod failure;
mod gate;
mod mapping;
mod pool;
mod service;
mod statement;
mod tls;

use std::path::Path;

use mohur_config::ConfigErrors;
use mohur_contract::RegistryError;

pub use adapter::Sql;
pub use address::{AddressError, Settings};
pub use mapping::Mapping;

/// Why an adapter for a database cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The mapping file is wrong, or does not fit the database: everything that is, with its lines.
    #[error(transparent)]
    Mapping(#[from] ConfigErrors),
    /// The database's address or credential is wrong.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The database cannot be asked whether the mapping fits.
    #[error("the mapping cannot be held against the database: {0}")]
    Database(#[from] RegistryError),
}

impl Sql {
    /// Reads a mapping file, connects to the database at that address, and holds the one against the other.
    ///
    /// # Errors
    /// [`OpenError`] with all that is wrong.
    pub async fn load(mapping: &Path, settings: &Settings) -> Result<Self, OpenError> {
        Self::open(Mapping::load(mapping)?, settings).await
    }
}

#[cfg(test)]
mod tests;
