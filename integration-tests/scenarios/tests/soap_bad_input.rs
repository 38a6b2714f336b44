//! Whatever a member sends to the SOAP address: a fault with a code from the closed list, sealed and logged, and never a
//! panic, a hang or a bare 500.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "all of it is test code")]

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use mohur_client::Caller;
use mohur_federation::raw::{message, response};
use mohur_federation::{Enveloped, Federation, Founded, RawConnection, Said, ask};
use mohur_reference::Faults;
use mohur_soap::message::query_xml;
use mohur_soap::{Document, Envelope, Limits, Version, fault};
use mohur_wire::RefusalCode::{self, *};

fn good(federation: &Federation, office: &Caller) -> Enveloped {
    Enveloped::new(office, ask::blood_group(federation.citizen().fin))
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_envelopes_are_faults() {
    let federation = Federation::start().await;
    let office = federation.office();
    let good = || good(&federation, &office);
    let fin = federation.citizen().fin.to_string();
    let with = |body: String| Enveloped { body: Bytes::from(body.clone()), ..good() };
    let text = good().envelope;
    let security =
        text.find("<wsse:Security").unwrap()..text.find("</wsse:Security>").unwrap() + "</wsse:Security>".len();
    let of_type = |content_type: &str| Enveloped { content_type: content_type.to_owned(), ..good() };
    let table: Vec<(&str, Enveloped, &[RefusalCode])> = vec![
        ("nothing", with(String::new()), &[Malformed]),
        ("JSON", with("{\"verb\":\"read\"}".to_owned()), &[Malformed]),
        ("not UTF-8", Enveloped { body: Bytes::from_static(b"<a>\xff\xfe</a>"), ..good() }, &[XmlRefused]),
        ("cut off", with(text[..text.len() / 2].to_owned()), &[Malformed]),
        ("two documents", with(format!("{text}{text}")), &[Malformed]),
        ("no envelope", with("<a/>".to_owned()), &[Malformed]),
        ("a document type", with(format!("<!DOCTYPE a [<!ENTITY x \"y\">]>{text}")), &[XmlRefused]),
        ("an external entity", with(format!("<!DOCTYPE a SYSTEM \"file:///etc/passwd\">{text}")), &[XmlRefused]),
        ("another encoding", with(format!("<?xml version=\"1.0\" encoding=\"UTF-16\"?>{text}")), &[XmlRefused]),
        ("a processing instruction", good().spoiled("<m:id>", "<?do it?><m:id>"), &[XmlRefused]),
        ("depth", with(text.replacen("<m:id>", &"<a>".repeat(100_000), 1)), &[TooLarge, Malformed]),
        ("unsigned", with(format!("{}{}", &text[..security.start], &text[security.end..])), &[SignatureMissing]),
        ("another person", good().spoiled(&fin, "0000000"), &[DigestMismatch]),
        ("another time", good().spoiled("<wsu:Created>20", "<wsu:Created>21"), &[DigestMismatch, Future]),
        ("a broken signature", good().spoiled("<ds:SignatureValue>", "<ds:SignatureValue>AAAA"), &[SignatureInvalid]),
        ("SHA-1", good().spoiled("2001/04/xmlenc#sha256", "2000/09/xmldsig#sha1"), &[AlgorithmRefused]),
        ("HMAC", good().spoiled("2001/04/xmldsig-more#ecdsa-sha256", "2000/09/xmldsig#hmac-sha1"), &[AlgorithmRefused]),
        ("another Body's id", good().spoiled("#mohur-body", "#mohur-token"), &[ComponentUncovered, XmlRefused]),
        ("a second Security", good().spoiled("<wsse:Security", "<wsse:Security xmlns:wsse=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd\"></wsse:Security><wsse:Security"), &[Malformed]),
        ("a header to be understood", good().spoiled("<soap:Header>", "<soap:Header><a:b xmlns:a=\"urn:a\" soap:mustUnderstand=\"1\"></a:b>"), &[NotUnderstood]),
        ("JSON's media type", of_type("application/json"), &[UnsupportedMediaType]),
        ("no media type", of_type("nonsense"), &[UnsupportedMediaType]),
        ("another charset", of_type("text/xml; charset=iso-8859-9"), &[UnsupportedMediaType]),
        ("a package without parts", of_type("multipart/related; boundary=x; type=\"text/xml\""), &[Malformed]),
        ("another multipart", of_type("multipart/form-data; boundary=x"), &[UnsupportedMediaType]),
    ];
    for (what, enveloped, expected) in table {
        let answer = enveloped.send(&office).await;
        assert!(expected.contains(&answer.code()), "{what}: {:?}", answer.said);
        assert!(!answer.confirms, "{what}: what did not verify is not confirmed");
        let body = String::from_utf8(answer.response.body().to_vec()).unwrap();
        assert!(!body.contains(&fin), "{what}: a fault repeats nothing");
    }
    still_answers(&federation).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_bodies_that_are_signed_properly_are_faults() {
    let federation = Federation::start().await;
    let (office, bank) = (federation.office(), federation.bank());
    let fin = federation.citizen().fin;
    let query = || office.query(ask::blood_group(fin), Caller::fresh_id().unwrap());
    let text = || query_xml(&query());
    let settle = mohur_wire::Query { id: "a.settle".parse().unwrap(), ..query() };
    for (what, payload, expected) in [
        ("another payload", "<m:steal xmlns:m=\"urn:mohur:exchange:1\"></m:steal>".to_owned(), Malformed),
        ("another namespace", text().replace("urn:mohur:exchange:1", "urn:mohur:exchange:2"), Malformed),
        ("an element twice", text().replace("<m:official>", "<m:official>a</m:official><m:official>"), Malformed),
        ("an unknown element", text().replace("<m:official>", "<m:admin>1</m:admin><m:official>"), Malformed),
        ("an unknown verb", text().replace("<m:verb>read", "<m:verb>steal"), Malformed),
        ("a bad FIN", text().replace(fin.as_str(), "IIOO!!!"), Malformed),
        ("a Turkish letter", text().replace(fin.as_str(), "1ABCDEİ"), Malformed),
        ("no caller", text().replace(&format!("<m:caller>{}</m:caller>", office.me), ""), Malformed),
        ("another caller", text().replace(office.me.as_str(), bank.me.as_str()), IdentityMismatch),
        ("the broker's own id", query_xml(&settle), Malformed),
        ("a poll for nothing", poll(&office, "no-such-bundle"), BundleUnknown),
        ("a bundle of nothing", bundle(&office, "no-such-definition", "1"), BundleUnknown),
        ("a bundle of yesterday", bundle(&office, ask::ISSUE, "7"), BundleStale),
    ] {
        let answer = Enveloped::signed(&office, Version::Soap11, &payload, &openings()).send(&office).await;
        let Said::Refused(refusal, _) = &answer.said else { panic!("{what}: {answer:?}") };
        assert_eq!(refusal.code, expected, "{what}: {refusal}");
        assert!(answer.confirms, "{what}: it was signed");
        assert!(!refusal.detail.contains(fin.as_str()), "{what}");
    }
    still_answers(&federation).await;
}

fn poll(office: &Caller, bundle: &str) -> String {
    let (id, me) = (Caller::fresh_id().unwrap(), &office.me);
    format!(
        "<m:poll xmlns:m=\"urn:mohur:exchange:1\"><m:id>{id}</m:id><m:caller>{me}</m:caller><m:bundle>{bundle}</m:bundle></m:poll>"
    )
}

/// One leg of nothing, whose digest is the right one.
fn bundle(office: &Caller, definition: &str, version: &str) -> String {
    use base64::Engine;
    let digest = base64::prelude::BASE64_STANDARD.encode(mohur_crypto::sha256(b"e30").as_bytes());
    let (id, me) = (Caller::fresh_id().unwrap(), &office.me);
    format!(
        "<m:bundle xmlns:m=\"urn:mohur:exchange:1\"><m:id>{id}</m:id><m:caller>{me}</m:caller><m:definition>{definition}\
         </m:definition><m:version>{version}</m:version><m:digests><m:digest>{digest}</m:digest></m:digests></m:bundle>"
    )
}

fn openings() -> String {
    mohur_soap::message::openings_xml(&["e30".to_owned()])
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_or_too_slow_is_cut_off_with_a_fault() {
    let limits = "[limits]\nbody-bytes = 65536\nbody-timeout = \"400ms\"\n[soap]\nelements = 100";
    let federation = Founded::new().with("broker/broker.toml", limits).start().await;
    let office = federation.office();
    let signed = good(&federation, &office);
    let large = Enveloped { body: vec![b' '; 70_000].into(), ..signed.clone() };
    assert_eq!(large.refusal(&office).await, TooLarge);
    let many = signed.clone().spoiled("<soap:Header>", &format!("<soap:Header>{}", "<a></a>".repeat(200)));
    assert_eq!(many.refusal(&office).await, TooLarge);

    let mut headers = HeaderMap::new();
    headers.insert("content-type", "text/xml".parse().unwrap());
    let whole = message("POST", "/soap", &federation.broker_address().to_string(), &headers, &signed.body);
    let mut connection = RawConnection::open(&federation, "passport-office").await;
    connection.send(&whole[..whole.len() - 20]).await;
    let text = connection.read_to_end(Duration::from_secs(5)).await;
    assert_eq!(signed.check(&office, response(&text)).code(), RequestTimeout);
    still_answers(&federation).await;
}

/// What nobody has read cannot be signed for or logged; it is a fault all the same.
#[tokio::test(flavor = "multi_thread")]
async fn what_there_is_no_room_for_is_a_fault_with_nothing_but_its_code() {
    let federation = Founded::new().with("broker/broker.toml", "[limits]\nmax-in-flight = 1").start().await;
    let office = federation.office();
    federation.faults("health-card", Faults { delay: Duration::from_secs(2), ..Faults::default() });
    let (slow, second) = (good(&federation, &office), good(&federation, &office));
    let (first, refused) = tokio::join!(slow.send(&office), async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        second.raw(&office).await
    });
    assert!(matches!(first.said, Said::Answer(..)), "{first:?}");
    assert_eq!(
        (refused.status().as_u16(), &refused.headers()["content-type"]),
        (500, &"text/xml; charset=utf-8".parse().unwrap())
    );
    let text = String::from_utf8(refused.body().to_vec()).unwrap();
    let document = Document::parse(&text, &Limits::default()).unwrap();
    let envelope = Envelope::read(&document).unwrap();
    let told = fault::read(Version::Soap11, envelope.payload).unwrap().unwrap();
    assert_eq!((told.refusal.code, told.id, envelope.security.is_none()), (Overloaded, None, true));
}

async fn still_answers(federation: &Federation) {
    let office = federation.office();
    good(federation, &office).answered(&office).await;
    let metrics = federation.page(federation.broker().admin(), "/metrics").await;
    let failed = metrics.lines().find(|line| line.contains("class=\"failed\"")).unwrap_or_default();
    assert!(failed.ends_with(" 0") || failed.is_empty(), "a fault is no failure of the broker: {failed}");
}
