//! A repository in memory that a test can bend as it likes: every step signs what it is told.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use mohur_crypto::sha256;
use mohur_seal::generate::generate;
use mohur_seal::{BareKey, KeyKind};
use mohur_tuf::{
    DelegatedRole, Delegations, Envelope, Key, MetaFile, Role, RoleKeys, Root, SPEC_VERSION, Snapshot, Source,
    SourceError, TargetFile, Targets, Timestamp, encode_role, target_file,
};
use mohur_wire::Timestamp as Moment;
use serde_json::Map;

pub(crate) fn at(text: &str) -> Moment {
    text.parse().unwrap()
}

pub(crate) const NOW: &str = "2026-03-02T08:00:00Z";
const LATER: &str = "2027-03-02T08:00:00Z";

pub(crate) fn key(kind: KeyKind) -> BareKey {
    BareKey::from_pkcs8(&generate(kind).unwrap()).unwrap()
}

/// The keys of a role, and how many must sign.
#[derive(Clone)]
pub(crate) struct Keys(pub(crate) Vec<BareKey>, pub(crate) usize);

impl Keys {
    pub(crate) fn new(number: usize, threshold: usize) -> Self {
        let kinds = [KeyKind::P256, KeyKind::Ed25519];
        Self((0..number).map(|each| key(kinds[each % 2])).collect(), threshold)
    }

    fn ids(&self) -> Vec<String> {
        self.0.iter().map(|key| Key::of(key).unwrap().id()).collect()
    }

    fn public(&self) -> BTreeMap<String, Key> {
        self.0.iter().map(|key| Key::of(key).unwrap()).map(|key| (key.id(), key)).collect()
    }

    pub(crate) fn seal<T: Role>(&self, signed: T) -> Vec<u8> {
        let mut envelope = Envelope::new(signed).unwrap();
        self.0.iter().take(self.1).for_each(|key| envelope.sign(key).unwrap());
        envelope.to_bytes()
    }
}

pub(crate) struct Delegated {
    pub(crate) keys: Keys,
    pub(crate) paths: Vec<String>,
    pub(crate) metadata: Targets,
}

/// Everything that is signed, and what is served.
pub(crate) struct Repository {
    pub(crate) root: Keys,
    pub(crate) timestamp: Keys,
    pub(crate) snapshot: Keys,
    pub(crate) targets: Keys,
    pub(crate) roles: BTreeMap<String, Delegated>,
    pub(crate) versions: BTreeMap<&'static str, u64>,
    pub(crate) expires: BTreeMap<&'static str, Moment>,
    pub(crate) served: BTreeMap<String, Vec<u8>>,
    pub(crate) fetched: AtomicU64,
}

impl Repository {
    /// `members` (2 of 3) and `policy/MOJ`, each with a file.
    pub(crate) fn found() -> Self {
        let mut repository = Self {
            root: Keys::new(3, 2),
            timestamp: Keys::new(1, 1),
            snapshot: Keys::new(1, 1),
            targets: Keys::new(2, 2),
            roles: BTreeMap::new(),
            versions: BTreeMap::new(),
            expires: BTreeMap::new(),
            served: BTreeMap::new(),
            fetched: AtomicU64::new(0),
        };
        repository.delegate("members", Keys::new(3, 2), "members/*");
        repository.delegate("policy/MOJ", Keys::new(1, 1), "policy/MOJ/*");
        repository.put("members", "members/members.json", b"nobody");
        repository.put("policy/MOJ", "policy/MOJ/policy.json", b"permit");
        repository.publish_root(None);
        repository.publish();
        repository
    }

    pub(crate) fn delegate(&mut self, name: &str, keys: Keys, path: &str) {
        let metadata = Targets::new(1, at(LATER));
        self.roles.insert(name.to_owned(), Delegated { keys, paths: vec![path.to_owned()], metadata });
    }

    /// A role lists a file, in a new version.
    pub(crate) fn put(&mut self, role: &str, path: &str, content: &[u8]) {
        let digest = sha256(content).to_string();
        self.served.insert(target_file(path, &digest), content.to_vec());
        let metadata = &mut self.roles.get_mut(role).unwrap().metadata;
        metadata.version += 1;
        let hashes = BTreeMap::from([("sha256".to_owned(), digest)]);
        let file = TargetFile { length: content.len() as u64, hashes, extra: Map::new() };
        metadata.targets.insert(path.to_owned(), file);
    }

    pub(crate) fn expires(&self, role: &str) -> Moment {
        self.expires.get(role).copied().unwrap_or_else(|| at(LATER))
    }

    fn next(&mut self, role: &'static str) -> u64 {
        let version = self.versions.entry(role).or_default();
        *version += 1;
        *version
    }

    pub(crate) fn root_file(&self) -> Vec<u8> {
        self.served[&format!("metadata/{}.root.json", self.versions["root"])].clone()
    }

    /// A new root; signed by the old keys as well.
    pub(crate) fn publish_root(&mut self, old: Option<&Keys>) {
        let version = self.next("root");
        let mut keys = BTreeMap::new();
        let mut roles = BTreeMap::new();
        let all = [
            ("root", &self.root),
            ("timestamp", &self.timestamp),
            ("snapshot", &self.snapshot),
            ("targets", &self.targets),
        ];
        for (name, role) in all {
            keys.extend(role.public());
            roles.insert(name.to_owned(), RoleKeys { keyids: role.ids(), threshold: role.1 as u64, extra: Map::new() });
        }
        let root = Root {
            kind: "root".to_owned(),
            spec_version: SPEC_VERSION.to_owned(),
            version,
            expires: self.expires("root"),
            consistent_snapshot: true,
            keys,
            roles,
            extra: Map::new(),
        };
        let mut signers = self.root.0.clone();
        signers.extend(old.into_iter().flat_map(|old| old.0.iter().take(old.1).cloned()));
        let bytes = Keys(signers.clone(), signers.len()).seal(root);
        self.served.insert(format!("metadata/{version}.root.json"), bytes);
    }

    /// Signs everything below the root anew.
    pub(crate) fn publish(&mut self) {
        let mut meta = BTreeMap::new();
        for (name, role) in &self.roles {
            let bytes = role.keys.seal(role.metadata.clone());
            let file = format!("metadata/{}.{}.json", role.metadata.version, encode_role(name));
            meta.insert(format!("{name}.json"), meta_file(role.metadata.version, &bytes));
            self.served.insert(file, bytes);
        }
        let version = self.next("targets");
        let bytes = self.targets.seal(self.top(version));
        meta.insert("targets.json".to_owned(), meta_file(version, &bytes));
        self.served.insert(format!("metadata/{version}.targets.json"), bytes);
        self.publish_snapshot(meta);
    }

    fn top(&self, version: u64) -> Targets {
        let mut targets = Targets::new(version, self.expires("targets"));
        let role = |(name, role): (&String, &Delegated)| DelegatedRole {
            name: name.clone(),
            keyids: role.keys.ids(),
            threshold: role.keys.1 as u64,
            terminating: true,
            paths: role.paths.clone(),
            extra: Map::new(),
        };
        targets.delegations = Some(Delegations {
            keys: self.roles.values().flat_map(|role| role.keys.public()).collect(),
            roles: self.roles.iter().map(role).collect(),
            extra: Map::new(),
        });
        targets
    }

    pub(crate) fn publish_snapshot(&mut self, meta: BTreeMap<String, MetaFile>) {
        let version = self.next("snapshot");
        let snapshot = Snapshot {
            kind: "snapshot".to_owned(),
            spec_version: SPEC_VERSION.to_owned(),
            version,
            expires: self.expires("snapshot"),
            meta,
            extra: Map::new(),
        };
        let bytes = self.snapshot.seal(snapshot);
        self.served.insert(format!("metadata/{version}.snapshot.json"), bytes);
        self.publish_timestamp();
    }

    /// Names the newest snapshot.
    pub(crate) fn publish_timestamp(&mut self) {
        let snapshot = self.versions["snapshot"];
        let bytes = &self.served[&format!("metadata/{snapshot}.snapshot.json")];
        let meta = BTreeMap::from([("snapshot.json".to_owned(), meta_file(snapshot, bytes))]);
        let version = self.next("timestamp");
        let timestamp = Timestamp {
            kind: "timestamp".to_owned(),
            spec_version: SPEC_VERSION.to_owned(),
            version,
            expires: self.expires("timestamp"),
            meta,
            extra: Map::new(),
        };
        let bytes = self.timestamp.seal(timestamp);
        self.served.insert("metadata/timestamp.json".to_owned(), bytes);
    }

    /// The names and versions in the newest snapshot.
    pub(crate) fn meta(&self) -> BTreeMap<String, MetaFile> {
        let bytes = &self.served[&format!("metadata/{}.snapshot.json", self.versions["snapshot"])];
        Envelope::<Snapshot>::parse("snapshot", bytes).unwrap().signed().meta.clone()
    }
}

pub(crate) fn meta_file(version: u64, bytes: &[u8]) -> MetaFile {
    let hashes = BTreeMap::from([("sha256".to_owned(), sha256(bytes).to_string())]);
    MetaFile { version, length: Some(bytes.len() as u64), hashes: Some(hashes), extra: Map::new() }
}

impl Source for Repository {
    fn fetch(&self, file: &str, limit: u64) -> Result<Option<Vec<u8>>, SourceError> {
        self.fetched.fetch_add(1, Ordering::Relaxed);
        match self.served.get(file) {
            Some(bytes) if bytes.len() as u64 > limit => Err(SourceError::TooLarge(limit)),
            found => Ok(found.cloned()),
        }
    }
}
