//! Reading the domains that the configuration names beside our own. A domain that cannot be read does not count, and keeps
//! nobody else from working.

use std::path::PathBuf;
use std::sync::Arc;

use mohur_chain::{Trust, TrustError, TrustFiles};
use mohur_wire::Timestamp;

use crate::domains::{Domain, Domains, UntrustedDomain};
use crate::error::DirectoryError;
use crate::rollback::RollbackGuard;
use crate::snapshot::Snapshot;

/// Where the trust anchors and the directory of another domain are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignFiles {
    /// Its instance, e.g. `GE`.
    pub domain: String,
    /// Its root, issuing CAs and revocation lists.
    pub trust: TrustFiles,
    /// Its signed directory.
    pub directory: PathBuf,
    /// Remembers the highest version of it that was seen.
    pub state: PathBuf,
}

/// Why a domain cannot be read, or does not count.
#[derive(Debug, thiserror::Error)]
pub enum ForeignError {
    /// Its trust anchors.
    #[error("the trust anchors of {domain}: {source}")]
    Trust {
        /// Which domain.
        domain: String,
        /// What is wrong.
        source: TrustError,
    },
    /// Its directory.
    #[error("the directory of {domain}: {source}")]
    Directory {
        /// Which domain.
        domain: String,
        /// What is wrong.
        source: DirectoryError,
    },
    /// It is the directory of another domain.
    #[error("the directory for {expected} is that of {found}; correct the configuration")]
    Other {
        /// The domain that the configuration names.
        expected: String,
        /// The domain that the directory speaks of.
        found: String,
    },
    /// It is not trusted.
    #[error(transparent)]
    Untrusted(#[from] UntrustedDomain),
}

impl ForeignFiles {
    /// Reads and verifies one domain.
    pub fn load(&self, at: Timestamp) -> Result<Domain, ForeignError> {
        let domain = || self.domain.clone();
        let trust = Trust::load(&self.trust).map_err(|source| ForeignError::Trust { domain: domain(), source })?;
        let directory = Snapshot::load(&self.directory, &trust, at, &RollbackGuard::new(&self.state))
            .map_err(|source| ForeignError::Directory { domain: domain(), source })?;
        if directory.domain() != self.domain {
            return Err(ForeignError::Other { expected: domain(), found: directory.domain().to_owned() });
        }
        Ok(Domain { directory, trust: Arc::new(trust) })
    }

    /// Our own domain with those of `files`. One that cannot be read keeps its last good value, which `last` has, until its
    /// directory expires; one that our directory does not trust (any more) is left out at once.
    pub fn load_all(
        files: &[Self],
        home: Domain,
        last: Option<&Domains>,
        at: Timestamp,
    ) -> (Domains, Vec<ForeignError>) {
        let (mut read, mut errors) = (Vec::new(), Vec::new());
        for file in files {
            match file.load(at) {
                Ok(domain) => read.push(domain),
                Err(error) => {
                    errors.push(error);
                    read.extend(last.and_then(|last| last.named(&file.domain, at)).cloned());
                }
            }
        }
        let (domains, untrusted) = Domains::new(home, read);
        errors.extend(untrusted.into_iter().map(ForeignError::from));
        (domains, errors)
    }
}
