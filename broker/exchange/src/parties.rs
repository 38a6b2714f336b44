//! What a broker works with, beside the world that it judges by.

use std::sync::Arc;

use mohur_journal::Journal;
use mohur_seal::CurrentSeal;
use mohur_wire::{Clock, MemberId};

use crate::bundle::Settlements;

/// Who this broker is, and what it works with.
pub struct Parties<P> {
    /// The broker's own id.
    pub me: MemberId,
    /// Its seal.
    pub seal: CurrentSeal,
    /// Its log.
    pub journal: Journal,
    /// The way to the registers' hosts and to other brokers.
    pub provider: P,
    /// Read once for each settlement, which is a message of the broker's own.
    pub clock: Arc<dyn Clock>,
    /// What it keeps of bundles that are not settled.
    pub settlements: Settlements,
}
