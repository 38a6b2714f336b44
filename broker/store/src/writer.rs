//! The one thread that writes: what waits while a transaction is made durable becomes the next one.

use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Duration;

use redb::{Database, ReadableTable, TableDefinition, WriteTransaction};
use tokio::sync::oneshot;

use crate::{Claim, StoreError, Swap};

/// Changes of the largest transaction.
const MAX_CHANGES: usize = 1024;
/// A transaction with so many changes says that there is a crowd: the next one waits for it, for that long. Whoever comes
/// alone waits for nobody.
const CROWD: usize = 3;
const WAIT: Duration = Duration::from_millis(1);
/// Expired claims removed for each new one.
const PURGED_PER_CLAIM: usize = 2;

/// Claimed messages, `caller id`, and until when, in milliseconds since 1970.
pub(crate) const CLAIMS: TableDefinition<'_, &str, i64> = TableDefinition::new("claims");
/// The same the other way round, for purging.
pub(crate) const EXPIRY: TableDefinition<'_, (i64, &str), ()> = TableDefinition::new("claims-by-end");
/// Records of tables, `table key`.
pub(crate) const RECORDS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("records");

/// A change and who waits for it.
pub(crate) enum Change {
    Claim {
        key: String,
        now: i64,
        until: i64,
        reply: oneshot::Sender<Result<Claim, StoreError>>,
    },
    Swap {
        key: String,
        expected: Option<Vec<u8>>,
        new: Option<Vec<u8>>,
        reply: oneshot::Sender<Result<Swap, StoreError>>,
    },
}

/// What to tell whom, once the transaction is durable.
enum Reply {
    Claim(oneshot::Sender<Result<Claim, StoreError>>, Claim),
    Swap(oneshot::Sender<Result<Swap, StoreError>>, Swap),
}

/// Writes until nobody holds the store any more, or until a write fails.
pub(crate) fn run(database: &Database, queue: &Receiver<Change>) {
    let mut last = 0;
    while let Ok(first) = queue.recv() {
        if last >= CROWD {
            thread::sleep(WAIT);
        }
        let mut changes = vec![first];
        changes.extend(std::iter::from_fn(|| queue.try_recv().ok()).take(MAX_CHANGES - 1));
        last = changes.len();
        let (replies, outcome) = transact(database, changes);
        let failed = outcome.is_err();
        for reply in replies {
            // Who no longer waits has its change all the same.
            match (reply, &outcome) {
                (Reply::Claim(reply, claim), outcome) => drop(reply.send(outcome.clone().map(|()| claim))),
                (Reply::Swap(reply, swap), outcome) => drop(reply.send(outcome.clone().map(|()| swap))),
            }
        }
        if failed {
            tracing::error!("the store takes no more changes");
            return;
        }
    }
}

fn transact(database: &Database, changes: Vec<Change>) -> (Vec<Reply>, Result<(), StoreError>) {
    let mut replies = Vec::with_capacity(changes.len());
    let work = || {
        let transaction = database.begin_write().map_err(StoreError::failed)?;
        for change in changes {
            replies.push(apply(&transaction, change)?);
        }
        transaction.commit().map_err(StoreError::failed)
    };
    let outcome = work();
    (replies, outcome)
}

/// Applies one change within the transaction. On an error the waiter's channel closes, which tells it as much.
fn apply(transaction: &WriteTransaction, change: Change) -> Result<Reply, StoreError> {
    match change {
        Change::Claim { key, now, until, reply } => {
            Ok(Reply::Claim(reply, claim(transaction, &key, now, until).map_err(StoreError::failed)?))
        }
        Change::Swap { key, expected, new, reply } => {
            let done = swap(transaction, &key, expected.as_deref(), new.as_deref()).map_err(StoreError::failed)?;
            Ok(Reply::Swap(reply, done))
        }
    }
}

fn claim(transaction: &WriteTransaction, key: &str, now: i64, until: i64) -> Result<Claim, redb::Error> {
    let mut claims = transaction.open_table(CLAIMS)?;
    let mut expiry = transaction.open_table(EXPIRY)?;
    let standing = claims.get(key)?.map(|end| end.value());
    match standing {
        Some(end) if end > now => return Ok(Claim::Repeated),
        Some(end) => drop(expiry.remove((end, key))?),
        None => {}
    }
    claims.insert(key, until)?;
    expiry.insert((until, key), ())?;
    for _ in 0..PURGED_PER_CLAIM {
        let Some((end, key)) = expiry.first()?.map(|(key, _)| (key.value().0, key.value().1.to_owned())) else { break };
        if end > now {
            break;
        }
        expiry.remove((end, key.as_str()))?;
        claims.remove(key.as_str())?;
    }
    Ok(Claim::Claimed)
}

fn swap(
    transaction: &WriteTransaction,
    key: &str,
    expected: Option<&[u8]>,
    new: Option<&[u8]>,
) -> Result<Swap, redb::Error> {
    let mut records = transaction.open_table(RECORDS)?;
    let current = records.get(key)?.map(|record| record.value().to_vec());
    if current.as_deref() != expected {
        return Ok(Swap::Differs(current));
    }
    match new {
        Some(new) => drop(records.insert(key, new)?),
        None => drop(records.remove(key)?),
    }
    Ok(Swap::Done)
}
