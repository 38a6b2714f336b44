//! Where the log is kept and how it is written.

use std::path::PathBuf;
use std::time::Duration;

use mohur_transparency::Retired;

/// The smallest segment: two of the largest batches.
pub(crate) const MIN_SEGMENT: u64 = 512 * 1024;

/// Where the log is kept and how it is written.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The log's folder; it is created if it is not there.
    pub folder: PathBuf,
    /// The log's name: origin of its checkpoints, name of its key.
    pub origin: String,
    /// The longest that a batch waits for company, where intents without outcome say that more will come soon: 2 ms. A
    /// lone query never waits. Zero takes what has gathered while the last batch was written.
    pub pool: Duration,
    /// How far the published tiles and checkpoint may lag behind the receipts. Zero publishes with every batch.
    pub publish_every: Duration,
    /// Size of a preallocated segment, at least 512 KiB.
    pub segment_bytes: u64,
    /// The keys that signed for this log before the current one.
    pub retired: Vec<Retired>,
    /// Refuse entries when the entries of the log have this many bytes.
    pub max_bytes: Option<u64>,
    pub(crate) sync: crate::segment::Sync,
}

impl Settings {
    /// The usual settings for a log of that name in `folder`.
    pub fn new(folder: impl Into<PathBuf>, origin: impl Into<String>) -> Self {
        Self {
            folder: folder.into(),
            origin: origin.into(),
            pool: Duration::from_millis(2),
            publish_every: Duration::from_millis(200),
            segment_bytes: 16 * 1024 * 1024,
            retired: Vec::new(),
            max_bytes: None,
            sync: std::fs::File::sync_data,
        }
    }

    pub(crate) fn segment_size(&self) -> u64 {
        self.segment_bytes.max(MIN_SEGMENT).next_multiple_of(crate::segment::PAGE)
    }

    pub(crate) fn staging(&self) -> PathBuf {
        self.folder.join("staging")
    }
}
