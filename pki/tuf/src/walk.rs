//! The client's workflow (specification, §5), step by step, on what it remembers. No clock and no files of its own.

use std::collections::BTreeMap;

use mohur_crypto::{Digest, sha256, sha512};
use mohur_wire::Timestamp as Moment;

use crate::envelope::Envelope;
use crate::error::TufError;
use crate::limits::Limits;
use crate::metadata::{MetaFile, Role, Root, Snapshot, TargetFile, Targets, Timestamp};
use crate::path::{encode_role, is_plain_path, target_file};
use crate::roots::{follow, successor};
use crate::source::Source;
use crate::store::{Current, Memory, Seen, Store};
use crate::verified::{File, Loaded, Verified, speaker};

/// A walk through a repository.
struct Walk<'a> {
    source: &'a dyn Source,
    store: Option<&'a Store>,
    now: Moment,
    limits: Limits,
}

/// Walks from what `memory` remembers to the newest set that `source` has, and remembers on the way what may not be fallen behind
/// of; the set itself is the caller's to accept: see [`Current`].
pub fn walk(
    memory: &mut Memory,
    source: &dyn Source,
    now: Moment,
    limits: Limits,
) -> Result<(Verified, Current), TufError> {
    walk_with(memory, source, None, now, limits)
}

pub(crate) fn walk_with(
    memory: &mut Memory,
    source: &dyn Source,
    store: Option<&Store>,
    now: Moment,
    limits: Limits,
) -> Result<(Verified, Current), TufError> {
    let walk = Walk { source, store, now, limits };
    let root = walk.root(memory)?;
    forget_what_old_keys_signed(&mut memory.seen, &root);
    let timestamp = walk.timestamp(memory, &root)?;
    let snapshot = walk.snapshot(memory, &root, &timestamp)?;
    let roles = walk.roles(memory, &root, &snapshot)?;
    let files = walk.files(memory, &roles)?;
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap_or_default();
    let current = Current {
        timestamp: text(timestamp.to_bytes()),
        snapshot: text(snapshot.to_bytes()),
        roles: roles.iter().map(|loaded| (loaded.name.clone(), text(loaded.metadata.to_bytes()))).collect(),
    };
    Ok((Verified { root, timestamp, snapshot, roles, files }, current))
}

/// §5.3.11, for whoever was pushed far ahead by a stolen key: what a key signed that the root has since replaced is forgotten,
/// and so what it claimed to be the newest. Judged by the signatures and not by comparing roots, so that it holds after a crash
/// between two steps as well.
fn forget_what_old_keys_signed(seen: &mut Seen, root: &Envelope<Root>) {
    let timestamp = seen.timestamp.as_ref().is_none_or(|text| read_top::<Timestamp>(root, "timestamp", text).is_ok());
    let snapshot = seen.snapshot.as_ref().is_none_or(|text| read_top::<Snapshot>(root, "snapshot", text).is_ok());
    if !(timestamp && snapshot) {
        *seen = Seen::default();
    }
}

fn read_top<T: Role>(root: &Envelope<Root>, role: &str, text: impl AsRef<[u8]>) -> Result<Envelope<T>, TufError> {
    let found = Envelope::<T>::parse(role, text.as_ref())?;
    found.verify(role, &root.signed().role(role), &root.signed().keys)?;
    Ok(found)
}

/// The set that was current when `memory` was saved, verified again; `file` finds a file by its digest. Expiry is not judged.
pub fn rebuild(
    memory: &Memory,
    file: impl Fn(&Digest) -> Result<Option<Vec<u8>>, TufError>,
) -> Result<Option<Verified>, TufError> {
    let Some(current) = &memory.current else { return Ok(None) };
    let root = follow(&memory.roots)?;
    let timestamp: Envelope<Timestamp> = read_top(&root, "timestamp", &current.timestamp)?;
    let snapshot: Envelope<Snapshot> = read_top(&root, "snapshot", &current.snapshot)?;
    let roles = delegation(&root, u64::MAX, |name| {
        let missing = || TufError::Missing { file: name.to_owned() };
        Ok(current.roles.get(name).ok_or_else(missing)?.clone().into_bytes())
    })?;
    let mut files = BTreeMap::new();
    for (path, role, named) in spoken_for(&roles) {
        // Files of a role that had expired were never fetched.
        if let Some(bytes) = file(&digest_of(&path, named)?)? {
            files.insert(path, File { role, digest: sha256(&bytes), bytes });
        }
    }
    Ok(Some(Verified { root, timestamp, snapshot, roles, files }))
}

/// Every path with the role that speaks for it.
fn spoken_for(roles: &[Loaded]) -> Vec<(String, String, &TargetFile)> {
    let mut found = Vec::new();
    for loaded in roles {
        for (path, named) in &loaded.metadata.signed().targets {
            if speaker(path, roles) == Some(&loaded.name) {
                found.push((path.clone(), loaded.name.clone(), named));
            }
        }
    }
    found
}

fn digest_of(path: &str, named: &TargetFile) -> Result<Digest, TufError> {
    let digest = named.hashes.get("sha256").and_then(|hex| Digest::from_hex(hex));
    digest.ok_or_else(|| TufError::malformed(path, "no SHA-256 is named for it"))
}

/// Reads `targets` and every role below it, each verified by the keys that the role above it names.
fn delegation(
    root: &Envelope<Root>,
    limit: u64,
    mut read: impl FnMut(&str) -> Result<Vec<u8>, TufError>,
) -> Result<Vec<Loaded>, TufError> {
    let top = root.signed();
    let mut waiting = vec![("targets".to_owned(), top.role("targets"), top.keys.clone())];
    let mut roles: Vec<Loaded> = Vec::new();
    while let Some((name, may, keys)) = waiting.pop() {
        // Whoever is asked first speaks for the name.
        if roles.iter().any(|loaded| loaded.name == name) {
            continue;
        }
        if roles.len() as u64 >= limit {
            return Err(TufError::Limit { what: "roles".to_owned(), limit });
        }
        let metadata = Envelope::<Targets>::parse(&name, &read(&name)?)?;
        metadata.verify(&name, &may, &keys)?;
        if let Some(delegations) = &metadata.signed().delegations {
            for role in delegations.roles.iter().rev() {
                if ["root", "timestamp", "snapshot", "targets"].contains(&role.name.as_str()) {
                    return Err(TufError::malformed(&name, format!("it delegates to a role called {}", role.name)));
                }
                let keys: BTreeMap<_, _> = delegations.keys.clone();
                waiting.push((role.name.clone(), role.role_keys(), keys));
            }
        }
        roles.push(Loaded { name, metadata });
    }
    Ok(roles)
}

impl Walk<'_> {
    /// §5.3
    fn root(&self, memory: &mut Memory) -> Result<Envelope<Root>, TufError> {
        let mut root = follow(&memory.roots)?;
        for _ in 0..self.limits.rotations {
            let version = root.signed().version.saturating_add(1);
            let Some(bytes) = self.fetch(&format!("metadata/{version}.root.json"), self.limits.root)? else { break };
            root = successor(&root, &bytes)?;
            if let Some(store) = self.store {
                store.save_root(version, &bytes)?;
            }
            memory.roots.push(bytes);
        }
        self.fresh("root", root.signed())?;
        if !root.signed().consistent_snapshot {
            return Err(TufError::malformed("root", "the repository has no consistent snapshots"));
        }
        Ok(root)
    }

    /// §5.4
    fn timestamp(&self, memory: &mut Memory, root: &Envelope<Root>) -> Result<Envelope<Timestamp>, TufError> {
        let file = "metadata/timestamp.json";
        let bytes = self.need(file, self.limits.timestamp)?;
        let mut found: Envelope<Timestamp> = read_top(root, "timestamp", &bytes)?;
        let offered = snapshot_meta(&found)?.version;
        if let Some(text) = &memory.seen.timestamp {
            let seen: Envelope<Timestamp> = read_top(root, "timestamp", text)?;
            rises("timestamp", found.signed().version, seen.signed().version)?;
            rises("snapshot", offered, snapshot_meta(&seen)?.version)?;
            if found.signed().version == seen.signed().version {
                // §5.4.3: the same version again is the one that is known, whatever else it says.
                found = seen;
            }
        }
        self.fresh("timestamp", found.signed())?;
        memory.seen.timestamp = String::from_utf8(found.to_bytes()).ok();
        self.remember(&memory.seen)?;
        Ok(found)
    }

    /// §5.5
    fn snapshot(
        &self,
        memory: &mut Memory,
        root: &Envelope<Root>,
        timestamp: &Envelope<Timestamp>,
    ) -> Result<Envelope<Snapshot>, TufError> {
        let named = snapshot_meta(timestamp)?;
        let file = format!("{}.snapshot.json", named.version);
        let bytes = self.metadata(&file, named, self.limits.snapshot)?;
        let found: Envelope<Snapshot> = read_top(root, "snapshot", &bytes)?;
        same_version(&file, found.signed().version, named)?;
        if let Some(text) = &memory.seen.snapshot {
            let seen: Envelope<Snapshot> = read_top(root, "snapshot", text)?;
            for (name, before) in &seen.signed().meta {
                let now = found.signed().meta.get(name).ok_or_else(|| TufError::Unlisted { file: name.clone() })?;
                rises(name, now.version, before.version)?;
            }
        }
        self.fresh("snapshot", found.signed())?;
        memory.seen.snapshot = String::from_utf8(found.to_bytes()).ok();
        self.remember(&memory.seen)?;
        Ok(found)
    }

    /// §5.6
    fn roles(
        &self,
        memory: &Memory,
        root: &Envelope<Root>,
        snapshot: &Envelope<Snapshot>,
    ) -> Result<Vec<Loaded>, TufError> {
        let roles = delegation(root, self.limits.roles, |name| self.targets(name, memory, snapshot))?;
        for loaded in &roles {
            let listed = snapshot.signed().meta.get(&format!("{}.json", loaded.name));
            let named = listed.ok_or_else(|| TufError::Unlisted { file: loaded.name.clone() })?;
            same_version(&loaded.name, loaded.metadata.signed().version, named)?;
        }
        if let Some(top) = roles.first() {
            self.fresh("targets", top.metadata.signed())?;
        }
        Ok(roles)
    }

    /// The metadata of a role that lists files: as it is known, if the snapshot names that very version, or fetched.
    fn targets(&self, name: &str, memory: &Memory, snapshot: &Envelope<Snapshot>) -> Result<Vec<u8>, TufError> {
        let listed = snapshot.signed().meta.get(&format!("{name}.json"));
        let named = listed.ok_or_else(|| TufError::Unlisted { file: format!("{name}.json") })?;
        if let Some(known) = memory.current.as_ref().and_then(|current| current.roles.get(name))
            && named.hashes.is_some()
            && check(name, known.as_bytes(), named.length, named.hashes.as_ref()).is_ok()
        {
            return Ok(known.clone().into_bytes());
        }
        self.metadata(&format!("{}.{}.json", named.version, encode_role(name)), named, self.limits.targets)
    }

    /// §5.7. Files of an expired role are left out: nobody speaks for them any more.
    fn files(&self, memory: &Memory, roles: &[Loaded]) -> Result<BTreeMap<String, File>, TufError> {
        let is_fresh = |name: &str| {
            let loaded = roles.iter().find(|loaded| loaded.name == name);
            loaded.is_some_and(|loaded| self.now < loaded.metadata.signed().expires)
        };
        let (mut files, mut total) = (BTreeMap::new(), 0_u64);
        for (path, role, named) in spoken_for(roles).into_iter().filter(|(_, role, _)| is_fresh(role)) {
            if !is_plain_path(&path) {
                return Err(TufError::malformed(&role, "it lists a file whose name is not plain"));
            }
            total = total.saturating_add(named.length);
            if total > self.limits.files {
                return Err(TufError::Limit { what: "bytes in all files".to_owned(), limit: self.limits.files });
            }
            let digest = digest_of(&path, named)?;
            let bytes = self.file(&path, named, &digest, memory)?;
            files.insert(path, File { role, digest, bytes });
        }
        Ok(files)
    }

    fn file(&self, path: &str, named: &TargetFile, digest: &Digest, memory: &Memory) -> Result<Vec<u8>, TufError> {
        if let Some(known) = memory.files.get(digest) {
            return Ok(known.clone());
        }
        if let Some(known) = self.store.map(|store| store.read_file(digest)).transpose()?.flatten() {
            return Ok(known);
        }
        let bytes = self.need(&target_file(path, &digest.to_string()), named.length)?;
        check(path, &bytes, Some(named.length), Some(&named.hashes))?;
        Ok(bytes)
    }

    fn metadata(&self, file: &str, named: &MetaFile, limit: u64) -> Result<Vec<u8>, TufError> {
        let bytes = self.need(&format!("metadata/{file}"), named.length.unwrap_or(limit).min(limit))?;
        check(file, &bytes, named.length, named.hashes.as_ref())?;
        Ok(bytes)
    }

    fn need(&self, file: &str, limit: u64) -> Result<Vec<u8>, TufError> {
        self.fetch(file, limit)?.ok_or_else(|| TufError::Missing { file: file.to_owned() })
    }

    fn fetch(&self, file: &str, limit: u64) -> Result<Option<Vec<u8>>, TufError> {
        self.source.fetch(file, limit).map_err(|reason| TufError::Source { file: file.to_owned(), reason })
    }

    fn fresh<T: Role>(&self, role: &str, metadata: &T) -> Result<(), TufError> {
        let at = metadata.expires();
        if self.now < at { Ok(()) } else { Err(TufError::Expired { role: role.to_owned(), at }) }
    }

    fn remember(&self, seen: &Seen) -> Result<(), TufError> {
        self.store.map_or(Ok(()), |store| store.save_seen(seen))
    }
}

fn snapshot_meta(timestamp: &Envelope<Timestamp>) -> Result<&MetaFile, TufError> {
    let named = timestamp.signed().meta.get("snapshot.json");
    named.ok_or_else(|| TufError::malformed("timestamp", "it names no snapshot.json"))
}

fn rises(role: &str, found: u64, seen: u64) -> Result<(), TufError> {
    if found >= seen { Ok(()) } else { Err(TufError::Rollback { role: role.to_owned(), found, seen }) }
}

fn same_version(file: &str, found: u64, named: &MetaFile) -> Result<(), TufError> {
    if found == named.version {
        return Ok(());
    }
    Err(TufError::Mismatch { file: file.to_owned(), what: "version" })
}

fn check(
    file: &str,
    bytes: &[u8],
    length: Option<u64>,
    hashes: Option<&BTreeMap<String, String>>,
) -> Result<(), TufError> {
    let wrong = |what| Err(TufError::Mismatch { file: file.to_owned(), what });
    if length.is_some_and(|length| length != bytes.len() as u64) {
        return wrong("length");
    }
    for (algorithm, expected) in hashes.into_iter().flatten() {
        let found = match algorithm.as_str() {
            "sha256" => sha256(bytes).to_string(),
            "sha512" => mohur_seal::pkcs11::hex(&sha512(bytes)),
            // Whoever names others beside these two loses nothing; a list of others alone proves nothing.
            _ => continue,
        };
        if *expected != found {
            return wrong("digest");
        }
    }
    match hashes {
        Some(hashes) if !hashes.contains_key("sha256") && !hashes.contains_key("sha512") => wrong("digest"),
        Some(_) | None => Ok(()),
    }
}
