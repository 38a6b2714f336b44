//! Everything that REST answers, SOAP answers too: in both versions, with attachments, and beside X-Road's headers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of it is test code"
)]

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mohur_client::Caller;
use mohur_federation::raw::{message, response};
use mohur_federation::{Enveloped, Federation, RawConnection, Said, Signed, ask};
use mohur_soap::message::query_xml;
use mohur_soap::mime::{self, Package};
use mohur_soap::{Document, Envelope, Limits, Version, fault};
use mohur_transparency::Kind;
use mohur_wire::answer::Finding;
use mohur_wire::{RefusalCode, Value};

#[tokio::test(flavor = "multi_thread")]
async fn every_verb_is_answered_sealed_receipted_and_readable() {
    let federation = Federation::start().await;
    let (office, citizen) = (federation.office(), federation.citizen());
    let blood = citizen.health.as_ref().unwrap().blood_group.unwrap();

    let read = Enveloped::new(&office, ask::blood_group(citizen.fin)).send(&office).await;
    let Said::Answer(answered, sealed) = &read.said else { panic!("{read:?}") };
    assert_eq!(sealed.issuer().as_str(), "AZ/GOV/MOH/health-card");
    let Finding::Found(fields) = &answered.finding else { panic!("found") };
    assert_eq!(
        fields.iter().map(|(name, value)| (name.as_str(), value.as_text())).collect::<Vec<_>>(),
        [("bloodGroup", Some(blood))]
    );
    let leaf = read.receipt.as_ref().unwrap().leaf();
    assert_eq!((leaf.kind, leaf.consumer.as_str()), (Kind::Outcome, "AZ/GOV/MIA/id-cards"));
    assert_eq!(leaf.id.as_ref(), Some(&answered.id));

    for (question, expected) in [
        (ask::birth_date(citizen), Some("match")),
        (ask::matching(ask::BIRTH, citizen.fin, &[("birthDate", "1901-01-01")]), Some("mismatch")),
        (ask::reserve(citizen, "soap-1"), Some("reserved")),
    ] {
        let sealed = Enveloped::new(&office, question).answered(&office).await;
        assert!(sealed.fields().values().any(|value| value.as_text() == expected), "{expected:?}: {sealed:?}");
    }
    let age = Enveloped::new(&office, ask::of_age(citizen.fin)).answered(&office).await;
    assert!(matches!(age.fields().values().next().and_then(Value::as_text), Some("match" | "mismatch")));
    let nobody = ask::matching(ask::BIRTH, federation.country.unused_fin(), &[("birthDate", "1990-01-01")]);
    assert!(!Enveloped::new(&office, nobody).answered(&office).await.is_found(), "negatives are sealed, too");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_is_not_granted_is_withheld_and_the_others_come() {
    let federation = Federation::start().await;
    let (office, fin) = (federation.office(), federation.citizen().fin);
    let signed = Enveloped::new(&office, ask::read(ask::VITALS, fin, &["bloodGroup", "diagnosis"]));
    let answer = signed.send(&office).await;
    let Said::Answer(answered, sealed) = &answer.said else { panic!("{answer:?}") };
    assert_eq!(sealed.fields().keys().map(ToString::to_string).collect::<Vec<_>>(), ["bloodGroup"]);
    assert_eq!(answered.sealed.0.matches('~').count(), 2, "one disclosure and the end");
    let text = String::from_utf8(answer.response.body().to_vec()).unwrap();
    assert!(!text.contains("diagnosis"), "neither sealed nor readable");
}

#[tokio::test(flavor = "multi_thread")]
async fn soap_1_2_is_answered_in_soap_1_2() {
    let federation = Federation::start().await;
    let (office, fin) = (federation.office(), federation.citizen().fin);
    let query = office.query(ask::blood_group(fin), Caller::fresh_id().unwrap());
    let signed = Enveloped::signed(&office, Version::Soap12, &query_xml(&query), "");
    let answer = signed.send(&office).await;
    assert!(matches!(answer.said, Said::Answer(..)), "{answer:?}");
    // A fault has the status of its version: here it is the sender's.
    let again = signed.send(&office).await;
    assert_eq!((again.code(), again.response.status().as_u16(), again.confirms), (RefusalCode::Replayed, 400, true));
    // The parameter that some clients add says nothing that counts.
    let mut acting = Enveloped::signed(&office, Version::Soap12, &query_xml(&fresh(&query)), "");
    acting.content_type = "application/soap+xml; charset=utf-8; action=\"urn:anything\"".to_owned();
    assert!(matches!(acting.send(&office).await.said, Said::Answer(..)));
    // One version outside and another inside is neither.
    let mut mixed = Enveloped::signed(&office, Version::Soap12, &query_xml(&fresh(&query)), "");
    mixed.content_type = "text/xml".to_owned();
    let response = mixed.raw(&office).await;
    let mixed = Enveloped { version: Version::Soap11, ..mixed };
    assert_eq!(mixed.check(&office, response).code(), RefusalCode::Malformed);
}

fn fresh(query: &mohur_wire::Query) -> mohur_wire::Query {
    mohur_wire::Query { id: Caller::fresh_id().unwrap(), ..query.clone() }
}

/// MTOM: a value of the signed Body travels as a part of its own, and is covered as what it stands for.
#[tokio::test(flavor = "multi_thread")]
async fn a_package_is_taken_apart_and_what_its_signature_does_not_cover_is_refused() {
    let federation = Federation::start().await;
    let (office, fin) = (federation.office(), federation.citizen().fin);
    let plain = Enveloped::new(&office, ask::blood_group(fin));

    // SOAP with Attachments, without any: the root part is the envelope.
    let related = packed(&plain, false, &plain.envelope, &[]);
    assert!(matches!(related.send(&office).await.said, Said::Answer(..)));

    // MTOM: the signature's value travels as a part of its own.
    let signed = Enveloped::new(&office, ask::blood_group(fin));
    let value = BASE64_STANDARD.encode(signed.signature().unwrap());
    let include = mime::include_xml("value@client");
    let outside = signed.envelope.replacen(&value, &include, 1);
    assert_ne!(outside, signed.envelope);
    let part = mime::Attachment::new("value@client", "application/octet-stream", signed.signature().unwrap());
    let packed_out = packed(&signed, true, &outside, &[part]);
    assert!(matches!(packed_out.send(&office).await.said, Said::Answer(..)));

    // A part that nothing covers.
    let stray = mime::Attachment::new("stray@client", "application/octet-stream", &b"anything"[..]);
    let signed = Enveloped::new(&office, ask::blood_group(fin));
    let packed_stray = packed(&signed, false, &signed.envelope, &[stray]);
    let refused = packed_stray.send(&office).await;
    assert_eq!(refused.code(), RefusalCode::ComponentUncovered);

    // A package that is cut off.
    let whole = packed(&signed, false, &signed.envelope, &[]);
    let cut = Enveloped { body: whole.body.slice(..whole.body.len() / 2), ..whole };
    assert_eq!(cut.refusal(&office).await, RefusalCode::Malformed);
}

fn packed(signed: &Enveloped, xop: bool, envelope: &str, parts: &[mime::Attachment]) -> Enveloped {
    let package = Package { version: signed.version, xop, envelope, attachments: parts };
    let (content_type, body) = mime::write(&package);
    Enveloped { content_type, body: body.into(), ..signed.clone() }
}

#[tokio::test(flavor = "multi_thread")]
async fn x_road_headers_are_taken_only_if_they_say_what_was_signed() {
    let federation = Federation::start().await;
    let (office, fin) = (federation.office(), federation.citizen().fin);
    let headers = |client: &str, service: &str, id: &str, user: &str| {
        format!(
            "<x:client xmlns:x=\"http://x-road.eu/xsd/xroad.xsd\" xmlns:i=\"http://x-road.eu/xsd/identifiers\" i:objectType=\"SUBSYSTEM\">\
             <i:xRoadInstance>AZ</i:xRoadInstance><i:memberClass>GOV</i:memberClass><i:memberCode>MIA</i:memberCode>\
             <i:subsystemCode>{client}</i:subsystemCode></x:client>\
             <x:service xmlns:x=\"http://x-road.eu/xsd/xroad.xsd\" xmlns:i=\"http://x-road.eu/xsd/identifiers\" i:objectType=\"SERVICE\">\
             <i:xRoadInstance>AZ</i:xRoadInstance><i:memberClass>GOV</i:memberClass><i:memberCode>MOH</i:memberCode>\
             <i:subsystemCode>health-card</i:subsystemCode><i:serviceCode>{service}</i:serviceCode>\
             <i:serviceVersion>v1</i:serviceVersion></x:service>\
             <x:id xmlns:x=\"http://x-road.eu/xsd/xroad.xsd\">{id}</x:id>\
             <x:userId xmlns:x=\"http://x-road.eu/xsd/xroad.xsd\">{user}</x:userId>\
             <x:protocolVersion xmlns:x=\"http://x-road.eu/xsd/xroad.xsd\">4.0</x:protocolVersion>"
        )
    };
    let send = async |client: &str, service: &str, id: Option<&str>, user: &str| {
        let query = office.query(ask::blood_group(fin), Caller::fresh_id().unwrap());
        let headers = headers(client, service, id.unwrap_or(query.id.as_str()), user);
        Enveloped::signed(&office, Version::Soap11, &query_xml(&query), &headers).send(&office).await
    };
    let equal = send("id-cards", "vitals", None, ask::OFFICIAL).await;
    assert!(matches!(equal.said, Said::Answer(..)), "{equal:?}");
    for (what, answer) in [
        ("client", send("passports", "vitals", None, ask::OFFICIAL).await),
        ("service", send("id-cards", "diagnoses", None, ask::OFFICIAL).await),
        ("id", send("id-cards", "vitals", Some("another"), ask::OFFICIAL).await),
        ("userId", send("id-cards", "vitals", None, "somebody-else").await),
    ] {
        assert_eq!(answer.code(), RefusalCode::Malformed, "{what}");
        let Said::Refused(refusal, _) = &answer.said else { panic!("{answer:?}") };
        assert!(refusal.detail.contains(what), "{what}: {}", refusal.detail);
    }
}

/// The contract, as a stock client fetches it before it sends anything.
#[tokio::test(flavor = "multi_thread")]
async fn the_contract_is_served_with_the_brokers_own_address_whatever_the_client_calls_it() {
    let federation = Federation::start().await;
    let authority = federation.broker_address().to_string();
    for host in [authority.as_str(), "evil.example"] {
        let headers = http::HeaderMap::new();
        let mut connection = RawConnection::open(&federation, "passport-office").await;
        let text = connection.exchange(&message("GET", "/soap?wsdl", host, &headers, b"")).await;
        let served = response(&text);
        assert_eq!(
            (served.status().as_u16(), &served.headers()["content-type"]),
            (200, &"text/xml; charset=utf-8".parse().unwrap())
        );
        let wsdl = String::from_utf8(served.body().to_vec()).unwrap();
        assert_eq!(wsdl.matches(&format!("location=\"https://{authority}/soap\"")).count(), 2, "{host}");
        assert!(wsdl.contains(&format!("schemaLocation=\"https://{authority}/soap?xsd=mohur.xsd\"")));
        assert!(!wsdl.contains("evil") && !wsdl.contains(".invalid"));
    }
    let office = federation.office();
    let xsd = http::Request::get(format!("https://{authority}/soap?xsd=mohur.xsd")).body(bytes::Bytes::new()).unwrap();
    let xsd = office.http.send(xsd, office.patience).await.unwrap().response;
    assert_eq!(xsd.body(), include_str!("../../../schemas/contracts/mohur.xsd"));
}

/// What is at the address beside messages: refused in SOAP's own words.
#[tokio::test(flavor = "multi_thread")]
async fn other_methods_and_addresses_below_it_are_faults() {
    let federation = Federation::start().await;
    let office = federation.office();
    for (method, path, expected) in [
        ("GET", "/soap", RefusalCode::MethodNotAllowed),
        ("PUT", "/soap", RefusalCode::MethodNotAllowed),
        ("POST", "/soap/query", RefusalCode::NoSuchEndpoint),
        ("GET", "/soap?xsd=../openapi.json", RefusalCode::NoSuchEndpoint),
    ] {
        let request =
            http::Request::builder().method(method).uri(format!("https://{}{path}", federation.broker_address()));
        let response =
            office.http.send(request.body(bytes::Bytes::new()).unwrap(), office.patience).await.unwrap().response;
        let text = String::from_utf8(response.body().to_vec()).unwrap();
        let document = Document::parse(&text, &Limits::default()).unwrap();
        let envelope = Envelope::read(&document).unwrap();
        let told = fault::read(Version::Soap11, envelope.payload).unwrap().unwrap();
        assert_eq!((told.refusal.code, response.status().as_u16()), (expected, 500), "{method} {path}");
        assert!(envelope.security.is_some() && response.headers().contains_key("mohur-receipt"), "sealed and logged");
    }
    // REST stays REST.
    assert_eq!(Signed::new(&office, ask::blood_group(federation.citizen().fin)).raw(&office).await.status(), 200);
}
