use mohur_soap::{Document, Limits, ns};

use super::*;

fn payload_of(body: &str) -> Result<(), Refusal> {
    let document = Document::parse(body, &Limits::default()).unwrap();
    request::read(soap::payload(document.root())?).map(drop)
}

fn envelope(payload: &str) -> String {
    format!("<s:Envelope xmlns:s=\"{}\" xmlns:r=\"{NAMESPACE}\"><s:Body>{payload}</s:Body></s:Envelope>", ns::SOAP11)
}

const GOOD: &str = "<r:GetRights><r:LA_Party><r:extPID>5ABCDE1</r:extPID></r:LA_Party><r:LA_LegalSpaceBuildingUnit>\
    <r:suID>AZ-D-1</r:suID></r:LA_LegalSpaceBuildingUnit></r:GetRights>";

#[test]
fn only_what_the_schema_has_is_taken() {
    assert_eq!(payload_of(&envelope(GOOD)), Ok(()));
    let address = "<r:extAddressID><r:city>Bakı</r:city><r:streetName>Nizami</r:streetName><r:buildingNumber>1\
        </r:buildingNumber></r:extAddressID>";
    assert_eq!(payload_of(&envelope(&GOOD.replace("<r:suID>AZ-D-1</r:suID>", address))), Ok(()));
    for wrong in [
        GOOD.replace("GetRights", "GetEverything"),
        GOOD.replace("5ABCDE1", "5ABCDEI"),
        GOOD.replace("5ABCDE1", "5abcde1"),
        GOOD.replace("AZ-D-1", "az-d-1"),
        GOOD.replace("AZ-D-1", ""),
        GOOD.replace("<r:suID>", "<r:suID x=\"1\">"),
        GOOD.replace("<r:LA_Party>", "<r:LA_Party>text"),
        GOOD.replace("</r:LA_Party>", "<r:name>Q</r:name></r:LA_Party>"),
        GOOD.replace("</r:GetRights>", "<r:LA_Party/></r:GetRights>"),
        GOOD.replace("</r:suID>", &format!("</r:suID>{address}")),
        GOOD.replace("<r:suID>AZ-D-1</r:suID>", &address.replace("streetName", "street")),
        GOOD.replace("urn", "urm").replace("r:suID", "suID"),
    ] {
        assert!(matches!(payload_of(&envelope(&wrong)), Err(Refusal::Invalid(_))), "{wrong}");
    }
}

#[test]
fn soap_1_1_is_kept() {
    assert_eq!(payload_of(&envelope(GOOD).replace(ns::SOAP11, ns::SOAP12)), Err(Refusal::Version));
    let with = |header: &str| envelope(GOOD).replace("<s:Body>", &format!("<s:Header>{header}</s:Header><s:Body>"));
    assert_eq!(payload_of(&with("<r:x s:mustUnderstand=\"1\"/>")), Err(Refusal::NotUnderstood));
    assert_eq!(payload_of(&with("<r:x/>")), Ok(()));
    for wrong in [envelope(""), envelope(&format!("{GOOD}{GOOD}")), "<r:x xmlns:r=\"urn:x\"/>".to_owned()] {
        assert!(matches!(payload_of(&wrong), Err(Refusal::Invalid(_))), "{wrong}");
    }
}
