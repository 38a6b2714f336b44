//! What the tests read in the brokers' logs.

use std::time::Duration;

use mohur_audit::{Log, Options, verify};
use mohur_federation::Federation;
use mohur_transparency::{Kind, Leaf};

/// Every entry of a broker's log, as it is published; an auditor finds the log sound, with its files and its key alone.
pub(crate) async fn audited(federation: &Federation) -> Vec<Leaf> {
    // What is published may lag behind the receipts by the default of 200 ms.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let key = std::fs::read_to_string(federation.nation.path("broker/log.vkey")).unwrap();
    let log = Log::new(&federation.nation.path("broker/log"), key.trim().parse().unwrap());
    let report = verify(&log, Options { tolerance_seconds: 120, progress: &mut |_, _| {} }).unwrap();
    assert!(report.is_sound(), "{:?}", report.problems);
    let (checkpoint, _) = log.checkpoint().unwrap();
    (0..checkpoint.size).map(|index| log.entry(index, checkpoint.size).unwrap().leaf).collect()
}

/// The entries of one message.
pub(crate) async fn of(federation: &Federation, id: &str) -> Vec<Leaf> {
    let mut entries = audited(federation).await;
    entries.retain(|leaf| leaf.id.as_ref().is_some_and(|logged| logged.as_str() == id));
    entries
}

/// What they record.
pub(crate) fn kinds(entries: &[Leaf]) -> Vec<Kind> {
    entries.iter().map(|leaf| leaf.kind).collect()
}
