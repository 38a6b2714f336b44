//! Keeps the certificates of a running process current.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mohur_chain::Certificate;
use mohur_crypto::{Algorithm, Digest, random_bytes};
use mohur_seal::{KeyKind, Passphrase, Zeroizing};
use mohur_transport::{ServiceIdentity, TlsMaterial};
use mohur_wire::{Clock, MemberId};

use crate::outlook::Outlook;
use crate::pair::{check, fits};
use crate::{Answer, Authority, EnrolError, EnrolmentSettings, Enrols, Life, Pair, request};

/// The longest pause after failures.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// What the process does when something changed. Both may block.
pub trait Watcher: Send + Sync + 'static {
    /// There is a new TLS certificate in the files, and the keeper's material shows it already: have every connection from now
    /// on show it.
    fn tls_renewed(&self) -> Result<(), String>;

    /// Whether the directory in force lists this seal for us.
    fn lists_seal(&self, seal: &Digest) -> bool;

    /// There is a new seal in the files, and the directory lists it: seal with it from now on.
    fn seal_renewed(&self) -> Result<(), String>;
}

/// What one look did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The TLS certificate was renewed.
    pub tls: bool,
    /// What became of the seal.
    pub seal: SealStep,
}

/// How far the next seal is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SealStep {
    /// The one in use is good for a while, or it is renewed elsewhere.
    #[default]
    None,
    /// Officers have not approved yet.
    Asked,
    /// It was issued, and waits until the directory lists it.
    Waits,
    /// It is in use.
    Switched,
}

/// Renews before anything expires.
pub struct Keeper {
    /// When, and where.
    pub settings: EnrolmentSettings,
    /// Whose certificates.
    pub member: MemberId,
    /// The credential file that opens the keys.
    pub passphrase: PathBuf,
    /// The files of the TLS certificate.
    pub tls: Pair,
    /// The TLS certificate that the process shows.
    pub material: TlsMaterial,
    /// The files of the seal; a seal in a token is renewed by hand.
    pub seal: Option<Pair>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// What others see of all this.
    pub outlook: Arc<Outlook>,
}

impl Keeper {
    /// Looks again and again, for ever. After a failure it pauses longer each time; the pauses of many processes do not fall
    /// together.
    pub async fn follow(self, watcher: Arc<dyn Watcher>) {
        let mut failures = 0_u32;
        loop {
            let pause = match self.once(&watcher).await {
                Ok(_) => {
                    failures = 0;
                    self.settings.check
                }
                Err(error) => {
                    self.outlook.failed();
                    tracing::warn!(%error, failures, "certificates were not renewed; the ones in use stay");
                    let pause = self.settings.retry.saturating_mul(1_u32.checked_shl(failures).unwrap_or(u32::MAX));
                    failures = failures.saturating_add(1);
                    pause.min(LONGEST_PAUSE)
                }
            };
            self.alarm();
            tokio::time::sleep(between_half_and_whole(pause)).await;
        }
    }

    /// Looks once: renews what is due, and goes on with a seal that is under way.
    pub async fn once(&self, watcher: &Arc<dyn Watcher>) -> Result<Kept, EnrolError> {
        let tls = self.renew_tls(watcher).await?;
        let seal = match &self.seal {
            Some(seal) if self.settings.renew_seal => self.renew_seal(seal, watcher).await?,
            _ => SealStep::None,
        };
        Ok(Kept { tls, seal })
    }

    fn is_due(&self, certificate: &Certificate) -> bool {
        self.clock.now() >= Life::of(certificate).at(self.settings.renew_at.saturating_mul(10))
    }

    async fn renew_tls(&self, watcher: &Arc<dyn Watcher>) -> Result<bool, EnrolError> {
        let current = self.material.certificate();
        self.outlook.tls_is(Life::of(&current));
        if !self.is_due(&current) {
            return Ok(false);
        }
        let key = self.next_key(&self.tls, &current).await?;
        let request = request(Some(&self.member), Enrols::Tls, &key)?;
        let Answer::Issued(chain) = self.authority()?.renew(Enrols::Tls, &request).await? else {
            return Err(EnrolError::Answer("TLS certificates wait for nobody".to_owned()));
        };
        let fresh = check(&chain, Enrols::Tls, Some(&self.member), |certificate| fits(&key, certificate))?;
        self.tls.install(&chain)?;
        self.show().await?;
        told(Arc::clone(watcher), |watcher| watcher.tls_renewed()).await?;
        self.outlook.renewed(Life::of(&fresh));
        tracing::info!(serial = fresh.serial(), until = %fresh.not_after(), "the TLS certificate was renewed");
        Ok(true)
    }

    /// Shows what is in the files now, to the authority as well.
    async fn show(&self) -> Result<(), EnrolError> {
        let (material, pair, passphrase) = (self.material.clone(), self.tls.clone(), self.passphrase.clone());
        let work = move || -> Result<(), EnrolError> {
            Ok(material.reload(&pair.certificate, &pair.key, &Passphrase::from_credential_file(&passphrase)?)?)
        };
        tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(EnrolError::Answer(error.to_string())))
    }

    async fn renew_seal(&self, seal: &Pair, watcher: &Arc<dyn Watcher>) -> Result<SealStep, EnrolError> {
        let Some(current) = seal.current()? else { return Ok(SealStep::None) };
        self.outlook.seal_is(Life::of(&current));
        if let Some(waiting) = seal.put_aside_earlier()? {
            return self.switch_seal(seal, &waiting, watcher).await;
        }
        if !self.is_due(&current) {
            return Ok(SealStep::None);
        }
        let key = self.next_key(seal, &current).await?;
        let request = request(Some(&self.member), Enrols::Seal, &key)?;
        match self.authority()?.renew(Enrols::Seal, &request).await? {
            Answer::Pending(pending) => {
                let (application, approvals) = (&pending.application, pending.approvals);
                tracing::info!(application, approvals, needed = pending.needed, "the next seal waits for officers");
                Ok(SealStep::Asked)
            }
            Answer::Issued(chain) => {
                let fresh = check(&chain, Enrols::Seal, Some(&self.member), |certificate| fits(&key, certificate))?;
                seal.put_aside(&chain)?;
                self.switch_seal(seal, &fresh, watcher).await
            }
        }
    }

    /// A seal that nobody else knows would be refused everywhere: the directory must list it first. The old one is listed
    /// beside it, so what was sealed with it and is under way stays good.
    async fn switch_seal(
        &self,
        seal: &Pair,
        waiting: &Certificate,
        watcher: &Arc<dyn Watcher>,
    ) -> Result<SealStep, EnrolError> {
        let fingerprint = waiting.fingerprint();
        if !watcher.lists_seal(&fingerprint) {
            tracing::info!(seal = %fingerprint, "the next seal is issued and waits until the directory lists it");
            return Ok(SealStep::Waits);
        }
        seal.switch()?;
        told(Arc::clone(watcher), |watcher| watcher.seal_renewed()).await?;
        self.outlook.seal_is(Life::of(waiting));
        tracing::info!(seal = %fingerprint, until = %waiting.not_after(), "the next seal is in use");
        Ok(SealStep::Switched)
    }

    /// The key to ask with. An RSA key stays: whoever has one has it for peers, and of a size that is not chosen here.
    async fn next_key(&self, pair: &Pair, current: &Certificate) -> Result<Zeroizing<Vec<u8>>, EnrolError> {
        let (kind, can_rekey) = match current.public_key().algorithm() {
            Algorithm::EcdsaP256Sha256 => (KeyKind::P256, true),
            Algorithm::Ed25519 => (KeyKind::Ed25519, true),
            Algorithm::RsaPssSha512 | Algorithm::RsaV15Sha256 => (KeyKind::Rsa2048, false),
        };
        let rekey = self.settings.rekey && can_rekey;
        let (pair, passphrase) = (pair.clone(), self.passphrase.clone());
        let work = move || pair.next_key(kind, rekey, &Passphrase::from_credential_file(&passphrase)?);
        tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(EnrolError::Answer(error.to_string())))
    }

    fn authority(&self) -> Result<Authority, EnrolError> {
        let identity = ServiceIdentity::Member(self.material.clone());
        Authority::new(&self.settings.url, &self.settings.root, &identity, Arc::clone(&self.clock))
    }

    fn alarm(&self) {
        for problem in self.outlook.problems(self.clock.now(), self.settings.alarm_at) {
            tracing::error!("{problem}");
        }
    }
}

/// Tells the process on a thread that may block.
async fn told(
    watcher: Arc<dyn Watcher>,
    what: impl FnOnce(&dyn Watcher) -> Result<(), String> + Send + 'static,
) -> Result<(), EnrolError> {
    let done = tokio::task::spawn_blocking(move || what(&*watcher)).await;
    done.unwrap_or_else(|error| Err(error.to_string())).map_err(EnrolError::Answer)
}

/// A random time, so that processes that failed together do not come back together.
fn between_half_and_whole(pause: Duration) -> Duration {
    let [random] = random_bytes::<1>();
    let half = pause / 2;
    half.saturating_add(half.saturating_mul(u32::from(random)) / 255)
}

impl std::fmt::Debug for Keeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keeper({}, {})", self.member, self.settings.url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_drawn_between_half_and_the_whole() {
        let pauses: Vec<_> = (0..200).map(|_| between_half_and_whole(Duration::from_secs(60))).collect();
        assert!(pauses.iter().all(|pause| (30..=60).contains(&pause.as_secs())));
        assert!(pauses.iter().collect::<std::collections::BTreeSet<_>>().len() > 20, "they differ");
    }
}
