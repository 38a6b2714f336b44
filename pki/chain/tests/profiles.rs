//! The profiles of the domain's own servers, responders, stampers and officers: each good for its own purpose alone, and for
//! that only from its own authority. And several authorities of one kind at once.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::collections::BTreeSet;
use std::fs;

use mohur_authority::testing::{ExtendedKeyUsagePurpose, KeyUsagePurpose, Template};
use mohur_authority::{Issuer, National, Reason, Settings};
use mohur_chain::{Certificate, CertificateError, Profile, Role, Trust, TrustError, inspect, oid};
use mohur_seal::Passphrase;
use mohur_wire::Timestamp;

const DAY: i64 = 86_400;

fn day(number: i64) -> Timestamp {
    let start: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
    Timestamp::from_second(start.as_second() + number * DAY).unwrap()
}

struct World {
    folder: tempfile::TempDir,
    passphrase: Passphrase,
    national: National,
}

type Judge = fn(&Trust, &Certificate) -> Result<(), CertificateError>;

/// Every door, by the profile that it is for.
const DOORS: [(Profile, Judge); 6] = [
    (Profile::Tls, |trust, one| trust.validate_tls(one, day(1)).map(drop)),
    (Profile::Seal, |trust, one| trust.validate_seal(one, day(1)).map(drop)),
    (Profile::Infrastructure, |trust, one| trust.validate_infrastructure(one, day(1)).map(drop)),
    (Profile::Ocsp, |trust, one| trust.validate_ocsp_responder(one, one, day(1)).map(drop)),
    (Profile::TimeStamp, |trust, one| trust.validate_time_stamper(one, day(1)).map(drop)),
    (Profile::Officer, |trust, one| trust.validate_officer(one, day(1)).map(drop)),
];

impl World {
    fn new() -> Self {
        Self::with(&Settings::default())
    }

    fn with(settings: &Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let passphrase = Passphrase::generate();
        let national = National::create_with(folder.path(), "AZ", settings, &passphrase, day(0)).unwrap();
        Self { folder, passphrase, national }
    }

    fn trust(&self) -> Trust {
        self.national.trust().unwrap()
    }

    fn parse(&self, template: &Template) -> Result<Certificate, CertificateError> {
        Certificate::parse(&self.national.forge(template).unwrap().der)
    }

    fn pem(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join("trust").join(name)).unwrap()
    }
}

/// One good template of each profile that is no authority's, with the authority that issues it.
fn good() -> Vec<(Profile, Template)> {
    let member = "AZ/GOV/MIA/id-cards".parse().unwrap();
    let hosts = ["directory.example.az".to_owned()];
    vec![
        (Profile::Tls, Template::tls(&member, &[], day(0), 7).unwrap()),
        (Profile::Seal, Template::seal(&member, day(0), 365).unwrap()),
        (Profile::Infrastructure, Template::infrastructure("AZ", &hosts, day(0), 365).unwrap()),
        (Profile::Ocsp, Template::ocsp("AZ", Issuer::TLS_CA, day(0), 30).unwrap()),
        (Profile::TimeStamp, Template::time_stamp("AZ", day(0), 365).unwrap()),
        (Profile::Officer, Template::officer(&"AZ/GOV/MIA/officer-17".parse().unwrap(), day(0), 365).unwrap()),
    ]
}

fn template(profile: Profile) -> Template {
    good().into_iter().find(|(found, _)| *found == profile).unwrap().1
}

#[test]
fn each_profile_opens_its_own_door_and_no_other() {
    let world = World::new();
    let trust = world.trust();
    for (profile, template) in good() {
        let certificate = world.parse(&template).unwrap();
        assert_eq!(certificate.profile(), profile);
        for (expected, judge) in DOORS {
            let judged = judge(&trust, &certificate);
            if expected == profile {
                assert_eq!(judged, Ok(()), "{profile}");
            } else {
                assert_eq!(judged, Err(CertificateError::WrongProfile { expected, found: profile }));
            }
        }
        let inspected = inspect(certificate.der(), Some(&trust), day(1)).unwrap();
        assert_eq!((inspected.profile, inspected.problems), (Some(profile), Vec::new()));
    }
}

#[test]
fn each_profile_comes_from_its_own_authority_and_no_other() {
    let world = World::new();
    let trust = world.trust();
    let authorities: BTreeSet<Issuer> =
        Role::ALL.map(|role| Issuer::Ca(role, 1)).into_iter().chain([Issuer::Root]).collect();
    for (profile, good) in good() {
        let judge = DOORS.iter().find(|(door, _)| *door == profile).unwrap().1;
        for issuer in &authorities {
            // Every issuing authority certifies its own responder.
            let fits = *issuer == good.issuer || profile == Profile::Ocsp && *issuer != Issuer::Root;
            let certificate = world.parse(&Template { issuer: *issuer, ..good.clone() }).unwrap();
            let expected = if fits { Ok(()) } else { Err(CertificateError::UntrustedIssuer) };
            assert_eq!(judge(&trust, &certificate), expected, "{profile} by {issuer}");
        }
    }
}

#[test]
fn a_responder_answers_for_its_own_authority_only() {
    let world = World::new();
    let trust = world.trust();
    let (tls, seal) = (world.parse(&template(Profile::Tls)).unwrap(), world.parse(&template(Profile::Seal)).unwrap());
    let responder = world.parse(&template(Profile::Ocsp)).unwrap();
    let found = trust.validate_ocsp_responder(&responder, &tls, day(1)).unwrap();
    assert_eq!(found.certificate(), &responder);
    let refused = trust.validate_ocsp_responder(&responder, &seal, day(1));
    assert_eq!(refused, Err(CertificateError::UntrustedIssuer));
    assert_eq!(
        trust.validate_ocsp_responder(&tls, &tls, day(1)).unwrap_err().refusal(),
        mohur_wire::RefusalCode::CertificateRefused
    );
    let late = trust.validate_ocsp_responder(&responder, &tls, day(31)).unwrap_err();
    assert!(matches!(late, CertificateError::Expired(_) | CertificateError::StaleRevocationList), "{late}");
}

#[test]
fn each_rule_of_the_new_profiles_broken_alone_is_named() {
    let world = World::new();
    let documents = || ExtendedKeyUsagePurpose::Other(oid::DOCUMENT_SIGNING_ARCS.to_vec());
    let (server, client) = (ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth);
    let (host, member) = (vec!["a.example".to_owned()], vec!["mohur://AZ/GOV/MIA/id-cards".to_owned()]);
    let (infrastructure, ocsp) = (template(Profile::Infrastructure), template(Profile::Ocsp));
    let (stamps, officer) = (template(Profile::TimeStamp), template(Profile::Officer));
    let officers =
        |names: &[&str]| Template { uris: names.iter().map(|name| (*name).to_owned()).collect(), ..officer.clone() };
    for (template, expected) in [
        (Template { hosts: vec![], ..infrastructure.clone() }, CertificateError::NoHost),
        // With a member's name it claims to be a member's.
        (Template { uris: member.clone(), ..infrastructure.clone() }, CertificateError::ExtendedKeyUsage(Profile::Tls)),
        (
            Template { policy: Some(oid::OFFICER_POLICY), ..infrastructure.clone() },
            CertificateError::Policy(Profile::Infrastructure),
        ),
        (
            Template { purposes: vec![server.clone(), documents()], ..infrastructure.clone() },
            CertificateError::ExtendedKeyUsage(Profile::Infrastructure),
        ),
        (Template { no_check: true, ..infrastructure.clone() }, CertificateError::NoCheck(Profile::Infrastructure)),
        (Template { no_check: false, ..ocsp.clone() }, CertificateError::NoCheck(Profile::Ocsp)),
        (Template { hosts: host.clone(), ..ocsp.clone() }, CertificateError::UnexpectedNames(Profile::Ocsp)),
        (Template { uris: member.clone(), ..ocsp.clone() }, CertificateError::UnexpectedNames(Profile::Ocsp)),
        (
            Template { key_usage: vec![KeyUsagePurpose::CrlSign], ..ocsp.clone() },
            CertificateError::KeyUsage(Profile::Ocsp),
        ),
        (
            Template::ocsp("AZ", Issuer::TLS_CA, day(0), 32).unwrap(),
            CertificateError::LivesTooLong { profile: Profile::Ocsp, days: 31 },
        ),
        // Not critical: RFC 3161 section 2.3.
        (
            Template {
                critical_time_stamping: false,
                purposes: vec![ExtendedKeyUsagePurpose::TimeStamping],
                ..stamps.clone()
            },
            CertificateError::ExtendedKeyUsage(Profile::TimeStamp),
        ),
        (Template { hosts: host.clone(), ..stamps.clone() }, CertificateError::UnexpectedNames(Profile::TimeStamp)),
        (Template { policy: None, ..officer.clone() }, CertificateError::Policy(Profile::Officer)),
        (Template { policy: Some(oid::SEAL_POLICY), ..officer.clone() }, CertificateError::Policy(Profile::Officer)),
        (Template { hosts: host, ..officer.clone() }, CertificateError::UnexpectedNames(Profile::Officer)),
        (officers(&[]), CertificateError::BadOfficer),
        (officers(&["mohur://AZ/GOV/MIA/officer-17"]), CertificateError::BadOfficer),
        (officers(&["mohur-officer://AZ/GOV/MIA"]), CertificateError::BadOfficer),
        (officers(&["mohur-officer://AZ/GOV/MIA/a", "mohur-officer://AZ/GOV/MIA/b"]), CertificateError::BadOfficer),
        (officers(&["mohur-officer://AZ/GOV/MIA/a", "mohur://AZ/GOV/MIA/a"]), CertificateError::BadOfficer),
        // An officer's certificate opens no member's TLS by adding a purpose.
        (Template { purposes: vec![server, client], ..officer.clone() }, CertificateError::Policy(Profile::Tls)),
    ] {
        assert_eq!(world.parse(&template).unwrap_err(), expected, "{template:?}");
    }
}

#[test]
fn a_new_authority_takes_over_while_the_old_one_still_counts() {
    let mut world = World::new();
    let old = world.parse(&template(Profile::Tls)).unwrap();
    let before = world.trust();
    let second = world.national.roll(Role::Tls, &world.passphrase, day(1)).unwrap();
    assert_eq!((second, world.national.current(Role::Tls).unwrap()), (Issuer::Ca(Role::Tls, 2), second));
    let new = world.parse(&Template { issuer: second, ..template(Profile::Tls) }).unwrap();
    let both = world.trust();
    both.validate_tls(&old, day(1)).unwrap();
    both.validate_tls(&new, day(1)).unwrap();
    assert_eq!(both.tls_ca_subjects().len(), 2);
    assert_ne!(both.issuer_of(&old), both.issuer_of(&new));
    assert_eq!(
        before.validate_tls(&new, day(1)),
        Err(CertificateError::UntrustedIssuer),
        "nobody told it of the new one"
    );
    // A responder answers for its own generation only.
    let responder = world.parse(&Template::ocsp("AZ", second, day(1), 30).unwrap()).unwrap();
    both.validate_ocsp_responder(&responder, &new, day(1)).unwrap();
    assert!(both.validate_ocsp_responder(&responder, &old, day(1)).is_err());
}

#[test]
fn a_stolen_authority_stops_counting_at_once_and_the_other_goes_on() {
    let mut world = World::new();
    world.national.roll(Role::Seal, &world.passphrase, day(0)).unwrap();
    let of = |number| Template { issuer: Issuer::Ca(Role::Seal, number), ..template(Profile::Seal) };
    let (old, new) = (world.parse(&of(1)).unwrap(), world.parse(&of(2)).unwrap());
    let trust = world.trust();
    trust.validate_seal(&old, day(1)).unwrap();
    trust.validate_seal(&new, day(1)).unwrap();
    let stolen = world
        .national
        .certificates()
        .unwrap()
        .iter()
        .find(|record| record.subject == "seal-ca")
        .unwrap()
        .serial
        .clone();
    world.national.revoke(&stolen, Reason::KeyCompromise, day(1)).unwrap();
    let trust = world.trust();
    assert_eq!(trust.validate_seal(&old, day(1)), Err(CertificateError::Revoked));
    trust.validate_seal(&new, day(1)).unwrap();
    assert_eq!(trust.issuing().filter(|(role, _)| *role == Role::Seal).count(), 1);
    assert_eq!(world.national.current(Role::Seal).unwrap(), Issuer::Ca(Role::Seal, 2));

    // Nobody has to renew the revoked one's list, nor even to have it.
    fs::remove_file(world.folder.path().join("trust/seal-ca.crl")).unwrap();
    let trust = world.trust();
    assert_eq!(trust.validate_seal(&old, day(1)), Err(CertificateError::Revoked));
    trust.validate_seal(&new, day(1)).unwrap();
    assert!(trust.fresh_until() > day(29));
    // But whoever was not told of the revocation needs it.
    fs::remove_file(world.folder.path().join("trust/seal-ca-2.crl")).unwrap();
    assert!(matches!(
        world.national.trust(),
        Err(mohur_authority::AuthorityError::Trust(TrustError::NoRevocationList { .. }))
    ));
}

#[test]
fn a_key_may_change_under_one_name_and_a_certificate_may_change_over_one_key() {
    let world = World::new();
    let (crls, root) = (["root.crl", "tls-ca.crl", "seal-ca.crl"].map(|name| world.pem(name)), world.pem("root.pem"));
    let again = |template: &Template, name: &str| {
        let folder = world.folder.path().join(name);
        let (pem, _) = world.national.forge(template).unwrap().write(&folder, "ca", &world.passphrase).unwrap();
        fs::read_to_string(pem).unwrap()
    };
    // Another TLS CA of the same name, with a key and a list of its own.
    let namesake = Template::authority(Issuer::TLS_CA, "AZ", day(0)).unwrap();
    let namesake = again(&namesake, "namesake");
    let tls = world.parse(&template(Profile::Tls)).unwrap();
    for order in [[world.pem("tls-ca.pem"), namesake.clone()], [namesake, world.pem("tls-ca.pem")]] {
        let issuing = [&order[..], &[world.pem("seal-ca.pem")]].concat();
        let error = Trust::from_pem(&root, &issuing, &crls).unwrap_err();
        assert!(
            matches!(error, TrustError::NoRevocationList { authority: "TLS CA" }),
            "a namesake's list is not its: {error}"
        );
    }
    let issuing = [world.pem("tls-ca.pem").repeat(2), world.pem("seal-ca.pem")];
    Trust::from_pem(&root, &issuing, &crls).unwrap().validate_tls(&tls, day(1)).unwrap();
}

#[test]
fn certificates_carry_the_addresses_of_the_settings() {
    let settings = Settings {
        ocsp_url: Some("http://pki.example.az/ocsp".to_owned()),
        crl_url: Some("http://pki.example.az/crl".to_owned()),
        permitted_hosts: Vec::new(),
    };
    let mut world = World::with(&settings);
    world.national.roll(Role::Tls, &world.passphrase, day(0)).unwrap();
    let tls = world.parse(&template(Profile::Tls)).unwrap();
    assert_eq!(tls.ocsp_urls(), ["http://pki.example.az/ocsp/tls-ca"]);
    assert_eq!(tls.crl_urls(), ["http://pki.example.az/crl/tls-ca.crl"]);
    let second = world.parse(&Template { issuer: Issuer::Ca(Role::Tls, 2), ..template(Profile::Tls) }).unwrap();
    assert_eq!(second.ocsp_urls(), ["http://pki.example.az/ocsp/tls-ca-2"]);
    let responder = world.parse(&template(Profile::Ocsp)).unwrap();
    assert_eq!((responder.ocsp_urls(), responder.crl_urls().len()), (&[][..], 1), "nobody asks it about itself");
    for (profile, template) in good() {
        let certificate = world.parse(&template).unwrap();
        assert_eq!(certificate.crl_urls().len(), 1, "{profile}");
        world.trust();
        inspect(certificate.der(), Some(&world.trust()), day(1)).unwrap();
    }
}
