//! Two domains side by side: what one is trusted with says nothing about the other, and nothing beyond names.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use mohur_authority::{Issue, National};
use mohur_chain::TrustFiles;
use mohur_directory::{
    BrokerEntry, Directory, Domain, Domains, ForeignDomain, ForeignError, ForeignFiles, LogEntry, SealEntry, Snapshot,
    UntrustedDomain, sign,
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
            issued: at(0),
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
        let text = sign(&self.directory, self.national.directory_signer().unwrap()).unwrap();
        Domain { directory: Snapshot::verify(&text, &trust, at(0), 0).unwrap(), trust: Arc::new(trust) }
    }

    fn files(&self, domain: &str) -> ForeignFiles {
        let file = |name: &str| self.folder.path().join(name);
        let text = sign(&self.directory, self.national.directory_signer().unwrap()).unwrap();
        fs::write(file("directory.jws"), text).unwrap();
        ForeignFiles {
            domain: domain.to_owned(),
            trust: TrustFiles::in_folder(&file("pki/trust")),
            directory: file("directory.jws"),
            state: file("seen"),
        }
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
    let mut ge = Realm::found("GE");
    let az = Realm::found("AZ").trusting(&ge, &[OURS], &[]);
    let files = [ge.files("GE")];
    let (good, errors) = ForeignFiles::load_all(&files, az.domain(), None, at(1));
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(good.foreign().count(), 1);

    fs::write(&files[0].directory, "nonsense").unwrap();
    let (kept, errors) = ForeignFiles::load_all(&files, az.domain(), Some(&good), at(2));
    assert!(matches!(&errors[..], [ForeignError::Directory { .. }]), "{errors:?}");
    assert_eq!(kept.foreign().count(), 1);
    let (expired, _) = ForeignFiles::load_all(&files, az.domain(), Some(&good), at(24));
    assert_eq!(expired.foreign().count(), 0);
    let (revoked, errors) = ForeignFiles::load_all(&files, Realm::found("AZ").domain(), Some(&good), at(2));
    assert!(matches!(&errors[..], [ForeignError::Directory { .. }, ForeignError::Untrusted(_)]), "{errors:?}");
    assert_eq!(revoked.foreign().count(), 0);

    // The directory of another domain under that name, though its root were good.
    ge.directory.version = 2;
    let (none, errors) = ForeignFiles::load_all(&[ge.files("TR")], az.domain(), None, at(1));
    assert!(matches!(&errors[..], [ForeignError::Other { .. }]), "{errors:?}");
    assert_eq!(none.foreign().count(), 0);
}
