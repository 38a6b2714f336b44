use mohur_soap::{Document, Limits, ns};

use super::*;

fn read(operation: &str, content: &str) -> Result<(), Refusal> {
    let text = format!(
        "<s:Envelope xmlns:s=\"{}\" xmlns:p=\"{NAMESPACE}\"><s:Body><p:{operation}>{content}</p:{operation}></s:Body>\
         </s:Envelope>",
        ns::SOAP11
    );
    let document = Document::parse(&text, &Limits::default()).unwrap();
    let payload = soap::payload(document.root())?;
    match operation {
        "Search" => request::search(payload).map(drop),
        "GetRecord" => request::record(payload).map(drop),
        _ => request::publication(payload).map(drop),
    }
}

const DOCUMENT: &str = "<p:Document><p:IssuingState>D</p:IssuingState><p:Type>P</p:Type><p:Number>C01X00T47</p:Number>\
    </p:Document>";
const PERSON: &str = "<p:Person><p:Name>NOBODY NEMO</p:Name><p:BirthDate>1970-02-28</p:BirthDate></p:Person>";

#[test]
fn only_what_the_schema_has_is_taken() {
    let search = |subject: &str| read("Search", &format!("<p:Bureau>AZE</p:Bureau>{subject}"));
    for good in [DOCUMENT, PERSON, "<p:Vehicle><p:VIN>WDBZZZ1K0WB000001</p:VIN></p:Vehicle>"] {
        assert_eq!(search(good), Ok(()), "{good}");
    }
    for wrong in [
        "",
        "<p:Vehicle><p:VIN>WDBZZZ1K0WB00000I</p:VIN></p:Vehicle>",
        &PERSON.replace("NOBODY", "Nobody"),
        &PERSON.replace("02-28", "02-30"),
        &DOCUMENT.replace("<p:Number>", "<p:Holder>5ABCDE1</p:Holder><p:Number>"),
        &format!("{DOCUMENT}{PERSON}"),
        &format!("{DOCUMENT}<p:Officer>somebody</p:Officer>"),
        &DOCUMENT.replace("<p:Document>", "<p:Document case=\"1\">"),
    ] {
        assert!(matches!(search(wrong), Err(Refusal::Invalid(_))), "{wrong}");
    }
    assert!(read("Search", DOCUMENT).is_err(), "without a bureau");
    assert_eq!(read("GetRecord", "<p:Bureau>AZE</p:Bureau><p:RecordId>0123456789AB</p:RecordId>"), Ok(()));
    assert!(read("GetRecord", "<p:Bureau>AZE</p:Bureau><p:RecordId>5ABCDE1</p:RecordId>").is_err());
    let publish = |reason: &str| {
        read("PublishDocument", &format!("<p:Bureau>AZE</p:Bureau>{DOCUMENT}<p:Reason>{reason}</p:Reason>"))
    };
    assert_eq!(publish("stolen"), Ok(()));
    assert!(publish("because").is_err());
}
