//! The host's own certificates, renewed while it runs.

use std::path::PathBuf;
use std::sync::Arc;

use mohur_crypto::Digest;
use mohur_enrol::Watcher;
use mohur_seal::{Passphrase, SealSource};

use crate::watch::Watch;

/// What is told of renewals.
pub(crate) struct Renewing {
    pub(crate) watch: Arc<Watch>,
    pub(crate) source: SealSource,
    pub(crate) passphrase: PathBuf,
}

impl Watcher for Renewing {
    fn tls_renewed(&self) -> Result<(), String> {
        self.watch.renewal.look().map(drop).map_err(|error| error.to_string())
    }

    fn lists_seal(&self, seal: &Digest) -> bool {
        let house = &self.watch.house;
        house.world.load().directory().seal(seal).is_some_and(|(member, _)| *member == house.me)
    }

    fn seal_renewed(&self) -> Result<(), String> {
        let passphrase = Passphrase::from_credential_file(&self.passphrase).map_err(|error| error.to_string())?;
        let (house, world) = (&self.watch.house, self.watch.house.world.load());
        let pinned = |key: &Digest| world.directory().seal(key).map(|(_, listed)| listed.public_key().algorithm());
        house.seal.exchange(self.source.open(&passphrase, pinned).map_err(|error| error.to_string())?);
        Ok(())
    }
}
