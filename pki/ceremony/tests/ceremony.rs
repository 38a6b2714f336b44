//! Ceremonies from the first to the last: what they make is good here and for OpenSSL, and what anyone changes is found.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "all of it is test code"
)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use mohur_authority::{AuthorityError, Issue, Issuer, National, Reason};
use mohur_ceremony::{
    Ask, CeremonyError, Event, HandOver, NewAuthority, Plan, Present, Purpose, Resharing, Whom, check_share, found,
    hand_over, renew_list, request, reshare, revoke, sign_authority, verify,
};
use mohur_chain::{CertificateError, Role, Trust, TrustError};
use mohur_seal::{KeyKind, Passphrase, Zeroizing};
use mohur_wire::{Clock, Timestamp};

/// A second passes at each look.
struct Ticking(Mutex<Timestamp>);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        let mut now = self.0.lock().unwrap();
        *now = Timestamp::from_second(now.as_second() + 1).unwrap();
        *now
    }
}

/// The people: each with a passphrase of their own, which they type as it is, or wrongly.
#[derive(Default)]
struct People {
    passphrases: BTreeMap<String, String>,
    forgetful: Option<String>,
    said: Vec<String>,
}

impl People {
    fn of(&self, whom: Whom<'_>) -> Passphrase {
        let name = match whom {
            Whom::Operator(name) => name,
            Whom::Carrying => "carrying",
        };
        Passphrase::new(Zeroizing::new(self.passphrases[name].clone())).unwrap()
    }
}

impl Ask for People {
    fn new_passphrase(&mut self, whom: Whom<'_>) -> Result<Passphrase, CeremonyError> {
        let name = match whom {
            Whom::Operator(name) => name.to_owned(),
            Whom::Carrying => "carrying".to_owned(),
        };
        // Of the shape of a generated one, which is not stretched: the tests are quicker.
        let digest = mohur_crypto::sha256(format!("passphrase of {name}").as_bytes());
        self.passphrases.insert(name, digest.to_base64url());
        Ok(self.of(whom))
    }

    fn passphrase(&mut self, whom: Whom<'_>, again: bool) -> Result<Option<Passphrase>, CeremonyError> {
        match (whom, &self.forgetful) {
            (Whom::Operator(name), Some(forgetful)) if name == forgetful => {
                Ok((!again).then(|| Passphrase::new(Zeroizing::new("something else".to_owned())).unwrap()))
            }
            _ => Ok(Some(self.of(whom))),
        }
    }

    fn step(&mut self, what: &str) {
        self.said.push(what.to_owned());
    }
}

struct Room {
    folder: tempfile::TempDir,
    clock: Ticking,
    people: People,
}

const PLAN: &str = "domain = \"AZ\"\noperators = [\"ay\", \"gun\", \"su\"]\nneeded = 2\n\
    crl-url = \"http://pki.example.az/crl\"\npermitted-hosts = [\"gov.az\"]\n[[authority]]\nkind = \"tls-ca\"\n[[authority]]\nkind = \"seal-ca\"\n\
    [[authority]]\nkind = \"infrastructure-ca\"\n[[authority]]\nkind = \"officer-ca\"\n";

#[expect(clippy::disallowed_methods, reason = "openssl verify compares with the system's clock")]
fn now() -> Timestamp {
    Timestamp::from_second(Timestamp::now().as_second() - 3600).unwrap()
}

impl Room {
    fn new() -> Self {
        let clock = Ticking(Mutex::new(now()));
        Self { folder: tempfile::tempdir().unwrap(), clock, people: People::default() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn plan(&self, text: &str) -> Plan {
        fs::write(self.path("plan.toml"), text).unwrap();
        Plan::load(&self.path("plan.toml")).unwrap()
    }

    /// A root in `offline`, and its shares in `operators`, where each operator took them.
    fn founded(text: &str, dry_run: bool) -> Self {
        let mut room = Self::new();
        let plan = room.plan(text);
        found(&plan, &room.path("offline"), dry_run, (&mut room.people, &room.clock)).unwrap();
        room.take_shares("operators");
        room
    }

    fn take_shares(&self, to: &str) {
        fs::create_dir_all(self.path(to)).unwrap();
        for share in fs::read_dir(self.path("offline/shares")).unwrap() {
            let share = share.unwrap();
            fs::rename(share.path(), self.path(to).join(share.file_name())).unwrap();
        }
    }

    fn shares(&self, names: &[&str]) -> Vec<PathBuf> {
        names.iter().map(|name| self.path(&format!("operators/{name}.share"))).collect()
    }

    fn renew(&mut self, names: &[&str]) -> Result<(), CeremonyError> {
        let (folder, shares) = (self.path("offline"), self.shares(names));
        renew_list(Present { folder: &folder, shares: &shares }, (&mut self.people, &self.clock))
    }

    fn hand_over(&mut self, keys: Option<&Path>) -> Result<Vec<Issuer>, CeremonyError> {
        let (folder, pki, now) = (self.path("offline"), self.path("online"), self.clock.now());
        let passphrase = online();
        let over = HandOver { folder: &folder, pki: &pki, passphrase: &passphrase, keys, now };
        hand_over(over, &mut self.people)
    }
}

fn online() -> Passphrase {
    Passphrase::new(Zeroizing::new("the online machine's".to_owned())).unwrap()
}

fn openssl(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let output = Command::new("openssl").args(arguments).current_dir(folder).output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

#[test]
fn a_root_is_made_verified_by_us_and_by_openssl_and_put_to_work_online() {
    let mut room = Room::founded(PLAN, false);
    let report = verify(&room.path("offline")).unwrap();
    assert_eq!((report.state.ceremonies, report.state.needed, report.state.authorities.len()), (1, 2, 4));
    assert_eq!(report.shares_here, Vec::<String>::new(), "the operators took them");
    let pem = fs::read(room.path("offline/trust/root.pem")).unwrap();
    assert!(room.people.said.iter().any(|said| said.contains(&report.root)));
    let (_, fingerprint) =
        openssl(&room.path("offline/trust"), &["x509", "-in", "root.pem", "-noout", "-fingerprint", "-sha256"]);
    let digits = fingerprint.split('=').nth(1).unwrap().trim().replace(':', "").to_lowercase();
    assert_eq!(digits, report.root);
    for authority in ["tls-ca.pem", "seal-ca.pem", "infrastructure-ca.pem", "officer-ca.pem"] {
        let arguments =
            ["verify", "-x509_strict", "-crl_check_all", "-CAfile", "root.pem", "-CRLfile", "root.crl", authority];
        let (good, text) = openssl(&room.path("offline/trust"), &arguments);
        assert!(good, "{authority}: {text}");
        let (_, text) = openssl(&room.path("offline/trust"), &["x509", "-in", authority, "-noout", "-text"]);
        assert!(
            text.contains("URI:http://pki.example.az/crl/root.crl") && text.contains("NIST CURVE: P-384"),
            "{text}"
        );
    }
    // Nobody's key lies open, and the root's not even encrypted under a passphrase.
    for file in walk(&room.path("offline")) {
        let text = fs::read(&file).unwrap();
        assert!(
            !text.windows(11).any(|window| window == b"PRIVATE KEY") || file.starts_with(room.path("offline/issuing")),
            "{}",
            file.display()
        );
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o077, 0, "{}", file.display());
    }

    let new = room.hand_over(None).unwrap();
    assert_eq!(new.len(), 4);
    let mut national = National::open(&room.path("online"), &online()).unwrap();
    let (member, members, passphrase) =
        ("AZ/GOV/MIA/id-cards".parse().unwrap(), room.path("members"), Passphrase::generate());
    let now = room.clock.now();
    let issue = Issue { member: &member, folder: &members, passphrase: &passphrase, key: KeyKind::P256, days: 7, now };
    let seal = national.issue_seal(&Issue { days: 365, ..issue }).unwrap();
    national.trust().unwrap().validate_seal(&seal.certificate, now).unwrap();
    assert_eq!(fs::read(room.path("online/trust/root.pem")).unwrap(), pem);
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(walk(&path)) } else { found.push(path) }
    }
    found
}

#[test]
fn fewer_operators_than_needed_a_forgotten_passphrase_and_a_spoiled_share_end_a_ceremony() {
    let mut room = Room::founded(PLAN, false);
    let before = fs::read(room.path("offline/transcript.jsonl")).unwrap();
    assert!(matches!(room.renew(&["ay"]), Err(CeremonyError::TooFew { given: 1, needed: 2 })));
    let twice = room.renew(&["ay", "ay"]).unwrap_err();
    assert!(twice.to_string().contains("ay") && twice.to_string().contains("twice"), "{twice}");

    room.people.forgetful = Some("gun".to_owned());
    let wrong = room.renew(&["ay", "gun"]).unwrap_err();
    assert!(matches!(&wrong, CeremonyError::Passphrase { operator } if operator == "gun"), "{wrong}");
    room.people.forgetful = None;

    // One byte of a share, wherever it is.
    let path = room.path("operators/su.share");
    let good = fs::read(&path).unwrap();
    let passphrase = room.people.of(Whom::Operator("su"));
    for at in (0..good.len() - 1).step_by(7) {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        fs::write(&path, &bytes).unwrap();
        assert!(check_share(&path, Some(&passphrase)).is_err(), "byte {at}");
        assert!(room.renew(&["ay", "su"]).is_err(), "byte {at}");
    }
    // Whoever changes it and its checksum is found by the transcript, and named.
    let text = String::from_utf8(good.clone()).unwrap();
    let other = fs::read_to_string(room.path("operators/gun.share")).unwrap();
    let field = |text: &str, name: &str| {
        let at = text.find(&format!("\"{name}\": \"")).unwrap() + name.len() + 5;
        text[at..].split('"').next().unwrap().to_owned()
    };
    let swapped = text.replace(&field(&text, "commitment"), &field(&other, "commitment"));
    fs::write(&path, &swapped).unwrap();
    let found = room.renew(&["ay", "su"]).unwrap_err();
    assert!(matches!(&found, CeremonyError::Share { operator, .. } if operator == "su"), "{found}");
    fs::write(&path, &good).unwrap();
    assert_eq!(fs::read(room.path("offline/transcript.jsonl")).unwrap(), before, "nothing of it left a trace");
    room.renew(&["ay", "su"]).unwrap();
    check_share(&path, Some(&passphrase)).unwrap();
    assert!(matches!(check_share(&path, Some(&online())), Err(CeremonyError::Passphrase { .. })));
}

#[test]
fn any_changed_byte_of_the_folder_is_found() {
    let room = Room::founded(PLAN, false);
    let folder = room.path("offline");
    let report = verify(&folder).unwrap();
    let transcript = folder.join("transcript.jsonl");
    let good = fs::read(&transcript).unwrap();
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        fs::write(&transcript, &bytes).unwrap();
        assert!(
            verify(&folder).is_err(),
            "byte {at} of the transcript: {}",
            String::from_utf8_lossy(&good[at.saturating_sub(20)..(at + 20).min(good.len())])
        );
    }
    // Lines taken away, doubled or exchanged.
    let lines: Vec<&str> = std::str::from_utf8(&good).unwrap().split_inclusive('\n').collect();
    for at in 0..lines.len() {
        let without: String =
            lines.iter().enumerate().filter(|(number, _)| *number != at).map(|(_, line)| *line).collect();
        fs::write(&transcript, without).unwrap();
        assert!(verify(&folder).is_err(), "without line {at}");
        let doubled: String = lines[..=at].iter().chain(&lines[at..]).copied().collect();
        fs::write(&transcript, doubled).unwrap();
        assert!(verify(&folder).is_err(), "line {at} twice");
    }
    fs::write(&transcript, &good).unwrap();
    for name in ["root.sealed", "trust/root.pem", "trust/root.crl", "trust/tls-ca.pem", "trust/officer-ca.pem"] {
        let path = folder.join(name);
        let content = fs::read(&path).unwrap();
        let step = content.len() / 40 + 1;
        for at in (0..content.len()).step_by(step) {
            let mut bytes = content.clone();
            bytes[at] ^= 1;
            fs::write(&path, &bytes).unwrap();
            // In PEM, what stands around the certificate is not the certificate.
            let same = mohur_chain::read_pem_file(&path).is_ok_and(|ders| {
                fs::write(&path, &content).unwrap();
                name.ends_with(".pem") && ders == mohur_chain::read_pem_file(&path).unwrap()
            });
            fs::write(&path, &bytes).unwrap();
            assert!(same || verify(&folder).is_err(), "byte {at} of {name}");
        }
        fs::write(&path, &content).unwrap();
    }
    fs::write(folder.join("trust/extra-ca.pem"), "x").unwrap();
    let strange = verify(&folder).unwrap_err();
    assert!(strange.to_string().contains("extra-ca.pem"), "{strange}");
    fs::remove_file(folder.join("trust/extra-ca.pem")).unwrap();
    fs::rename(folder.join("trust/tls-ca.pem"), folder.join("away")).unwrap();
    assert!(verify(&folder).is_err());
    fs::rename(folder.join("away"), folder.join("trust/tls-ca.pem")).unwrap();
    assert_eq!(verify(&folder).unwrap().head, report.head);
}

#[test]
fn what_a_dry_run_made_is_never_used() {
    let mut room = Room::founded(PLAN, true);
    let report = verify(&room.path("offline")).unwrap();
    assert!(report.state.dry_run);
    // It can be practised further.
    room.renew(&["gun", "su"]).unwrap();
    assert!(matches!(room.hand_over(None), Err(CeremonyError::DryRun { .. })));
    let read = |name: &str| fs::read_to_string(room.path(&format!("offline/trust/{name}"))).unwrap();
    let issuing = [read("tls-ca.pem"), read("seal-ca.pem")];
    let refused = Trust::from_pem(&read("root.pem"), &issuing, &[read("root.crl")]).unwrap_err();
    assert!(matches!(refused, TrustError::Authority { source: CertificateError::Form(mohur_chain::Form::DryRun), .. }));
    let arguments = ["verify", "-CAfile", "root.pem", "tls-ca.pem"];
    assert!(!openssl(&room.path("offline/trust"), &arguments).0, "nor by openssl");
}

#[test]
fn a_lost_share_is_replaced_and_the_old_ones_open_nothing_any_more() {
    let mut room = Room::founded(PLAN, false);
    // su lost the share; ay and gun share anew, with other people, three of four.
    let (folder, shares) = (room.path("offline"), room.shares(&["ay", "gun"]));
    let operators: Vec<String> = ["ay", "gun", "ulduz", "dan"].map(str::to_owned).into();
    let new = Resharing { operators: &operators, needed: 3 };
    reshare(Present { folder: &folder, shares: &shares }, new, (&mut room.people, &room.clock)).unwrap();
    let report = verify(&folder).unwrap();
    assert_eq!((report.state.generation, report.state.needed, report.shares_here.len()), (2, 3, 4));
    let signers: Vec<String> = report
        .entries
        .iter()
        .rev()
        .map_while(|entry| match &entry.event {
            Event::Signed { operator, .. } => Some(operator.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(signers.len(), 2 + 4, "the old operators who were there, and all new ones: {signers:?}");
    let old = room.renew(&["ay", "gun"]).unwrap_err();
    assert!(matches!(old, CeremonyError::TooFew { .. } | CeremonyError::Share { .. }), "{old}");
    let old = room.renew(&["ay", "gun", "su"]).unwrap_err();
    assert!(old.to_string().contains("not the last one"), "{old}");
    fs::remove_dir_all(room.path("operators")).unwrap();
    room.take_shares("operators");
    assert!(matches!(room.renew(&["ay", "gun"]), Err(CeremonyError::TooFew { given: 2, needed: 3 })));
    room.renew(&["dan", "ay", "ulduz"]).unwrap();
    assert_eq!(verify(&folder).unwrap().state.list.unwrap().number, 2);
    let too_few = Resharing { operators: &operators[..1], needed: 1 };
    let shares = room.shares(&["dan", "ay", "ulduz"]);
    let refused = reshare(Present { folder: &folder, shares: &shares }, too_few, (&mut room.people, &room.clock));
    assert!(matches!(refused, Err(CeremonyError::Refused(_))));
}

#[test]
fn a_stolen_authority_is_replaced_by_request_and_revoked() {
    let mut room = Room::founded(PLAN, false);
    room.hand_over(None).unwrap();
    let (folder, shares, requests) = (room.path("offline"), room.shares(&["gun", "su"]), room.path("requests"));
    let (key, csr) = request(("AZ", Issuer::Ca(Role::Tls, 2)), &requests, &online()).unwrap();
    assert!(key.exists());
    let text = fs::read_to_string(&csr).unwrap();
    let present = Present { folder: &folder, shares: &shares };
    let new = NewAuthority { role: Role::Tls, request: Some(&text) };
    assert_eq!(sign_authority(present, new, (&mut room.people, &room.clock)).unwrap(), Issuer::Ca(Role::Tls, 2));
    let why = (Issuer::TLS_CA, Reason::KeyCompromise);
    revoke(present, why, (&mut room.people, &room.clock)).unwrap();
    assert!(revoke(present, why, (&mut room.people, &room.clock)).is_err(), "twice");
    let never = (Issuer::Ca(Role::Seal, 9), Reason::KeyCompromise);
    assert!(matches!(revoke(present, never, (&mut room.people, &room.clock)), Err(CeremonyError::Refused(_))));
    let report = verify(&folder).unwrap();
    assert_eq!(report.state.authorities.iter().filter(|one| one.revoked.is_some()).count(), 1);
    let (_, text) = openssl(&folder.join("trust"), &["crl", "-in", "root.crl", "-noout", "-text"]);
    assert!(text.contains("Key Compromise"), "{text}");
    let arguments = ["verify", "-crl_check_all", "-CAfile", "root.pem", "-CRLfile", "root.crl", "tls-ca.pem"];
    assert!(openssl(&folder.join("trust"), &arguments).1.contains("revoked"));

    assert!(matches!(room.hand_over(None), Err(CeremonyError::Refused(_))), "where is its key?");
    assert_eq!(room.hand_over(Some(&requests)).unwrap(), [Issuer::Ca(Role::Tls, 2)]);
    let national = National::open(&room.path("online"), &online()).unwrap();
    assert_eq!(national.current(Role::Tls).unwrap(), Issuer::Ca(Role::Tls, 2));
    assert_eq!(national.trust().unwrap().tls_ca_subjects().len(), 1);
    drop(national);
    assert_eq!(room.hand_over(None).unwrap(), [], "once more: nothing new");

    // Another root's folder is not taken over by this PKI.
    let mut other = Room::founded(PLAN, false);
    let (there, here) = (other.path("offline"), room.path("online"));
    let (passphrase, now) = (online(), room.clock.now());
    let over = HandOver { folder: &there, pki: &here, passphrase: &passphrase, keys: None, now };
    let refused = hand_over(over, &mut other.people).unwrap_err();
    assert!(matches!(refused, CeremonyError::Authority(AuthorityError::OtherRoot)), "{refused}");
}

#[test]
fn the_requests_of_a_plan_are_signed_without_any_key_leaving_the_machine_online() {
    let mut room = Room::new();
    let requests = room.path("requests");
    for issuer in [Issuer::TLS_CA, Issuer::SEAL_CA] {
        request(("AZ", issuer), &requests, &online()).unwrap();
    }
    let plan = "domain = \"AZ\"\noperators = [\"ay\", \"gun\"]\nneeded = 2\n\
        [[authority]]\nkind = \"tls-ca\"\nrequest = \"requests/tls-ca.csr\"\n\
        [[authority]]\nkind = \"seal-ca\"\nrequest = \"requests/seal-ca.csr\"\n";
    let plan = room.plan(plan);
    found(&plan, &room.path("offline"), false, (&mut room.people, &room.clock)).unwrap();
    assert!(verify(&room.path("offline")).unwrap().keys_here.is_empty());
    assert!(!room.people.passphrases.contains_key("carrying"), "nothing is carried");
    assert_eq!(room.hand_over(Some(&requests)).unwrap().len(), 2);
    National::open(&room.path("online"), &online()).unwrap().trust().unwrap();
    let again = found(&plan, &room.path("offline"), false, (&mut room.people, &room.clock));
    assert!(matches!(again, Err(CeremonyError::Exists { .. })), "never over another");
}

#[test]
fn a_transcript_says_what_was_done_in_which_ceremony() {
    let mut room = Room::founded(PLAN, false);
    room.renew(&["ay", "gun"]).unwrap();
    let report = verify(&room.path("offline")).unwrap();
    let begun: Vec<_> = report
        .entries
        .iter()
        .filter_map(|entry| match &entry.event {
            Event::Begun { purpose, present, .. } => Some((*purpose, present.len())),
            _ => None,
        })
        .collect();
    assert_eq!(begun, [(Purpose::Found, 3), (Purpose::RenewList, 2)]);
    // The machine's clock must not have gone back.
    *room.clock.0.lock().unwrap() = "2026-01-01T00:00:00Z".parse().unwrap();
    let late = room.renew(&["ay", "gun"]).unwrap_err();
    assert!(late.to_string().contains("the clock went back"), "{late}");
    // What was there before the last ceremony lies beside the folder.
    assert_eq!(verify(&room.path("offline.before")).unwrap().state.ceremonies, 1);
}

#[test]
fn a_wrong_plan_is_refused_with_every_fault_at_once() {
    let room = Room::new();
    let wrong = "domain = \"A Z\"\noperators = [\"ay\", \"ay\"]\nneeded = 2\nroot-days = 99999\nsurprise = 1\n\
        [[authority]]\nkind = \"tls\"\n";
    fs::write(room.path("plan.toml"), wrong).unwrap();
    let text = Plan::load(&room.path("plan.toml")).unwrap_err().to_string();
    for expected in ["domain", "operators", "root-days", "surprise", "kind", "authority"] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    for (operators, needed) in [("[\"ay\"]", 2), ("[\"ay\", \"gun\"]", 3), ("[\"ay\", \"../x\"]", 2)] {
        let text =
            PLAN.replace("[\"ay\", \"gun\", \"su\"]", operators).replace("needed = 2", &format!("needed = {needed}"));
        fs::write(room.path("plan.toml"), text).unwrap();
        assert!(Plan::load(&room.path("plan.toml")).is_err(), "{operators} {needed}");
    }
}
