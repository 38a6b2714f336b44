//! The broker's own certificates, renewed while it runs.

use std::path::PathBuf;
use std::sync::Arc;

use mohur_crypto::Digest;
use mohur_enrol::{Keeper, Outlook, Pair, Watcher};
use mohur_exchange::Exchange;
use mohur_http::Client;
use mohur_seal::{CurrentSeal, Passphrase, SealSource};
use mohur_transport::{Peers, Renewal, TlsMaterial, client_config};
use mohur_wire::{Clock, MemberId};
use tokio::task::JoinHandle;

use crate::config::Config;
use crate::provider::HttpProvider;

/// The TLS certificate that is shown, at the door and to those who are asked.
pub(crate) struct Shown {
    renewal: Renewal,
    material: TlsMaterial,
    client: Client,
    peers: Arc<Peers>,
    clock: Arc<dyn Clock>,
}

impl Shown {
    /// What `material` shows, from the files that the configuration names.
    pub(crate) fn new(
        material: &TlsMaterial,
        config: &Config,
        (client, peers): (Client, &Arc<Peers>),
        clock: &Arc<dyn Clock>,
    ) -> Arc<Self> {
        let files = (config.tls.certificate.clone(), config.tls.key.clone(), config.passphrase.clone());
        let renewal = Renewal::new(material.clone(), files.0, files.1, files.2);
        let (material, peers, clock) = (material.clone(), Arc::clone(peers), Arc::clone(clock));
        Arc::new(Self { renewal, material, client, peers, clock })
    }

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
struct Renewing {
    me: MemberId,
    shown: Arc<Shown>,
    exchange: Arc<Exchange<HttpProvider>>,
    seal: CurrentSeal,
    source: SealSource,
    passphrase: PathBuf,
}

/// Renews from now on, where the configuration says so.
pub(crate) fn keep(
    config: &Config,
    shown: &Arc<Shown>,
    exchange: &Arc<Exchange<HttpProvider>>,
    seal: CurrentSeal,
    outlook: Arc<Outlook>,
) -> Option<JoinHandle<()>> {
    let keeper = Keeper {
        settings: config.enrolment.clone()?,
        member: config.member.clone(),
        passphrase: config.passphrase.clone(),
        tls: Pair { certificate: config.tls.certificate.clone(), key: config.tls.key.clone() },
        material: shown.material.clone(),
        seal: Pair::of_seal(&config.seal),
        clock: Arc::clone(&shown.clock),
        outlook,
    };
    let renewing = Renewing {
        me: config.member.clone(),
        shown: Arc::clone(shown),
        exchange: Arc::clone(exchange),
        seal,
        source: config.seal.clone(),
        passphrase: config.passphrase.clone(),
    };
    Some(tokio::spawn(keeper.follow(Arc::new(renewing))))
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
