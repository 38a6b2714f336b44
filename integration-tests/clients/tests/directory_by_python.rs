//! The directory, judged by PyPI's `tuf` and `securesystemslib`: they read what we sign, through a change of all of the root's
//! keys, and we read what they sign.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test ends at what it did not expect")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use mohur_authority::National;
use mohur_crypto::sha256;
use mohur_directory::content::{Anchor, Content, TrustFolder};
use mohur_directory::repository::{Periods, Roles, Signers};
use mohur_directory::{Directory, DirectorySettings, Follower, HexDigest, Place, Trial};
use mohur_http::SystemClock;
use mohur_seal::generate::generate;
use mohur_seal::{BareKey, KeyKind, Passphrase};
use mohur_tuf::{Client, FolderSource, Key, Limits, TufError};
use mohur_wire::{Clock, Timestamp};
use serde_json::{Value, json};

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Python with `tuf`; a notice where there is none. The test command makes it.
fn python() -> Option<PathBuf> {
    let demanded = std::env::var_os("MOHUR_VENV").map(PathBuf::from);
    let python = demanded.clone().unwrap_or_else(|| root().join(".venv")).join("bin/python");
    let has_tuf =
        |python: &Path| Command::new(python).args(["-c", "import tuf"]).output().is_ok_and(|out| out.status.success());
    if has_tuf(&python) {
        return Some(python);
    }
    assert!(demanded.is_none(), "MOHUR_VENV has no tuf: run integration-tests/all");
    eprintln!("skipped: there is no .venv with tuf; integration-tests/all makes it");
    None
}

fn run(python: &Path, arguments: &[&Path]) -> String {
    let script = root().join("integration-tests/clients/python/directory_by_tuf.py");
    let output = Command::new(python).arg(script).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

struct Country {
    folder: tempfile::TempDir,
    content: Content,
    trial: Trial,
}

impl Country {
    fn found(now: Timestamp) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let passphrase = Passphrase::generate();
        National::create(&folder.path().join("pki"), "AZ", &passphrase, now).unwrap();
        let trust = TrustFolder::read(&folder.path().join("pki/trust")).unwrap();
        let directory = Directory {
            version: 0,
            expires: now,
            domain: "AZ".to_owned(),
            brokers: Vec::new(),
            members: Vec::new(),
            denied: Vec::new(),
            definitions: Vec::new(),
            foreign: Vec::new(),
        };
        let content = Content {
            directory,
            definitions: BTreeMap::from([("MOJ".to_owned(), Vec::new()), ("MOH".to_owned(), Vec::new())]),
            authorities: trust.authorities,
            revocation_lists: trust.revocation_lists,
        };
        let anchor = Anchor { domain: "AZ".to_owned(), pki_root: trust.root };
        let trial = Trial::found(&folder.path().join("directory"), anchor, &content, Periods::default(), now).unwrap();
        Self { folder, content, trial }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What our own reader sees.
    fn ours(&self, now: Timestamp) -> u64 {
        let (folder, state) = (self.path("directory"), self.path("ours"));
        let settings = DirectorySettings::new(Place::Folder(folder.clone()), self.pinned(), state);
        Follower::of_folder(settings, folder).update(now).unwrap().directory.version()
    }

    fn pinned(&self) -> PathBuf {
        self.path("directory/metadata/1.root.json")
    }

    /// Every file by digest, as it was published.
    fn files(&self) -> Value {
        let roles = self.content.files().unwrap();
        json!(
            roles
                .into_values()
                .flatten()
                .map(|(path, bytes)| (path, sha256(&bytes).to_string()))
                .collect::<BTreeMap<_, _>>()
        )
    }

    fn theirs(&self, python: &Path) -> Value {
        let text = run(python, &[Path::new("read"), &self.path("directory"), &self.pinned(), &self.path("theirs")]);
        serde_json::from_str(&text).unwrap()
    }

    /// Other keys for root, snapshot and timestamp, of both kinds.
    fn rotate(&self, now: Timestamp) {
        let repository = self.trial.repository();
        let mut roles: Roles = repository.roles().unwrap();
        let new: Vec<BareKey> = [KeyKind::P256, KeyKind::Ed25519, KeyKind::P256]
            .map(|kind| BareKey::from_pkcs8(&generate(kind).unwrap()).unwrap())
            .to_vec();
        let pem = |key: &BareKey| Key::of(key).unwrap().to_pem().unwrap();
        roles.insert("root".to_owned(), Signers { threshold: 2, keys: new.iter().map(pem).collect() });
        for role in ["snapshot", "timestamp"] {
            roles.insert(role.to_owned(), Signers { threshold: 1, keys: vec![pem(&new[0])] });
        }
        let anchor =
            DirectorySettings::new(Place::Folder(PathBuf::new()), self.pinned(), PathBuf::new()).anchor().unwrap();
        let expires = now + std::time::Duration::from_secs(86_400);
        repository.stage_root(&anchor, &roles, expires).unwrap();
        let old = self.trial.key("root").unwrap();
        new.iter().chain([old]).for_each(|key| repository.sign("root", key).unwrap());
        repository.publish(&[], &new, now).unwrap();
    }
}

#[test]
fn tuf_reads_our_directory_through_a_change_of_the_roots_keys() {
    let Some(python) = python() else { return };
    let now = SystemClock.now();
    let mut country = Country::found(now);
    let found = country.theirs(&python);
    assert_eq!((&found["root"], &found["files"]), (&json!(1), &country.files()));
    assert_eq!(country.ours(now), 1);

    country.content.directory.denied.push(HexDigest(sha256(b"a stolen certificate")));
    country.trial.publish(&country.content, now).unwrap();
    country.rotate(now);
    let found = country.theirs(&python);
    assert_eq!((&found["root"], &found["files"]), (&json!(2), &country.files()));
    assert_eq!(country.ours(now), 3);
    // What it does not believe, it says: somebody without the keys moved a line.
    let timestamp = country.path("directory/metadata/timestamp.json");
    let text = std::fs::read_to_string(&timestamp).unwrap();
    std::fs::write(&timestamp, text.replacen("\"version\": ", "\"version\": 9", 2)).unwrap();
    let script = root().join("integration-tests/clients/python/directory_by_tuf.py");
    let output = Command::new(&python)
        .arg(script)
        .arg("read")
        .args([country.path("directory"), country.pinned(), country.path("theirs")])
        .output();
    let said = String::from_utf8(output.unwrap().stderr).unwrap();
    assert!(said.contains("UnsignedMetadataError"), "{said}");
}

#[test]
fn we_read_what_securesystemslib_signed() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let repository = folder.path().join("repository");
    run(&python, &[Path::new("found"), &repository]);
    let pinned = std::fs::read(repository.join("metadata/1.root.json")).unwrap();
    let client = Client::new(&folder.path().join("state"), pinned, Limits::default()).unwrap();
    let update = || {
        client.update(&FolderSource::new(&repository), SystemClock.now(), |set| {
            let files = set.files.iter().map(|(path, file)| (path.clone(), file.bytes.clone()));
            Ok::<_, TufError>((set.root.signed().version, files.collect::<BTreeMap<_, _>>()))
        })
    };
    let (version, files) = update().unwrap();
    assert_eq!(version, 2, "through the change of its root");
    assert_eq!(files.keys().collect::<Vec<_>>(), ["members/members.json", "policy/MOJ/policy.json"]);
    assert_eq!(files["members/members.json"], b"everybody\n");
    let members = repository.join("metadata/1.members.json");
    let text = std::fs::read_to_string(&members).unwrap();
    let bent = text.replacen("\"length\":10", "\"length\":11", 1);
    assert_ne!(bent, text);
    std::fs::write(&members, bent).unwrap();
    let error = update().unwrap_err();
    assert!(matches!(&error, TufError::Threshold { role, found: 0, needed: 2 } if role == "members"), "{error}");
}
