//! Records by key, changed by compare-and-set.

use crate::{BoxFuture, StoreError};

/// Most bytes of a key.
pub const MAX_KEY: usize = 512;

/// A key and what stands there.
pub type Record = (String, Vec<u8>);

/// What became of a [`Table::swap`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Swap {
    /// The new record is durable.
    Done,
    /// Nothing changed: the record is this one, not the one expected.
    Differs(Option<Vec<u8>>),
}

/// A durable map from keys to bytes.
pub trait Table: Send + Sync {
    /// The record at `key`.
    fn read<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, StoreError>>;

    /// If the record at `key` is `expected` (`None`: there is none), makes it `new` (`None`: removes it), atomically and
    /// durably.
    fn swap<'a>(
        &'a self,
        key: &'a str,
        expected: Option<&'a [u8]>,
        new: Option<&'a [u8]>,
    ) -> BoxFuture<'a, Result<Swap, StoreError>>;

    /// At most `limit` records whose key starts with `prefix` and comes after `after`, in the order of their keys.
    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Record>, StoreError>>;
}
