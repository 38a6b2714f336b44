//! Log INTENT: durable before anybody is asked.

use mohur_journal::{Committed, Journal};
use mohur_wire::{Refusal, RefusalCode};

use super::route::Routed;
use crate::trace::Trace;

/// A query that stands in the log.
pub struct Recorded {
    routed: Routed,
    intent: Committed,
}

/// Appends INTENT and waits until it is durable.
pub async fn log(routed: Routed, journal: &Journal, trace: &mut Trace) -> Result<Recorded, Refusal> {
    let intent = journal.append(trace.intent(&routed)).await.map_err(|_| RefusalCode::JournalUnavailable)?;
    trace.intended(&intent);
    Ok(Recorded { routed, intent })
}

impl Recorded {
    pub(crate) fn into_parts(self) -> (Routed, Committed) {
        (self.routed, self.intent)
    }
}
