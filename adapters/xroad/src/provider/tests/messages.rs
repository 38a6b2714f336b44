//! Whole messages, and descriptions.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method};
use mohur_contract::conformance::Fault;
use mohur_crypto::sha256;
use mohur_wire::answer::Finding;
use mohur_wire::{SubjectKey, Value};

use super::fake::HELD;
use super::*;
use crate::whole::{WholeRequest, WholeResponse};

const CLIENT: &str = "<i:xRoadInstance>AZ</i:xRoadInstance><i:memberClass>GOV</i:memberClass>\
    <i:memberCode>MIA</i:memberCode><i:subsystemCode>id-cards</i:subsystemCode>";

/// A message of an X-Road client, with its own prefixes.
fn soap(service: &str, body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<S:Envelope xmlns:S=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:x=\"http://x-road.eu/xsd/xroad.xsd\" xmlns:i=\"http://x-road.eu/xsd/identifiers\"><S:Header>\
         <x:protocolVersion>4.0</x:protocolVersion><x:id>own-id-of-the-client</x:id><x:userId>inspector &lt;7></x:userId>\
         <x:client i:objectType=\"SUBSYSTEM\">{CLIENT}</x:client><x:service i:objectType=\"SERVICE\">\
         <i:xRoadInstance>AZ</i:xRoadInstance><i:memberClass>GOV</i:memberClass><i:memberCode>PPL</i:memberCode>\
         <i:subsystemCode>people</i:subsystemCode><i:serviceCode>{service}</i:serviceCode>\
         <i:serviceVersion>v1</i:serviceVersion></x:service></S:Header><S:Body>{body}</S:Body></S:Envelope>"
    )
}

fn person() -> String {
    soap("getPerson", &format!("<p:getPerson xmlns:p=\"urn:people\"><fin>{HELD}</fin></p:getPerson>"))
}

fn posted(kind: &'static str, body: impl Into<Bytes>) -> WholeRequest {
    let action = HeaderValue::from_static("\"what-the-client-likes\"");
    WholeRequest::soap(HeaderValue::from_static(kind), Some(action), body.into())
}

fn rest(method: Method, target: &str, headers: &[(&'static str, &'static str)]) -> WholeRequest {
    let known = [("x-road-client", "AZ/GOV/1000017/office"), ("x-road-id", "own"), ("x-road-request-id", "r")];
    let headers = known.iter().chain(headers);
    let headers = headers.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
    WholeRequest { method, target: target.to_owned(), headers: headers.collect(), body: Bytes::from_static(b"{}") }
}

fn enclosing(service: &str, whole: &WholeRequest) -> Query {
    let content = whole.to_bytes();
    query(
        service,
        HELD,
        &json!({
            "verb": "read",
            "fields": ["message", "messageType", "somethingElse"],
            "subject": { "message": sha256(&content).to_base64url() },
            "message": { "type": "application/http", "content": BASE64_URL_SAFE_NO_PAD.encode(&content) },
        }),
    )
}

fn message(answer: &Answer) -> WholeResponse {
    let Finding::Found(fields) = &answer.finding else { panic!("nothing found") };
    assert_eq!(fields.len(), 2);
    assert_eq!(fields[&"messageType".parse().unwrap()], Value::text("application/http"));
    let text = fields[&"message".parse().unwrap()].as_text().unwrap();
    WholeResponse::parse(&BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

/// Why a message is not passed on; nobody was asked.
async fn refused(service: &str, whole: &WholeRequest) -> &'static str {
    let (fake, provider) = started().await;
    let outcome = ask(&provider, &enclosing(service, whole)).await;
    assert_eq!(fake.asked(), 0);
    match outcome {
        Err(RegistryError::Unsupported(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_soap_message_is_replayed_as_it_came() {
    let (fake, provider) = started().await;
    let answer =
        ask(&provider, &enclosing("getPerson/v1", &posted("text/xml;charset=\"utf-8\"", person()))).await.unwrap();
    let seen = fake.last().unwrap();
    assert_eq!(seen.body, person());
    assert_eq!(seen.headers["content-type"], "text/xml;charset=\"utf-8\"");
    assert_eq!(seen.headers["soapaction"], "\"urn:people#getPerson\"", "the owner's, whatever the client said");
    let response = message(&answer);
    assert_eq!(response.status, 200);
    assert!(std::str::from_utf8(&response.body).unwrap().contains("Əliyev"));
}

#[tokio::test]
async fn attachments_pass_with_their_message() {
    let (fake, provider) = started().await;
    let kind = "multipart/related; type=\"text/xml\"; start=\"<root>\"; boundary=\"b\"";
    let body = format!(
        "--b\r\nContent-Type: text/xml; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\nContent-ID: <root>\r\n\r\n{}\r\n\
         --b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\nContent-ID: <data.bin>\r\n\r\n\
         VGhpcyBpcyBhdHRhY2htZW50Lg0K\r\n--b--\r\n",
        person()
    );
    ask(&provider, &enclosing("getPerson/v1", &posted(kind, body.clone()))).await.unwrap();
    assert_eq!(fake.last().unwrap().body, body);
    let hidden = body.replace("getPerson", "getAnother").replace("application/octet-stream", "text/xml; x=getPerson");
    assert!(refused("getPerson/v1", &posted(kind, hidden)).await.contains("another service"), "the first part counts");
}

/// Who looks for `start` and who takes the first part, who reads `charset` and who does not, find the same envelope.
#[tokio::test]
async fn there_are_no_two_ways_to_read_a_message() {
    let kind = "multipart/related; type=\"text/xml\"; start=\"<root>\"; boundary=\"b\"";
    let part = |id: &str, text: &str| format!("--b\r\nContent-Type: text/xml\r\nContent-ID: <{id}>\r\n\r\n{text}\r\n");
    let other = person().replace("<i:memberCode>MIA</i:memberCode>", "<i:memberCode>MOJ</i:memberCode>");
    let body = format!("{}{}--b--\r\n", part("other", &other), part("root", &person()));
    assert!(refused("getPerson/v1", &posted(kind, body)).await.contains("first part"));
    for charset in ["text/xml; charset=utf-7", "text/xml; charset=\"utf-16\"", "text/xml; charset=a; charset=utf-8"] {
        assert!(refused("getPerson/v1", &posted(charset, person())).await.contains("in UTF-8"), "{charset}");
    }
}

#[tokio::test]
async fn a_message_acts_for_whom_the_query_names() {
    let (fake, provider) = started().await;
    let party = |class: &str, code: &str| {
        format!(
            "<r:representedParty xmlns:r=\"http://x-road.eu/xsd/representation.xsd\">{class}<r:partyCode>{code}</r:partyCode>\
             </r:representedParty></S:Header>"
        )
    };
    let gov = "<r:partyClass>GOV</r:partyClass>";
    for (said, signed, is_same) in [
        (party(gov, "SBS"), "AZ/GOV/SBS/border", true),
        (party("", "SBS"), "AZ/GOV/SBS/border", true),
        (party(gov, "0099"), "AZ/GOV/SBS/border", true),
        (party(gov, "MOJ"), "AZ/GOV/SBS/border", false),
        (party("<r:partyClass>COM</r:partyClass>", "SBS"), "AZ/GOV/SBS/border", false),
        (party(gov, "0099"), "AZ/GOV/MOJ/courts", false),
        ("</S:Header>".to_owned(), "AZ/GOV/SBS/border", false),
    ] {
        let message = posted("text/xml", person().replace("</S:Header>", &said));
        let mut asked = enclosing("getPerson/v1", &message);
        asked.on_behalf_of = Some(signed.parse().unwrap());
        assert_eq!(ask(&provider, &asked).await.is_ok(), is_same, "{said} {signed}");
    }
    let alone = posted("text/xml", person().replace("</S:Header>", &party(gov, "SBS")));
    assert!(ask(&provider, &enclosing("getPerson/v1", &alone)).await.is_err(), "the query acts for nobody");
    let mut rest = enclosing(
        "people/v1",
        &rest(Method::GET, "/r1/AZ/GOV/PPL/people/people/a", &[("x-road-represented-party", "GOV/MOJ")]),
    );
    rest.on_behalf_of = Some("AZ/GOV/SBS/border".parse().unwrap());
    assert!(ask(&provider, &rest).await.is_err());
    assert_eq!(fake.asked(), 3);
}

/// Who dispatches by WS-Addressing, or answers where it says, does what the owner's file says, too.
#[tokio::test]
async fn addresses_in_the_header_lead_nowhere_else() {
    let (fake, provider) = started().await;
    let with = |blocks: &str| {
        let blocks = format!("<S:Header xmlns:a=\"http://www.w3.org/2005/08/addressing\">{blocks}");
        enclosing("getPerson/v1", &posted("text/xml", person().replace("<S:Header>", &blocks)))
    };
    let back = "<a:ReplyTo><a:Address>http://www.w3.org/2005/08/addressing/anonymous</a:Address></a:ReplyTo>";
    let good = format!("<a:Action>urn:people#getPerson</a:Action><a:MessageID>urn:a</a:MessageID>{back}");
    assert!(ask(&provider, &with(&good)).await.is_ok());
    for wrong in [
        "<a:Action>urn:people#getAll</a:Action>",
        "<a:ReplyTo><a:Address>http://elsewhere.example/</a:Address></a:ReplyTo>",
        "<a:FaultTo><a:Address>http://elsewhere.example/</a:Address></a:FaultTo>",
        "<a:ReplyTo></a:ReplyTo>",
        "<b:Action xmlns:b=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\">urn:other</b:Action>",
    ] {
        assert!(ask(&provider, &with(wrong)).await.is_err(), "{wrong}");
    }
    assert_eq!(fake.asked(), 1);
}

#[tokio::test]
async fn a_message_must_say_what_was_asked() {
    let xml = "text/xml";
    for (from, to, why) in [
        ("<i:memberCode>MIA</i:memberCode>", "<i:memberCode>MOJ</i:memberCode>", "another client"),
        ("<i:serviceCode>getPerson</i:serviceCode>", "<i:serviceCode>getAll</i:serviceCode>", "another service"),
        ("<i:serviceVersion>v1<", "<i:serviceVersion>v2<", "another service"),
        ("<i:subsystemCode>people<", "<i:subsystemCode>secrets<", "another service"),
        ("inspector &lt;7>", "inspector 8", "another user"),
        ("</S:Header>", "<x:issue>other</x:issue></S:Header>", "another issue"),
        ("p:getPerson", "p:getPersons", "not the service's"),
        ("<x:id>own-id-of-the-client</x:id>", "", "not complete"),
        ("</S:Body>", "<more/></S:Body>", "exactly one element"),
        ("<S:Body>", "<S:Body><?php x?>", "SOAP 1.1"),
        ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "<!DOCTYPE x>", "not XML"),
    ] {
        let changed = person().replace(from, to);
        assert_ne!(changed, person());
        let said = refused("getPerson/v1", &posted(xml, changed)).await;
        assert!(said.contains(why), "{to}: {said}");
    }
    let said = refused("getPerson/v1", &posted("application/soap+xml", person())).await;
    assert!(said.contains("neither text/xml"), "{said}");
}

#[tokio::test]
async fn the_digest_is_that_of_the_message() {
    let (fake, provider) = started().await;
    let mut asked = enclosing("getPerson/v1", &posted("text/xml", person()));
    asked.subject = SubjectKey::Message(sha256(b"another").to_base64url().parse().unwrap());
    assert!(matches!(ask(&provider, &asked).await, Err(RegistryError::Unsupported(why)) if why.contains("digest")));
    asked.subject = serde_json::from_value(json!({ "fin": HELD })).unwrap();
    assert!(ask(&provider, &asked).await.is_ok(), "the file says where the subject stands");
    asked.subject = serde_json::from_value(json!({ "fin": "5ABCDE2" })).unwrap();
    assert!(
        matches!(ask(&provider, &asked).await, Err(RegistryError::Unsupported(why)) if why.contains("another subject"))
    );
    assert_eq!(fake.asked(), 1);
}

#[tokio::test]
async fn a_fault_is_an_answer_and_an_error_page_is_none() {
    let (fake, provider) = started().await;
    let nobody = posted("text/xml", person().replace(HELD, "5ABCDE2"));
    let response = message(&ask(&provider, &enclosing("getPerson/v1", &nobody)).await.unwrap());
    assert_eq!(response.status, 500);
    assert!(std::str::from_utf8(&response.body).unwrap().contains("NoSuchPerson"));
    let asked = enclosing("getPerson/v1", &posted("text/xml", person()));
    fake.set(Fault::Down);
    assert!(matches!(ask(&provider, &asked).await, Err(RegistryError::Unavailable(_))));
    fake.set(Fault::Garbage);
    assert!(matches!(ask(&provider, &asked).await, Err(RegistryError::Invalid(_))));
}

#[tokio::test]
async fn a_rest_message_keeps_method_path_headers_and_body() {
    let (fake, provider) = started().await;
    let whole =
        rest(Method::POST, "/r1/AZ/GOV/PPL/people/people/search/a%20b?x=%26&x=2", &[("x-own", "1"), ("accept", "a/b")]);
    let response = message(&ask(&provider, &enclosing("people/v1", &whole)).await.unwrap());
    assert_eq!(
        (response.status.as_u16(), response.header("content-type").unwrap().to_str().unwrap()),
        (200, "application/json")
    );
    let seen = fake.last().unwrap();
    assert_eq!((seen.target.as_str(), seen.body.as_ref()), ("/rest/search/a%20b?x=%26&x=2", b"{}".as_slice()));
    for (name, value) in
        [("x-road-client", "AZ/GOV/1000017/office"), ("x-road-id", "own"), ("x-own", "1"), ("accept", "a/b")]
    {
        assert_eq!(seen.headers[name], value, "{name}");
    }
    let whole = rest(Method::GET, "/r1/AZ/GOV/PPL/people/people", &[]);
    ask(&provider, &enclosing("people/v1", &whole)).await.unwrap();
    let seen = fake.last().unwrap();
    assert_eq!((seen.target.as_str(), seen.headers["accept"].to_str().unwrap()), ("/rest", "application/json"));
}

#[tokio::test]
async fn a_rest_message_stays_within_its_service() {
    for (target, why) in [
        ("/r1/AZ/GOV/PPL/people/people/../secret", "climbs"),
        ("/r1/AZ/GOV/PPL/people/people/%2e%2E/secret", "climbs"),
        ("/r1/AZ/GOV/PPL/people/people/x%2F..%2F..%2Fsecret", "climbs"),
        ("/r1/AZ/GOV/PPL/people/people/..;a=b/secret", "climbs"),
        ("/r1/AZ/GOV/PPL/people/people/%252e%252e/secret", "climbs"),
        ("/r1/AZ/GOV/PPL/people/people/..%255csecret", "climbs"),
        ("/r1/AZ/GOV/PPL/people/other/a", "another service"),
        ("/r1/AZ/GOV/MOJ/people/people/a", "another service"),
        ("/r1/AZ/GOV/PPL", "REST protocol"),
    ] {
        let said = refused("people/v1", &rest(Method::GET, target, &[])).await;
        assert!(said.contains(why), "{target}: {said}");
    }
    let target = "/r1/AZ/GOV/PPL/people/people/a";
    assert!(refused("people/v1", &rest(Method::DELETE, target, &[])).await.contains("method"));
    assert!(refused("people/v1", &rest(Method::GET, target, &[("x-road-userid", "somebody")])).await.contains("user"));
    for steering in ["x-http-method-override", "x-original-url"] {
        let said = refused("people/v1", &rest(Method::POST, target, &[(steering, "DELETE")])).await;
        assert!(said.contains("another method or path"), "{said}");
    }
    assert!(refused("getPerson/v1", &rest(Method::GET, target, &[])).await.contains("the message REST"));
    assert!(refused("people/v1", &posted("text/xml", person())).await.contains("the message SOAP"));
}

#[tokio::test]
async fn a_named_subject_is_where_the_file_says() {
    let (fake, provider) = started().await;
    let named = |target: &str, subject: &Json| {
        let mut asked = enclosing("people/v1", &rest(Method::GET, target, &[]));
        asked.subject = serde_json::from_value(subject.clone()).unwrap();
        asked
    };
    let (held, plate) = (json!({ "fin": HELD }), json!({ "plate": "10AA001" }));
    for target in ["/r1/AZ/GOV/PPL/people/people/people/5ABCDE1", "/r1/AZ/GOV/PPL/people/people/people/5ABCDE%31/x?y"] {
        assert!(ask(&provider, &named(target, &held)).await.is_ok(), "{target}");
    }
    for target in [
        "/r1/AZ/GOV/PPL/people/people/people/5ABCDE2",
        "/r1/AZ/GOV/PPL/people/people",
        "/r1/AZ/GOV/PPL/people/people/people/5ABCDE12",
    ] {
        assert!(ask(&provider, &named(target, &held)).await.is_err(), "{target}");
        assert!(ask(&provider, &named(target, &plate)).await.is_err(), "{target}");
    }
    assert_eq!(fake.asked(), 2);
}

#[tokio::test]
async fn a_wsdl_comes_as_an_attachment_without_the_providers_address() {
    let (_fake, provider) = started().await;
    let asked =
        "<x:getWsdl><x:serviceCode>getPerson</x:serviceCode><x:serviceVersion>v1</x:serviceVersion></x:getWsdl>";
    let whole = posted("text/xml", soap("getWsdl", asked));
    let response = message(&ask(&provider, &enclosing("getWsdl/v1", &whole)).await.unwrap());
    let kind = response.header("content-type").unwrap().to_str().unwrap().to_owned();
    let limits = mohur_soap::mime::MimeLimits::default();
    let packaged = mohur_soap::mime::read(&kind, &response.body, &limits).unwrap();
    assert_eq!(packaged.attachments.len(), 1);
    let wsdl = std::str::from_utf8(&packaged.attachments[0].content).unwrap();
    assert_eq!(wsdl, super::fake::WSDL.replace("http://10.0.0.1/soap", "http://example.org/xroad-endpoint"));
    let document = mohur_soap::Document::parse(&packaged.envelope, &mohur_soap::Limits::default()).unwrap();
    let parts = crate::provider::envelope::parts(&document).unwrap();
    assert!(parts.payload.is(mohur_soap::ns::XROAD, "getWsdlResponse"));
    let header = parts.header.unwrap();
    assert_eq!(header.child(mohur_soap::ns::XROAD, "id").unwrap().text().unwrap(), "own-id-of-the-client");
    let unknown = posted("text/xml", soap("getWsdl", &asked.replace("getPerson", "getAll")));
    assert!(refused("getWsdl/v1", &unknown).await.contains("no description"));
}

#[tokio::test]
async fn an_openapi_description_is_a_body() {
    let (_fake, provider) = started().await;
    let whole = rest(Method::GET, "/r1/AZ/GOV/PPL/people/getOpenAPI?serviceCode=people", &[]);
    let response = message(&ask(&provider, &enclosing("getOpenAPI/v1", &whole)).await.unwrap());
    assert_eq!(response.body.as_ref(), b"{\"openapi\":\"3.0.0\"}");
    assert_eq!(response.header("content-type").unwrap(), "application/json");
    let unknown = rest(Method::GET, "/r1/AZ/GOV/PPL/people/getOpenAPI?serviceCode=getPerson", &[]);
    assert!(refused("getOpenAPI/v1", &unknown).await.contains("no description"));
}
