//! Who gets in, who may seal, and how soon a certificate that is taken back has no effect.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of it is test code"
)]

use std::sync::Arc;
use std::time::Duration;

use jiff::ToSpan;
use mohur_authority::testing::{Forged, Template};
use mohur_directory::SealEntry;
use mohur_federation::raw::{message, response};
use mohur_federation::{Federation, Founded, RawConnection, RawConnector, Signed, ask, code};
use mohur_message::sign_request;
use mohur_seal::{Passphrase, SoftwareSeal};
use mohur_wire::refusal::Problem;
use mohur_wire::{Clock, RefusalCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const OFFICE: &str = "AZ/GOV/MIA/id-cards";

fn forged_tls(federation: &mut Federation, change: impl FnOnce(&mut Template)) -> Forged {
    let mut template = Template::tls(&federation.member(OFFICE), &[], federation.clock.now(), 7).unwrap();
    change(&mut template);
    federation.nation.national().forge(&template).unwrap()
}

async fn is_admitted(federation: &Federation, forged: &Forged) -> bool {
    RawConnector::with(federation, Some((&forged.der, &forged.pkcs8))).admitted().await.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_good_tls_certificate_opens_the_door() {
    let mut federation = Federation::start().await;
    let now = federation.clock.now();
    let good = forged_tls(&mut federation, |_| {});
    assert!(is_admitted(&federation, &good).await, "a certificate like this one opens the door");

    let expired = forged_tls(&mut federation, |template| {
        template.not_before = now - 48.hours();
        template.not_after = now - 1.hours();
    });
    let not_yet = forged_tls(&mut federation, |template| template.not_before = now + 1.hours());
    let two_names = forged_tls(&mut federation, |template| template.uris.push("mohur://AZ/COM/BANK/credit".to_owned()));
    let no_name = forged_tls(&mut federation, |template| template.uris.clear());
    let foreign_name = forged_tls(&mut federation, |template| template.uris = vec!["https://mia.gov.az".to_owned()]);
    let seal = Template::seal(&federation.member(OFFICE), now, 30).unwrap();
    let seal = federation.nation.national().forge(&seal).unwrap();
    for (what, forged) in [
        ("expired", expired),
        ("not yet valid", not_yet),
        ("two URI names", two_names),
        ("no URI name", no_name),
        ("a foreign URI name", foreign_name),
        ("a seal certificate", seal),
    ] {
        assert!(!is_admitted(&federation, &forged).await, "{what}");
    }
    assert!(RawConnector::with(&federation, None).admitted().await.is_err(), "no certificate at all");

    // Another nation's authority is nobody's here.
    let mut elsewhere = Federation::start().await;
    let stranger = forged_tls(&mut elsewhere, |_| {});
    assert!(!is_admitted(&federation, &stranger).await, "a stranger");
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_1_2_is_refused_in_the_handshake() {
    let federation = Federation::start().await;
    // RFC 5246: a ClientHello without supported_versions, which a TLS 1.3 client would send.
    let extensions: &[&[u8]] = &[
        &[0x00, 0x0a, 0x00, 0x04, 0x00, 0x02, 0x00, 0x17],
        &[0x00, 0x0d, 0x00, 0x06, 0x00, 0x04, 0x04, 0x03, 0x08, 0x04],
        &[0x00, 0x0b, 0x00, 0x02, 0x01, 0x00],
    ];
    let extensions = extensions.concat();
    let mut body = vec![0x03, 0x03];
    body.extend([7; 32]);
    body.extend([0x00, 0x00, 0x04, 0xc0, 0x2b, 0xc0, 0x2f, 0x01, 0x00]);
    body.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
    body.extend(extensions);
    let mut handshake = vec![0x01, 0x00];
    handshake.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
    handshake.extend(body);
    let mut record = vec![0x16, 0x03, 0x01];
    record.extend(u16::try_from(handshake.len()).unwrap().to_be_bytes());
    record.extend(handshake);

    let mut stream = tokio::net::TcpStream::connect(federation.broker().address()).await.unwrap();
    stream.write_all(&record).await.unwrap();
    let mut alert = Vec::new();
    tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut alert)).await.unwrap().unwrap();
    const ALERT: u8 = 21;
    const PROTOCOL_VERSION: u8 = 70;
    assert_eq!((alert[0], alert[6]), (ALERT, PROTOCOL_VERSION), "{alert:02x?}");
}

/// A federation whose broker lets a connection wait for its first message while a busy machine publishes something.
fn patient() -> Founded {
    Founded::new().with("broker/broker.toml", "[limits]\nheader-timeout = \"60s\"\nbody-timeout = \"60s\"")
}

/// Asks over a connection that was open before.
async fn ask_on(federation: &Federation, connection: &mut RawConnection) -> http::Response<bytes::Bytes> {
    let office = federation.office();
    let signed = Signed::new(&office, ask::blood_group(federation.citizen().fin));
    let host = signed.request.uri().authority().unwrap().to_string();
    response(
        &connection.exchange(&message("POST", "/v1/query", &host, signed.request.headers(), &signed.opening)).await,
    )
}

fn code_in(response: &http::Response<bytes::Bytes>) -> RefusalCode {
    serde_json::from_slice::<Problem>(response.body()).unwrap().code
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_tls_certificate_is_refused_on_new_and_on_open_connections() {
    let mut federation = patient().start().await;
    let mut open = RawConnection::open(&federation, "passport-office").await;
    federation.revoke("callers/passport-office/tls.pem").await;
    assert!(RawConnector::of_caller(&federation, "passport-office").admitted().await.is_err(), "a new connection");
    let refused = ask_on(&federation, &mut open).await;
    assert_eq!((refused.status().as_u16(), code_in(&refused)), (401, RefusalCode::CertificateRevoked));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_tls_certificate_is_refused_on_new_and_on_open_connections() {
    let mut federation = patient().start().await;
    let mut open = RawConnection::open(&federation, "passport-office").await;
    let denied = federation.fingerprint("callers/passport-office/tls.pem");
    federation.publish(|directory| directory.denied.push(denied.into())).await;
    assert!(RawConnector::of_caller(&federation, "passport-office").admitted().await.is_err(), "a new connection");
    assert_eq!(code_in(&ask_on(&federation, &mut open).await), RefusalCode::CertificateRevoked);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_connection_ends_with_its_certificate() {
    let mut federation = Federation::start().await;
    let soon = federation.clock.now() + 30.seconds();
    let short = forged_tls(&mut federation, |template| template.not_after = soon);
    let mut open = RawConnector::with(&federation, Some((&short.der, &short.pkcs8))).admitted().await.unwrap();
    federation.clock.advance(Duration::from_secs(40));
    assert_eq!(code_in(&ask_on(&federation, &mut open).await), RefusalCode::CertificateExpired);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_or_denied_seal_signs_nothing() {
    let mut federation = Federation::start().await;
    let (office, border) = (federation.office(), federation.border());
    federation.revoke("callers/passport-office/seal.pem").await;
    assert_eq!(code(office.ask(ask::blood_group(federation.citizen().fin)).await), RefusalCode::CertificateRevoked);

    let denied = federation.fingerprint("callers/border/seal.pem");
    federation.publish(|directory| directory.denied.push(denied.into())).await;
    let question =
        mohur_client::Question { purpose: "border-control".parse().unwrap(), ..ask::birth_date(federation.citizen()) };
    let code = code(border.ask(question).await);
    assert!(matches!(code, RefusalCode::CertificateRevoked | RefusalCode::KeyUnknown), "{code}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_seal_signs_nothing() {
    let mut federation = Federation::start().await;
    let mut template = Template::seal(&federation.member(OFFICE), federation.clock.now(), 30).unwrap();
    template.not_after = federation.clock.now() + 60.seconds();
    let forged = federation.nation.national().forge(&template).unwrap();
    let entry = SealEntry::new(&forged.der);
    federation
        .publish(|directory| {
            directory
                .members
                .iter_mut()
                .filter(|member| member.id.as_str() == OFFICE)
                .for_each(|member| member.seals.push(entry.clone()));
        })
        .await;
    let mut office = federation.office();
    office.seal = std::sync::Arc::new(forged.seal().unwrap());
    office.ask(ask::blood_group(federation.citizen().fin)).await.expect("it is good for a minute");
    federation.clock.advance(Duration::from_secs(90));
    assert_eq!(code(office.ask(ask::blood_group(federation.citizen().fin)).await), RefusalCode::CertificateExpired);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tls_certificate_never_seals() {
    let federation = Federation::start().await;
    let office = federation.office();
    let pass = Passphrase::from_credential_file(&federation.nation.path("passphrase")).unwrap();
    let file = |name: &str| federation.nation.path(&format!("callers/passport-office/{name}"));
    let Ok(tls) = SoftwareSeal::load(&file("tls.key"), &file("tls.pem"), &pass) else { return };
    let mut signed = Signed::new(&office, ask::blood_group(federation.citizen().fin));
    let (mut parts, body) = signed.request.into_parts();
    signed.sent = sign_request(&mut parts, &body, &tls, federation.clock.now().as_second()).unwrap();
    signed.request = http::Request::from_parts(parts, body);
    let code = code(signed.send(&office).await);
    assert!(matches!(code, RefusalCode::KeyUnknown | RefusalCode::CertificateRefused), "{code}");
}

/// It would ask owners for SOAP callers, and then could not seal what they say.
#[tokio::test(flavor = "multi_thread")]
async fn a_broker_whose_seal_signs_no_envelopes_does_not_start() {
    let mut federation = Federation::start().await;
    let broker = federation.nation.directory().brokers[0].id.clone();
    let mut template = Template::seal(&broker, federation.clock.now(), 30).unwrap();
    template.key = mohur_seal::KeyKind::Ed25519;
    let forged = federation.nation.national().forge(&template).unwrap();
    federation.publish(|directory| directory.brokers[0].seals.push(SealEntry::new(&forged.der))).await;
    federation.stop_broker().await;
    let pass = Passphrase::from_credential_file(&federation.nation.path("passphrase")).unwrap();
    std::fs::remove_file(federation.nation.path("broker/seal.key")).unwrap();
    forged.write(&federation.nation.path("broker"), "seal", &pass).unwrap();
    let error = federation.nation.start_broker().await.err().expect("it does not start").to_string();
    assert!(error.contains("SOAP"), "{error}");
}

/// A caller that never stops: whatever it is refused with, and when, counted from the publication of its denial.
#[tokio::test(flavor = "multi_thread")]
async fn a_denied_caller_is_cut_off_within_the_minute_while_it_is_sending() {
    // A poll of this length is the only delay; the default of 30 s leaves as much again within the minute.
    const POLL: Duration = Duration::from_secs(3);
    let founded = patient().rewritten("broker/broker.toml", |text| {
        text.replace("poll = \"100ms\"", &format!("poll = \"{}s\"", POLL.as_secs()))
    });
    let federation = Arc::new(tokio::sync::Mutex::new(founded.start().await));
    let (half, whole, denied) = {
        let federation = federation.lock().await;
        let office = federation.office();
        let signed = Signed::new(&office, ask::blood_group(federation.citizen().fin));
        let host = signed.request.uri().authority().unwrap().to_string();
        let whole = message("POST", "/v1/query", &host, signed.request.headers(), &signed.opening);
        let half = RawConnection::open(&federation, "passport-office").await;
        (half, whole, federation.fingerprint("callers/passport-office/tls.pem"))
    };
    // One connection has sent half of a message when the denial is published.
    let mut half = half;
    let (first, second) = whole.split_at(whole.len() - 20);
    half.send(first).await;
    // Others ask one question after the other, each on the connection that it keeps.
    let (office, fin) = {
        let federation = federation.lock().await;
        (Arc::new(federation.office()), federation.citizen().fin)
    };
    let published = Arc::new(std::sync::OnceLock::new());
    let senders: Vec<_> = (0..4)
        .map(|_| {
            let (office, published) = (Arc::clone(&office), Arc::clone(&published));
            tokio::spawn(async move {
                let (mut answered, mut late) = (0, 0);
                loop {
                    match office.ask(ask::blood_group(fin)).await {
                        Ok(_) if published.get().is_none() => answered += 1,
                        Ok(_) => late += 1,
                        Err(error) => return (answered, late, std::time::Instant::now(), error),
                    }
                }
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(1)).await;
    {
        let federation = &mut *federation.lock().await;
        federation.nation.publish(|directory| directory.denied.push(denied.into())).unwrap();
        published.set(std::time::Instant::now()).unwrap();
    }
    let published = *published.get().unwrap();
    for sender in senders {
        let (answered, late, at, error) = tokio::time::timeout(Duration::from_secs(60), sender).await.unwrap().unwrap();
        let after = at - published;
        println!("answered {answered} before and {late} after the publication; cut off after {after:?}: {error}");
        assert!(answered > 0, "it was sending before");
        assert!(after < Duration::from_secs(33), "{after:?}: with the default poll it would be 27 s more");
    }
    let refused = response(&half.exchange(second).await);
    assert_eq!(code_in(&refused), RefusalCode::CertificateRevoked, "what was begun before is not taken after");
}
