//! The office: requests by openssl, tokens that work once, seals that two officers must want, and a journal of all of it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test's helpers fail the test"
)]

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use mohur_authority::office::{
    Application, Decision, Denial, Enrols, Invite, Invited, Office, Outcome, Rules, State, Verdict, sign_decision,
};
use mohur_authority::{Event, Grounds, Make, National, Reason};
use mohur_chain::{Certificate, Profile};
use mohur_seal::{KeyKind, Passphrase, SoftwareSeal};
use mohur_wire::{MemberId, Timestamp};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// OpenSSL reads the system's clock, so these tests do so too.
#[expect(clippy::disallowed_methods, reason = "openssl verify compares with the system's clock")]
fn now() -> Timestamp {
    Timestamp::now()
}

const HOUR: Duration = Duration::from_secs(3600);
const MEMBER: &str = "AZ/GOV/MIA/id-cards";

struct World {
    folder: tempfile::TempDir,
    office: Office,
    officers: Vec<SoftwareSeal>,
}

fn openssl(arguments: &[&str]) -> (bool, String) {
    let out = Command::new("openssl").args(arguments).output().unwrap();
    (out.status.success(), String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr))
}

impl World {
    fn new() -> Self {
        Self::with(Rules::default())
    }

    fn with(rules: Rules) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let passphrase = Passphrase::generate();
        let pki = folder.path().join("pki");
        let mut national = National::create(&pki, "AZ", &passphrase, now()).unwrap();
        let officers = ["AZ/GOV/OPERATOR/anar", "AZ/GOV/OPERATOR/leyla", "AZ/GOV/MOH/rauf"].map(|officer| {
            let out = folder.path().join(officer.replace('/', "-"));
            let make = Make { folder: &out, passphrase: &passphrase, key: KeyKind::P256, days: 300, now: now() };
            let issued = national.issue_officer(&make, &officer.parse().unwrap()).unwrap();
            SoftwareSeal::load(&issued.key, &issued.chain, &passphrase).unwrap()
        });
        // As in service: what is online has no root.
        drop(national);
        fs::rename(pki.join("authority/root.key"), folder.path().join("root-in-the-safe")).unwrap();
        let office = Office::new(National::open(&pki, &passphrase).unwrap(), rules);
        Self { folder, office, officers: officers.into() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A request made by openssl, with these further arguments.
    fn request(&self, name: &str, key: &[&str], more: &[&str]) -> Vec<u8> {
        let (key_file, out) = (self.path(&format!("{name}.key")), self.path(&format!("{name}.csr")));
        if !key_file.exists() {
            let make = [&["genpkey", "-out", key_file.to_str().unwrap()][..], key].concat();
            assert!(openssl(&make).0);
        }
        let ask =
            ["req", "-new", "-key", key_file.to_str().unwrap(), "-subj", "/CN=whatever", "-out", out.to_str().unwrap()];
        let (done, said) = openssl(&[&ask[..], more].concat());
        assert!(done, "{said}");
        fs::read(out).unwrap()
    }

    fn p256(&self, name: &str) -> Vec<u8> {
        self.request(name, &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], &[])
    }

    fn invite(&self, profiles: &[Enrols]) -> Invited {
        let hosts = vec!["cards.mia.example.az".to_owned(), "127.0.0.1".to_owned()];
        let invite = Invite { member: MEMBER.parse().unwrap(), profiles: profiles.to_vec(), hosts, life: HOUR };
        self.office.invite(&invite, now()).unwrap()
    }

    fn verifies(&self, chain: &str) -> (bool, String) {
        let file = self.path("issued.pem");
        fs::write(&file, chain).unwrap();
        let root = self.path("pki/trust/root.pem");
        let (root, file) = (root.to_str().unwrap(), file.to_str().unwrap());
        openssl(&["verify", "-x509_strict", "-CAfile", root, "-untrusted", file, file])
    }

    fn decision(application: &Application, verdict: Verdict) -> Decision {
        Decision {
            verdict,
            application: application.id.clone(),
            member: application.member.clone(),
            profile: application.profile,
            key: application.key.clone(),
            at: now(),
            why: None,
        }
    }

    fn approve(&self, officer: usize, application: &Application) -> Result<Application, Denial> {
        let text = sign_decision(&Self::decision(application, Verdict::Approve), &self.officers[officer]).unwrap();
        self.office.decide(&text, None, now())
    }

    fn pending(&self, token: &str, request: &[u8]) -> Application {
        let Outcome::Pending(application) = self.office.redeem(token, Enrols::Seal, request, now()).unwrap() else {
            panic!("a seal without approvals")
        };
        *application
    }
}

fn leaf(chain: &str) -> Certificate {
    Certificate::parse(&CertificateDer::from_pem_slice(chain.as_bytes()).unwrap()).unwrap()
}

fn issued(outcome: Outcome) -> String {
    let Outcome::Issued(chain) = outcome else { panic!("not issued") };
    chain
}

fn code(result: Result<Outcome, Denial>) -> &'static str {
    result.unwrap_err().code()
}

#[test]
fn a_request_by_openssl_becomes_a_certificate_that_openssl_verifies() {
    let world = World::new();
    let kinds: [(&str, &[&str]); 3] = [
        ("p256", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
        ("rsa", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]),
        ("ed25519", &["-algorithm", "ED25519"]),
    ];
    for (name, kind) in kinds {
        let token = world.invite(&[Enrols::Tls]).token;
        let request = world.request(name, kind, &[]);
        let chain = issued(world.office.redeem(&token, Enrols::Tls, &request, now()).unwrap());
        let (good, said) = world.verifies(&chain);
        assert!(good, "{said}");
        let certificate = leaf(&chain);
        assert_eq!((certificate.profile(), certificate.member().unwrap().as_str()), (Profile::Tls, MEMBER));
        assert_eq!(certificate.hosts(), ["cards.mia.example.az", "127.0.0.1"]);
        // Whoever was cut off before the answer came asks again, and gets the same.
        let again = issued(world.office.redeem(&token, Enrols::Tls, &request, now()).unwrap());
        assert_eq!(again, chain);
    }
    // DER is as good as PEM.
    let pem = String::from_utf8(world.p256("der")).unwrap();
    let der = rustls_pki_types::CertificateSigningRequestDer::from_pem_slice(pem.as_bytes()).unwrap();
    let token = world.invite(&[Enrols::Tls]).token;
    issued(world.office.redeem(&token, Enrols::Tls, &der, now()).unwrap());
}

#[test]
fn nothing_is_taken_from_a_request_but_its_key() {
    let world = World::new();
    let token = world.invite(&[Enrols::Tls]).token;
    let wishes = ["-addext", "subjectAltName=DNS:evil.example,IP:10.0.0.1", "-addext", "keyUsage=keyCertSign"];
    let request = world.request("wishes", &["-algorithm", "ED25519"], &wishes);
    match world.office.redeem(&token, Enrols::Tls, &request, now()) {
        Ok(outcome) => {
            let certificate = leaf(&issued(outcome));
            assert_eq!(certificate.hosts(), ["cards.mia.example.az", "127.0.0.1"]);
        }
        Err(error) => assert_eq!(error.code(), "request-refused"),
    }
    let other = ["-addext", "subjectAltName=URI:mohur://AZ/GOV/MOH/cards"];
    let request = world.request("other", &["-algorithm", "ED25519"], &other);
    assert_eq!(code(world.office.redeem(&token, Enrols::Tls, &request, now())), "other-member");
    let own = ["-addext", "subjectAltName=URI:mohur://AZ/GOV/MIA/id-cards"];
    let request = world.request("own", &["-algorithm", "ED25519"], &own);
    let token = world.invite(&[Enrols::Tls]).token;
    issued(world.office.redeem(&token, Enrols::Tls, &request, now()).unwrap());
}

#[test]
fn a_token_works_once_in_time_for_what_it_is() {
    let world = World::new();
    let Invited { token, invitation } = world.invite(&[Enrols::Tls]);
    let (one, other) = (world.p256("one"), world.p256("two"));
    assert_eq!(code(world.office.redeem("no-such-token", Enrols::Tls, &one, now())), "token-unknown");
    assert_eq!(code(world.office.redeem(&token, Enrols::Seal, &one, now())), "not-invited");
    let late = now().checked_add(2 * HOUR).unwrap();
    assert_eq!(code(world.office.redeem(&token, Enrols::Tls, &one, late)), "token-expired");
    issued(world.office.redeem(&token, Enrols::Tls, &one, now()).unwrap());
    assert_eq!(code(world.office.redeem(&token, Enrols::Tls, &other, now())), "token-used");
    let entry = world.office.invitations().unwrap().into_iter().find(|found| found.id == invitation.id).unwrap();
    assert!(entry.profiles[0].1.is_some());

    let Invited { token, invitation } = world.invite(&[Enrols::Tls]);
    world.office.withdraw(&invitation.id, now()).unwrap();
    assert_eq!(code(world.office.redeem(&token, Enrols::Tls, &other, now())), "token-unknown");

    let foreign =
        Invite { member: "GE/GOV/MIA/x".parse().unwrap(), profiles: vec![Enrols::Tls], hosts: vec![], life: HOUR };
    assert!(world.office.invite(&foreign, now()).is_err());
    let nonsense = Invite { member: MEMBER.parse().unwrap(), hosts: vec!["no host".to_owned()], ..foreign };
    assert!(world.office.invite(&nonsense, now()).is_err());
    // The token itself is nowhere in the files.
    let bytes = fs::read(world.path("pki/authority/register.redb")).unwrap();
    assert!(!bytes.windows(token.len()).any(|window| window == token.as_bytes()));
}

#[test]
fn bad_requests_and_weak_keys_are_refused_and_leave_the_token_good() {
    let world = World::new();
    let token = world.invite(&[Enrols::Tls, Enrols::Seal]).token;
    let good = world.p256("good");
    let mut tampered = rustls_pki_types::CertificateSigningRequestDer::from_pem_slice(&good).unwrap().to_vec();
    let at = tampered.windows(8).position(|window| window == b"whatever").unwrap();
    tampered[at] = b'W';
    let redeem = |what, request: &[u8]| world.office.redeem(&token, what, request, now());
    assert_eq!(code(redeem(Enrols::Tls, &tampered)), "request-refused", "the signature");
    let cut = &good[..good.len() / 2];
    for wrong in [&b""[..], b"nothing", b"\x30\x03\x02\x01\x01", cut, &vec![b'x'; 20_000]] {
        assert_eq!(code(redeem(Enrols::Tls, wrong)), "request-refused");
    }
    let weak = world.request("weak", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"], &[]);
    for what in [Enrols::Tls, Enrols::Seal] {
        assert!(["request-refused", "key-refused"].contains(&code(redeem(what, &weak))));
    }
    let wide = world.request("p384", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"], &[]);
    assert_eq!(code(redeem(Enrols::Seal, &wide)), "key-refused");
    assert_eq!(world.office.applications().unwrap(), []);
}

#[test]
fn a_seal_needs_two_different_officers_who_meant_this_key_and_this_member() {
    let world = World::new();
    let token = world.invite(&[Enrols::Seal]).token;
    let request = world.p256("seal");
    let application = world.pending(&token, &request);
    assert_eq!(application.member.as_str(), MEMBER);

    // Something that looks like an approval.
    let garbage = ["", "a.b.c", "a.b"].map(|text| world.office.decide(text, None, now()).unwrap_err().code());
    assert_eq!(garbage, ["statement-refused"; 3]);
    let decide = |decision: &Decision, officer: usize| {
        world.office.decide(&sign_decision(decision, &world.officers[officer]).unwrap(), None, now())
    };
    let right = World::decision(&application, Verdict::Approve);
    let wrong = [
        Decision { key: "0".repeat(64), ..right.clone() },
        Decision { member: "AZ/GOV/MOH/cards".parse().unwrap(), ..right.clone() },
        Decision { profile: Enrols::Tls, ..right.clone() },
        Decision { at: now().checked_sub(48 * HOUR).unwrap(), ..right.clone() },
        Decision { at: now().checked_add(HOUR).unwrap(), ..right.clone() },
    ];
    for decision in wrong {
        assert_eq!(decide(&decision, 0).unwrap_err().code(), "statement-refused", "{decision:?}");
    }
    let unknown = Decision { application: "0123456789abcdef".to_owned(), ..right.clone() };
    assert_eq!(decide(&unknown, 0).unwrap_err().code(), "unknown");
    let signed = sign_decision(&right, &world.officers[0]).unwrap();
    let (head, _) = signed.rsplit_once('.').unwrap();
    let other = sign_decision(&Decision { at: right.at, ..right.clone() }, &world.officers[1]).unwrap();
    let swapped = format!("{head}.{}", other.rsplit_once('.').unwrap().1);
    assert_eq!(world.office.decide(&swapped, None, now()).unwrap_err().code(), "statement-refused");

    assert_eq!(world.approve(0, &application).unwrap().state, State::Pending);
    let twice = world.approve(0, &application).unwrap_err();
    assert!(twice.to_string().contains("another officer"), "{twice}");
    assert_eq!(world.pending(&token, &request).approvals.len(), 1);
    let done = world.approve(1, &application).unwrap();
    assert!(matches!(done.state, State::Issued { .. }));
    let chain = issued(world.office.redeem(&token, Enrols::Seal, &request, now()).unwrap());
    let certificate = leaf(&chain);
    assert_eq!((certificate.profile(), certificate.member().unwrap().as_str()), (Profile::Seal, MEMBER));
    let (good, said) = world.verifies(&chain);
    assert!(good, "{said}");
    assert_eq!(world.approve(2, &application).unwrap_err().code(), "not-allowed", "it is decided");

    let told: Vec<_> = world.office.journal().unwrap().into_iter().map(|entry| entry.event).collect();
    let approvals =
        told.iter().filter(|event| matches!(event, Event::Approved { statement, .. } if !statement.is_empty()));
    assert_eq!(approvals.count(), 2, "what each signed is kept");
    let grounds = told.iter().rev().find_map(|event| match event {
        Event::Issued { grounds: Grounds::Approvals { officers, .. }, .. } => Some(officers.clone()),
        _ => None,
    });
    assert_eq!(grounds.unwrap().len(), 2);
}

#[test]
fn an_officer_says_no_and_one_who_lost_the_right_counts_no_more() {
    let mut world = World::new();
    let token = world.invite(&[Enrols::Seal]).token;
    let request = world.p256("seal");
    let application = world.pending(&token, &request);
    let no = Decision {
        why: Some("nobody at the agency knows of it".to_owned()),
        ..World::decision(&application, Verdict::Reject)
    };
    world.office.decide(&sign_decision(&no, &world.officers[0]).unwrap(), None, now()).unwrap();
    let refused = world.office.redeem(&token, Enrols::Seal, &request, now()).unwrap_err();
    assert!(refused.to_string().contains("nobody at the agency knows"), "{refused}");
    assert_eq!(world.approve(1, &application).unwrap_err().code(), "not-allowed");

    let token = world.invite(&[Enrols::Seal]).token;
    let request = world.p256("next");
    let application = world.pending(&token, &request);
    world.approve(0, &application).unwrap();
    let serial = Certificate::parse(mohur_seal::Seal::certificate(&world.officers[0])).unwrap().serial();
    world.office.national_mut().revoke(&serial, Reason::KeyCompromise, now()).unwrap();
    assert_eq!(world.approve(1, &application).unwrap().state, State::Pending, "one approval fell away");
    assert_eq!(world.approve(0, &application).unwrap_err().code(), "certificate-refused", "a revoked officer");
    assert!(matches!(world.approve(2, &application).unwrap().state, State::Issued { .. }));
}

#[test]
fn only_the_agencies_that_are_named_approve() {
    let world = World::with(Rules { approvers: vec!["AZ/GOV/OPERATOR".to_owned()], ..Rules::default() });
    let token = world.invite(&[Enrols::Seal]).token;
    let application = world.pending(&token, &world.p256("seal"));
    world.approve(0, &application).unwrap();
    assert_eq!(world.approve(2, &application).unwrap_err().code(), "not-allowed", "of the Ministry of Health");
    assert!(matches!(world.approve(1, &application).unwrap().state, State::Issued { .. }));
}

#[test]
fn a_tls_certificate_renews_itself_and_never_gets_a_seal_without_officers() {
    let mut world = World::new();
    let token = world.invite(&[Enrols::Tls]).token;
    let request = world.p256("tls");
    let chain = issued(world.office.redeem(&token, Enrols::Tls, &request, now()).unwrap());
    let peer = world.office.member(&leaf(&chain), now()).unwrap();
    let next = issued(world.office.renew(&peer, Enrols::Tls, &world.p256("tls-2"), now()).unwrap());
    assert_eq!(leaf(&next).hosts(), leaf(&chain).hosts());
    assert_ne!(leaf(&next).serial(), leaf(&chain).serial());

    let seal = world.p256("seal");
    let Outcome::Pending(application) = world.office.renew(&peer, Enrols::Seal, &seal, now()).unwrap() else {
        panic!()
    };
    world.approve(0, &application).unwrap();
    assert!(matches!(world.office.renew(&peer, Enrols::Seal, &seal, now()), Ok(Outcome::Pending(_))));
    // Neither does a key that opens connections become one that seals, nor the other way round.
    assert_eq!(code(world.office.renew(&peer, Enrols::Seal, &request, now())), "key-refused");
    world.approve(1, &application).unwrap();
    issued(world.office.renew(&peer, Enrols::Seal, &seal, now()).unwrap());
    assert_eq!(code(world.office.renew(&peer, Enrols::Tls, &seal, now())), "key-refused");

    // A member revokes what is its own, and is known no more by what it revoked.
    let seal_of_nobody = world.office.revoke_own(&peer, &"0".repeat(16), Reason::Superseded, now()).unwrap_err();
    assert_eq!(seal_of_nobody.code(), "unknown");
    let officer = Certificate::parse(mohur_seal::Seal::certificate(&world.officers[0])).unwrap();
    let not_mine = world.office.revoke_own(&peer, &officer.serial(), Reason::Superseded, now()).unwrap_err();
    assert_eq!(not_mine.code(), "not-allowed");
    world.office.revoke_own(&peer, &leaf(&chain).serial(), Reason::KeyCompromise, now()).unwrap();
    assert_eq!(world.office.member(&leaf(&chain), now()).unwrap_err().code(), "certificate-refused");
    let by_officer = world.office.officer(&officer, now()).unwrap();
    world.office.revoke_as_officer(&by_officer, &leaf(&next).serial(), Reason::KeyCompromise, now()).unwrap();
    assert_eq!(code(world.office.renew(&peer, Enrols::Tls, &world.p256("tls-2"), now())), "key-refused", "revoked");
}

#[test]
fn of_many_who_redeem_one_token_at_once_exactly_one_wins() {
    let world = World::new();
    let token = world.invite(&[Enrols::Tls]).token;
    let requests: Vec<_> = (0..12).map(|number| world.p256(&format!("thief-{number}"))).collect();
    let (office, start) = (Arc::new(world.office), Arc::new(std::sync::Barrier::new(requests.len())));
    let threads: Vec<_> = requests
        .into_iter()
        .map(|request| {
            let (office, token, start) = (Arc::clone(&office), token.clone(), Arc::clone(&start));
            std::thread::spawn(move || {
                start.wait();
                office.redeem(&token, Enrols::Tls, &request, now()).map(issued).map_err(|error| error.code())
            })
        })
        .collect();
    let results: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
    assert!(results.iter().filter_map(|result| result.as_ref().err()).all(|code| *code == "token-used"));
    let member: MemberId = MEMBER.parse().unwrap();
    let issued =
        office.national().certificates().unwrap().into_iter().filter(|record| record.subject == member.as_str());
    assert_eq!(issued.count(), 1);
}

#[test]
fn an_application_that_nobody_decides_runs_out() {
    let world = World::with(Rules { application_life: HOUR, ..Rules::default() });
    let token = world.invite(&[Enrols::Seal]).token;
    let request = world.p256("seal");
    world.pending(&token, &request);
    let late = now().checked_add(2 * HOUR).unwrap();
    assert_eq!(code(world.office.redeem(&token, Enrols::Seal, &request, late)), "rejected");
}
