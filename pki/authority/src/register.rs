//! What was issued, what of it was revoked, and the journal of both: one redb file, one writer, one durable transaction
//! for everything that happens at once.

use std::path::{Path, PathBuf};

use mohur_chain::{Certificate, Inspection, Profile};
use mohur_wire::Timestamp;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::AuthorityError;
use crate::issuer::Issuer;
use crate::journal::{self, Entry, Grounds};
use crate::layout::Layout;
use crate::revocation::Reason;

mod change;

pub(crate) use change::Change;

/// One certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Record {
    /// Serial number, hexadecimal.
    pub serial: String,
    /// SHA-256 of the DER, hexadecimal.
    pub fingerprint: String,
    /// Who signed it.
    pub issuer: Issuer,
    /// Its profile, e.g. `seal`.
    pub profile: String,
    /// Whom or what it names.
    pub subject: String,
    /// Valid until.
    pub not_after: Timestamp,
    /// When and why it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Revocation>,
}

/// A revocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Revocation {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: Reason,
}

impl Record {
    /// The record of a member's certificate.
    pub(crate) fn of(issuer: Issuer, certificate: &Certificate) -> Self {
        Self {
            serial: certificate.serial(),
            fingerprint: certificate.fingerprint().to_string(),
            issuer,
            profile: certificate.profile().name().to_owned(),
            subject: subject(certificate),
            not_after: certificate.not_after(),
            revoked: None,
        }
    }

    /// The record of an authority's own certificate, which the root signed.
    pub(crate) fn of_authority(which: Issuer, found: Inspection) -> Self {
        Self {
            serial: found.serial,
            fingerprint: found.fingerprint.to_string(),
            issuer: Issuer::Root,
            profile: found.profile.map_or("none", Profile::name).to_owned(),
            subject: which.to_string(),
            not_after: found.not_after,
            revoked: None,
        }
    }
}

/// Whom or what a certificate names, for people.
fn subject(certificate: &Certificate) -> String {
    let named =
        certificate.member().map(ToString::to_string).or_else(|| certificate.officer().map(ToString::to_string));
    named.unwrap_or_else(|| match certificate.hosts() {
        [] => certificate.profile().name().to_owned(),
        hosts => hosts.join(" "),
    })
}

/// Everything that a PKI issued, without opening its keys.
pub fn records(layout: &Layout) -> Result<Vec<Record>, AuthorityError> {
    Register::open(layout)?.certificates()
}

/// The whole journal of a PKI, without opening its keys. Refuses one that was cut or changed.
pub fn entries(layout: &Layout) -> Result<Vec<Entry>, AuthorityError> {
    Register::open(layout)?.entries()
}

const META: TableDefinition<'_, &str, &str> = TableDefinition::new("meta");
/// Fingerprint to record.
const CERTIFICATES: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("certificates");
/// Fingerprint to DER.
const CONTENTS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("contents");
/// `serial/issuer` to fingerprint.
const SERIALS: TableDefinition<'_, &str, &str> = TableDefinition::new("serials");
/// `issuer/serial` to fingerprint, of what is revoked only.
const REVOKED: TableDefinition<'_, &str, &str> = TableDefinition::new("revoked");
/// Other things that are kept, `kind/key` to JSON.
const THINGS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("things");

const DOMAIN: &str = "domain";
const CRL_NUMBER: &str = "crl-number";

/// The register's file. Only one process has it open.
pub(crate) struct Register {
    database: Database,
    path: PathBuf,
    domain: String,
}

impl Register {
    /// Makes a new one.
    pub(crate) fn create(layout: &Layout, domain: &str) -> Result<Self, AuthorityError> {
        let path = layout.register();
        let database = open(&path)?;
        let register = Self { database, path, domain: domain.to_owned() };
        register.change(|change| {
            for table in [CERTIFICATES, CONTENTS, THINGS] {
                change.open(table)?;
            }
            let _made = (change.open(SERIALS)?, change.open(REVOKED)?, change.open(journal::JOURNAL)?);
            change.open(META)?.insert(DOMAIN, domain).map_err(change.failed())?;
            Ok(())
        })?;
        Ok(register)
    }

    /// Opens an existing one.
    pub(crate) fn open(layout: &Layout) -> Result<Self, AuthorityError> {
        let path = layout.register();
        if !path.exists() {
            let source = std::io::Error::from(std::io::ErrorKind::NotFound);
            return Err(AuthorityError::Io { path, source });
        }
        let database = open(&path)?;
        let register = Self { database, path, domain: String::new() };
        let domain = register.change(|change| change.meta(DOMAIN))?;
        let domain = domain.ok_or_else(|| register.damaged("it names no domain"))?;
        Ok(Self { domain, ..register })
    }

    pub(crate) fn domain(&self) -> &str {
        &self.domain
    }

    fn damaged(&self, what: impl std::fmt::Display) -> AuthorityError {
        AuthorityError::Register { path: self.path.clone(), what: what.to_string() }
    }

    /// Does `work` in one transaction: all of it is on disk when this returns, or nothing of it.
    pub(crate) fn change<T>(
        &self,
        work: impl FnOnce(&Change<'_>) -> Result<T, AuthorityError>,
    ) -> Result<T, AuthorityError> {
        let transaction = self.database.begin_write().map_err(|error| self.damaged(error))?;
        let done = work(&Change { transaction: &transaction, path: &self.path })?;
        transaction.commit().map_err(|error| self.damaged(error))?;
        Ok(done)
    }

    /// Registers a certificate.
    pub(crate) fn add(&self, record: &Record, der: &[u8], now: Timestamp) -> Result<(), AuthorityError> {
        self.change(|change| change.add(record, der, Grounds::Operator, now))
    }

    /// Everything that was issued here.
    pub(crate) fn certificates(&self) -> Result<Vec<Record>, AuthorityError> {
        let read = || -> Result<Vec<Vec<u8>>, redb::Error> {
            let table = self.database.begin_read()?.open_table(CERTIFICATES)?;
            table.iter()?.map(|row| Ok(row?.1.value().to_vec())).collect()
        };
        let rows = read().map_err(|error| self.damaged(error))?;
        rows.iter().map(|row| parse(&self.path, row)).collect()
    }

    /// The certificate of exactly that fingerprint, 64 hexadecimal digits.
    pub(crate) fn by_fingerprint(&self, fingerprint: &str) -> Result<Option<Record>, AuthorityError> {
        self.value(CERTIFICATES, fingerprint)?.map(|row| parse(&self.path, &row)).transpose()
    }

    /// The certificate of that issuer with exactly that serial number.
    pub(crate) fn by_serial(&self, issuer: Issuer, serial: &str) -> Result<Option<Record>, AuthorityError> {
        let key = format!("{serial}/{issuer}");
        let read = || -> Result<Option<String>, redb::Error> {
            let table = self.database.begin_read()?.open_table(SERIALS)?;
            Ok(table.get(key.as_str())?.map(|found| found.value().to_owned()))
        };
        match read().map_err(|error| self.damaged(error))? {
            Some(fingerprint) => self.by_fingerprint(&fingerprint),
            None => Ok(None),
        }
    }

    /// The DER of the certificate of that fingerprint.
    pub(crate) fn der(&self, fingerprint: &str) -> Result<Option<Vec<u8>>, AuthorityError> {
        self.value(CONTENTS, fingerprint)
    }

    /// Everything of that issuer that is revoked.
    pub(crate) fn revoked(&self, issuer: Issuer) -> Result<Vec<Record>, AuthorityError> {
        let prefix = format!("{issuer}/");
        let fingerprints = self.scan(REVOKED, &prefix).map_err(|error| self.damaged(error))?;
        let records = fingerprints.iter().map(|(_, fingerprint)| self.by_fingerprint(fingerprint));
        records.filter_map(Result::transpose).collect()
    }

    /// The one certificate whose serial number or fingerprint begins with `which` (colons are ignored, 8 digits or more).
    pub(crate) fn find(&self, which: &str) -> Result<Record, AuthorityError> {
        let digits = which.replace(':', "").to_ascii_lowercase();
        let unknown = || AuthorityError::Unknown(which.to_owned());
        if digits.len() < 8 {
            return Err(unknown());
        }
        let by_serial = self.scan(SERIALS, &digits).map_err(|error| self.damaged(error))?;
        let mut found: Vec<String> = by_serial.into_iter().map(|(_, fingerprint)| fingerprint).collect();
        found.extend(self.keys(CERTIFICATES, &digits).map_err(|error| self.damaged(error))?);
        found.sort_unstable();
        found.dedup();
        match found.as_slice() {
            [one] => self.by_fingerprint(one)?.ok_or_else(unknown),
            [] => Err(unknown()),
            _ => Err(AuthorityError::Ambiguous(which.to_owned())),
        }
    }

    /// The journal. Refuses one that was cut or changed.
    pub(crate) fn entries(&self) -> Result<Vec<Entry>, AuthorityError> {
        let read = || -> Result<Vec<Vec<u8>>, redb::Error> {
            let table = self.database.begin_read()?.open_table(journal::JOURNAL)?;
            table.iter()?.map(|row| Ok(row?.1.value().to_vec())).collect()
        };
        journal::verified(&read().map_err(|error| self.damaged(error))?).map_err(|what| self.damaged(what))
    }

    /// The thing of that kind and key.
    pub(crate) fn thing<T: DeserializeOwned>(&self, kind: &str, key: &str) -> Result<Option<T>, AuthorityError> {
        self.value(THINGS, &format!("{kind}/{key}"))?.map(|row| parse(&self.path, &row)).transpose()
    }

    /// Every thing of that kind.
    pub(crate) fn things<T: DeserializeOwned>(&self, kind: &str) -> Result<Vec<T>, AuthorityError> {
        let keys = self.keys(THINGS, &format!("{kind}/")).map_err(|error| self.damaged(error))?;
        let rows = keys.iter().filter_map(|key| self.value(THINGS, key).transpose());
        rows.map(|row| parse(&self.path, &row?)).collect()
    }

    /// The keys of the things of that kind that begin with `prefix`.
    pub(crate) fn keys_of(&self, kind: &str, prefix: &str) -> Result<Vec<String>, AuthorityError> {
        let keys = self.keys(THINGS, &format!("{kind}/{prefix}")).map_err(|error| self.damaged(error))?;
        Ok(keys.iter().filter_map(|key| key.split_once('/')).map(|(_, key)| key.to_owned()).collect())
    }

    fn value(&self, table: TableDefinition<'_, &str, &[u8]>, key: &str) -> Result<Option<Vec<u8>>, AuthorityError> {
        let read = || -> Result<Option<Vec<u8>>, redb::Error> {
            let table = self.database.begin_read()?.open_table(table)?;
            Ok(table.get(key)?.map(|found| found.value().to_vec()))
        };
        read().map_err(|error| self.damaged(error))
    }

    fn keys(&self, table: TableDefinition<'_, &str, &[u8]>, prefix: &str) -> Result<Vec<String>, redb::Error> {
        let table = self.database.begin_read()?.open_table(table)?;
        let mut found = Vec::new();
        for row in table.range(prefix..)? {
            let (key, _) = row?;
            if !key.value().starts_with(prefix) {
                break;
            }
            found.push(key.value().to_owned());
        }
        Ok(found)
    }

    fn scan(&self, table: TableDefinition<'_, &str, &str>, prefix: &str) -> Result<Vec<(String, String)>, redb::Error> {
        let table = self.database.begin_read()?.open_table(table)?;
        let mut found = Vec::new();
        for row in table.range(prefix..)? {
            let (key, value) = row?;
            if !key.value().starts_with(prefix) {
                break;
            }
            found.push((key.value().to_owned(), value.value().to_owned()));
        }
        Ok(found)
    }
}

fn open(path: &Path) -> Result<Database, AuthorityError> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest says itself what it is")]
    Database::create(path).map_err(|error| match error {
        redb::DatabaseError::DatabaseAlreadyOpen => AuthorityError::Busy { path: path.to_owned() },
        other => AuthorityError::Register { path: path.to_owned(), what: other.to_string() },
    })
}

fn parse<T: DeserializeOwned>(path: &Path, row: &[u8]) -> Result<T, AuthorityError> {
    serde_json::from_slice(row)
        .map_err(|error| AuthorityError::Register { path: path.to_owned(), what: error.to_string() })
}
