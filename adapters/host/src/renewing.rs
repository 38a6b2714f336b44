//! The host's own certificates, renewed while it runs.

use std::path::PathBuf;
use std::sync::Arc;

use mohur_crypto::Digest;
use mohur_enrol::{Keeper, Outlook, Pair, Watcher};
use mohur_seal::{Passphrase, SealSource};
use mohur_transport::TlsMaterial;
use tokio::task::JoinHandle;

use crate::config::HostConfig;
use crate::watch::Watch;

/// What is told of renewals.
struct Renewing {
    watch: Arc<Watch>,
    source: SealSource,
    passphrase: PathBuf,
}

/// Renews from now on, where the configuration says so.
pub(crate) fn keep(
    config: &HostConfig,
    material: TlsMaterial,
    watch: &Arc<Watch>,
    outlook: &Arc<Outlook>,
) -> Option<JoinHandle<()>> {
    let keeper = Keeper {
        settings: config.enrolment.clone()?,
        member: config.member.clone(),
        passphrase: config.passphrase.clone(),
        tls: Pair { certificate: config.tls.certificate.clone(), key: config.tls.key.clone() },
        material,
        seal: Pair::of_seal(&config.seal),
        clock: Arc::clone(&watch.clock),
        outlook: Arc::clone(outlook),
    };
    let (source, passphrase) = (config.seal.clone(), config.passphrase.clone());
    let renewing = Renewing { watch: Arc::clone(watch), source, passphrase };
    Some(tokio::spawn(keeper.follow(Arc::new(renewing))))
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
