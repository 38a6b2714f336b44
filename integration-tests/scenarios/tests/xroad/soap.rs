//! PR-MESS through the door.

use std::io::Write;
use std::process::{Command, Stdio};

use bytes::Bytes;
use http::{Method, Request};

use crate::door::{Inside, between, birth_request, raw, request};

/// base64(SHA-512) by somebody else: OpenSSL.
fn sha512(bytes: &[u8]) -> String {
    let script = "openssl dgst -sha512 -binary | openssl base64 -A";
    let mut child =
        Command::new("sh").args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_gets_its_own_answer_with_its_header_and_the_hash_of_its_request() {
    let inside = Inside::open().await;
    let citizen = inside.federation.citizen();
    let (fin, health) = (citizen.fin, citizen.health.as_ref().unwrap());
    let sent = request(fin.as_str());
    let answer = inside.soap(&sent).await;

    let payload = between(&answer, "<p:exampleServiceResponse", "</p:exampleServiceResponse>");
    let (blood, height) = (health.blood_group.unwrap(), health.height.unwrap());
    assert!(payload.ends_with(&format!("<pin>{fin}</pin><blood>{blood}</blood><tall>{height}</tall>")), "{payload}");

    // The header is the client's own, byte for byte, with the hash right after the id.
    let header = |text: &str| between(text, "<SOAP-ENV:Header>", "</SOAP-ENV:Header>").to_owned();
    let (before, after) = header(&answer).split_once("</xrd:id>").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let hash = after.split_once("</xrd:requestHash>").unwrap();
    assert_eq!(format!("{before}</xrd:id>{}", hash.1), header(&sent));
    assert!(hash.0.starts_with("<xrd:requestHash "), "right after the id: {}", hash.0);
    assert!(hash.0.contains("algorithmId=\"http://www.w3.org/2001/04/xmlenc#sha512\""));
    assert_eq!(hash.0.rsplit('>').next().unwrap(), sha512(sent.as_bytes()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_match_is_told_in_the_clients_codes() {
    let inside = Inside::open().await;
    let citizen = inside.federation.citizen();
    let fin = citizen.fin;
    let right = inside.soap(&birth_request(fin.as_str(), &format!("{}+04:00", citizen.claims.birth_date))).await;
    assert_eq!(between(&right, "<same>", "</same>"), "true");
    let wrong = inside.soap(&birth_request(fin.as_str(), "1901-01-01")).await;
    assert_eq!(between(&wrong, "<same>", "</same>"), "false");
    let nobody = inside.federation.country.unused_fin();
    let absent = inside.soap(&birth_request(nobody.as_str(), "1901-01-01")).await;
    assert_eq!(between(&absent, "<faultcode>", "<"), "Server.ServerProxy.NotFound");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_as_a_fault_in_the_vocabulary_of_the_client() {
    let inside = Inside::open().await;
    let fin = inside.federation.citizen().fin;
    let sent = request(fin.as_str());
    let issue = "<xrd:issue>12345</xrd:issue>";
    for (from, to, code) in [
        (issue, format!("{issue}{issue}"), "Client.DuplicateHeaderField"),
        ("<xrd:id>4894e35d-bf0f-44a6-867a-8e51f1daa7e0</xrd:id>", String::new(), "Client.MissingHeaderField"),
        (">4.0<", ">3.1<".to_owned(), "Client.InvalidProtocolVersion"),
        (">MEMBER1<", ">MEMBER9<".to_owned(), "Server.ClientProxy.UnknownMember"),
        (">v1<", ">v2<".to_owned(), "Server.ClientProxy.UnknownService"),
        (fin.as_str(), "not a fin".to_owned(), "Client.InvalidBody"),
        // The owner's policy wants a case, and does not tell a denied read from an absent person.
        (issue, String::new(), "Server.ServerProxy.AccessDenied"),
        ("<SOAP-ENV:Body>", "<!DOCTYPE x><SOAP-ENV:Body>".to_owned(), "Client.InvalidXml"),
    ] {
        let answer = inside.soap(&sent.replacen(from, &to, 1)).await;
        assert_eq!(between(&answer, "<faultcode>", "<"), code, "{answer}");
        assert!(answer.contains("<faultactor></faultactor><detail><faultDetail xmlns=\"\">"), "{answer}");
        assert!(!answer.contains(fin.as_str()), "a fault names nobody");
    }
    let represented = "<r:representedParty xmlns:r=\"http://x-road.eu/xsd/representation.xsd\"><r:partyClass>GOV</r:partyClass>\
                       <r:partyCode>0098</r:partyCode></r:representedParty>";
    let answer = inside.soap(&sent.replacen(issue, &format!("{issue}{represented}"), 1)).await;
    assert_eq!(between(&answer, "<faultcode>", "<"), "Server.ClientProxy.UnknownMember");

    let get = inside.send(Request::get("/anything").body(Bytes::new()).unwrap()).await;
    let text = String::from_utf8(get.body().to_vec()).unwrap();
    assert_eq!((get.status().as_u16(), between(&text, "<faultcode>", "<")), (200, "Client.InvalidHttpMethod"));
    let json = Request::post("/").header("content-type", "application/json").body(Bytes::from("{}")).unwrap();
    let text = String::from_utf8(inside.send(json).await.body().to_vec()).unwrap();
    assert_eq!(between(&text, "<faultcode>", "<"), "Client.InvalidContentType");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newer_vocabulary_is_chosen_by_configuration() {
    let inside = Inside::with(|text| text.replace("codes = \"7.7\"", "codes = \"7.8\"")).await;
    let sent = request(inside.federation.citizen().fin.as_str());
    let unmapped = inside.soap(&sent.replacen(">v1<", ">v2<", 1)).await;
    assert_eq!(between(&unmapped, "<faultcode>", "<"), "server.clientproxy.service_not_mapped");
    let denied = inside.soap(&sent.replacen("<xrd:issue>12345</xrd:issue>", "", 1)).await;
    assert_eq!(between(&denied, "<faultcode>", "<"), "server.serverproxy.not_available");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unmapped_service_is_refused_and_its_message_goes_nowhere_without_the_owners_leave() {
    let leave = "unmapped = \"message\"\nunmapped-purpose = \"issue-id-document\"\ncodes = \"7.7\"";
    let inside = Inside::with(|text| text.replace("codes = \"7.7\"", leave)).await;
    // The health card's policy releases no field `message`.
    let fin = inside.federation.citizen().fin;
    let sent =
        request(fin.as_str()).replace(">exampleService<", ">vitals<").replace("ns1:exampleService", "ns1:vitals");
    let answer = inside.soap(&sent).await;
    let code = between(&answer, "<faultcode>", "<");
    assert!(code.starts_with("Server.ServerProxy."), "{code}: {answer}");
    assert!(!answer.contains(fin.as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_arrives_whatever_its_path_and_its_packaging() {
    let inside = Inside::open().await;
    let sent = request(inside.federation.citizen().fin.as_str());
    let absolute = format!("http://{}/any/path", inside.address);
    for target in ["/any/path?x=1", "/"] {
        let request = Request::post(target).header("content-type", "text/xml").header("soapaction", "\"x\"");
        let response = inside.send(request.body(Bytes::from(sent.clone())).unwrap()).await;
        assert!(String::from_utf8_lossy(response.body()).contains("exampleServiceResponse"), "{target}");
    }
    // Absolute form, as a client writes it that takes the door for a proxy.
    let answer = raw(
        inside.address,
        &format!(
            "POST {absolute} HTTP/1.1\r\nhost: {}\r\ncontent-type: text/xml\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{sent}",
            inside.address,
            sent.len()
        ),
    )
    .await;
    assert!(answer.contains("exampleServiceResponse"), "{answer}");

    let parts = format!(
        "--b\r\nContent-Type: text/xml; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\nContent-ID: <root>\r\n\r\n{sent}\r\n\
         --b\r\nContent-Type: application/octet-stream\r\nContent-ID: <data.bin>\r\n\r\n1\r\n--b--\r\n"
    );
    let multipart = Request::builder()
        .method(Method::POST)
        .uri("/")
        .header("content-type", "multipart/related; type=\"text/xml\"; start=\"<root>\"; boundary=\"b\"")
        .body(Bytes::from(parts))
        .unwrap();
    let response = inside.send(multipart).await;
    let text = String::from_utf8(response.body().to_vec()).unwrap();
    let hash = between(&text, "sha512\">", "<");
    assert_eq!(hash, sha512(sent.as_bytes()), "over the first part: {text}");
}
