//! Publishing: what is staged is held against everything that a client will hold it against, and then becomes live in one step.

use std::collections::BTreeMap;
use std::time::Duration;

use mohur_seal::BareKey;
use mohur_tuf::{
    Envelope, FolderSource, Key, Limits, Memory, MetaFile, Role, Root, SPEC_VERSION, Snapshot, Source, SourceError,
    Timestamp, encode_role, target_file, walk,
};
use mohur_wire::Timestamp as Moment;
use serde_json::Map;

use super::found::{Periods, after};
use super::layout::{meta_file, remove, write};
use super::{Live, Repository, RepositoryError};
use crate::assemble::Assembly;
use crate::domains::Domain;

/// What was published.
#[derive(Clone, Debug)]
pub struct Published {
    /// The directory's version: the snapshot's.
    pub version: u64,
    /// Which roles are new, with their versions.
    pub roles: BTreeMap<String, u64>,
    /// The domain as clients see it.
    pub domain: Domain,
}

/// What the online keys signed anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refreshed {
    /// Nothing: all of it lives long enough.
    Nothing,
    /// The timestamp.
    Timestamp,
    /// The snapshot, and the timestamp that names it.
    Both,
}

/// New files over those that are live.
#[derive(Default)]
struct Overlay {
    files: BTreeMap<String, Vec<u8>>,
    roles: BTreeMap<String, u64>,
}

struct Laid<'a>(&'a Overlay, FolderSource);

impl Source for Laid<'_> {
    fn fetch(&self, file: &str, limit: u64) -> Result<Option<Vec<u8>>, SourceError> {
        match self.0.files.get(file) {
            Some(bytes) if bytes.len() as u64 > limit => Err(SourceError::TooLarge(limit)),
            Some(bytes) => Ok(Some(bytes.clone())),
            None => self.1.fetch(file, limit),
        }
    }
}

impl Repository {
    /// Publishes in one step what is staged and signed by enough officers. What is not waits; `only` names roles that may not.
    pub fn publish(&self, only: &[String], online: &[BareKey], now: Moment) -> Result<Published, RepositoryError> {
        let _lock = self.lock()?;
        let roles = self.ready(only)?;
        let mut overlay = self.overlay(&roles)?;
        let live = self.live()?;
        let staged = if roles.iter().any(|role| role == "root") { self.staged_root()? } else { None };
        let root = staged.map_or_else(|| self.root(), |root| Ok(Some(root)))?;
        let root = root.ok_or_else(|| RepositoryError::NotStaged("root".to_owned()))?;
        let signing = Signing { root: &root, keys: online, periods: self.periods()?, now };
        let version = signing.snapshot(&mut overlay, live.as_ref())?;
        let domain = self.check(&overlay, live.as_ref(), now).map_err(RepositoryError::Refused)?;
        self.put(&overlay)?;
        self.clear(&overlay)?;
        Ok(Published { version, roles: overlay.roles, domain })
    }

    /// Signs timestamp and snapshot anew where less than half of their life is left.
    pub fn refresh(&self, online: &[BareKey], now: Moment) -> Result<Refreshed, RepositoryError> {
        let _lock = self.lock()?;
        let (Some(live), Some(root)) = (self.live()?, self.root()?) else { return Ok(Refreshed::Nothing) };
        let periods = self.periods()?;
        let signing = Signing { root: &root, keys: online, periods, now };
        let is_young = |expires: Moment, period: u64| after(now, period / 2) < expires;
        let mut overlay = Overlay::default();
        if !is_young(live.snapshot.signed().expires, periods.snapshot) {
            signing.snapshot(&mut overlay, Some(&live))?;
            self.put(&overlay)?;
            return Ok(Refreshed::Both);
        }
        if is_young(live.timestamp.signed().expires, periods.timestamp) {
            return Ok(Refreshed::Nothing);
        }
        let (version, bytes) = (live.snapshot.signed().version, live.snapshot.to_bytes());
        signing.timestamp(&mut overlay, Some(&live), version, &bytes)?;
        self.put(&overlay)?;
        Ok(Refreshed::Timestamp)
    }

    /// The staged roles that enough officers signed.
    fn ready(&self, only: &[String]) -> Result<Vec<String>, RepositoryError> {
        let (mut ready, mut waiting) = (Vec::new(), None);
        for status in self.status()? {
            let Some(staged) = status.staged else { continue };
            if staged.missing == 0 && (only.is_empty() || only.contains(&status.role)) {
                ready.push(status.role);
            } else if staged.missing > 0 && (only.contains(&status.role) || self.live()?.is_none()) {
                return Err(RepositoryError::Unsigned { role: status.role, missing: staged.missing });
            } else if staged.missing > 0 {
                waiting = waiting.or(Some((status.role, staged.missing)));
            }
        }
        if let Some(role) = only.iter().find(|role| !ready.contains(role)) {
            return Err(RepositoryError::NotStaged(role.clone()));
        }
        match (ready.is_empty(), waiting) {
            (false, _) => Ok(ready),
            (true, Some((role, missing))) => Err(RepositoryError::Unsigned { role, missing }),
            (true, None) => Err(RepositoryError::NothingStaged),
        }
    }

    /// What is staged, under the names that it will have.
    fn overlay(&self, roles: &[String]) -> Result<Overlay, RepositoryError> {
        let mut overlay = Overlay::default();
        for role in roles {
            if role == "root" {
                let root = self.staged_root()?.ok_or_else(|| RepositoryError::NotStaged(role.clone()))?;
                overlay.add(role, root.signed().version, root.to_bytes());
                continue;
            }
            let metadata = self.staged(role)?.ok_or_else(|| RepositoryError::NotStaged(role.clone()))?;
            for (path, bytes) in self.staged_files(role)? {
                let digest = mohur_crypto::sha256(&bytes).to_string();
                overlay.files.insert(target_file(&path, &digest), bytes);
            }
            overlay.add(role, metadata.signed().version, metadata.to_bytes());
        }
        Ok(overlay)
    }

    /// What was published is no longer staged.
    fn clear(&self, overlay: &Overlay) -> Result<(), RepositoryError> {
        overlay.roles.keys().try_for_each(|role| remove(&self.staged_file(role)))?;
        if self.staged_roles()?.is_empty() {
            return remove(&self.folder.join("staged"));
        }
        Ok(())
    }

    /// Everything that a client does, by one who has seen all that was ever published.
    fn check(
        &self,
        overlay: &Overlay,
        live: Option<&Live>,
        now: Moment,
    ) -> Result<Domain, crate::error::DirectoryError> {
        let mut roots = self.roots().map_err(|error| crate::error::DirectoryError::Inconsistent(error.to_string()))?;
        if roots.is_empty() {
            roots.extend(overlay.files.get("metadata/1.root.json").cloned());
        }
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).ok();
        let timestamp = live.and_then(|live| text(live.timestamp.to_bytes()));
        let snapshot = live.and_then(|live| text(live.snapshot.to_bytes()));
        let mut memory = Memory::of(roots, timestamp, snapshot);
        let source = Laid(overlay, FolderSource::new(&self.folder));
        let (set, _) = walk(&mut memory, &source, now, Limits::default())?;
        Assembly { set: &set, now, slack: Duration::ZERO, grace: Duration::ZERO, standing: None }.domain()
    }

    /// The timestamp is put in place last: until then clients see nothing of the rest, but for a new root.
    fn put(&self, overlay: &Overlay) -> Result<(), RepositoryError> {
        let is_root = |name: &str| name.ends_with(".root.json");
        let all = overlay.files.iter().filter(|(name, _)| *name != TIMESTAMP);
        let (roots, others): (Vec<_>, Vec<_>) = all.partition(|(name, _)| is_root(name));
        for (name, bytes) in others.into_iter().chain(roots).chain(overlay.files.get_key_value(TIMESTAMP)) {
            write(&self.folder.join(name), bytes)?;
        }
        Ok(())
    }
}

/// Who signs the online roles, and until when.
struct Signing<'a> {
    root: &'a Envelope<Root>,
    keys: &'a [BareKey],
    periods: Periods,
    now: Moment,
}

impl Signing<'_> {
    /// A snapshot of what is live and what is new, and a timestamp that names it.
    fn snapshot(&self, overlay: &mut Overlay, live: Option<&Live>) -> Result<u64, RepositoryError> {
        let mut meta: BTreeMap<String, MetaFile> =
            live.map(|live| live.snapshot.signed().meta.clone()).unwrap_or_default();
        for (role, version) in overlay.roles.iter().filter(|(role, _)| *role != "root") {
            let bytes = overlay.files.get(&file_name(role, *version)).map(Vec::as_slice).unwrap_or_default();
            meta.insert(format!("{role}.json"), meta_file(*version, bytes));
        }
        let version = live.map_or(0, |live| live.snapshot.signed().version) + 1;
        let snapshot = Snapshot {
            kind: Snapshot::TYPE.to_owned(),
            spec_version: SPEC_VERSION.to_owned(),
            version,
            expires: after(self.now, self.periods.snapshot),
            meta,
            extra: Map::new(),
        };
        let bytes = self.sign("snapshot", snapshot)?;
        self.timestamp(overlay, live, version, &bytes)?;
        overlay.files.insert(file_name("snapshot", version), bytes);
        Ok(version)
    }

    fn timestamp(
        &self,
        overlay: &mut Overlay,
        live: Option<&Live>,
        version: u64,
        snapshot: &[u8],
    ) -> Result<(), RepositoryError> {
        let timestamp = Timestamp {
            kind: Timestamp::TYPE.to_owned(),
            spec_version: SPEC_VERSION.to_owned(),
            version: live.map_or(0, |live| live.timestamp.signed().version) + 1,
            expires: after(self.now, self.periods.timestamp),
            meta: BTreeMap::from([("snapshot.json".to_owned(), meta_file(version, snapshot))]),
            extra: Map::new(),
        };
        overlay.files.insert(TIMESTAMP.to_owned(), self.sign("timestamp", timestamp)?);
        Ok(())
    }

    /// Signs with those of the keys that the root names for the role.
    fn sign<T: Role>(&self, role: &'static str, metadata: T) -> Result<Vec<u8>, RepositoryError> {
        let may = self.root.signed().role(role);
        let mut envelope = Envelope::new(metadata)?;
        for key in self.keys {
            if may.keyids.contains(&Key::of(key)?.id()) {
                envelope.sign(key)?;
            }
        }
        match envelope.verify(role, &may, &self.root.signed().keys) {
            Ok(()) => Ok(envelope.to_bytes()),
            Err(_) => Err(RepositoryError::OnlineKey(role)),
        }
    }
}

const TIMESTAMP: &str = "metadata/timestamp.json";

impl Overlay {
    fn add(&mut self, role: &str, version: u64, bytes: Vec<u8>) {
        self.files.insert(file_name(role, version), bytes);
        self.roles.insert(role.to_owned(), version);
    }
}

fn file_name(role: &str, version: u64) -> String {
    format!("metadata/{version}.{}.json", encode_role(role))
}
