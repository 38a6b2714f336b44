//! Answers about revocation across the border: what we answer, `openssl ocsp` accepts; what it answers, we accept; and neither
//! accepts what was altered, is old, or comes from somebody else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::cell::Cell;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use mohur_attest::ocsp::{
    CertId, CertificateStatus, IdHash, OcspError, OcspRequest, Reason, Refusal, Responder, ResponderError,
    verify_answer, verify_stored,
};
use mohur_chain::{CertificateError, SignerCertificate};
use mohur_seal::SoftwareSeal;
use mohur_wire::Timestamp;

mod shop;

use shop::{Shop, now};

const HOUR: Duration = Duration::from_secs(3600);
const SKEW: Duration = Duration::from_secs(5);

fn certificate(shop: &Shop, name: &str) -> SignerCertificate {
    SignerCertificate::parse(&shop.read(&format!("{name}.der"))).unwrap()
}

/// Certificates good, revoked and strange; a responder of `middle`.
fn stocked() -> Shop {
    let shop = Shop::new();
    for name in ["good", "revoked", "strange"] {
        shop.issue(name, "ec", "seal", "middle");
    }
    shop.issue("responder", "ec", "responder", "middle");
    shop
}

fn responder(shop: &Shop, name: &str) -> Result<Responder, ResponderError> {
    let seal = SoftwareSeal::from_pkcs8(&shop.read(&format!("{name}.p8")), &shop.read(&format!("{name}.der"))).unwrap();
    Responder::new(&shop.read("middle.der"), Arc::new(seal), HOUR, now())
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn register(shop: &Shop) -> impl Fn(&[u8]) -> Result<CertificateStatus, Refusal> {
    let [good, revoked] = ["good", "revoked"].map(|name| certificate(shop, name).serial().to_vec());
    move |serial| {
        Ok(if serial == good {
            CertificateStatus::Good
        } else if serial == revoked {
            CertificateStatus::Revoked { at: at("2026-05-06T07:08:09Z"), reason: Some(Reason(1)) }
        } else {
            CertificateStatus::Unknown
        })
    }
}

#[test]
fn openssl_accepts_our_answers_and_refuses_altered_ones() {
    let shop = stocked();
    let (responder, register) = (responder(&shop, "responder").unwrap(), register(&shop));
    for options in ["-sha256", "-sha1 -no_nonce", "-sha512"] {
        let certificates = "-cert good.pem -cert revoked.pem -cert strange.pem";
        shop.openssl(&format!("ocsp -issuer middle.pem {options} {certificates} -reqout q.der"));
        let request = OcspRequest::decode(&shop.read("q.der")).unwrap();
        let answered = responder.answer(&request, now(), &register).unwrap();
        fs::write(shop.path("r.der"), &*answered.der).unwrap();
        let ask = |response: &str| {
            // With -no_nonce, since openssl would make a new one; over HTTP it compares them (mohur-authority).
            let line = format!(
                "ocsp -issuer middle.pem {options} -no_nonce {certificates} -respin {response} -CAfile root.pem -verify_other middle.pem -status_age 100"
            );
            let output = shop.run(&line);
            (output.status.success(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
        };
        let (good, text) = ask("r.der");
        assert!(good && text.contains("Response verify OK"), "{options}: {text}");
        assert_eq!(answered.nonce, !options.contains("-no_nonce"));
        for expected in [
            "good.pem: good",
            "revoked.pem: revoked",
            "Reason: keyCompromise",
            "Revocation Time: May  6 07:08:09 2026 GMT",
            "strange.pem: unknown",
        ] {
            assert!(text.contains(expected), "{expected}: {text}");
        }
        for place in (30..answered.der.len()).step_by(61) {
            let mut altered = answered.der.to_vec();
            altered[place] ^= 1;
            fs::write(shop.path("altered.der"), altered).unwrap();
            let (_, text) = ask("altered.der");
            assert!(!text.contains("Response verify OK"), "{options}: octet {place}: {text}");
        }
    }
    let text = String::from_utf8(shop.run("ocsp -respin r.der -text -noverify").stdout).unwrap();
    assert!(text.contains("OCSP Response Status: successful") && text.contains("Next Update"), "{text}");
}

#[test]
fn answers_without_a_nonce_are_signed_once_until_half_of_their_life_or_a_revocation() {
    let shop = stocked();
    let responder = responder(&shop, "responder").unwrap();
    let id = CertId::new(IdHash::Sha1, &certificate(&shop, "middle"), certificate(&shop, "good").serial());
    let request = OcspRequest::new(vec![id.clone()], None);
    let state = Cell::new(CertificateStatus::Good);
    let answer = |after: Duration| responder.answer(&request, now() + after, |_| Ok(state.get())).unwrap();
    let first = answer(Duration::ZERO);
    assert!(Arc::ptr_eq(&first.der, &answer(HOUR / 3).der), "the same answer");
    assert!(!Arc::ptr_eq(&first.der, &answer(HOUR * 2 / 3).der), "half of its life is over");
    state.set(CertificateStatus::Revoked { at: at("2026-05-06T07:08:09Z"), reason: None });
    let issuer = certificate(&shop, "middle");
    let proved = verify_answer(&answer(HOUR / 3).der, &request, (&id, &issuer), now() + HOUR / 3, SKEW).unwrap();
    assert_eq!(proved.status, state.get(), "a revocation shows at once");
    let with_nonce = OcspRequest::new(vec![id], Some([7; 32]));
    let [one, two] = [(); 2].map(|()| responder.answer(&with_nonce, now(), |_| Ok(state.get())).unwrap());
    assert!(one.nonce && !Arc::ptr_eq(&one.der, &two.der));
}

#[test]
fn nothing_is_said_of_another_issuers_certificates() {
    let shop = stocked();
    let responder = responder(&shop, "responder").unwrap();
    let mine = CertId::new(IdHash::Sha256, &certificate(&shop, "middle"), certificate(&shop, "good").serial());
    shop.openssl("x509 -in root.pem -outform DER -out root.der");
    let other = CertId::new(IdHash::Sha256, &certificate(&shop, "root"), certificate(&shop, "middle").serial());
    for ids in [vec![other.clone()], vec![mine, other]] {
        let refused = responder.answer(&OcspRequest::new(ids, None), now(), |_| panic!("nobody is asked"));
        assert_eq!(refused.unwrap_err(), Refusal::Unauthorized);
    }
    for (refusal, said) in [
        (Refusal::Unauthorized, "unauthorized"),
        (Refusal::MalformedRequest, "malformedrequest"),
        (Refusal::InternalError, "internalerror"),
        (Refusal::TryLater, "trylater"),
    ] {
        fs::write(shop.path("r.der"), refusal.encode()).unwrap();
        let output = shop.run("ocsp -respin r.der -noverify");
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(text.contains(said), "{text}");
    }
    assert!(matches!(self::responder(&shop, "good"), Err(ResponderError::Certificate(CertificateError::Purpose))));
    shop.issue("checked", "ec", "checked", "middle");
    let unchecked = self::responder(&shop, "checked").unwrap_err();
    assert!(matches!(unchecked, ResponderError::Certificate(CertificateError::RevocationUnknown)), "{unchecked}");
}

/// An answer of `openssl ocsp -index` to our request, signed with `signer`.
fn answer_of_openssl(shop: &Shop, request: &OcspRequest, options: &str) -> Vec<u8> {
    let serial = |name: &str| {
        let output = shop.run(&format!("x509 -in {name}.pem -noout -serial"));
        String::from_utf8(output.stdout).unwrap().trim().trim_start_matches("serial=").to_owned()
    };
    let index = format!(
        "V\t360101000000Z\t\t{}\tunknown\t/CN=good\nR\t360101000000Z\t260506070809Z,keyCompromise\t{}\tunknown\t/CN=revoked\n",
        serial("good"),
        serial("revoked")
    );
    fs::write(shop.path("index"), index).unwrap();
    fs::write(shop.path("q.der"), request.encode()).unwrap();
    shop.openssl(&format!("ocsp -index index -CA middle.pem -reqin q.der -respout r.der {options}"));
    shop.read("r.der")
}

const DELEGATED: &str = "-rsigner responder.pem -rkey responder.key -ndays 1";

#[test]
fn we_accept_answers_of_openssl_by_a_delegate_or_by_the_issuer_itself() {
    let shop = stocked();
    let issuer = certificate(&shop, "middle");
    shop.issue("rsa", "rsa", "responder", "middle");
    for (options, hash) in [
        (DELEGATED, IdHash::Sha1),
        ("-rsigner rsa.pem -rkey rsa.key -ndays 1 -rmd sha512 -resp_key_id", IdHash::Sha256),
        ("-rsigner middle.pem -rkey middle.key -ndays 1", IdHash::Sha256),
    ] {
        let id = |name: &str| CertId::new(hash, &issuer, certificate(&shop, name).serial());
        let request = OcspRequest::new(vec![id("good"), id("revoked"), id("strange")], Some([9; 32]));
        let response = answer_of_openssl(&shop, &request, options);
        let status = |name: &str| verify_answer(&response, &request, (&id(name), &issuer), now(), SKEW).unwrap().status;
        assert_eq!(status("good"), CertificateStatus::Good, "{options}");
        let revoked = CertificateStatus::Revoked { at: at("2026-05-06T07:08:09Z"), reason: Some(Reason(1)) };
        assert_eq!(status("revoked"), revoked);
        assert_eq!(status("strange"), CertificateStatus::Unknown);
        // The same later, from what was stored.
        verify_stored(&response, &id("good"), &issuer).unwrap();
        for place in (0..response.len()).step_by(5) {
            let mut altered = response.clone();
            altered[place] ^= 1;
            let read = verify_answer(&altered, &request, (&id("good"), &issuer), now(), SKEW);
            // Certificates that come along and are not the signer's may be altered: they prove nothing.
            assert!(
                read.is_err() || read.is_ok_and(|proved| proved.status == CertificateStatus::Good),
                "octet {place}"
            );
        }
    }
}

#[test]
fn an_answer_that_is_old_or_anothers_or_to_another_question_is_refused() {
    let shop = stocked();
    let issuer = certificate(&shop, "middle");
    let id = |name: &str| CertId::new(IdHash::Sha256, &issuer, certificate(&shop, name).serial());
    let request = OcspRequest::new(vec![id("good")], Some([9; 32]));
    let response = answer_of_openssl(&shop, &request, DELEGATED);
    let verify =
        |request: &OcspRequest, name: &str, at| verify_answer(&response, request, (&id(name), &issuer), at, SKEW);
    verify(&request, "good", now()).unwrap();
    let other = OcspRequest::new(vec![id("good")], Some([8; 32]));
    assert_eq!(verify(&other, "good", now()), Err(OcspError::Nonce));
    assert_eq!(verify(&request, "revoked", now()), Err(OcspError::OtherCertificate));
    assert!(matches!(verify(&request, "good", now() + 30 * HOUR), Err(OcspError::Stale(_))));
    assert!(matches!(verify(&request, "good", now() - HOUR), Err(OcspError::NotYet(_))));
    let endless = answer_of_openssl(&shop, &request, "-rsigner responder.pem -rkey responder.key");
    let endless = verify_answer(&endless, &request, (&id("good"), &issuer), now(), SKEW);
    assert_eq!(endless, Err(OcspError::Endless));
    // Signers that the issuer did not delegate to.
    shop.issue("foreign", "ec", "responder", "root");
    shop.issue("checked", "ec", "checked", "middle");
    for (signer, expected) in [
        ("good", OcspError::Delegate(CertificateError::Purpose)),
        ("foreign", OcspError::Delegate(CertificateError::UntrustedIssuer)),
        ("checked", OcspError::Delegate(CertificateError::RevocationUnknown)),
    ] {
        let options = format!("-rsigner {signer}.pem -rkey {signer}.key -ndays 1");
        let response = answer_of_openssl(&shop, &request, &options);
        let refused = verify_answer(&response, &request, (&id("good"), &issuer), now(), SKEW);
        assert_eq!(refused, Err(expected), "{signer}");
    }
    let refused = verify_answer(&Refusal::TryLater.encode(), &request, (&id("good"), &issuer), now(), SKEW);
    assert_eq!(refused, Err(OcspError::Refused(Refusal::TryLater)));
}
