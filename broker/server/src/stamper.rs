//! Has the log's checkpoint stamped by an outside authority, again and again. What cannot be stamped is an alarm: nobody's
//! question waits for it.

use std::sync::Arc;

use mohur_attest::timestamp::{Hash, Imprint, Query, TokenError};
use mohur_chain::{Anchors, TrustError};
use mohur_crypto::random_bytes;
use mohur_http::Client;
use mohur_journal::{Journal, ReadError};
use mohur_wire::Timestamp;

use crate::config::TimeStamps;
use crate::door::Door;
use crate::time_stamp::{TimeStampError, ask_time_stamp, time_stamp_client};

/// Stamps one log.
pub(crate) struct Stamper<P> {
    settings: TimeStamps,
    anchors: Anchors,
    client: Client,
    journal: Journal,
    door: Arc<Door<P>>,
}

/// Why there is no new time stamp.
#[derive(Debug, thiserror::Error)]
enum StamperError {
    #[error(transparent)]
    Log(#[from] ReadError),
    #[error(transparent)]
    Authority(#[from] TimeStampError),
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error("it could not be kept: {0}")]
    Kept(std::io::Error),
    #[error("its file could not be written: {0}")]
    Task(#[from] tokio::task::JoinError),
}

impl<P: Send + Sync + 'static> Stamper<P> {
    pub(crate) fn new(settings: TimeStamps, journal: Journal, door: Arc<Door<P>>) -> Result<Self, TrustError> {
        let anchors = Anchors::load(&settings.trust)?;
        Ok(Self { settings, anchors, client: time_stamp_client(), journal, door })
    }

    /// Stamps after each pause, for ever.
    pub(crate) async fn follow(self) {
        loop {
            let pause = match self.once().await {
                Ok(Some(at)) => {
                    self.door.metrics.time_stamp(Some(at.as_second()));
                    self.settings.every
                }
                Ok(None) => self.settings.every,
                Err(error) => {
                    self.door.metrics.time_stamp(None);
                    tracing::error!(%error, authority = self.settings.url, "the log was not time-stamped; it is tried again");
                    self.settings.retry
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Stamps the published checkpoint, unless it was stamped before.
    async fn once(&self) -> Result<Option<Timestamp>, StamperError> {
        let log = self.journal.log().clone();
        let (checkpoint, note) = tokio::task::spawn_blocking(move || log.checkpoint()).await??;
        let size = checkpoint.size;
        if size == 0 || self.journal.log().has_time_stamp(size) {
            return Ok(None);
        }
        let mut query = Query::new(Imprint::of(Hash::Sha256, note.as_bytes()), random_bytes());
        if let Some(policy) = &self.settings.policy {
            query = query.under_policy(policy.clone());
        }
        let token = ask_time_stamp(&self.client, &self.settings.url, &query, self.settings.wait).await?;
        let stamp = token.verify_answer(&query, &self.anchors)?;
        let log = self.journal.log().clone();
        let keep = move || log.keep_time_stamp(size, &note, &token.to_reply());
        let path = tokio::task::spawn_blocking(keep).await?.map_err(StamperError::Kept)?;
        tracing::info!(entries = size, time = %stamp.time, path = %path.display(), "the log was time-stamped");
        Ok(Some(stamp.time))
    }
}
