//! The ledger that the host gives to an adapter: durable, one file, one commit for all changes that wait together.

use std::path::Path;

use mohur_contract::{BoxFuture, Ledger, LedgerError, Record, Swap};
use mohur_store::{Store, StoreError, Table};

/// An adapter's durable ledger.
#[derive(Clone, Debug)]
pub struct LedgerStore(Store);

impl LedgerStore {
    /// Opens the ledger in `path`, which is created if it is not there. Blocks.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Store::open(path).map(Self)
    }
}

fn failed(error: StoreError) -> LedgerError {
    LedgerError(error.to_string())
}

impl Ledger for LedgerStore {
    fn read<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, LedgerError>> {
        Box::pin(async move { Table::read(&self.0, key).await.map_err(failed) })
    }

    fn swap<'a>(
        &'a self,
        key: &'a str,
        expected: Option<&'a [u8]>,
        new: &'a [u8],
    ) -> BoxFuture<'a, Result<Swap, LedgerError>> {
        Box::pin(async move {
            Ok(match Table::swap(&self.0, key, expected, Some(new)).await.map_err(failed)? {
                mohur_store::Swap::Done => Swap::Done,
                mohur_store::Swap::Differs(current) => Swap::Differs(current),
            })
        })
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Record>, LedgerError>> {
        Box::pin(async move { Table::list(&self.0, prefix, after, limit).await.map_err(failed) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_swap_survives_the_process_and_only_one_of_two_is_done() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.redb");
        let ledger = LedgerStore::open(&path).unwrap();
        let (one, other) = tokio::join!(ledger.swap("r", None, b"one"), ledger.swap("r", None, b"other"));
        let done = [one.unwrap(), other.unwrap()].into_iter().filter(|swap| *swap == Swap::Done).count();
        assert_eq!(done, 1);
        let before = ledger.read("r").await.unwrap();
        drop(ledger);
        // The writer thread lets the file go when the last handle is dropped.
        let again = loop {
            match LedgerStore::open(&path) {
                Ok(ledger) => break ledger,
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(5)).await,
            }
        };
        assert_eq!(again.read("r").await.unwrap(), before);
        assert_eq!(again.list("r", None, 9).await.unwrap().len(), 1);
    }
}
