//! The attacks that TUF is made against (specification, §1.5.2), each refused, and each after a restart too: a client here keeps
//! nothing but its state folder.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

mod repository;

use std::collections::BTreeMap;
use std::path::Path;

use mohur_seal::KeyKind;
use mohur_tuf::{Client, Limits, Source, SourceError, TufError};
use mohur_wire::Timestamp as Moment;
use repository::{Keys, NOW, Repository, at, key, meta_file};
use tempfile::TempDir;

struct Reader {
    state: TempDir,
    pinned: Vec<u8>,
}

impl Reader {
    fn of(repository: &Repository) -> Self {
        Self { state: tempfile::tempdir().unwrap(), pinned: repository.root_file() }
    }

    fn client(&self) -> Client {
        Client::new(self.state.path(), self.pinned.clone(), Limits::default()).unwrap()
    }

    fn update_at(&self, source: &dyn Source, now: Moment) -> Result<BTreeMap<String, Vec<u8>>, TufError> {
        self.client().update(source, now, |verified| {
            Ok(verified.files.iter().map(|(path, file)| (path.clone(), file.bytes.clone())).collect())
        })
    }

    fn update(&self, source: &dyn Source) -> Result<BTreeMap<String, Vec<u8>>, TufError> {
        self.update_at(source, at(NOW))
    }

    /// What is served from the state folder alone.
    fn members(&self) -> Vec<u8> {
        self.client().last().unwrap().unwrap().file("members/members.json").unwrap().to_vec()
    }
}

/// A reader that has seen two versions of everything, and what was served after the first.
fn two_versions() -> (Repository, Reader, BTreeMap<String, Vec<u8>>) {
    let mut repository = Repository::found();
    let reader = Reader::of(&repository);
    reader.update(&repository).unwrap();
    let old = repository.served.clone();
    repository.put("members", "members/members.json", b"somebody");
    repository.publish();
    assert_eq!(reader.update(&repository).unwrap()["members/members.json"], b"somebody");
    (repository, reader, old)
}

#[test]
fn a_good_repository_is_read_and_served_from_the_state_folder() {
    let repository = Repository::found();
    let reader = Reader::of(&repository);
    assert!(reader.client().last().unwrap().is_none());
    let files = reader.update(&repository).unwrap();
    assert_eq!(files["members/members.json"], b"nobody");
    assert_eq!(files["policy/MOJ/policy.json"], b"permit");
    assert_eq!(reader.members(), b"nobody");
    let before = repository.fetched.swap(0, std::sync::atomic::Ordering::Relaxed);
    reader.update(&repository).unwrap();
    let after = repository.fetched.load(std::sync::atomic::Ordering::Relaxed);
    assert!(after < before && after <= 3, "nothing that is known is fetched again: {after} of {before}");
}

#[test]
fn rollback_of_each_role_is_refused() {
    // Everything old again: the timestamp gives it away.
    let (mut repository, reader, old) = two_versions();
    repository.served.insert("metadata/timestamp.json".to_owned(), old["metadata/timestamp.json"].clone());
    let error = reader.update(&repository).unwrap_err();
    assert!(matches!(&error, TufError::Rollback { role, found: 1, seen: 2 } if role == "timestamp"), "{error}");
    assert_eq!(reader.members(), b"somebody", "the last good one is still there");

    // A new timestamp, as only its key can make, for the old snapshot.
    let (mut repository, reader, _) = two_versions();
    repository.versions.insert("snapshot", 1);
    repository.publish_timestamp();
    let error = reader.update(&repository).unwrap_err();
    assert!(matches!(&error, TufError::Rollback { role, found: 1, seen: 2 } if role == "snapshot"), "{error}");

    // Both, for the old version of a role: with the keys of timestamp and snapshot.
    for role in ["members", "targets"] {
        let (mut repository, reader, old) = two_versions();
        let mut meta = repository.meta();
        let file = if role == "members" { "metadata/2.members.json" } else { "metadata/1.targets.json" };
        let version = if role == "members" { 2 } else { 1 };
        meta.insert(format!("{role}.json"), meta_file(version, &old[file]));
        repository.publish_snapshot(meta);
        let error = reader.update(&repository).unwrap_err();
        let name = format!("{role}.json");
        assert!(matches!(&error, TufError::Rollback { role, .. } if *role == name), "{error}");
    }

    // A role that is no longer named at all.
    let (mut repository, reader, _) = two_versions();
    let mut meta = repository.meta();
    meta.remove("policy/MOJ.json");
    repository.publish_snapshot(meta);
    assert!(matches!(reader.update(&repository).unwrap_err(), TufError::Unlisted { .. }));

    // An older root under the next number.
    let (mut repository, reader, _) = two_versions();
    let old = repository.root_file();
    repository.served.insert("metadata/2.root.json".to_owned(), old);
    let error = reader.update(&repository).unwrap_err();
    assert!(matches!(&error, TufError::Rollback { role, found: 1, seen: 1 } if role == "root"), "{error}");
}

#[test]
fn what_was_verified_counts_even_when_the_rest_did_not_come() {
    let (mut repository, reader, _) = two_versions();
    let before = repository.served.clone();
    repository.put("members", "members/members.json", b"a third");
    repository.publish();
    let digest = mohur_crypto::sha256(b"a third").to_string();
    repository.served.remove(&mohur_tuf::target_file("members/members.json", &digest));
    assert!(matches!(reader.update(&repository).unwrap_err(), TufError::Missing { .. }));
    assert_eq!(reader.members(), b"somebody");
    let error = reader.update(&Served(before)).unwrap_err();
    assert!(matches!(error, TufError::Rollback { seen: 3, .. }), "the newer timestamp was seen: {error}");
}

#[test]
fn a_freeze_is_noticed_when_the_timestamp_expires() {
    let mut repository = Repository::found();
    repository.expires.insert("timestamp", at("2026-03-02T08:15:00Z"));
    repository.publish_timestamp();
    let reader = Reader::of(&repository);
    reader.update(&repository).unwrap();
    reader.update_at(&repository, at("2026-03-02T08:14:59Z")).unwrap();
    let error = reader.update_at(&repository, at("2026-03-02T08:15:00Z")).unwrap_err();
    assert!(matches!(&error, TufError::Expired { role, .. } if role == "timestamp"), "{error}");
    let last = reader.client().last().unwrap().unwrap();
    assert_eq!(last.expires(), at("2026-03-02T08:15:00Z"), "whoever serves the last one knows how long");
    for role in ["root", "snapshot", "targets"] {
        let mut repository = Repository::found();
        let reader = Reader::of(&repository);
        repository.expires.insert(role, at("2026-03-02T08:00:00Z"));
        let old = repository.root.clone();
        repository.publish_root(Some(&old));
        repository.publish();
        let error = reader.update(&repository).unwrap_err();
        assert!(matches!(&error, TufError::Expired { role: found, .. } if found == role), "{error}");
    }
}

#[test]
fn files_of_different_versions_do_not_mix() {
    let swaps = [
        ("metadata/2.snapshot.json", "metadata/1.snapshot.json"),
        ("metadata/3.members.json", "metadata/2.members.json"),
        ("metadata/2.targets.json", "metadata/1.targets.json"),
        ("metadata/2.policy%2FMOJ.json", "metadata/2.members.json"),
    ];
    for (asked, given) in swaps {
        let (mut repository, _, _) = two_versions();
        let reader = Reader::of(&repository);
        repository.served.insert(asked.to_owned(), repository.served[given].clone());
        let error = reader.update(&repository).unwrap_err();
        let refused = matches!(&error, TufError::Mismatch { .. })
            || matches!(&error, TufError::Source { reason: SourceError::TooLarge(_), .. });
        assert!(refused, "{asked}: {error}");
    }
    // Signed under another version than the one that the snapshot names.
    let (mut repository, reader, _) = two_versions();
    let mut meta = repository.meta();
    meta.insert("members.json".to_owned(), meta_file(9, &repository.served["metadata/3.members.json"].clone()));
    let bytes = repository.served["metadata/3.members.json"].clone();
    repository.served.insert("metadata/9.members.json".to_owned(), bytes);
    repository.publish_snapshot(meta);
    let error = reader.update(&repository).unwrap_err();
    assert!(matches!(&error, TufError::Mismatch { what: "version", .. }), "{error}");
}

#[test]
fn arbitrary_content_is_refused() {
    let names = [
        "metadata/timestamp.json",
        "metadata/1.snapshot.json",
        "metadata/1.targets.json",
        "metadata/2.members.json",
        "metadata/2.root.json",
    ];
    for name in names {
        let mut repository = Repository::found();
        let old = repository.root.clone();
        repository.publish_root(Some(&old));
        let reader =
            Reader { state: tempfile::tempdir().unwrap(), pinned: repository.served["metadata/1.root.json"].clone() };
        let text = String::from_utf8(repository.served[name].clone()).unwrap();
        // As long as before, and still JSON.
        repository.served.insert(name.to_owned(), text.replace("2027-", "2037-").into_bytes());
        let error = reader.update(&repository).unwrap_err();
        let refused =
            matches!(&error, TufError::Threshold { found: 0, .. } | TufError::Mismatch { what: "digest", .. });
        assert!(refused, "{name}: {error}");
        for nonsense in [&b""[..], b"{}", b"[1]", b"{\"signatures\":[],\"signed\":{}}", b"\xff"] {
            repository.served.insert(name.to_owned(), nonsense.to_vec());
            assert!(reader.update(&repository).is_err(), "{name}");
        }
    }
    let mut repository = Repository::found();
    let reader = Reader::of(&repository);
    let file = mohur_tuf::target_file("members/members.json", &mohur_crypto::sha256(b"nobody").to_string());
    repository.served.insert(file.clone(), b"nobodY".to_vec());
    let error = reader.update(&repository).unwrap_err();
    assert!(matches!(error, TufError::Mismatch { what: "digest", .. }), "{error}");
    repository.served.insert(file, b"nob".to_vec());
    let error = reader.update(&repository).unwrap_err();
    assert!(matches!(error, TufError::Mismatch { what: "length", .. }), "{error}");
    assert!(reader.client().last().unwrap().is_none(), "nothing of it became current");
}

/// Sends without end whatever is asked of it.
struct Endless(Repository, &'static str);

impl Source for Endless {
    fn fetch(&self, file: &str, limit: u64) -> Result<Option<Vec<u8>>, SourceError> {
        if !file.contains(self.1) {
            return self.0.fetch(file, limit);
        }
        assert!(limit <= 5 << 20, "a limit for {file}");
        Err(SourceError::TooLarge(limit))
    }
}

#[test]
fn endless_data_ends_at_a_limit() {
    for name in ["root.json", "timestamp.json", "snapshot.json", "targets.json", "2.members.json", ".policy.json"] {
        let repository = Repository::found();
        let reader = Reader::of(&repository);
        let error = reader.update(&Endless(repository, name)).unwrap_err();
        assert!(matches!(error, TufError::Source { reason: SourceError::TooLarge(_), .. }), "{name}: {error}");
    }
    let mut repository = Repository::found();
    let reader = Reader::of(&repository);
    repository.put("members", "members/large", b"");
    repository.roles.get_mut("members").unwrap().metadata.targets.get_mut("members/large").unwrap().length = 1 << 40;
    repository.publish();
    assert!(matches!(reader.update(&repository).unwrap_err(), TufError::Limit { .. }));
}

#[test]
fn a_role_speaks_for_its_own_paths_only() {
    let mut repository = Repository::found();
    let reader = Reader::of(&repository);
    repository.put("policy/MOJ", "members/members.json", b"us");
    repository.put("policy/MOJ", "policy/MOH/policy.json", b"permit");
    repository.put("policy/MOJ", "policy/MOJ/below/policy.json", b"permit");
    repository.publish();
    let files = reader.update(&repository).unwrap();
    assert_eq!(files["members/members.json"], b"nobody");
    assert_eq!(files.keys().collect::<Vec<_>>(), ["members/members.json", "policy/MOJ/policy.json"]);

    // Nor does its key sign for another role.
    let thief = repository.roles["policy/MOJ"].keys.clone();
    repository.roles.get_mut("members").unwrap().metadata.version += 1;
    let bytes = thief.seal(repository.roles["members"].metadata.clone());
    let mut meta = repository.meta();
    meta.insert("members.json".to_owned(), meta_file(3, &bytes));
    repository.served.insert("metadata/3.members.json".to_owned(), bytes);
    repository.publish_snapshot(meta);
    let error = reader.update(&repository).unwrap_err();
    assert!(matches!(&error, TufError::Threshold { role, found: 0, needed: 2 } if role == "members"), "{error}");
}

#[test]
fn keys_below_the_threshold_sign_nothing() {
    let mut repository = Repository::found();
    let reader = Reader::of(&repository);
    let stolen = repository.roles["members"].keys.0[0].clone();
    repository.put("members", "members/members.json", b"the thief");
    // Once, twice under the same key, and with a stranger's beside it.
    for forged in [
        Keys(vec![stolen.clone()], 1),
        Keys(vec![stolen.clone(), stolen.clone()], 2),
        Keys(vec![stolen, key(KeyKind::P256)], 2),
    ] {
        let bytes = forged.seal(repository.roles["members"].metadata.clone());
        let mut meta = repository.meta();
        meta.insert("members.json".to_owned(), meta_file(3, &bytes));
        repository.served.insert("metadata/3.members.json".to_owned(), bytes);
        repository.publish_snapshot(meta);
        let error = reader.update(&repository).unwrap_err();
        assert!(matches!(&error, TufError::Threshold { role, found: 1, needed: 2 } if role == "members"), "{error}");
    }
}

type Bend = fn(&mut Repository);

#[test]
fn a_new_root_needs_the_old_threshold_and_the_new() {
    let repository = Repository::found();
    let reader = Reader::of(&repository);
    reader.update(&repository).unwrap();
    let attempts: [(&str, Bend); 3] = [
        ("the new alone", |repository| {
            repository.root = Keys::new(3, 2);
            repository.publish_root(None);
        }),
        ("one of the old", |repository| {
            let old = Keys(repository.root.0.clone(), 1);
            repository.root = Keys::new(3, 2);
            repository.publish_root(Some(&old));
        }),
        ("the old alone", |repository| {
            let old = repository.root.clone();
            let new = Keys::new(3, 2);
            repository.root = Keys(new.0.clone(), 2);
            repository.publish_root(Some(&old));
            let text = String::from_utf8(repository.root_file()).unwrap();
            let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
            let ids: Vec<_> = new.0.iter().map(|key| mohur_tuf::Key::of(key).unwrap().id()).collect();
            let signatures = value["signatures"].as_array_mut().unwrap();
            signatures.retain(|each| !ids.iter().any(|id| *id == each["keyid"]));
            repository.served.insert("metadata/2.root.json".to_owned(), value.to_string().into_bytes());
        }),
    ];
    for (what, attempt) in attempts {
        let mut repository = copy(&repository);
        attempt(&mut repository);
        let error = reader.update(&repository).unwrap_err();
        assert!(matches!(&error, TufError::Threshold { role, .. } if role == "root"), "{what}: {error}");
    }
    let mut repository = copy(&repository);
    for _ in 0..3 {
        let old = repository.root.clone();
        repository.root = Keys::new(3, 2);
        repository.publish_root(Some(&old));
    }
    repository.publish();
    reader.update(&repository).unwrap();
    assert_eq!(reader.client().last().unwrap().unwrap().root.signed().version, 4);
}

fn copy(repository: &Repository) -> Repository {
    Repository {
        root: repository.root.clone(),
        timestamp: repository.timestamp.clone(),
        snapshot: repository.snapshot.clone(),
        targets: repository.targets.clone(),
        roles: repository
            .roles
            .iter()
            .map(|(name, role)| {
                let (keys, paths, metadata) = (role.keys.clone(), role.paths.clone(), role.metadata.clone());
                (name.clone(), repository::Delegated { keys, paths, metadata })
            })
            .collect(),
        versions: repository.versions.clone(),
        expires: repository.expires.clone(),
        served: repository.served.clone(),
        fetched: 0.into(),
    }
}

#[test]
fn a_fast_forward_is_undone_by_new_keys_in_the_root() {
    let (mut repository, reader, _) = two_versions();
    let honest = repository.versions.clone();
    // Whoever holds the online keys pushes everything as far ahead as there are numbers.
    let far = i64::MAX as u64;
    repository.versions.insert("timestamp", far - 1);
    repository.versions.insert("snapshot", far - 1);
    let mut meta = repository.meta_of(2);
    let bytes = repository.served["metadata/3.members.json"].clone();
    meta.insert("policy/GONE.json".to_owned(), meta_file(far, &bytes));
    repository.publish_snapshot(meta);
    reader.update(&repository).unwrap();
    // The same keys again: the honest versions are now old.
    repository.versions = honest.clone();
    repository.publish();
    assert!(matches!(reader.update(&repository).unwrap_err(), TufError::Rollback { .. }));
    // New keys for both.
    repository.versions = honest;
    (repository.timestamp, repository.snapshot) = (Keys::new(1, 1), Keys::new(1, 1));
    let old = repository.root.clone();
    repository.publish_root(Some(&old));
    repository.put("members", "members/members.json", b"recovered");
    repository.publish();
    assert_eq!(reader.update(&repository).unwrap()["members/members.json"], b"recovered");
    // And what the stolen keys signed is worth nothing any more.
    assert_eq!(reader.members(), b"recovered");
}

impl Repository {
    fn meta_of(&self, version: u64) -> BTreeMap<String, mohur_tuf::MetaFile> {
        let bytes = &self.served[&format!("metadata/{version}.snapshot.json")];
        mohur_tuf::Envelope::<mohur_tuf::Snapshot>::parse("snapshot", bytes).unwrap().signed().meta.clone()
    }
}

struct Served(BTreeMap<String, Vec<u8>>);

impl Source for Served {
    fn fetch(&self, file: &str, limit: u64) -> Result<Option<Vec<u8>>, SourceError> {
        match self.0.get(file) {
            Some(bytes) if bytes.len() as u64 > limit => Err(SourceError::TooLarge(limit)),
            found => Ok(found.cloned()),
        }
    }
}

#[test]
fn a_state_of_another_root_is_not_mixed_in() {
    let (one, other) = (Repository::found(), Repository::found());
    let reader = Reader::of(&one);
    reader.update(&one).unwrap();
    let confused = Reader { pinned: other.root_file(), ..reader };
    assert!(matches!(confused.update(&other).unwrap_err(), TufError::OtherRoot { .. }));
    assert!(Path::exists(&confused.state.path().join("current.json")));
}

#[test]
fn an_expired_delegated_role_speaks_for_nobody_and_stops_nobody() {
    let mut repository = Repository::found();
    let reader = Reader::of(&repository);
    let policy = &mut repository.roles.get_mut("policy/MOJ").unwrap().metadata;
    policy.expires = at(NOW);
    policy.version += 1;
    repository.publish();
    assert_eq!(reader.update(&repository).unwrap().keys().collect::<Vec<_>>(), ["members/members.json"]);
}

#[test]
fn two_ids_of_one_key_are_one_signature() {
    let mut repository = Repository::found();
    let reader = Reader::of(&repository);
    let mut value: serde_json::Value = serde_json::from_slice(&repository.served["metadata/1.targets.json"]).unwrap();
    let keys = value["signed"]["delegations"]["keys"].as_object_mut().unwrap();
    let twin = Keys(vec![repository.roles["members"].keys.0[0].clone()], 1);
    let id = mohur_tuf::Key::of(&twin.0[0]).unwrap().id();
    keys.insert("twin".to_owned(), keys[&id].clone());
    value["signed"]["delegations"]["roles"][0]["keyids"] = serde_json::json!([id, "twin"]);
    value["signed"]["version"] = 2.into();
    let targets: mohur_tuf::Targets = serde_json::from_value(value["signed"].clone()).unwrap();
    let bytes = repository.targets.seal(targets);
    let mut members: serde_json::Value =
        serde_json::from_slice(&twin.seal(repository.roles["members"].metadata.clone())).unwrap();
    let mut second = members["signatures"][0].clone();
    second["keyid"] = "twin".into();
    members["signatures"].as_array_mut().unwrap().push(second);
    let members = members.to_string().into_bytes();
    let mut meta = repository.meta();
    meta.insert("targets.json".to_owned(), meta_file(2, &bytes));
    meta.insert("members.json".to_owned(), meta_file(2, &members));
    repository.served.insert("metadata/2.targets.json".to_owned(), bytes);
    repository.served.insert("metadata/2.members.json".to_owned(), members);
    repository.publish_snapshot(meta);
    let error = reader.update(&repository).unwrap_err();
    assert!(matches!(&error, TufError::Threshold { role, found: 1, needed: 2 } if role == "members"), "{error}");
}
