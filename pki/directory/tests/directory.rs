//! The signed member list: what it answers, and everything that makes it refused.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::fs;
use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use mohur_authority::testing::Template;
use mohur_authority::{Issue, Issuer, National, Reason};
use mohur_chain::{Certificate, CertificateError, Trust};
use mohur_crypto::Algorithm;
use mohur_crypto::digest::sha256;
use mohur_directory::{
    BrokerEntry, DefinitionEntry, Directory, DirectoryError, ForeignDomain, HostEntry, LogEntry, MemberEntry,
    PolicyEntry, RollbackGuard, SealEntry, SealLookupError, ServiceEntry, Snapshot, sign,
};
use mohur_seal::{KeyKind, Passphrase, Seal, SealError};
use mohur_wire::{MemberId, RefusalCode, Timestamp, Verb};
use proptest::prelude::*;

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
            issued: now,
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

    fn signed(&self) -> String {
        sign(&self.directory, self.national.directory_signer().unwrap()).unwrap()
    }

    fn verify(&self) -> Result<Snapshot, DirectoryError> {
        Snapshot::verify(&self.signed(), &self.trust(), at("01T13:00"), 0)
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
fn time_version_and_clock_are_enforced() {
    let world = World::new();
    let verify = |time, minimum| Snapshot::verify(&world.signed(), &world.trust(), time, minimum);
    verify(at("01T12:00"), 7).unwrap();
    assert!(matches!(verify(at("02T12:00"), 0), Err(DirectoryError::Expired(_))));
    assert!(matches!(verify(at("01T11:50"), 0), Err(DirectoryError::Signer(CertificateError::NotYetValid(_)))));
    assert!(matches!(verify(at("01T13:00"), 8), Err(DirectoryError::Rollback { found: 7, seen: 8 })));
    let mut future = World::new();
    future.directory.issued = at("01T13:06");
    assert!(matches!(future.verify(), Err(DirectoryError::NotYetIssued(_))));
}

#[test]
fn no_part_of_it_can_be_changed() {
    let world = World::new();
    let (text, trust) = (world.signed(), world.trust());
    let verify = |text: &str| Snapshot::verify(text, &trust, at("01T13:00"), 0);
    verify(&format!("{text}\n")).unwrap();
    let parts: Vec<&str> = text.split('.').collect();
    let [header, payload, signature] = parts.as_slice() else { panic!("three parts") };
    let other = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap().replace("5001", "5002");
    let other = BASE64_URL_SAFE_NO_PAD.encode(other);
    assert!(matches!(verify(&format!("{header}.{other}.{signature}")), Err(DirectoryError::BadSignature)));
    let with_header = |change: &dyn Fn(&str) -> String| {
        let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
        format!("{}.{payload}.{signature}", BASE64_URL_SAFE_NO_PAD.encode(change(&text)))
    };
    for change in [
        with_header(&|text| text.replace("ES256", "none")),
        with_header(&|text| text.replace("ES256", "HS256")),
        with_header(&|text| text.replace("mohur-directory+jwt", "mohur-decision+jwt")),
        with_header(&|text| text.replace("{\"alg\"", "{\"crit\":[\"x\"],\"alg\"")),
        with_header(&|text| text.replace("{\"alg\"", "{\"jwk\":{},\"alg\"")),
        format!("{header}.{payload}"),
        format!("{header}.{payload}.{signature}="),
        format!("{header}.{payload}.{signature}.{signature}"),
        String::new(),
    ] {
        assert!(matches!(verify(&change), Err(DirectoryError::Malformed)), "{change:.60}");
    }
    assert!(matches!(verify(&format!("{header}.{payload}.")), Err(DirectoryError::BadSignature)));
}

#[test]
fn only_the_directory_profile_under_our_root_signs() {
    let world = World::new();
    let verify = |seal: &dyn Seal| {
        let text = sign(&world.directory, seal).unwrap();
        Snapshot::verify(&text, &world.trust(), at("01T13:00"), 0).map(drop).unwrap_err()
    };
    let now = at("01T12:00");
    let seal = world.national.forge(&Template::seal(&id(CALLER), now, 30).unwrap()).unwrap().seal().unwrap();
    assert!(matches!(verify(&seal), DirectoryError::Signer(CertificateError::WrongProfile { .. })));
    let lower = Template { issuer: Issuer::SEAL_CA, ..Template::directory("AZ", now).unwrap() };
    let lower = world.national.forge(&lower).unwrap().seal().unwrap();
    assert!(matches!(verify(&lower), DirectoryError::Signer(CertificateError::UntrustedIssuer)));
    let foreign = World::new();
    assert!(matches!(verify(foreign.national.directory_signer().unwrap()), DirectoryError::Signer(_)));

    /// Shows a good certificate and signs with another key.
    struct Pretender<'a>(&'a dyn Seal, &'a dyn Seal);
    impl Seal for Pretender<'_> {
        fn algorithm(&self) -> Algorithm {
            self.0.algorithm()
        }
        fn certificate(&self) -> &[u8] {
            self.0.certificate()
        }
        fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SealError> {
            self.1.sign(message)
        }
    }
    let pretender = Pretender(world.national.directory_signer().unwrap(), &seal);
    assert!(matches!(verify(&pretender), DirectoryError::BadSignature));
}

#[test]
fn a_revoked_signer_signs_no_more() {
    let mut world = World::new();
    let signer = Certificate::parse(world.national.directory_signer().unwrap().certificate()).unwrap();
    world.verify().unwrap();
    world.national.revoke(&signer.serial(), Reason::KeyCompromise, at("01T12:30")).unwrap();
    assert!(matches!(world.verify(), Err(DirectoryError::Signer(CertificateError::Revoked))));
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

#[test]
fn a_rollback_is_refused_after_a_restart_too() {
    let mut world = World::new();
    let (path, state) = (world.folder.path().join("directory.jws"), world.folder.path().join("state"));
    let load = |world: &World, text: &str| {
        fs::write(&path, text).unwrap();
        Snapshot::load(&path, &world.trust(), at("01T13:00"), &RollbackGuard::new(&state))
    };
    let old = world.signed();
    assert_eq!(load(&world, &old).unwrap().version(), 7);
    world.directory.version = 9;
    let new = world.signed();
    assert_eq!(load(&world, &new).unwrap().version(), 9);
    load(&world, &new).unwrap();
    assert!(matches!(load(&world, &old), Err(DirectoryError::Rollback { found: 7, seen: 9 })));
    world.directory.members.last_mut().unwrap().requests_per_second = 1;
    assert!(matches!(load(&world, &world.signed()), Err(DirectoryError::Forked { version: 9 })));
    fs::write(&state, "9").unwrap();
    assert!(matches!(load(&world, &new), Err(DirectoryError::GuardDamaged { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_breaks_the_verifier(text in "[A-Za-z0-9_.-]{0,200}") {
        thread_local! {
            static TRUST: Trust = World::new().trust();
        }
        let refused = TRUST.with(|trust| Snapshot::verify(&text, trust, at("01T13:00"), 0).is_err());
        prop_assert!(refused);
    }
}
