//! The embedded engine: one redb file, one writer.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread;

use mohur_wire::{MemberId, MessageId, Timestamp};
use redb::{Database, ReadableDatabase};
use tokio::sync::oneshot;

use crate::writer::{self, CLAIMS, Change, EXPIRY, RECORDS};
use crate::{BoxFuture, Claim, Claims, MAX_KEY, Record, StoreError, Swap, Table};

/// What redb keeps of a file in memory: pages of claims that nobody asks for again would fill the gibibyte that is its default.
/// The system's own cache holds the file as well.
const CACHE_BYTES: usize = 32 * 1024 * 1024;

/// Whoever runs the process reads the file, and nobody else: it says who asked for what.
const OWN: u32 = 0o600;

/// One file of durable state. Cheap to clone; the file is let go when the last clone is dropped.
#[derive(Clone)]
pub struct Store {
    database: Arc<Database>,
    changes: Sender<Change>,
}

impl Store {
    /// Opens the store in `path`, which is created if it is not there. Blocks.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let wrong = |reason: redb::Error| StoreError::Open { path: path.to_owned(), reason: reason.to_string().into() };
        // The engine takes an empty file for a new one, and creates its own for everybody to read.
        let own = OpenOptions::new().write(true).create(true).truncate(false).mode(OWN).open(path);
        own.map_err(|error| wrong(redb::Error::Io(error)))?;
        let database =
            Database::builder().set_cache_size(CACHE_BYTES).create(path).map_err(|error| wrong(error.into()))?;
        make_tables(&database).map_err(wrong)?;
        let database = Arc::new(database);
        let (changes, queue) = mpsc::channel();
        let held = Arc::clone(&database);
        thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || writer::run(&held, &queue))
            .map_err(StoreError::failed)?;
        Ok(Self { database, changes })
    }

    async fn change<T>(
        &self,
        make: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Change + Send,
    ) -> Result<T, StoreError> {
        let ended = || StoreError::failed("an earlier write failed");
        let (reply, answer) = oneshot::channel();
        self.changes.send(make(reply)).map_err(|_| ended())?;
        answer.await.unwrap_or_else(|_| Err(ended()))
    }

    fn read_record(&self, key: &str) -> Result<Option<Vec<u8>>, redb::Error> {
        let records = self.database.begin_read()?.open_table(RECORDS)?;
        Ok(records.get(key)?.map(|record| record.value().to_vec()))
    }

    fn list_records(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Record>, redb::Error> {
        let records = self.database.begin_read()?.open_table(RECORDS)?;
        let from = after.map_or(prefix, |after| after.max(prefix));
        let mut found = Vec::new();
        for record in records.range(from..)? {
            let (key, value) = record?;
            if found.len() >= limit || !key.value().starts_with(prefix) {
                break;
            }
            if after.is_none_or(|after| key.value() > after) {
                found.push((key.value().to_owned(), value.value().to_vec()));
            }
        }
        Ok(found)
    }
}

fn make_tables(database: &Database) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    transaction.open_table(CLAIMS)?;
    transaction.open_table(EXPIRY)?;
    transaction.open_table(RECORDS)?;
    Ok(transaction.commit()?)
}

impl Claims for Store {
    fn claim<'a>(
        &'a self,
        caller: &'a MemberId,
        id: &'a MessageId,
        now: Timestamp,
        until: Timestamp,
    ) -> BoxFuture<'a, Result<Claim, StoreError>> {
        // Neither identifier can hold a space.
        let key = format!("{caller} {id}");
        let (now, until) = (now.as_millisecond(), until.as_millisecond());
        Box::pin(self.change(move |reply| Change::Claim { key, now, until, reply }))
    }
}

impl Table for Store {
    fn read<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, StoreError>> {
        Box::pin(async move { self.read_record(key).map_err(StoreError::failed) })
    }

    fn swap<'a>(
        &'a self,
        key: &'a str,
        expected: Option<&'a [u8]>,
        new: Option<&'a [u8]>,
    ) -> BoxFuture<'a, Result<Swap, StoreError>> {
        Box::pin(async move {
            if key.len() > MAX_KEY {
                return Err(StoreError::KeyTooLong);
            }
            let (key, expected, new) = (key.to_owned(), expected.map(<[u8]>::to_vec), new.map(<[u8]>::to_vec));
            self.change(move |reply| Change::Swap { key, expected, new, reply }).await
        })
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Record>, StoreError>> {
        Box::pin(async move { self.list_records(prefix, after, limit).map_err(StoreError::failed) })
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store(…)")
    }
}

#[cfg(test)]
mod tests;
