//! One transaction of the register.

use std::path::Path;

use mohur_wire::Timestamp;
use redb::{ReadableTable, TableDefinition, WriteTransaction};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{CERTIFICATES, CONTENTS, CRL_NUMBER, META, REVOKED, Record, Revocation, SERIALS, THINGS, parse};
use crate::AuthorityError;
use crate::journal::{self, Event, Grounds};
use crate::revocation::Reason;

/// What happens in one transaction.
pub(crate) struct Change<'t> {
    pub(super) transaction: &'t WriteTransaction,
    pub(super) path: &'t Path,
}

impl<'t> Change<'t> {
    pub(super) fn failed<E: std::fmt::Display>(&self) -> impl Fn(E) -> AuthorityError + use<'t, E> {
        let path = self.path;
        move |error| AuthorityError::Register { path: path.to_owned(), what: error.to_string() }
    }

    pub(super) fn open<K: redb::Key + 'static, V: redb::Value + 'static>(
        &self,
        table: TableDefinition<'_, K, V>,
    ) -> Result<redb::Table<'t, K, V>, AuthorityError> {
        self.transaction.open_table(table).map_err(self.failed())
    }

    pub(super) fn meta(&self, key: &str) -> Result<Option<String>, AuthorityError> {
        let table = self.open(META)?;
        let found = table.get(key).map_err(self.failed())?;
        Ok(found.map(|found| found.value().to_owned()))
    }

    /// The number of the next revocation lists: only rises.
    pub(crate) fn next_crl_number(&self) -> Result<u64, AuthorityError> {
        let last = self.meta(CRL_NUMBER)?.map_or(Ok(0), |text| text.parse::<u64>().map_err(self.failed()))?;
        let next = last.saturating_add(1);
        self.open(META)?.insert(CRL_NUMBER, next.to_string().as_str()).map_err(self.failed())?;
        Ok(next)
    }

    /// Registers a certificate, and on what grounds it was issued.
    pub(crate) fn add(
        &self,
        record: &Record,
        der: &[u8],
        grounds: Grounds,
        now: Timestamp,
    ) -> Result<(), AuthorityError> {
        let fingerprint = record.fingerprint.as_str();
        self.put(CERTIFICATES, fingerprint, record)?;
        self.open(CONTENTS)?.insert(fingerprint, der).map_err(self.failed())?;
        let serial = format!("{}/{}", record.serial, record.issuer);
        self.open(SERIALS)?.insert(serial.as_str(), fingerprint).map_err(self.failed())?;
        self.note(Event::Issued { certificate: record.clone(), grounds }, now)
    }

    /// Revokes a certificate.
    pub(crate) fn revoke(
        &self,
        which: &str,
        reason: Reason,
        grounds: Grounds,
        now: Timestamp,
    ) -> Result<Record, AuthorityError> {
        let row = self.open(CERTIFICATES)?.get(which).map_err(self.failed())?.map(|row| row.value().to_vec());
        let row = row.ok_or_else(|| AuthorityError::Unknown(which.to_owned()))?;
        let mut record: Record = parse(self.path, &row)?;
        if record.revoked.is_some() {
            return Err(AuthorityError::AlreadyRevoked(record.serial));
        }
        record.revoked = Some(Revocation { at: now, reason });
        self.put(CERTIFICATES, which, &record)?;
        let key = format!("{}/{}", record.issuer, record.serial);
        self.open(REVOKED)?.insert(key.as_str(), which).map_err(self.failed())?;
        self.note(Event::Revoked { certificate: record.clone(), grounds }, now)?;
        Ok(record)
    }

    /// Writes down what happened.
    pub(crate) fn note(&self, event: Event, now: Timestamp) -> Result<(), AuthorityError> {
        let mut table = self.open(journal::JOURNAL)?;
        let last = table.last().map_err(self.failed())?.map(|(number, row)| (number.value(), row.value().to_vec()));
        let (number, row) = journal::next(last.as_ref().map(|(number, row)| (*number, row.as_slice())), event, now)
            .map_err(self.failed())?;
        table.insert(number, row.as_slice()).map_err(self.failed())?;
        Ok(())
    }

    /// The thing of that kind and key, as it stands in this transaction.
    pub(crate) fn thing<T: DeserializeOwned>(&self, kind: &str, key: &str) -> Result<Option<T>, AuthorityError> {
        let table = self.open(THINGS)?;
        let row = table.get(format!("{kind}/{key}").as_str()).map_err(self.failed())?;
        row.map(|row| parse(self.path, row.value())).transpose()
    }

    /// Keeps a thing, in the place of the one of the same key.
    pub(crate) fn keep<T: Serialize>(&self, kind: &str, key: &str, thing: &T) -> Result<(), AuthorityError> {
        self.put(THINGS, &format!("{kind}/{key}"), thing)
    }

    fn put<T: Serialize>(
        &self,
        table: TableDefinition<'_, &str, &[u8]>,
        key: &str,
        value: &T,
    ) -> Result<(), AuthorityError> {
        let row = serde_json::to_vec(value).map_err(self.failed())?;
        self.open(table)?.insert(key, row.as_slice()).map_err(self.failed())?;
        Ok(())
    }
}
