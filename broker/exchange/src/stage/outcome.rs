//! Log OUTCOME: durable before any datum leaves.

use std::sync::Arc;

use mohur_journal::Journal;
use mohur_transparency::Receipt;
use mohur_wire::{Refusal, RefusalCode};

use super::seal::Sealed;
use crate::trace::Trace;

/// Something sealed that stands in the log, with the receipt that proves it.
pub struct Logged<T> {
    content: T,
    receipt: Arc<Receipt>,
}

/// Appends OUTCOME and waits until it is durable. If that fails, what was sealed is dropped here.
pub async fn log<T>(sealed: Sealed<T>, journal: &Journal, trace: &mut Trace) -> Result<Logged<T>, Refusal> {
    let draft = trace.outcome(sealed.digest(), sealed.status());
    let committed = journal.append(draft).await.map_err(|_| RefusalCode::JournalUnavailable)?;
    let receipt = Arc::new(committed.receipt("answer"));
    trace.answered(&receipt, committed.index());
    Ok(Logged { content: sealed.into_content(), receipt })
}

impl<T> Logged<T> {
    pub(crate) fn into_parts(self) -> (T, Arc<Receipt>) {
        (self.content, self.receipt)
    }
}
