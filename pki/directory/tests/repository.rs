//! A repository from its founding to its recovery, and what its followers make of it.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]
#![expect(clippy::indexing_slicing, reason = "a test")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mohur_authority::{Issue, National, Reason};
use mohur_crypto::sha256;
use mohur_directory::content::{Anchor, Content, MEMBERS, TrustFolder};
use mohur_directory::repository::{Founding, Periods, Refreshed, Repository, RepositoryError, Roles, Signers};
use mohur_directory::{
    BrokerEntry, DefinitionEntry, Directory, DirectoryError, DirectorySettings, Domain, Follower, HostEntry, LogEntry,
    MemberEntry, Place, PolicyEntry, SealEntry, ServiceEntry, Trial,
};
use mohur_seal::generate::generate;
use mohur_seal::{BareKey, KeyKind, Passphrase};
use mohur_tuf::{Key, TufError};
use mohur_wire::{MemberId, Timestamp, Verb};
use tempfile::TempDir;

const HUB: &str = "AZ/GOV/OPERATOR/hub";
const REGISTRY: &str = "AZ/GOV/MOJ/civil-registry";
const HEALTH: &str = "AZ/GOV/MOH/health-card";
const BANK: &str = "AZ/COM/BANK/credit";

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_second(1_772_366_400 + 60 * minutes).unwrap()
}

fn id(text: &str) -> MemberId {
    text.parse().unwrap()
}

struct Country {
    folder: TempDir,
    passphrase: Passphrase,
    national: National,
    content: Content,
}

impl Country {
    fn found() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let passphrase = Passphrase::generate();
        let national = National::create(&folder.path().join("pki"), "AZ", &passphrase, at(0)).unwrap();
        let directory = Directory {
            version: 0,
            expires: at(0),
            domain: "AZ".to_owned(),
            brokers: Vec::new(),
            members: Vec::new(),
            denied: Vec::new(),
            definitions: Vec::new(),
            foreign: Vec::new(),
        };
        let definition =
            DefinitionEntry { id: "issue-id-document".parse().unwrap(), version: 1, digest: sha256(b"bundle").into() };
        let content = Content {
            directory,
            definitions: BTreeMap::from([("MIA".to_owned(), vec![definition])]),
            authorities: Vec::new(),
            revocation_lists: BTreeMap::new(),
        };
        let mut country = Self { folder, passphrase, national, content };
        let seals = vec![country.seal(HUB)];
        country.content.directory.brokers.push(BrokerEntry {
            id: id(HUB),
            authority: "hub.example:4443".parse().unwrap(),
            seals,
            log: LogEntry { origin: "hub/log".to_owned(), key: "hub/log+x+y".to_owned(), retired: Vec::new() },
        });
        for (member, code) in [(REGISTRY, Some("birth")), (HEALTH, Some("vitals")), (BANK, None)] {
            let seals = vec![country.seal(member)];
            country.content.directory.members.push(member_entry(member, code, seals));
        }
        country.read_trust();
        country
    }

    fn seal(&mut self, member: &str) -> SealEntry {
        let folder = self.folder.path().join(member.replace('/', "-"));
        let issue = Issue {
            member: &id(member),
            folder: &folder,
            passphrase: &self.passphrase,
            key: KeyKind::P256,
            days: 365,
            now: at(0),
        };
        SealEntry::new(self.national.issue_seal(&issue).unwrap().certificate.der())
    }

    fn read_trust(&mut self) {
        let found = TrustFolder::read(&self.folder.path().join("pki/trust")).unwrap();
        self.content.authorities = found.authorities;
        self.content.revocation_lists = found.revocation_lists;
    }

    fn anchor(&self) -> Anchor {
        let found = TrustFolder::read(&self.folder.path().join("pki/trust")).unwrap();
        Anchor { domain: "AZ".to_owned(), pki_root: found.root }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn trial(&self) -> Trial {
        let periods = Periods::default();
        Trial::found(&self.path("directory"), self.anchor(), &self.content, periods, at(0)).unwrap()
    }

    fn follower(&self, state: &str) -> Follower {
        follower(&self.path("directory"), &self.path(state))
    }
}

fn follower(folder: &Path, state: &Path) -> Follower {
    let place = Place::Folder(folder.to_owned());
    let settings = DirectorySettings::new(place, folder.join("metadata/1.root.json"), state.to_owned());
    Follower::of_folder(settings, folder)
}

fn member_entry(member: &str, code: Option<&str>, seals: Vec<SealEntry>) -> MemberEntry {
    let service =
        |code: &str| ServiceEntry { code: code.to_owned(), version: "v1".to_owned(), verbs: vec![Verb::Match] };
    MemberEntry {
        id: id(member),
        broker: id(HUB),
        seals,
        host: code.map(|_| HostEntry { authority: "127.0.0.1:5001".parse().unwrap() }),
        services: code.map(service).into_iter().collect(),
        policy: code.map(|code| PolicyEntry { version: 1, digest: sha256(code.as_bytes()).into() }),
        requests_per_second: 10,
    }
}

fn policy_of(domain: &Domain, member: &str) -> Option<u64> {
    domain.directory.member(&id(member)).unwrap().policy.as_ref().map(|policy| policy.version)
}

#[test]
fn a_domain_is_put_together_from_what_each_role_says() {
    let mut country = Country::found();
    let mut trial = country.trial();
    let follower = country.follower("state");
    let domain = follower.update(at(1)).unwrap();
    assert_eq!((domain.directory.version(), domain.directory.domain()), (1, "AZ"));
    assert_eq!(policy_of(&domain, REGISTRY), Some(1));
    assert!(domain.directory.definition(&"issue-id-document".parse().unwrap()).is_some());
    let seal = country.content.directory.members[0].seals[0].parse().unwrap();
    domain.trust.validate_seal(&seal, at(1)).unwrap();

    // A deny-list entry, a revocation list and a new member, each by its role, in one version.
    country.content.directory.denied.push(seal.fingerprint().into());
    country.national.revoke(&seal.serial(), Reason::KeyCompromise, at(2)).unwrap();
    country.read_trust();
    trial.publish(&country.content, at(2)).unwrap();
    let domain = follower.update(at(2)).unwrap();
    assert!(domain.directory.is_denied(&seal.fingerprint()));
    domain.trust.validate_seal(&seal, at(2)).unwrap_err();
    assert_eq!(follower.last(at(3)).unwrap().unwrap().directory.digest(), domain.directory.digest());
}

#[test]
fn it_counts_until_it_expires_and_then_for_the_grace() {
    let country = Country::found();
    let trial = country.trial();
    let follower = country.follower("state");
    let found = follower.look(at(0)).unwrap();
    assert!(found.trouble.is_none());
    let directory = found.domain.directory;
    assert_eq!(directory.expires(), at(15), "the timestamp");
    assert!(directory.is_current(at(14)) && !directory.is_overdue(at(14)));
    assert!(directory.is_current(at(15 + 239)) && directory.is_overdue(at(15)));
    assert!(!directory.is_current(at(15 + 240)));
    // Nobody signed a new timestamp: what is known goes on, with an alarm, and ends.
    let found = follower.look(at(20)).unwrap();
    assert!(matches!(found.trouble, Some(DirectoryError::Tuf(TufError::Expired { .. }))));
    assert!(follower.look(at(15 + 240)).is_err());
    // And the server comes back.
    assert_eq!(trial.repository().refresh(&trial.online(), at(300)).unwrap(), Refreshed::Timestamp);
    assert!(follower.look(at(300)).unwrap().trouble.is_none());
    assert_eq!(trial.repository().refresh(&trial.online(), at(300)).unwrap(), Refreshed::Nothing);
    assert_eq!(trial.repository().refresh(&trial.online(), at(24 * 60 - 1)).unwrap(), Refreshed::Both);
    follower.update(at(24 * 60 - 1)).unwrap();
}

#[test]
fn what_an_agency_did_not_keep_up_stops_only_that_agency() {
    let country = Country::found();
    let trial = country.trial();
    let follower = country.follower("state");
    follower.update(at(0)).unwrap();
    let repository = trial.repository();
    let files = repository.published_files("policy/MOJ").unwrap();
    repository.stage_files("policy/MOJ", &files, at(5)).unwrap();
    trial.sign_and_publish(at(1)).unwrap();
    assert_eq!(policy_of(&follower.update(at(4)).unwrap(), REGISTRY), Some(1));
    let domain = follower.update(at(5)).unwrap();
    assert_eq!((policy_of(&domain, REGISTRY), policy_of(&domain, HEALTH)), (None, Some(1)));
    // Without members there is nothing.
    let files = repository.published_files(MEMBERS).unwrap();
    repository.stage_files(MEMBERS, &files, at(8)).unwrap();
    trial.sign_and_publish(at(6)).unwrap();
    follower.update(at(7)).unwrap();
    let error = follower.update(at(8)).unwrap_err();
    assert!(matches!(&error, DirectoryError::Tuf(TufError::Expired { role, .. }) if role == MEMBERS), "{error}");
}

#[test]
fn an_agency_speaks_for_itself_alone() {
    let country = Country::found();
    let trial = country.trial();
    let follower = country.follower("state");
    let repository = trial.repository();
    // MOJ's officers write for MOH: into their own folder, it is a file that nobody reads; into MOH's, they are not asked.
    let foreign = repository.published_files("policy/MOH").unwrap();
    let mut files = repository.published_files("policy/MOJ").unwrap();
    files.insert("policy/MOH/policy.json".to_owned(), br#"{"policy":null}"#.to_vec());
    files.insert("members/members.json".to_owned(), b"{}".to_vec());
    repository.stage_files("policy/MOJ", &files, at(100)).unwrap();
    trial.sign_and_publish(at(1)).unwrap();
    let domain = follower.update(at(1)).unwrap();
    assert_eq!(policy_of(&domain, HEALTH), Some(1));
    assert_eq!(domain.directory.directory().members.len(), 3);
    assert_eq!(repository.published_files("policy/MOH").unwrap(), foreign);
    // Who is of the members' role cannot name an agency's policy either.
    let mut files = repository.published_files(MEMBERS).unwrap();
    let text = String::from_utf8(files["members/members.json"].clone()).unwrap();
    let digest = sha256(b"another");
    let bent = text.replacen(
        "\"requests-per-second\"",
        &format!("\"policy\": {{\"version\": 9, \"digest\": \"{digest}\"}}, \"requests-per-second\""),
        1,
    );
    files.insert("members/members.json".to_owned(), bent.into_bytes());
    repository.stage_files(MEMBERS, &files, at(100)).unwrap();
    let error = trial.sign_and_publish(at(2)).unwrap_err();
    assert!(error.to_string().contains("its own agency's officers"), "{error}");
    // Nor can two classes share an agency's name.
    repository.unstage(MEMBERS).unwrap();
    let text = text.replace("AZ/COM/BANK/credit", "AZ/COM/MOJ/credit");
    let mut files = repository.published_files(MEMBERS).unwrap();
    files.insert("members/members.json".to_owned(), text.into_bytes());
    repository.stage_files(MEMBERS, &files, at(100)).unwrap();
    assert!(matches!(trial.sign_and_publish(at(2)).unwrap_err(), RepositoryError::Refused(_)));
    follower.update(at(3)).unwrap();
}

#[test]
fn an_authority_of_another_root_does_not_count() {
    let mut country = Country::found();
    let mut trial = country.trial();
    let other = Country::found();
    country.content.authorities.clone_from(&other.content.authorities);
    country.content.revocation_lists.clone_from(&other.content.revocation_lists);
    let error = trial.publish(&country.content, at(1)).unwrap_err();
    assert!(matches!(&error, RepositoryError::Refused(DirectoryError::Trust(_))), "{error}");
}

/// Officers with a key each, and a threshold.
struct Officers(BTreeMap<&'static str, Vec<BareKey>>);

impl Officers {
    fn new(sizes: &[(&'static str, usize)]) -> Self {
        let key = |_| BareKey::from_pkcs8(&generate(KeyKind::P256).unwrap()).unwrap();
        Self(sizes.iter().map(|(role, size)| (*role, (0..*size).map(key).collect())).collect())
    }

    fn roles(&self) -> Roles {
        let pem = |key: &BareKey| Key::of(key).unwrap().to_pem().unwrap();
        self.0
            .iter()
            .map(|(role, keys)| {
                let threshold = if keys.len() > 2 { 2 } else { 1 };
                ((*role).to_owned(), Signers { threshold, keys: keys.iter().map(pem).collect() })
            })
            .collect()
    }

    fn online(&self) -> Vec<BareKey> {
        [self.0["snapshot"].clone(), self.0["timestamp"].clone()].concat()
    }

    fn sign_all(&self, repository: &Repository) {
        for role in repository.staged_roles().unwrap() {
            self.0[role.as_str()].iter().take(2).for_each(|key| repository.sign(&role, key).unwrap());
        }
    }
}

const EVERYBODY: [(&str, usize); 10] = [
    ("root", 3),
    ("targets", 3),
    ("snapshot", 1),
    ("timestamp", 1),
    ("members", 3),
    ("federation", 1),
    ("revocations", 2),
    ("policy/MOJ", 1),
    ("policy/MOH", 1),
    ("policy/MIA", 1),
];

#[test]
fn officers_sign_one_by_one_and_nothing_counts_before_enough_did() {
    let country = Country::found();
    let officers = Officers::new(&EVERYBODY);
    let folder = country.path("directory");
    let founding = Founding {
        anchor: country.anchor(),
        roles: officers.roles(),
        periods: Periods::default(),
        expires: at(100_000),
        files: country.content.files().unwrap(),
    };
    let repository = Repository::found(&folder, &founding).unwrap();
    assert!(matches!(Repository::found(&folder, &founding), Err(RepositoryError::Exists { .. })));
    let error = repository.publish(&[], &officers.online(), at(0)).unwrap_err();
    assert!(matches!(&error, RepositoryError::Unsigned { role, missing: 2 } if role == "root"), "{error}");
    officers.sign_all(&repository);
    let error = repository.publish(&[], &officers.online()[..1], at(0)).unwrap_err();
    assert!(matches!(error, RepositoryError::OnlineKey("timestamp")), "{error}");
    let published = repository.publish(&[], &officers.online(), at(0)).unwrap();
    assert_eq!((published.version, published.roles.len()), (1, 8));
    let follower = country.follower("state");
    follower.update(at(0)).unwrap();

    // One of three members' officers is not enough; the urgent deny-list is not kept waiting for the other.
    let files = repository.published_files(MEMBERS).unwrap();
    repository.stage_files(MEMBERS, &files, at(100_000)).unwrap();
    repository.sign(MEMBERS, &officers.0["members"][2]).unwrap();
    let stranger = &officers.0["policy/MOJ"][0];
    assert!(matches!(repository.sign(MEMBERS, stranger), Err(RepositoryError::NotASigner { .. })));
    let mut revocations = repository.published_files("revocations").unwrap();
    let entry = format!("{{\"denied\": [\"{}\"]}}", sha256(b"stolen"));
    revocations.insert("revocations/denied.json".to_owned(), entry.into_bytes());
    repository.stage_files("revocations", &revocations, at(100_000)).unwrap();
    assert_eq!(repository.diff("revocations").unwrap()[0], format!("the certificate {} is denied", sha256(b"stolen")));
    repository.sign("revocations", &officers.0["revocations"][1]).unwrap();
    let published = repository.publish(&[], &officers.online(), at(1)).unwrap();
    assert_eq!(published.roles.keys().collect::<Vec<_>>(), ["revocations"]);
    assert!(follower.update(at(1)).unwrap().directory.is_denied(&sha256(b"stolen")));

    // The other officer signs on another machine, and the signature comes back on a stick.
    let stick = country.path("stick");
    copy(&folder, &stick);
    let elsewhere = Repository::open(&stick).unwrap();
    elsewhere.sign(MEMBERS, &officers.0["members"][0]).unwrap();
    assert_eq!(repository.merge(MEMBERS, &stick.join("staged/members.json")).unwrap(), 1);
    repository.publish(&[MEMBERS.to_owned()], &officers.online(), at(2)).unwrap();
    assert_eq!(follower.update(at(2)).unwrap().directory.version(), 3);
    assert!(matches!(repository.publish(&[], &officers.online(), at(2)), Err(RepositoryError::NothingStaged)));
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn stolen_keys_are_replaced_through_the_roles_above_them() {
    let country = Country::found();
    let mut officers = Officers::new(&EVERYBODY);
    let founding = Founding {
        anchor: country.anchor(),
        roles: officers.roles(),
        periods: Periods::default(),
        expires: at(100_000),
        files: country.content.files().unwrap(),
    };
    let repository = Repository::found(&country.path("directory"), &founding).unwrap();
    officers.sign_all(&repository);
    repository.publish(&[], &officers.online(), at(0)).unwrap();
    let follower = country.follower("state");
    follower.update(at(0)).unwrap();
    let old = Officers(officers.0.clone());
    // All of the root's keys, and the online ones with them.
    officers.0.extend(Officers::new(&[("root", 3), ("snapshot", 1), ("timestamp", 1), ("members", 3)]).0);
    repository.stage_root(&country.anchor(), &officers.roles(), at(100_000)).unwrap();
    repository.stage_targets(&officers.roles(), at(100_000)).unwrap();
    let files = repository.published_files(MEMBERS).unwrap();
    repository.stage_files(MEMBERS, &files, at(100_000)).unwrap();
    officers.sign_all(&repository);
    let error = repository.publish(&["root".to_owned()], &officers.online(), at(1)).unwrap_err();
    assert!(matches!(&error, RepositoryError::Unsigned { missing: 2, .. }), "the old threshold as well: {error}");
    old.0["root"].iter().take(2).for_each(|key| repository.sign("root", key).unwrap());
    assert!(repository.diff("root").unwrap().iter().any(|line| line.starts_with("root: the key")));
    repository.publish(&[], &officers.online(), at(1)).unwrap();
    assert_eq!(follower.update(at(1)).unwrap().directory.version(), 2);
    assert_eq!(repository.roots().unwrap().len(), 2);
    assert!(matches!(repository.refresh(&old.online(), at(14)), Err(RepositoryError::OnlineKey(_))));
}
