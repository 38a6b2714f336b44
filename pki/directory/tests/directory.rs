//! The signed member list: what it answers, and everything that makes it refused.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::path::PathBuf;

use mohur_authority::{Issue, National, Reason};
use mohur_chain::{Certificate, CertificateError, Trust};
use mohur_crypto::Algorithm;
use mohur_crypto::digest::sha256;
use mohur_directory::{
    BrokerEntry, DefinitionEntry, Directory, DirectoryError, ForeignDomain, HostEntry, LogEntry, MemberEntry,
    PolicyEntry, SealEntry, SealLookupError, ServiceEntry, Snapshot,
};
use mohur_seal::{KeyKind, Passphrase};
use mohur_wire::{MemberId, RefusalCode, Timestamp, Verb};

const HUB: &str = "AZ/GOV/OPERATOR/hub";
const REGISTRY: &str = "AZ/GOV/MOJ/civil-registry";
const CALLER: &str = "AZ/GOV/MIA/id-cards";

fn at(text: &str) -> Timestamp {
    format!("2026-03-{text}:00Z").parse().unwrap()
}

fn id(text: &str) -> MemberId {
    text.parse().unwrap()
}

struct World {
    folder: tempfile::TempDir,
    passphrase: Passphrase,
    national: National,
    directory: Directory,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let passphrase = Passphrase::generate();
        let now = at("01T12:00");
        let national = National::create(&folder.path().join("pki"), "AZ", &passphrase, now).unwrap();
        let directory = Directory {
            version: 7,
            expires: at("02T12:00"),
            domain: "AZ".to_owned(),
            brokers: Vec::new(),
            members: Vec::new(),
            foreign: Vec::new(),
            denied: Vec::new(),
            definitions: vec![DefinitionEntry {
                id: "issue-id-document".parse().unwrap(),
                version: 1,
                digest: sha256(b"definition").into(),
            }],
        };
        let mut world = Self { folder, passphrase, national, directory };
        let seals = vec![world.seal(HUB, KeyKind::P256)];
        world.directory.brokers.push(BrokerEntry {
            id: id(HUB),
            authority: "hub.example:4443".parse().unwrap(),
            seals,
            log: LogEntry {
                origin: "hub.example/log".to_owned(),
                key: "hub.example/log+x+y".to_owned(),
                retired: Vec::new(),
            },
        });
        for member in [REGISTRY, CALLER] {
            let seals = vec![world.seal(member, KeyKind::P256)];
            world.directory.members.push(member_entry(member, seals));
        }
        let registry = world.directory.members.first_mut().unwrap();
        registry.host = Some(HostEntry { authority: "127.0.0.1:5001".parse().unwrap() });
        registry.policy = Some(PolicyEntry { version: 3, digest: sha256(b"policy").into() });
        registry.services.push(ServiceEntry {
            code: "birth".to_owned(),
            version: "v1".to_owned(),
            verbs: vec![Verb::Match, Verb::Verify],
        });
        world
    }

    fn folder(&self, member: &str, kind: KeyKind) -> PathBuf {
        self.folder.path().join(format!("{}-{kind:?}", member.replace('/', "-")))
    }

    fn seal(&mut self, member: &str, key: KeyKind) -> SealEntry {
        let folder = self.folder(member, key);
        let (member, passphrase) = (&id(member), &self.passphrase);
        let issue = Issue { member, folder: &folder, passphrase, key, days: 365, now: at("01T12:00") };
        SealEntry::new(self.national.issue_seal(&issue).unwrap().certificate.der())
    }

    fn certificate(&self, member: usize) -> Certificate {
        self.directory.members.get(member).unwrap().seals.first().unwrap().parse().unwrap()
    }

    fn trust(&self) -> Trust {
        self.national.trust().unwrap()
    }

    fn verify(&self) -> Result<Snapshot, DirectoryError> {
        Snapshot::unsigned(self.directory.clone())
    }
}

fn member_entry(member: &str, seals: Vec<SealEntry>) -> MemberEntry {
    MemberEntry {
        id: id(member),
        broker: id(HUB),
        seals,
        host: None,
        services: Vec::new(),
        policy: None,
        requests_per_second: 50,
    }
}

#[test]
fn a_good_directory_answers() {
    let world = World::new();
    let snapshot = world.verify().unwrap();
    assert_eq!((snapshot.version(), snapshot.directory()), (7, &world.directory));
    assert!(snapshot.is_current(at("02T11:59")) && !snapshot.is_current(at("02T12:00")));
    let route = snapshot.service(&format!("{REGISTRY}/birth/v1").parse().unwrap()).unwrap();
    assert_eq!((route.owner.as_str(), route.host.as_str(), route.broker.as_str()), (REGISTRY, "127.0.0.1:5001", HUB));
    assert!(snapshot.service(&format!("{REGISTRY}/birth/v2").parse().unwrap()).is_none());
    assert_eq!(snapshot.broker_of(&id(CALLER)).unwrap().authority.as_str(), "hub.example:4443");
    assert_eq!(snapshot.member(&id(CALLER)).unwrap().requests_per_second, 50);
    assert!(snapshot.member(&id(HUB)).is_none() && snapshot.broker(&id(HUB)).is_some());
    assert_eq!(snapshot.log("hub.example/log").unwrap().0, &id(HUB));
    assert_eq!(snapshot.definition(&"issue-id-document".parse().unwrap()).unwrap().version, 1);
    for (member, name) in [(0, REGISTRY), (1, CALLER)] {
        let key_id = world.certificate(member).fingerprint();
        assert_eq!(snapshot.seal(&key_id).unwrap().0.as_str(), name);
        let identity = snapshot.validate_seal(&key_id, &world.trust(), at("01T13:00")).unwrap();
        assert_eq!(identity.member().as_str(), name);
    }
    let unknown = snapshot.validate_seal(&sha256(b"nobody"), &world.trust(), at("01T13:00")).unwrap_err();
    assert_eq!(unknown.refusal(), RefusalCode::KeyUnknown);
}

#[test]
fn denied_expired_and_revoked_seals_are_refused_at_once() {
    let mut world = World::new();
    let (denied, revoked) = (world.certificate(0), world.certificate(1));
    world.directory.denied.push(denied.fingerprint().into());
    world.national.revoke(&revoked.serial(), Reason::KeyCompromise, at("01T12:30")).unwrap();
    let snapshot = world.verify().unwrap();
    let judge = |certificate: &Certificate| {
        snapshot.validate_seal(&certificate.fingerprint(), &world.trust(), at("01T13:00")).unwrap_err()
    };
    assert_eq!(judge(&denied), SealLookupError::Denied(denied.fingerprint()));
    assert_eq!(judge(&denied).refusal(), RefusalCode::CertificateRevoked);
    assert!(snapshot.is_denied(&denied.fingerprint()) && snapshot.seal(&denied.fingerprint()).is_none());
    assert_eq!(judge(&revoked).refusal(), RefusalCode::CertificateRevoked);
}

#[test]
fn a_directory_that_contradicts_itself_is_refused() {
    let spoil = |change: &dyn Fn(&mut World)| {
        let mut world = World::new();
        change(&mut world);
        world.verify().map(drop).unwrap_err()
    };
    let inconsistent = [
        spoil(&|world| world.directory.members.push(world.directory.members.first().unwrap().clone())),
        spoil(&|world| world.directory.brokers.push(world.directory.brokers.first().unwrap().clone())),
        spoil(&|world| world.directory.definitions.push(world.directory.definitions.first().unwrap().clone())),
        spoil(&|world| world.directory.members.push(member_entry("GE/GOV/MIA/x", Vec::new()))),
        spoil(&|world| world.directory.members.first_mut().unwrap().host = None),
        spoil(&|world| world.directory.members.first_mut().unwrap().broker = id(CALLER)),
        spoil(&|world| world.directory.members.first_mut().unwrap().services.first_mut().unwrap().code.clear()),
        spoil(&|world| {
            let of_another = world.directory.members.last().unwrap().seals.clone();
            world.directory.members.first_mut().unwrap().seals.extend(of_another);
        }),
    ];
    for error in inconsistent {
        assert!(matches!(error, DirectoryError::Inconsistent(_)), "{error}");
    }
    let unreadable = spoil(&|world| {
        world.directory.members.first_mut().unwrap().seals.push(SealEntry::new(b"not a certificate"));
    });
    assert!(matches!(unreadable, DirectoryError::Seal { .. }), "{unreadable}");
    let pinned = spoil(&|world| {
        let seal = world.directory.members.first_mut().unwrap().seals.first_mut().unwrap();
        *seal = seal.clone().pinned_to(Algorithm::RsaV15Sha256);
    });
    assert!(matches!(pinned, DirectoryError::Seal { source: CertificateError::WrongAlgorithm, .. }), "{pinned}");
}

fn foreign(domain: &str, may_ask: &[&str], may_answer: &[&str]) -> ForeignDomain {
    let services = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
    let root = sha256(b"the root of the neighbour").into();
    ForeignDomain { domain: domain.to_owned(), root, may_ask: services(may_ask), may_answer: services(may_answer) }
}

#[test]
fn another_domain_is_trusted_with_what_is_named_and_for_its_own_names_only() {
    const OURS: &str = "AZ/GOV/MOJ/civil-registry/birth/v1";
    const THEIRS: &str = "GE/GOV/MOJ/civil-registry/birth/v1";
    let trusting = |entries: &[ForeignDomain]| {
        let mut world = World::new();
        world.directory.foreign = entries.to_vec();
        world.verify()
    };
    let good = foreign("GE", &[OURS], &[THEIRS]);
    let snapshot = trusting(std::slice::from_ref(&good)).unwrap();
    assert_eq!(snapshot.foreign("GE"), Some(&good));
    assert_eq!((snapshot.foreign("AZ"), snapshot.foreign("TR")), (None, None));
    for wrong in [
        vec![foreign("AZ", &[], &[])],
        vec![good.clone(), good],
        vec![foreign("GE", &[THEIRS], &[])],
        vec![foreign("GE", &[], &[OURS])],
        vec![foreign("GE", &[], &["TR/GOV/MOJ/civil-registry/birth/v1"])],
    ] {
        assert!(matches!(trusting(&wrong), Err(DirectoryError::Inconsistent(_))), "{wrong:?}");
    }
}

#[test]
fn an_rsa_seal_keeps_the_algorithm_that_it_is_pinned_to() {
    let mut world = World::new();
    let seal = world.seal(CALLER, KeyKind::Rsa2048).pinned_to(Algorithm::RsaV15Sha256);
    let key_id = seal.parse().unwrap().fingerprint();
    world.directory.members.last_mut().unwrap().seals.push(seal);
    let identity = world.verify().unwrap().validate_seal(&key_id, &world.trust(), at("01T13:00")).unwrap();
    assert_eq!(identity.certificate().public_key().algorithm(), Algorithm::RsaV15Sha256);
}
