//! Two domains side by side: what one is trusted with says nothing about the other, and nothing beyond names.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mohur_authority::{Issue, National};
use mohur_directory::content::{Anchor, Content, TrustFolder};
use mohur_directory::repository::Periods;
use mohur_directory::{
    BrokerEntry, Directory, DirectorySettings, Domain, Domains, Follower, Followers, ForeignDomain, LogEntry, Place,
    SealEntry, Snapshot, Trial, Trouble, UntrustedDomain,
};
use mohur_seal::{KeyKind, Passphrase};
use mohur_wire::{MemberId, ServiceId, Timestamp};

const OURS: &str = "AZ/GOV/MOJ/civil-registry/birth/v1";
const THEIRS: &str = "GE/GOV/MOJ/civil-registry/birth/v1";

fn at(hour: i64) -> Timestamp {
    Timestamp::from_second(1_772_366_400 + 3600 * hour).unwrap()
}

fn service(text: &str) -> ServiceId {
    text.parse().unwrap()
}

fn member(text: &str) -> MemberId {
    text.parse().unwrap()
}

struct Realm {
    folder: tempfile::TempDir,
    national: National,
    directory: Directory,
}

impl Realm {
    fn found(domain: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let passphrase = Passphrase::generate();
        let mut national = National::create(&folder.path().join("pki"), domain, &passphrase, at(0)).unwrap();
        let hub = member(&format!("{domain}/GOV/OPERATOR/hub"));
        let path = folder.path().join("hub");
        let issue = Issue {
            member: &hub,
            folder: Path::new(&path),
            passphrase: &passphrase,
            key: KeyKind::P256,
            days: 30,
            now: at(0),
        };
        let seal = national.issue_seal(&issue).unwrap();
        let log = LogEntry { origin: format!("log.{domain}"), key: format!("log.{domain}+x+y"), retired: Vec::new() };
        let broker = BrokerEntry {
            id: hub,
            authority: "hub.example:4443".parse().unwrap(),
            seals: vec![SealEntry::new(seal.certificate.der())],
            log,
        };
        let directory = Directory {
            version: 1,
            expires: at(24),
            domain: domain.to_owned(),
            brokers: vec![broker],
            members: Vec::new(),
            denied: Vec::new(),
            definitions: Vec::new(),
            foreign: Vec::new(),
        };
        Self { folder, national, directory }
    }

    fn trusting(mut self, other: &Self, may_ask: &[&str], may_answer: &[&str]) -> Self {
        let services = |texts: &[&str]| texts.iter().map(|text| service(text)).collect();
        self.directory.foreign.push(ForeignDomain {
            domain: other.directory.domain.clone(),
            root: other.national.trust().unwrap().root_fingerprint().into(),
            may_ask: services(may_ask),
            may_answer: services(may_answer),
        });
        self
    }

    fn domain(&self) -> Domain {
        let trust = self.national.trust().unwrap();
        Domain { directory: Snapshot::unsigned(self.directory.clone()).unwrap(), trust: Arc::new(trust) }
    }

    /// Its directory as it is served, and what follows it.
    fn follower(&self) -> Follower {
        let folder = self.folder.path().join("directory");
        let trust = TrustFolder::read(&self.folder.path().join("pki/trust")).unwrap();
        let anchor = Anchor { domain: self.directory.domain.clone(), pki_root: trust.root };
        let content = Content {
            directory: self.directory.clone(),
            definitions: BTreeMap::new(),
            authorities: trust.authorities,
            revocation_lists: trust.revocation_lists,
        };
        let periods = Periods { timestamp: 24 * 3600, snapshot: 24 * 3600 };
        if !folder.exists() {
            Trial::found(&folder, anchor, &content, periods, at(0)).unwrap();
        }
        let (root, state) = (folder.join("metadata/1.root.json"), self.folder.path().join("state"));
        let settings = DirectorySettings::new(Place::Folder(folder.clone()), root, state);
        Follower::of_folder(DirectorySettings { grace: Duration::ZERO, ..settings }, folder)
    }

    fn timestamp(&self) -> PathBuf {
        self.folder.path().join("directory/metadata/timestamp.json")
    }
}

#[test]
fn to_be_trusted_to_ask_is_not_to_be_trusted_to_answer() {
    let ge = Realm::found("GE");
    let (caller, stranger) = (member("GE/GOV/MIA/x"), member("TR/GOV/MIA/x"));
    for (may_ask, may_answer) in [(&[OURS][..], &[][..]), (&[], &[THEIRS]), (&[OURS], &[THEIRS]), (&[], &[])] {
        let az = Realm::found("AZ").trusting(&ge, may_ask, may_answer);
        let (domains, untrusted) = Domains::new(az.domain(), [ge.domain()]);
        assert_eq!(untrusted, []);
        assert_eq!(domains.may_ask(&caller, &service(OURS)), !may_ask.is_empty());
        assert_eq!(domains.may_answer(&service(THEIRS)), !may_answer.is_empty());
        // Nothing that is not named, nobody else, and no transit: what another domain owns is not ours to grant.
        assert!(!domains.may_ask(&caller, &service("AZ/GOV/MOJ/civil-registry/marriage/v1")));
        assert!(!domains.may_ask(&caller, &service(THEIRS)));
        assert!(!domains.may_ask(&stranger, &service(OURS)));
        assert!(!domains.may_answer(&service("GE/GOV/MOJ/civil-registry/marriage/v1")));
        // Our own members are our own policies' matter.
        assert!(domains.may_ask(&member("AZ/GOV/MIA/x"), &service(OURS)) && domains.may_answer(&service(OURS)));
    }
}

#[test]
fn a_domain_counts_for_its_own_names_under_the_pinned_root_and_while_its_directory_is_current() {
    let (ge, impostor) = (Realm::found("GE"), Realm::found("GE"));
    let az = Realm::found("AZ").trusting(&ge, &[OURS], &[]);
    let known = |domains: &Domains, hour| domains.broker(&member("GE/GOV/OPERATOR/hub"), at(hour)).is_some();
    let (domains, _) = Domains::new(az.domain(), [ge.domain()]);
    assert!(known(&domains, 23) && !known(&domains, 24), "it expires");
    assert!(domains.named("AZ", at(30)).is_some(), "that our own has expired is said by whoever judges a message");

    let (domains, untrusted) = Domains::new(az.domain(), [impostor.domain()]);
    assert_eq!(untrusted, [UntrustedDomain::OtherRoot("GE".to_owned())]);
    assert!(!known(&domains, 0));
    let (domains, untrusted) = Domains::new(Realm::found("AZ").domain(), [ge.domain()]);
    assert_eq!(untrusted, [UntrustedDomain::Unnamed("GE".to_owned())]);
    assert!(!known(&domains, 0) && domains.foreign().count() == 0);
}

#[test]
fn what_cannot_be_read_again_keeps_its_last_good_value_unless_the_trust_is_gone() {
    let ge = Realm::found("GE");
    let az = Realm::found("AZ").trusting(&ge, &[OURS], &[]);
    let followers = Followers::new(az.follower(), vec![("GE".to_owned(), ge.follower())]);
    let (good, troubles) = followers.start(at(1)).unwrap();
    assert!(troubles.is_empty(), "{troubles:?}");
    assert_eq!(good.foreign().count(), 1);

    let timestamp = fs::read(ge.timestamp()).unwrap();
    fs::write(ge.timestamp(), "nonsense").unwrap();
    let (kept, troubles) = followers.refresh(&good, at(2));
    assert!(matches!(&troubles[..], [Trouble::NotRenewed { .. }]), "{troubles:?}");
    assert_eq!(kept.foreign().count(), 1);
    let lonely = Realm::found("AZ");
    let alone = Followers::new(lonely.follower(), vec![("GE".to_owned(), ge.follower())]);
    let (revoked, troubles) = alone.refresh(&good, at(2));
    assert!(matches!(&troubles[..], [Trouble::NotRenewed { .. }, Trouble::Untrusted(_)]), "{troubles:?}");
    assert_eq!(revoked.foreign().count(), 0);
    // Without a new timestamp it ends, ours and theirs.
    let (expired, _) = followers.refresh(&good, at(24));
    assert_eq!(expired.foreign().count(), 0);
    assert!(!expired.home().directory.is_current(at(24)));

    // The directory of another domain under that name, though its root were good.
    fs::write(ge.timestamp(), timestamp).unwrap();
    let misnamed = Followers::new(az.follower(), vec![("TR".to_owned(), ge.follower())]);
    let (none, troubles) = misnamed.refresh(&good, at(1));
    assert!(matches!(&troubles[..], [Trouble::Other { .. }]), "{troubles:?}");
    assert_eq!(none.foreign().count(), 0);
}
