//! The broker's own certificates, renewed while it runs.

use std::path::PathBuf;
use std::sync::Arc;

use mohur_crypto::Digest;
use mohur_enrol::Watcher;
use mohur_exchange::Exchange;
use mohur_http::Client;
use mohur_seal::{CurrentSeal, Passphrase, SealSource};
use mohur_transport::{Peers, Renewal, TlsMaterial, client_config};
use mohur_wire::{Clock, MemberId};

use crate::provider::HttpProvider;

/// The TLS certificate that is shown, at the door and to those who are asked.
pub(crate) struct Shown {
    pub(crate) renewal: Renewal,
    pub(crate) material: TlsMaterial,
    pub(crate) client: Client,
    pub(crate) peers: Arc<Peers>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Shown {
    /// Loads the files again if they changed, and shows what is in them on every connection from now on. Blocks.
    pub(crate) fn look(&self) -> Result<(), String> {
        if self.renewal.look().map_err(|error| error.to_string())? {
            let config = client_config(&self.material, &self.peers, Arc::clone(&self.clock));
            self.client.begin_anew(config.map_err(|error| error.to_string())?);
            tracing::info!(until = %self.material.certificate().not_after(), "another TLS certificate is shown");
        }
        Ok(())
    }
}

/// What is told of renewals.
pub(crate) struct Renewing {
    pub(crate) me: MemberId,
    pub(crate) shown: Arc<Shown>,
    pub(crate) exchange: Arc<Exchange<HttpProvider>>,
    pub(crate) seal: CurrentSeal,
    pub(crate) source: SealSource,
    pub(crate) passphrase: PathBuf,
}

impl Watcher for Renewing {
    fn tls_renewed(&self) -> Result<(), String> {
        self.shown.look()
    }

    fn lists_seal(&self, seal: &Digest) -> bool {
        self.exchange.world().directory().seal(seal).is_some_and(|(member, _)| *member == self.me)
    }

    fn seal_renewed(&self) -> Result<(), String> {
        let passphrase = Passphrase::from_credential_file(&self.passphrase).map_err(|error| error.to_string())?;
        let world = self.exchange.world();
        let pinned = |key: &Digest| world.directory().seal(key).map(|(_, listed)| listed.public_key().algorithm());
        self.seal.exchange(self.source.open(&passphrase, pinned).map_err(|error| error.to_string())?);
        Ok(())
    }
}
