//! Time stamps across the border: what we issue, `openssl ts` accepts; what it issues, we accept; and neither accepts what
//! was altered.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mohur_attest::timestamp::{
    Accuracy, Authority, AuthorityError, Failure, Granted, Hash, Imprint, Query, Stamp, Token, TokenError,
};
use mohur_chain::{Anchors, CertificateError};
use mohur_seal::SoftwareSeal;
use mohur_wire::Timestamp;

mod shop;

use shop::{Shop, now};

const POLICY: &str = "2.25.168881632066891434156959818910932949201.10";
const NONCE: [u8; 16] = [0x81, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];

/// What a shop has for time stamps.
trait Stamps {
    fn authority(&self, name: &str) -> Result<Authority, AuthorityError>;
    fn anchors(&self, name: &str) -> Anchors;
    fn reply(&self, query: &Query, options: &str, section: &str) -> Vec<u8>;
}

impl Stamps for Shop {
    fn authority(&self, name: &str) -> Result<Authority, AuthorityError> {
        let seal =
            SoftwareSeal::from_pkcs8(&self.read(&format!("{name}.p8")), &self.read(&format!("{name}.der"))).unwrap();
        Authority::new(
            Arc::new(seal),
            vec![self.read("middle.der")],
            POLICY.parse().unwrap(),
            Accuracy(Duration::from_secs(1)),
        )
    }

    fn anchors(&self, name: &str) -> Anchors {
        Anchors::load(&[self.path(name)]).unwrap()
    }

    /// An answer of `openssl ts -reply` to our query.
    fn reply(&self, query: &Query, options: &str, section: &str) -> Vec<u8> {
        let configuration = format!(
            "[tsa]\nserial = serial\ncrypto_device = builtin\ndefault_policy = 1.2.3.4.1\nother_policies = 1.2.3.4.2\n\
             digests = sha256, sha384, sha512\naccuracy = secs:2, millisecs:3, microsecs:4\n{section}\n"
        );
        fs::write(self.path("ts.cnf"), configuration).unwrap();
        fs::write(self.path("q.tsq"), query.encode()).unwrap();
        self.openssl(&format!("ts -reply -config ts.cnf -section tsa -queryfile q.tsq -out r.tsr {options}"));
        self.read("r.tsr")
    }
}

fn shop() -> Shop {
    let shop = Shop::new();
    shop.issue("tsa", "ec", "tsa", "middle");
    shop
}

fn imprint() -> Imprint {
    Imprint::of(Hash::Sha256, b"what existed")
}

#[test]
fn openssl_accepts_our_time_stamps_and_refuses_altered_ones() {
    let shop = shop();
    let authority = shop.authority("tsa").unwrap();
    fs::write(shop.path("data"), b"what existed").unwrap();
    fs::write(shop.path("other-data"), b"what did not").unwrap();
    for (options, chain) in [
        ("-sha256 -cert", ""),
        ("-sha384 -cert -no_nonce", ""),
        ("-sha512 -cert -tspolicy 2.25.168881632066891434156959818910932949201.10", ""),
        ("-sha256", "-untrusted all.pem"),
    ] {
        shop.openssl(&format!("ts -query -data data {options} -out q.tsq"));
        fs::write(shop.path("all.pem"), [shop.read("tsa.pem"), shop.read("middle.pem")].concat()).unwrap();
        let (reply, granted) = authority.answer(&shop.read("q.tsq"), Ok(now()), || Ok(4711));
        assert_eq!(granted.map(|Granted { serial, .. }| serial), Ok(4711), "{options}");
        fs::write(shop.path("r.tsr"), &reply).unwrap();
        shop.openssl(&format!("ts -verify -queryfile q.tsq -in r.tsr -CAfile root.pem {chain}"));
        shop.openssl(&format!("ts -verify -data data -in r.tsr -CAfile root.pem {chain}"));
        let text = String::from_utf8(shop.run("ts -reply -in r.tsr -text").stdout).unwrap();
        for expected in ["Serial number: 0x1267", "Accuracy: 0x01 seconds", "Ordering: no", "Status: Granted."] {
            assert!(text.contains(expected), "{expected}: {text}");
        }
        let refused = |line: &str| assert!(!shop.run(line).status.success(), "{options}: {line}");
        refused(&format!("ts -verify -data other-data -in r.tsr -CAfile root.pem {chain}"));
        refused(&format!("ts -verify -data data -in r.tsr -CAfile other.pem {chain}"));
        // Every hundredth octet of it, altered: nothing of a time stamp is without protection.
        for place in (20..reply.len()).step_by(101) {
            let mut altered = reply.clone();
            altered[place] ^= 1;
            fs::write(shop.path("altered.tsr"), altered).unwrap();
            refused(&format!("ts -verify -queryfile q.tsq -in altered.tsr -CAfile root.pem {chain}"));
        }
    }
}

#[test]
fn openssl_reads_why_we_refuse() {
    let shop = shop();
    let authority = shop.authority("tsa").unwrap();
    fs::write(shop.path("data"), b"what existed").unwrap();
    let serial = || panic!("no number is spent on a refusal");
    let expect = |query: &[u8], time: Result<Timestamp, Failure>, failure: Failure, openssl: &str| {
        let (reply, granted) = authority.answer(query, time, serial);
        assert_eq!(granted, Err(failure));
        assert_eq!(Token::from_reply(&reply), Err(TokenError::Refused(Some(failure))));
        fs::write(shop.path("r.tsr"), &reply).unwrap();
        let text = String::from_utf8(shop.run("ts -reply -in r.tsr -text").stdout).unwrap();
        assert!(text.contains("Status: Rejected.") && text.contains(openssl), "{openssl}: {text}");
    };
    let query = |options: &str| {
        shop.openssl(&format!("ts -query -data data {options} -out q.tsq"));
        shop.read("q.tsq")
    };
    expect(&query("-sha1"), Ok(now()), Failure::BadAlgorithm, "unrecognized or unsupported algorithm identifier");
    expect(
        &query("-sha256 -tspolicy 1.2.3"),
        Ok(now()),
        Failure::UnacceptedPolicy,
        "the requested TSA policy is not supported",
    );
    expect(b"not a query", Ok(now()), Failure::BadDataFormat, "the data submitted has the wrong format");
    let good = query("-sha256");
    expect(&good, Err(Failure::TimeNotAvailable), Failure::TimeNotAvailable, "the TSA's time source is not available");
    let late = now() + Duration::from_secs(400 * 86_400);
    expect(&good, Ok(late), Failure::TimeNotAvailable, "the TSA's time source is not available");
    let (_, granted) = authority.answer(&good, Ok(now()), || Err(Failure::SystemFailure));
    assert_eq!(granted, Err(Failure::SystemFailure));
    let mut second_version = good.clone();
    let place = second_version.windows(3).position(|window| window == [2, 1, 1]).unwrap();
    second_version[place + 2] = 2;
    expect(&second_version, Ok(now()), Failure::BadRequest, "transaction not permitted or supported");
    let short = Query::new(imprint(), NONCE).encode();
    let mut short_digest = short[..short.len() - 1].to_vec();
    short_digest[1] -= 1;
    expect(&short_digest, Ok(now()), Failure::BadDataFormat, "the data submitted has the wrong format");
}

#[test]
fn we_accept_time_stamps_of_openssl_whatever_it_signs_with() {
    let shop = shop();
    shop.issue("rsa", "rsa", "tsa", "middle");
    shop.issue("p384", "p384", "tsa", "middle");
    let anchors = shop.anchors("root.pem");
    for (name, digest, ess, hash) in [
        ("tsa", "sha256", "sha256", Hash::Sha256),
        ("rsa", "sha512", "sha1", Hash::Sha512),
        ("p384", "sha384", "sha512", Hash::Sha384),
    ] {
        let query = Query::new(Imprint::of(hash, b"what existed"), NONCE).under_policy("1.2.3.4.2".parse().unwrap());
        let section = format!(
            "signer_digest = {digest}\ness_cert_id_alg = {ess}\ness_cert_id_chain = yes\ntsa_name = yes\nordering = yes\nclock_precision_digits = 3"
        );
        let options = format!("-signer {name}.pem -inkey {name}.key -chain middle.pem");
        let token = Token::from_reply(&shop.reply(&query, &options, &section)).unwrap();
        let stamp: Stamp = token.verify_answer(&query, &anchors).unwrap();
        assert_eq!(stamp.policy.to_string(), "1.2.3.4.2");
        assert_eq!(stamp.accuracy.unwrap().0, Duration::from_micros(2_003_004));
        assert!(stamp.ordering && (now().as_second() - stamp.time.as_second()).abs() < 60);
        assert_eq!(stamp.signer.der(), shop.read(&format!("{name}.der")));
        // Again later, from what was stored, without the query.
        token.verify(&Imprint::of(hash, b"what existed"), &anchors).unwrap();
        let bytes = token.der().to_vec();
        for place in (0..bytes.len()).step_by(7) {
            let mut altered = bytes.clone();
            altered[place] ^= 1;
            let read = Token::from_der(&altered).and_then(|token| token.verify_answer(&query, &anchors));
            let inside_of_others = read.as_ref().is_ok_and(|read| *read == stamp);
            assert!(read.is_err() || inside_of_others, "octet {place} of {}", bytes.len());
        }
    }
}

#[test]
fn an_answer_to_another_question_is_refused() {
    let shop = shop();
    let anchors = shop.anchors("root.pem");
    let options = "-signer tsa.pem -inkey tsa.key -chain middle.pem";
    let section = "signer_digest = sha256\ness_cert_id_alg = sha256";
    let asked = Query::new(imprint(), NONCE);
    let token = Token::from_reply(&shop.reply(&asked, options, section)).unwrap();
    token.verify_answer(&asked, &anchors).unwrap();
    let other_nonce = Query::new(imprint(), [9; 16]);
    assert_eq!(token.verify_answer(&other_nonce, &anchors), Err(TokenError::Nonce));
    let other_policy = asked.clone().under_policy("1.2.3.4.2".parse().unwrap());
    assert_eq!(token.verify_answer(&other_policy, &anchors), Err(TokenError::Policy("1.2.3.4.1".to_owned())));
    let other_content = Query::new(Imprint::of(Hash::Sha256, b"what did not"), NONCE);
    assert_eq!(token.verify_answer(&other_content, &anchors), Err(TokenError::Imprint));
    let other_root = token.verify_answer(&asked, &shop.anchors("other.pem"));
    assert_eq!(other_root, Err(TokenError::Certificate(CertificateError::UntrustedIssuer)));
    let refused = asked.clone().under_policy("1.2.3.4.9".parse().unwrap());
    let refused = Token::from_reply(&shop.reply(&refused, options, section));
    assert_eq!(refused, Err(TokenError::Refused(Some(Failure::UnacceptedPolicy))));
}

#[test]
fn only_a_certificate_for_time_stamps_alone_may_sign_them() {
    let shop = shop();
    for section in ["loose", "double"] {
        shop.issue(section, "ec", section, "middle");
        let refused = shop.authority(section).unwrap_err();
        assert!(matches!(refused, AuthorityError::Certificate(CertificateError::Purpose)), "{section}");
    }
    assert!(shop.authority("middle").is_err());
    let certificate = mohur_chain::SignerCertificate::parse(&shop.read("tsa.der")).unwrap();
    assert_eq!(certificate.subject().len(), 16);
}

#[test]
fn revocation_lists_count_when_there_are_any() {
    let shop = shop();
    let empty: &Path = &shop.path("index");
    fs::write(empty, "").unwrap();
    fs::write(shop.path("crlnumber"), "01\n").unwrap();
    let section = "[ca]\ndatabase = index\ncrlnumber = crlnumber\ndefault_md = sha256\ndefault_crl_days = 5\n";
    fs::write(shop.path("ca.cnf"), section).unwrap();
    let lists = |revoke: bool| {
        if revoke {
            shop.openssl("ca -config ca.cnf -name ca -cert middle.pem -keyfile middle.key -revoke tsa.pem");
        }
        for issuer in ["root", "middle"] {
            shop.openssl(&format!(
                "ca -config ca.cnf -name ca -cert {issuer}.pem -keyfile {issuer}.key -gencrl -out {issuer}.crl"
            ));
        }
        let files = ["root.pem", "root.crl", "middle.crl"].map(|name| shop.path(name));
        Anchors::load(&files).unwrap()
    };
    let authority = shop.authority("tsa").unwrap();
    let query = Query::new(imprint(), NONCE);
    let (reply, _) = authority.answer(&query.encode(), Ok(now()), || Ok(1));
    let token = Token::from_reply(&reply).unwrap();
    assert_eq!(lists(false).validate_all(&token, &query), Ok(()));
    assert_eq!(lists(true).validate_all(&token, &query), Err(TokenError::Certificate(CertificateError::Revoked)));
}

trait ValidateAll {
    fn validate_all(&self, token: &Token, query: &Query) -> Result<(), TokenError>;
}

impl ValidateAll for Anchors {
    fn validate_all(&self, token: &Token, query: &Query) -> Result<(), TokenError> {
        token.verify_answer(query, self).map(|_| ())
    }
}
