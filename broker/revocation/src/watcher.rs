//! Asks about every seal that was seen, again and again.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mohur_attest::ocsp::{CertId, CertificateStatus, IdHash, MAX_REQUESTS, OcspRequest, verify_answer};
use mohur_chain::standing::{Answer, Word};
use mohur_chain::{Certificate, SignerCertificate, Standing, Trust};
use mohur_crypto::{random_bytes, sha256};
use mohur_http::Client;
use mohur_wire::{Clock, Timestamp};

use crate::ask::{StatusError, ask_status, status_client};
use crate::keep::{Evidence, Form, Keep};
use crate::settings::Ocsp;

/// How often it is looked what is due.
const TICK: Duration = Duration::from_secs(1);
/// How far the responder's clock may differ.
const SKEW: Duration = Duration::from_secs(60);

/// What is counted.
#[derive(Debug, Default)]
pub struct Figures {
    answered: AtomicU64,
    failed: AtomicU64,
}

impl Figures {
    /// Questions that were answered, and proved.
    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// Questions that were not.
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }
}

/// Feeds one [`Standing`].
pub struct Watcher {
    standing: Arc<Standing>,
    settings: Ocsp,
    clock: Arc<dyn Clock>,
    keep: Keep,
    client: Client,
    figures: Arc<Figures>,
    /// When an address is asked again after a failure.
    retry_at: Mutex<HashMap<String, Timestamp>>,
}

/// The seals of one issuer that are asked about at one address.
struct Batch {
    url: String,
    issuer: SignerCertificate,
    seals: Vec<Certificate>,
}

impl Watcher {
    /// Watches over the seals of `standing`; `keep` takes what is answered.
    pub(crate) fn new(
        standing: Arc<Standing>,
        settings: Ocsp,
        clock: Arc<dyn Clock>,
        keep: Keep,
        figures: Arc<Figures>,
    ) -> Self {
        let (client, retry_at) = (status_client(), Mutex::default());
        Self { standing, settings, clock, keep, client, figures, retry_at }
    }

    /// Asks whatever is due, for ever. `trust` gives the anchors in force.
    pub async fn follow(self, trust: impl Fn() -> Arc<Trust> + Send + Sync) {
        loop {
            self.once(&trust()).await;
            tokio::time::sleep(TICK).await;
        }
    }

    /// Asks whatever is due now.
    pub async fn once(&self, trust: &Trust) {
        let now = self.clock.now();
        for batch in self.due(trust, now) {
            match self.ask(&batch, now).await {
                Ok(()) => {
                    self.figures.answered.fetch_add(1, Ordering::Relaxed);
                }
                Err(error) => {
                    self.figures.failed.fetch_add(1, Ordering::Relaxed);
                    let (url, seals) = (&batch.url, batch.seals.len());
                    tracing::warn!(%error, url, seals, "seals have no new answer; after the grace they are refused");
                    let again = now.checked_add(self.settings.retry).unwrap_or(now);
                    self.retry_at.lock().unwrap_or_else(PoisonError::into_inner).insert(batch.url, again);
                }
            }
        }
    }

    fn due(&self, trust: &Trust, now: Timestamp) -> Vec<Batch> {
        let retry_at = self.retry_at.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut batches: BTreeMap<(String, Vec<u8>), Vec<Certificate>> = BTreeMap::new();
        for (seal, answer) in self.standing.seals() {
            let url = self.settings.url.as_ref().or_else(|| seal.ocsp_urls().first());
            let (Some(url), Some(issuer)) = (url, trust.issuer_of(&seal)) else { continue };
            let waits = retry_at.get(url).is_some_and(|at| now < *at);
            if !waits && answer.is_none_or(|answer| self.is_old(&answer, now)) {
                batches.entry((url.clone(), issuer.to_vec())).or_default().push(seal);
            }
        }
        let mut out = Vec::new();
        for ((url, issuer), seals) in batches {
            let Ok(issuer) = SignerCertificate::parse(&issuer) else { continue };
            let chunks = seals.chunks(MAX_REQUESTS);
            out.extend(chunks.map(|seals| Batch { url: url.clone(), issuer: issuer.clone(), seals: seals.to_vec() }));
        }
        out
    }

    fn is_old(&self, answer: &Answer, now: Timestamp) -> bool {
        // Nothing takes "revoked" back.
        if answer.word == Word::Revoked {
            return false;
        }
        let half = answer.next_update.duration_since(answer.this_update).unsigned_abs() / 2;
        now.duration_since(answer.this_update) >= half.min(self.settings.every).try_into().unwrap_or_default()
    }

    async fn ask(&self, batch: &Batch, now: Timestamp) -> Result<(), StatusError> {
        let serial = |seal: &Certificate| SignerCertificate::parse(seal.der()).map(|read| read.serial().to_vec());
        let ids = batch.seals.iter().filter_map(|seal| Some((seal, serial(seal).ok()?)));
        // SHA-1 tells one issuer from another here; it is what every responder understands (RFC 5019 §2.1.1).
        let ids: Vec<_> = ids.map(|(seal, serial)| (seal, CertId::new(IdHash::Sha1, &batch.issuer, &serial))).collect();
        let request = OcspRequest::new(ids.iter().map(|(_, id)| id.clone()).collect(), Some(random_bytes()));
        let response = ask_status(&self.client, &batch.url, &request, self.settings.wait).await?;
        let digest = sha256(&response);
        let mut proved = Vec::with_capacity(ids.len());
        for (seal, id) in &ids {
            let answer = verify_answer(&response, &request, (id, &batch.issuer), now, SKEW)?;
            proved.push((*seal, answer));
        }
        let (keep, kept) = (Arc::clone(&self.keep), response.clone());
        let stored = tokio::task::spawn_blocking(move || keep(&Evidence { digest, form: Form::Ocsp, der: &kept }));
        stored.await.unwrap_or_else(|error| Err(std::io::Error::other(error))).map_err(StatusError::Kept)?;
        for (seal, answer) in proved {
            let word = match answer.status {
                CertificateStatus::Good => Word::Good,
                CertificateStatus::Revoked { .. } => Word::Revoked,
                CertificateStatus::Unknown => Word::Unknown,
            };
            if word != Word::Good {
                tracing::warn!(seal = %seal.fingerprint(), ?word, "the issuer says of a seal");
            }
            let (this_update, next_update) = (answer.this_update, answer.next_update);
            self.standing.answered(seal, Answer { word, this_update, next_update, digest });
        }
        Ok(())
    }
}

impl std::fmt::Debug for Watcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watcher").field("settings", &self.settings).finish_non_exhaustive()
    }
}
