//! Drill: the key of the TLS CA is stolen, and its thief makes certificates for whom it likes. A second TLS CA takes over while
//! queries go on; once the root's list names the first, nothing that it issued opens a door, open connections included.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "all of it is test code")]

use std::fs;
use std::time::{Duration, Instant};

use mohur_authority::testing::Template;
use mohur_authority::{Issue, Issuer, Reason};
use mohur_chain::{Certificate, Role, read_pem_file};
use mohur_client::{AskError, Caller};
use mohur_federation::{Federation, RawConnector, ask};
use mohur_seal::{KeyKind, Passphrase};
use mohur_wire::Clock;

const OFFICE: &str = "AZ/GOV/MIA/id-cards";
const OWNER: &str = "AZ/GOV/MOH/health-card";
const BROKER: &str = "AZ/GOV/OPERATOR/hub";

fn passphrase(federation: &Federation) -> Passphrase {
    Passphrase::from_credential_file(&federation.nation.path("passphrase")).unwrap()
}

/// A certificate of the authority that issues now, in place of the one in the folder.
fn renew(federation: &mut Federation, folder: &str, member: &str) {
    let (folder, member) = (federation.nation.path(folder), federation.member(member));
    let (now, passphrase) = (federation.clock.now(), passphrase(federation));
    let issue = Issue { member: &member, folder: &folder, passphrase: &passphrase, key: KeyKind::P256, days: 7, now };
    let old = read_pem_file(&folder.join("tls.pem")).unwrap();
    let hosts = Certificate::parse(old.first().unwrap()).unwrap().hosts().to_vec();
    fs::remove_file(folder.join("tls.key")).unwrap();
    federation.nation.national().issue_tls(&issue, &hosts).unwrap();
}

async fn asks(caller: &Caller, federation: &Federation) -> Result<(), AskError> {
    caller.ask(ask::blood_group(federation.citizen().fin)).await.map(drop)
}

/// Asks until it is answered: a process takes a new certificate up within its poll.
async fn answered_in_the_end(federation: &Federation) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while let Err(error) = asks(&federation.office(), federation).await {
        assert!(Instant::now() < deadline, "nobody is answered any more: {error}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_tls_ca_is_taken_over_from_and_shut_out() {
    let mut federation = Federation::start().await;
    let (office, now) = (federation.member(OFFICE), federation.clock.now());
    // The thief makes itself a certificate of the office, which stands in no register and on no list.
    let template = Template::tls(&office, &[], now, 7).unwrap();
    let forged = federation.nation.national().forge(&template).unwrap();
    let thief = RawConnector::with(&federation, Some((&forged.der, &forged.pkcs8)));
    thief.admitted().await.expect("it is a good certificate, as long as its authority counts");

    // A new authority beside the stolen one: everyone hears of it, and gets a certificate of it. Both count.
    let (passphrase, before) = (passphrase(&federation), federation.office());
    let second = federation.nation.national().roll(Role::Tls, &passphrase, now).unwrap();
    assert_eq!(second, Issuer::Ca(Role::Tls, 2));
    federation.publish(|_| {}).await;
    asks(&before, &federation).await.expect("with the old certificate, through the old ones of all others");
    renew(&mut federation, "callers/passport-office", OFFICE);
    asks(&federation.office(), &federation).await.expect("with the new one, through the old ones of all others");
    renew(&mut federation, "hosts/health-card", OWNER);
    renew(&mut federation, "broker", BROKER);
    answered_in_the_end(&federation).await;

    // The first one goes on to the root's list.
    let stolen = federation.nation.national().certificates().unwrap();
    let stolen = stolen.into_iter().find(|record| record.subject == "tls-ca").unwrap();
    federation.nation.national().revoke(&stolen.serial, Reason::KeyCompromise, now).unwrap();
    let began = Instant::now();
    federation.publish(|_| {}).await;
    answered_in_the_end(&federation).await;
    assert!(thief.admitted().await.is_err(), "what the stolen one issued opens nothing any more");
    asks(&before, &federation).await.expect_err("nor does what it issued while it was good");
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
}
