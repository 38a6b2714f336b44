//! PR-META and PR-MREST through the door.

use bytes::Bytes;
use http::Request;
use serde_json::Value;

use crate::door::{Inside, between, request};

const US: &str = "AZ/GOV/MIA/id-cards";

#[tokio::test(flavor = "multi_thread")]
async fn clients_are_listed_in_xml_and_in_json() {
    let inside = Inside::open().await;
    let list = |accept: &'static str, target: &'static str| {
        inside.send(Request::get(target).header("accept", accept).body(Bytes::new()).unwrap())
    };
    let xml = list("*/*", "/listClients").await;
    assert_eq!(xml.headers()["content-type"], "text/xml;charset=UTF-8");
    let text = String::from_utf8(xml.body().to_vec()).unwrap();
    let health_card = "<id:memberCode>MOH</id:memberCode><id:subsystemCode>health-card</id:subsystemCode></xrd:id>";
    assert!(text.contains(health_card) && text.contains("id:objectType=\"MEMBER\""), "{text}");

    let json: Value = serde_json::from_slice(list("application/json", "/listClients").await.body()).unwrap();
    let members = json["member"].as_array().unwrap();
    assert!(
        members
            .iter()
            .any(|member| member["id"]["subsystem_code"] == "id-cards" && member["id"]["object_type"] == "SUBSYSTEM")
    );
    let other: Value =
        serde_json::from_slice(list("application/json", "/listClients?xRoadInstance=XX").await.body()).unwrap();
    assert_eq!(other["member"].as_array().unwrap().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn methods_are_listed_under_the_names_that_the_client_may_use() {
    let inside = Inside::open().await;
    let ask = |code: &str| {
        request("7TEST34")
            .replace(">exampleService<", &format!(">{code}<"))
            .replace("ns1:exampleService>", &format!("xrd:{code}>"))
            .replace("<exampleInput>7TEST34</exampleInput>", "")
    };
    let all = inside.soap(&ask("listMethods")).await;
    let payload = between(&all, "<xrd:listMethodsResponse", "</xrd:listMethodsResponse>");
    assert_eq!(payload.matches("<xrd:service ").count(), 1, "{payload}");
    assert!(
        payload.contains("<id:serviceCode>exampleService</id:serviceCode><id:serviceVersion>v1</id:serviceVersion>")
    );
    let allowed = inside.soap(&ask("allowedMethods")).await;
    assert!(allowed.contains("<id:serviceCode>exampleService</id:serviceCode>"), "{allowed}");

    let rest = inside.get("/r1/AZ/GOV/MOH/health-card/listMethods", US).await;
    let json: Value = serde_json::from_slice(rest.body()).unwrap();
    assert_eq!(json["service"][0]["service_code"], "vitals");
    assert_eq!(json["service"][0]["endpoint_list"][0]["path"], "/people/*/vitals");
    assert!(rest.headers().contains_key("x-road-request-hash"));
    // The bank's register lets the passport office match a receipt, but nothing here maps that.
    let unmapped = inside.get("/r1/AZ/COM/BANK/state-fees/allowedMethods", US).await;
    let json: Value = serde_json::from_slice(unmapped.body()).unwrap();
    assert_eq!(json["service"].as_array().unwrap().len(), 0);
    let nobody = inside.get("/r1/AZ/GOV/NOBODY/x/listMethods", US).await;
    assert_eq!(nobody.headers()["x-road-error"], "Server.ClientProxy.UnknownMember");
}

const WSDL: &str = r#"<w:definitions xmlns:w="http://schemas.xmlsoap.org/wsdl/" xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/">
  <w:service name="x"><w:port name="p"><s:address location="http://10.0.0.7/secret"/></w:port></w:service></w:definitions>"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_description_is_given_with_its_addresses_hidden() {
    let inside = Inside::described(WSDL).await;
    let hidden = WSDL.replace("http://10.0.0.7/secret", "http://example.org/xroad-endpoint");
    let wanted = hidden.replace("<s:address ", "<s:address xmlns:s=\"http://schemas.xmlsoap.org/wsdl/soap/\" ");
    let names = "<xrd:serviceCode>exampleService</xrd:serviceCode><xrd:serviceVersion>v1</xrd:serviceVersion>";
    let asked = request("7TEST34")
        .replace(">exampleService<", ">getWsdl<")
        .replace("ns1:exampleService>", "xrd:getWsdl>")
        .replace("<exampleInput>7TEST34</exampleInput>", names);
    let posted = Request::post("/").header("content-type", "text/xml").body(Bytes::from(asked)).unwrap();
    let response = inside.send(posted).await;
    let content_type = response.headers()["content-type"].to_str().unwrap().to_owned();
    let packaged =
        mohur_soap::mime::read(&content_type, response.body(), &mohur_soap::mime::MimeLimits::default()).unwrap();
    assert!(packaged.envelope.contains(names) && packaged.envelope.contains("requestHash"), "{}", packaged.envelope);
    assert_eq!(std::str::from_utf8(&packaged.attachments[0].content).unwrap(), wanted);

    let target = "/wsdl?xRoadInstance=EE&memberClass=GOV&memberCode=MEMBER2&subsystemCode=SUBSYSTEM2&serviceCode=exampleService&version=v1";
    let legacy = inside.send(Request::get(target).body(Bytes::new()).unwrap()).await;
    assert_eq!(legacy.headers()["content-type"], "text/xml;charset=UTF-8");
    assert_eq!(std::str::from_utf8(legacy.body()).unwrap(), wanted, "it names no client: one that it is described to");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_there_is_not_says_why() {
    let inside = Inside::open().await;
    let response = inside.send(Request::get("/verificationconf").body(Bytes::new()).unwrap()).await;
    let text = String::from_utf8(response.body().to_vec()).unwrap();
    assert!(between(&text, "<faultstring>", "<").contains("receipt"), "{text}");
}
