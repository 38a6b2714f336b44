//! What can go wrong while a nation is founded.

use std::path::PathBuf;

/// Why there is no nation.
#[derive(Debug, thiserror::Error)]
pub enum NationError {
    /// A file.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// No free port.
    #[error("no free port on 127.0.0.1: {0}")]
    Port(std::io::Error),
    /// Certificates.
    #[error(transparent)]
    Authority(#[from] mohur_authority::AuthorityError),
    /// Keys.
    #[error(transparent)]
    Seal(#[from] mohur_seal::SealError),
    /// The directory's repository.
    #[error(transparent)]
    Repository(#[from] mohur_directory::repository::RepositoryError),
    /// The directory.
    #[error(transparent)]
    Directory(#[from] mohur_directory::DirectoryError),
    /// The policies.
    #[error("{0}")]
    Policy(#[from] mohur_policy_bundle::PolicyErrors),
    /// A configuration file.
    #[error("{0}")]
    Config(#[from] mohur_config::ConfigErrors),
    /// The broker.
    #[error("the broker: {0}")]
    Broker(#[from] mohur_server::StartError),
    /// A host, or its adapter.
    #[error("{0}")]
    Host(String),
    /// A register.
    #[error(transparent)]
    Register(#[from] mohur_reference::RegisterError),
    /// A caller.
    #[error("{0}")]
    Caller(String),
}

impl NationError {
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}
