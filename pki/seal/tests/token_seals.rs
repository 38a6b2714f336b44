//! Seals in a real PKCS#11 token: SoftHSM2.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends"
)]

mod softhsm;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use mohur_authority::{AuthorityError, Requested, request};
use mohur_chain::Certificate;
use mohur_crypto::Algorithm;
use mohur_seal::pkcs11::{KeyName, TokenKeyKind, TokenSeal};
use mohur_seal::{KeySource, Passphrase, Seal, SealError, SealSource};
use mohur_wire::Timestamp;

use softhsm::{NOW, PIN, SoftHsm, member, named, with_token};

fn der(chain: &Path) -> Vec<u8> {
    mohur_chain::read_pem_file(chain).unwrap().remove(0)
}

fn open(hsm: &SoftHsm, label: &str, chain: &Path) -> TokenSeal {
    TokenSeal::open(&hsm.key(label), &der(chain), None).unwrap()
}

/// What was signed verifies under the certificate, and nothing else does.
fn check(seal: &dyn Seal, message: &[u8]) {
    let certificate = Certificate::parse(seal.certificate()).unwrap().pinned_to(seal.algorithm()).unwrap();
    let signature = seal.sign(message).unwrap();
    certificate.public_key().verify(message, &signature).unwrap();
    assert!(certificate.public_key().verify(b"another", &signature).is_err());
}

#[test]
fn keys_made_inside_sign_under_every_algorithm_that_a_directory_can_pin() {
    with_token("keys_made_inside_sign_under_every_algorithm_that_a_directory_can_pin", |hsm| {
        let p256 = hsm.certified("p256", TokenKeyKind::P256);
        let rsa = hsm.certified("rsa", TokenKeyKind::Rsa3072);
        let keys = hsm.token().keys().unwrap();
        assert_eq!(keys.len(), 2);
        assert!(keys.iter().all(mohur_seal::pkcs11::KeyInfo::stays_inside), "{keys:?}");

        let seal = open(hsm, "p256", &p256);
        assert_eq!(seal.algorithm(), Algorithm::EcdsaP256Sha256);
        assert_eq!(seal.sign(b"message").unwrap().len(), 64, "r and s, not ASN.1");
        check(&seal, b"message");
        check(&open(hsm, "rsa", &rsa), b"message");
        let passphrase = Passphrase::generate();
        for pinned in [Algorithm::RsaPssSha512, Algorithm::RsaV15Sha256] {
            let source = SealSource { certificate: rsa.clone(), key: KeySource::Token(hsm.key("rsa")) };
            let seal = source.open(&passphrase, |_| Some(pinned)).unwrap();
            assert_eq!(seal.algorithm(), pinned);
            check(&*seal, &vec![7; 100_000]);
        }
        let wrong = TokenSeal::open(&hsm.key("p256"), &der(&p256), Some(Algorithm::RsaPssSha512)).unwrap_err();
        assert!(matches!(wrong, SealError::WrongAlgorithm { .. }), "{wrong}");
        let mut by_id = hsm.key("p256");
        by_id.name = KeyName { label: None, id: Some(b"p256".to_vec()) };
        check(&TokenSeal::open(&by_id, &der(&p256), None).unwrap(), b"by id");
    });
}

#[test]
fn a_key_of_another_certificate_is_refused_and_a_missing_one_named() {
    with_token("a_key_of_another_certificate_is_refused_and_a_missing_one_named", |hsm| {
        let (one, _two) = (hsm.certified("one", TokenKeyKind::P256), hsm.certified("two", TokenKeyKind::P256));
        let error = TokenSeal::open(&hsm.key("two"), &der(&one), None).unwrap_err();
        assert!(matches!(error, SealError::KeyMismatch), "{error}");
        let error = TokenSeal::open(&hsm.key("three"), &der(&one), None).unwrap_err().to_string();
        assert!(error.contains("no private key \"three\"") && error.contains("mohur pki token list"), "{error}");
        let mut elsewhere = hsm.key("one");
        elsewhere.address.token = "other".to_owned();
        let error = TokenSeal::open(&elsewhere, &der(&one), None).unwrap_err().to_string();
        assert!(error.contains("the module shows \"mohur test\""), "{error}");
        let error = hsm.token().generate(TokenKeyKind::P256, "one", b"new").unwrap_err().to_string();
        assert!(error.contains("already"), "{error}");
        elsewhere.address.module = hsm.path("pin");
        let error = TokenSeal::open(&elsewhere, &der(&one), None).unwrap_err();
        assert!(matches!(error, SealError::Module { .. }), "{error}");
    });
}

#[test]
fn an_extractable_key_is_refused_unless_the_setting_allows_it() {
    with_token("an_extractable_key_is_refused_unless_the_setting_allows_it", |hsm| {
        hsm.token().generate_extractable(TokenKeyKind::P256, "loose", b"loose").unwrap();
        let chain = hsm.certificate_for("loose");
        let mut key = hsm.key("loose");
        let error = TokenSeal::open(&key, &der(&chain), None).unwrap_err();
        assert!(matches!(error, SealError::Extractable { .. }), "{error}");
        assert!(error.to_string().contains("allow-extractable = true"), "{error}");
        key.allow_extractable = true;
        check(&TokenSeal::open(&key, &der(&chain), None).unwrap(), b"allowed");
    });
}

#[test]
fn a_key_brought_in_from_a_file_is_refused_unless_the_setting_allows_it() {
    with_token("a_key_brought_in_from_a_file_is_refused_unless_the_setting_allows_it", |hsm| {
        let key = hsm.path("imported.pem");
        let openssl = ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out"];
        assert!(Command::new("openssl").args(openssl).arg(&key).output().unwrap().status.success());
        let imported = Command::new("softhsm2-util")
            .args(["--import", key.to_str().unwrap(), "--token", softhsm::TOKEN, "--pin", PIN, "--label", "in"])
            .args(["--id", "0a"])
            .output()
            .unwrap();
        assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
        let chain = hsm.certificate_for("in");
        // It cannot leave any more, and was outside once: the file may still be somewhere.
        let [info] = &hsm.token().keys().unwrap()[..] else { panic!("one key") };
        assert!(!info.always_inside && !info.stays_inside(), "{info:?}");
        let mut key = hsm.key("in");
        let refused = TokenSeal::open(&key, &der(&chain), None).unwrap_err();
        assert!(matches!(refused, SealError::Extractable { .. }), "{refused}");
        key.allow_extractable = true;
        check(&TokenSeal::open(&key, &der(&chain), None).unwrap(), b"allowed");
    });
}

#[test]
fn eight_threads_sign_with_four_sessions() {
    with_token("eight_threads_sign_with_four_sessions", |hsm| {
        let chain = hsm.certified("seal", TokenKeyKind::P256);
        let seal = Arc::new(open(hsm, "seal", &chain));
        let threads: Vec<_> = (0..8)
            .map(|thread| {
                let seal = Arc::clone(&seal);
                std::thread::spawn(move || {
                    (0..25).for_each(|turn| check(&*seal, format!("{thread} {turn}").as_bytes()));
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

#[test]
fn a_signature_waits_for_a_session_no_longer_than_it_may() {
    with_token("a_signature_waits_for_a_session_no_longer_than_it_may", |hsm| {
        let chain = hsm.certified("seal", TokenKeyKind::Rsa3072);
        let mut key = hsm.key("seal");
        (key.sessions, key.wait) = (1, Duration::from_millis(1));
        let seal = Arc::new(TokenSeal::open(&key, &der(&chain), None).unwrap());
        let start = Instant::now();
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let seal = Arc::clone(&seal);
                std::thread::spawn(move || (0..20).filter(|_| is_busy(&seal.sign(b"message"))).count())
            })
            .collect();
        let busy: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
        assert!((1..160).contains(&busy), "some were refused and some were signed: {busy} of 160 refused");
        assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
        check(&*seal, b"afterwards");
    });
}

fn is_busy(signed: &Result<Vec<u8>, SealError>) -> bool {
    match signed {
        Ok(_) => false,
        Err(SealError::TokenBusy { sessions: 1, .. }) => true,
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn a_token_that_vanishes_is_found_again_when_it_is_back() {
    with_token("a_token_that_vanishes_is_found_again_when_it_is_back", |hsm| {
        let chain = hsm.certified("seal", TokenKeyKind::P256);
        let seal = open(hsm, "seal", &chain);
        check(&seal, b"before");
        // Somebody ends the login, which is one for all sessions of the process: the key is not to be seen any more.
        let module = Pkcs11::new(&hsm.address().module).unwrap();
        log_out(&module);
        check(&seal, b"after the login was ended");
        // The module is shut down: nothing that it handed out means anything.
        module.finalize().unwrap();
        check(&seal, b"after the module was shut down");
        // The same, and somebody else was faster: our session's number is not known any more.
        Pkcs11::new(&hsm.address().module).unwrap().finalize().unwrap();
        let module = Pkcs11::new(&hsm.address().module).unwrap();
        module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).unwrap();
        check(&seal, b"after the module was started anew");
        // The token itself is away: it fails, soon and closed, as often as it is asked.
        let away = hsm.path("away");
        hsm.move_tokens(&hsm.tokens(), &away);
        Pkcs11::new(&hsm.address().module).unwrap().finalize().unwrap();
        for _ in 0..2 {
            let start = Instant::now();
            let error = seal.sign(b"while it is away").unwrap_err();
            assert!(matches!(error, SealError::Token { .. }), "{error}");
            assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        }
        hsm.move_tokens(&away, &hsm.tokens());
        check(&seal, b"when it is back");
    });
}

/// Ends the process's login to the token.
fn log_out(module: &Pkcs11) {
    let slot = module.get_slots_with_initialized_token().unwrap()[0];
    module.open_ro_session(slot).unwrap().logout().unwrap();
}

#[test]
fn a_login_that_ends_under_load_costs_no_signature() {
    with_token("a_login_that_ends_under_load_costs_no_signature", |hsm| {
        let chain = hsm.certified("seal", TokenKeyKind::P256);
        let seal = Arc::new(open(hsm, "seal", &chain));
        let threads: Vec<_> = (0..6)
            .map(|_| {
                let seal = Arc::clone(&seal);
                std::thread::spawn(move || (0..200).for_each(|turn| check(&*seal, &[turn])))
            })
            .collect();
        let module = Pkcs11::new(&hsm.address().module).unwrap();
        for _ in 0..3 {
            std::thread::sleep(Duration::from_millis(40));
            log_out(&module);
        }
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

#[test]
fn a_wrong_pin_is_tried_once_and_never_shown() {
    with_token("a_wrong_pin_is_tried_once_and_never_shown", |hsm| {
        let chain = der(&hsm.certified("seal", TokenKeyKind::P256));
        hsm.write_pin("pin", "wrong-4711");
        for tried in ["C_Login answers", "it has refused this PIN before", "it has refused this PIN before"] {
            let error = TokenSeal::open(&hsm.key("seal"), &chain, None).unwrap_err();
            assert!(matches!(error, SealError::WrongPin { .. }), "{error}");
            let text = format!("{error} {error:?}");
            assert!(!text.contains("4711") && text.contains("/pin"), "{text}");
            let tried = tried.replace("C_Login answers", "PinIncorrect");
            assert!(text.contains(&tried), "{tried} in {text}");
        }
        hsm.write_pin("pin", PIN);
        check(&TokenSeal::open(&hsm.key("seal"), &chain, None).unwrap(), b"the right one");
        fs::set_permissions(hsm.path("pin"), std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
        let error = TokenSeal::open(&hsm.key("seal"), &chain, None).unwrap_err();
        assert!(matches!(error, SealError::ReadableByOthers { .. }), "{error}");
    });
}

#[test]
fn a_certificate_needs_a_request_that_proves_the_key() {
    with_token("a_certificate_needs_a_request_that_proves_the_key", |hsm| {
        for (label, kind) in [("p256", TokenKeyKind::P256), ("rsa", TokenKeyKind::Rsa3072)] {
            hsm.token().generate(kind, label, label.as_bytes()).unwrap();
            let pem = request(&member(), &hsm.token().signer(&named(label)).unwrap()).unwrap();
            let csr = hsm.path("good.csr");
            fs::write(&csr, &pem).unwrap();
            let verified =
                Command::new("openssl").args(["req", "-verify", "-noout", "-in"]).arg(&csr).output().unwrap();
            assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
        }
        // Another's name, a CA's rights and other hosts in the request change nothing: the profile decides.
        let (key, csr, folder) = (hsm.path("key.pem"), hsm.path("greedy.csr"), hsm.path("greedy"));
        let made = Command::new("openssl")
            .args(["req", "-new", "-newkey", "rsa:3072", "-nodes", "-subj", "/CN=AZ\\/GOV\\/MOJ\\/civil-registry"])
            .args(["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "subjectAltName=DNS:hub.az", "-keyout"])
            .arg(&key)
            .arg("-out")
            .arg(&csr)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let (member, now) = (member(), Timestamp::from_second(NOW).unwrap());
        let requested = Requested { member: &member, request: &csr, folder: &folder, days: 365, now };
        let (certificate, _) = hsm.national().issue_seal_for(&requested).unwrap();
        assert_eq!(certificate.member(), Some(&member));
        assert!(certificate.hosts().is_empty());
        // One changed byte of the key: whoever wrote it does not have the private half.
        let mut bytes = fs::read_to_string(&csr).unwrap();
        let at = bytes.len() / 2;
        let other = if bytes.as_bytes()[at] == b'A' { "B" } else { "A" };
        bytes.replace_range(at..=at, other);
        fs::write(&csr, bytes).unwrap();
        let error = hsm.national().issue_seal_for(&requested).unwrap_err();
        assert!(matches!(error, AuthorityError::Request { .. }), "{error}");
    });
}
