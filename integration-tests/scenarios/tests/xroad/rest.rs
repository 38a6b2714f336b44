//! PR-REST through the door.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};

use crate::door::Inside;

const US: &str = "AZ/GOV/MIA/id-cards";

fn body(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_gets_its_own_json_and_the_headers_of_the_protocol() {
    let inside = Inside::open().await;
    let citizen = inside.federation.citizen();
    let health = citizen.health.as_ref().unwrap();
    let target = format!("/r1/AZ/GOV/MOH/health-card/vitals/people/{}/vitals", citizen.fin);
    let response = inside.get(&target, US).await;
    assert_eq!(response.status(), 200, "{:?}", String::from_utf8_lossy(response.body()));
    let told = body(&response);
    assert_eq!(told["vitals"]["blood"], json!(health.blood_group.unwrap()));
    assert_eq!(told["vitals"]["heightCm"], json!(health.height.unwrap()));

    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(
        (header("x-road-client"), header("x-road-service")),
        (US.to_owned(), "AZ/GOV/MOH/health-card/vitals".to_owned())
    );
    assert!(header("x-road-id").starts_with("AZ-"), "made by the door: {}", header("x-road-id"));
    // What was hashed, put together again by hand from what was sent and what came back.
    let hashed = format!(
        "GET\r\n{target}\r\nx-road-client:{US}\r\nx-road-issue:ID-1\r\nx-road-request-id:{}\r\nx-road-id:{}\r\n",
        header("x-road-request-id"),
        header("x-road-id")
    );
    let expected = BASE64_STANDARD.encode(mohur_crypto::sha512(hashed.as_bytes()));
    assert_eq!(header("x-road-request-hash"), expected);
    assert!(!response.headers().contains_key("x-road-error"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_read_and_hashed() {
    let inside = Inside::open().await;
    let citizen = inside.federation.citizen();
    let sent = json!({ "application": "ID-9", "person": { "pin": citizen.fin.as_str(), "born": citizen.claims.birth_date.to_string() } }).to_string();
    let target = "/r1/AZ/GOV/MOJ/civil-registry/birthCheck/checks";
    let request = Request::post(target)
        .header("x-road-client", US)
        .header("x-road-id", "my-id")
        .header("x-road-userid", "AZ7TEST12")
        .header("content-type", "application/json");
    let response = inside.send(request.body(Bytes::from(sent.clone())).unwrap()).await;
    assert_eq!(body(&response)["bornIsRight"], "yes");
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("x-road-id"), "my-id");
    let head = format!(
        "POST\r\n{target}\r\nx-road-client:{US}\r\nx-road-id:my-id\r\nx-road-userid:AZ7TEST12\r\n\
         content-type:application/json\r\nx-road-request-id:{}\r\n",
        header("x-road-request-id")
    );
    let sha512 = |bytes: &[u8]| mohur_crypto::sha512(bytes);
    let both = [sha512(head.as_bytes()), sha512(sent.as_bytes())].concat();
    assert_eq!(header("x-road-request-hash"), BASE64_STANDARD.encode(sha512(&both)));
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_told_by_header_and_in_the_type_that_the_client_accepts() {
    let inside = Inside::open().await;
    let unknown = inside.get("/r1/AZ/GOV/MOH/health-card/nothing/x", US).await;
    assert_eq!(unknown.status(), 500);
    assert_eq!(unknown.headers()["x-road-error"], "Server.ClientProxy.UnknownService");
    assert_eq!(unknown.headers()["content-type"], "application/json;charset=utf-8");
    assert_eq!(body(&unknown)["type"], "Server.ClientProxy.UnknownService");

    let request = Request::get("/r1/AZ/GOV/MOH").header("x-road-client", US).header("accept", "text/xml, */*");
    let wrong = inside.send(request.body(Bytes::new()).unwrap()).await;
    assert_eq!(
        (wrong.status().as_u16(), wrong.headers()["x-road-error"].to_str().unwrap()),
        (400, "Client.BadRequest")
    );
    let text = String::from_utf8(wrong.body().to_vec()).unwrap();
    assert!(text.contains("<error><type>Client.BadRequest</type><message>"), "{text}");

    let stranger = inside.get("/r1/AZ/GOV/MOH/health-card/vitals/people/7TEST34/vitals", "AZ/COM/BANK/credit").await;
    assert_eq!(stranger.headers()["x-road-error"], "Server.ClientProxy.UnknownMember");
    let nobody = inside.federation.country.unused_fin();
    let concealed = inside.get(&format!("/r1/AZ/GOV/MOH/health-card/vitals/people/{nobody}/vitals"), US).await;
    assert_eq!(concealed.headers()["x-road-error"], "Server.ServerProxy.AccessDenied", "absent looks like denied");
}
