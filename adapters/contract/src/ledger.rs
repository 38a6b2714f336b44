//! The durable ledger that an adapter may use: small records by key, changed by compare-and-set.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::BoxFuture;

/// Most bytes of a key.
pub const MAX_KEY: usize = 512;

/// A durable map from keys to bytes. It has no clock: whoever keeps a time in a record compares it with its own.
///
/// A change is durable before [`swap`](Self::swap) says [`Swap::Done`]: it survives `kill -9` and a power cut. Two swaps
/// of one key are never both done from the same expectation.
pub trait Ledger: Send + Sync {
    /// The record at `key`.
    fn read<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, LedgerError>>;

    /// If the record at `key` is `expected` (`None`: there is none), makes it `new`, atomically and durably.
    fn swap<'a>(
        &'a self,
        key: &'a str,
        expected: Option<&'a [u8]>,
        new: &'a [u8],
    ) -> BoxFuture<'a, Result<Swap, LedgerError>>;

    /// At most `limit` records whose key starts with `prefix` and comes after `after`, in the order of their keys.
    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Record>, LedgerError>>;
}

/// A key and what stands there.
pub type Record = (String, Vec<u8>);

/// What became of a [`Ledger::swap`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Swap {
    /// The new record is durable.
    Done,
    /// Nothing changed: the record is this one, not the one expected.
    Differs(Option<Vec<u8>>),
}

/// The ledger could not be read or written; nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the adapter's ledger failed: {0}; look at the disk that holds it")]
pub struct LedgerError(pub String);

/// A ledger that forgets: for tests of adapters, and for registers that never change anything.
#[derive(Debug, Default)]
pub struct VolatileLedger(Mutex<BTreeMap<String, Vec<u8>>>);

impl VolatileLedger {
    fn with<T>(&self, act: impl FnOnce(&mut BTreeMap<String, Vec<u8>>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Ledger for VolatileLedger {
    fn read<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, LedgerError>> {
        Box::pin(async move { Ok(self.with(|records| records.get(key).cloned())) })
    }

    fn swap<'a>(
        &'a self,
        key: &'a str,
        expected: Option<&'a [u8]>,
        new: &'a [u8],
    ) -> BoxFuture<'a, Result<Swap, LedgerError>> {
        Box::pin(async move {
            Ok(self.with(|records| {
                let current = records.get(key);
                if current.map(Vec::as_slice) != expected {
                    return Swap::Differs(current.cloned());
                }
                records.insert(key.to_owned(), new.to_vec());
                Swap::Done
            }))
        })
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Record>, LedgerError>> {
        Box::pin(async move {
            Ok(self.with(|records| {
                records
                    .range(prefix.to_owned()..)
                    .take_while(|(key, _)| key.starts_with(prefix))
                    .filter(|(key, _)| after.is_none_or(|after| key.as_str() > after))
                    .take(limit)
                    .map(|(key, bytes)| (key.clone(), bytes.clone()))
                    .collect()
            }))
        })
    }
}
