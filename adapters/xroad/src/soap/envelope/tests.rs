use mohur_soap::mime::MimeLimits;
use mohur_soap::{Document, Limits};

use super::*;
use crate::soap::SoapEntity;
use crate::vocabulary::Blame;

/// PR-MESS annex E.1.
const REQUEST: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<SOAP-ENV:Envelope
        xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"
        xmlns:ns1="http://producer.x-road.eu"
        xmlns:xrd="http://x-road.eu/xsd/xroad.xsd"
        xmlns:id="http://x-road.eu/xsd/identifiers">
    <SOAP-ENV:Header>
        <xrd:client id:objectType="SUBSYSTEM">
            <id:xRoadInstance>EE</id:xRoadInstance>
            <id:memberClass>GOV</id:memberClass>
            <id:memberCode>MEMBER1</id:memberCode>
            <id:subsystemCode>SUBSYSTEM1</id:subsystemCode>
        </xrd:client>
        <xrd:service id:objectType="SERVICE">
            <id:xRoadInstance>EE</id:xRoadInstance>
            <id:memberClass>GOV</id:memberClass>
            <id:memberCode>MEMBER2</id:memberCode>
            <id:subsystemCode>SUBSYSTEM2</id:subsystemCode>
            <id:serviceCode>exampleService</id:serviceCode>
            <id:serviceVersion>v1</id:serviceVersion>
        </xrd:service>
        <xrd:id>4894e35d-bf0f-44a6-867a-8e51f1daa7e0</xrd:id>
        <xrd:userId>EE12345678901</xrd:userId>
        <xrd:issue>12345</xrd:issue>
        <xrd:protocolVersion>4.0</xrd:protocolVersion>
    </SOAP-ENV:Header>
    <SOAP-ENV:Body>
        <ns1:exampleService>
            <exampleInput>foo</exampleInput>
        </ns1:exampleService>
    </SOAP-ENV:Body>
</SOAP-ENV:Envelope>
"#;

fn parse(text: &str) -> Document<'_> {
    Document::parse(text, &Limits::default()).unwrap()
}

fn refusal(text: &str) -> XRoadError {
    let document = parse(text);
    SoapMessage::request(&document).unwrap_err()
}

#[test]
fn the_example_of_the_protocol_is_read() {
    let document = parse(REQUEST);
    let message = SoapMessage::request(&document).unwrap();
    let headers = &message.headers;
    assert_eq!(headers.client.to_string(), "EE/GOV/MEMBER1/SUBSYSTEM1");
    assert_eq!(headers.service.to_string(), "EE/GOV/MEMBER2/SUBSYSTEM2/exampleService/v1");
    assert_eq!((headers.user_id.as_deref(), headers.issue.as_deref()), (Some("EE12345678901"), Some("12345")));
    assert!(!format!("{headers:?}").contains("EE12345678901"), "a user is not shown");
}

#[test]
fn the_answer_repeats_the_header_byte_for_byte_with_the_hash_after_the_id() {
    let document = parse(REQUEST);
    let message = SoapMessage::request(&document).unwrap();
    let answer = message.answered(REQUEST, "<r xmlns=\"urn:x\"/>", "aGFzaA==");
    let header = |text: &str| {
        let from = text.find("<SOAP-ENV:Header>").unwrap();
        let to = text.find("</SOAP-ENV:Header>").unwrap();
        text[from..to].to_owned()
    };
    let hash = "<xrd:requestHash xmlns:xrd=\"http://x-road.eu/xsd/xroad.xsd\" \
                algorithmId=\"http://www.w3.org/2001/04/xmlenc#sha512\">aGFzaA==</xrd:requestHash>";
    assert!(header(&answer).contains(&format!("</xrd:id>{hash}")));
    assert_eq!(header(&answer).replace(hash, ""), header(REQUEST));
    let read = parse(&answer);
    let told = SoapMessage::read(&read).unwrap();
    assert_eq!(told.headers, message.headers);
    assert!(told.payload.is("urn:x", "r"));
}

#[test]
fn headers_may_stand_in_any_order_with_any_prefix() {
    // PR-META annex C.6: version 4.x, and prefixes declared where they are used.
    let text = r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header>
        <protocolVersion xmlns="http://x-road.eu/xsd/xroad.xsd">4.x</protocolVersion>
        <a:id xmlns:a="http://x-road.eu/xsd/xroad.xsd">123</a:id>
        <requestHash xmlns="http://x-road.eu/xsd/xroad.xsd">of somebody else</requestHash>
        <service xmlns="http://x-road.eu/xsd/xroad.xsd" xmlns:i="http://x-road.eu/xsd/identifiers" i:objectType="SERVICE"><i:xRoadInstance>FI</i:xRoadInstance><i:memberClass>COM</i:memberClass><i:memberCode>111</i:memberCode><i:subsystemCode>SUB</i:subsystemCode><i:serviceCode>getWsdl</i:serviceCode></service>
        <client xmlns="http://x-road.eu/xsd/xroad.xsd" xmlns:i="http://x-road.eu/xsd/identifiers" i:objectType="MEMBER"><i:xRoadInstance>FI</i:xRoadInstance><i:memberClass>COM</i:memberClass><i:memberCode>111</i:memberCode></client>
        </s:Header><s:Body><getWsdl xmlns="http://x-road.eu/xsd/xroad.xsd"><serviceCode>getRandom</serviceCode></getWsdl></s:Body></s:Envelope>"#;
    let document = parse(text);
    let message = SoapMessage::request(&document).unwrap();
    assert_eq!(message.headers.protocol_version, "4.x");
    let answer = message.answered(text, "<x/>", "h");
    assert!(answer.contains("123</a:id><a:requestHash xmlns:a=\"http://x-road.eu/xsd/xroad.xsd\""), "{answer}");
    assert!(!answer.contains("somebody else"), "a hash in the request is replaced");
    let read = parse(&answer);
    assert_eq!(SoapMessage::read(&read).unwrap().headers, message.headers);
}

#[test]
fn what_is_not_the_protocol_is_refused_by_its_code() {
    let id = "<xrd:id>4894e35d-bf0f-44a6-867a-8e51f1daa7e0</xrd:id>";
    let input = "<exampleInput>foo</exampleInput>";
    for (from, to, code) in [
        (id, "", Code::MISSING_HEADER_FIELD),
        (id, "<xrd:id> </xrd:id>", Code::MISSING_HEADER_FIELD),
        (id, &format!("{id}{id}"), Code::DUPLICATE_HEADER_FIELD),
        (
            "<xrd:issue>12345</xrd:issue>",
            "<xrd:issue>1</xrd:issue><xrd:issue>1</xrd:issue>",
            Code::DUPLICATE_HEADER_FIELD,
        ),
        (">4.0<", ">3.1<", Code::INVALID_PROTOCOL_VERSION),
        (">4.0<", ">40<", Code::INVALID_PROTOCOL_VERSION),
        (">exampleService</id:serviceCode>", ">otherService</id:serviceCode>", Code::INCONSISTENT_HEADERS),
        ("id:objectType=\"SUBSYSTEM\"", "id:objectType=\"MEMBER\"", Code::INVALID_SOAP),
        ("id:objectType=\"SUBSYSTEM\"", "", Code::INVALID_SOAP),
        (">GOV</id:memberClass>", ">G O V</id:memberClass>", Code::INVALID_SOAP),
        ("</ns1:exampleService>", "</ns1:exampleService><more/>", Code::INVALID_BODY),
        (input, "<?p i?>", Code::INVALID_XML),
        ("http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope", Code::INVALID_SOAP),
    ] {
        let text = REQUEST.replacen(from, to, 1);
        assert_ne!(text, REQUEST, "{from}");
        let error = refusal(&text);
        assert_eq!((error.blame, error.code), (Blame::Client, code), "{to}: {}", error.message);
    }
    let from = REQUEST.find("<SOAP-ENV:Header>").unwrap();
    let to = REQUEST.find("<SOAP-ENV:Body>").unwrap();
    assert_eq!(refusal(&format!("{}{}", &REQUEST[..from], &REQUEST[to..])).code, Code::MISSING_HEADER);
    let body = REQUEST.find("<ns1:exampleService>").unwrap();
    assert_eq!(refusal(&format!("{}</SOAP-ENV:Body></SOAP-ENV:Envelope>", &REQUEST[..body])).code, Code::INVALID_BODY);
}

#[test]
fn a_wrapper_may_add_to_the_name_of_its_service() {
    let text = REQUEST.replace("ns1:exampleService>", "ns1:exampleServiceRequest>");
    let document = parse(&text);
    assert!(SoapMessage::request(&document).is_ok());
}

#[test]
fn a_provider_must_repeat_the_header() {
    let request = parse(REQUEST);
    let request = SoapMessage::request(&request).unwrap();
    let answer = REQUEST.replace("ns1:exampleService>", "ns1:exampleServiceResponse>");
    let document = parse(&answer);
    let hashed = with_request_hash(&answer, &document, &request.headers, "h").unwrap();
    assert!(hashed.contains("e0</xrd:id><xrd:requestHash"));
    // A hash that the provider set is not the one that counts.
    let again = parse(&hashed);
    assert_eq!(with_request_hash(&hashed, &again, &request.headers, "h").unwrap(), hashed);
    for (from, to) in [("EE12345678901", "EE12345678902"), ("MEMBER1", "MEMBER3"), ("<xrd:issue>12345</xrd:issue>", "")]
    {
        let other = answer.replace(from, to);
        let document = parse(&other);
        let error = with_request_hash(&other, &document, &request.headers, "h").unwrap_err();
        assert_eq!((error.blame, error.code), (Blame::ServerProxy, Code::INCONSISTENT_RESPONSE), "{to}");
    }
    let fault = crate::soap::fault(&error(), crate::Vocabulary::CamelCase, "x");
    let document = parse(&fault);
    assert_eq!(
        with_request_hash(&fault, &document, &request.headers, "h").unwrap(),
        fault,
        "a fault is passed on as it is"
    );
}

fn error() -> XRoadError {
    XRoadError::provider(Code::NETWORK_ERROR, "x")
}

fn entity(content_type: &str, body: &str) -> Result<SoapEntity, XRoadError> {
    SoapEntity::read(Some(content_type), body.to_owned().into(), &MimeLimits::default())
}

#[test]
fn content_types_are_those_of_the_protocol() {
    for good in ["text/xml", "text/xml;charset=UTF-8", "Text/XML; charset=\"utf-8\"", "application/xop+xml"] {
        assert_eq!(entity(good, REQUEST).unwrap().root(), REQUEST.as_bytes(), "{good}");
    }
    for wrong in [
        "application/json",
        "text/xml; charset=iso-8859-1",
        "application/soap+xml",
        "",
        "multipart/form-data; boundary=x",
    ] {
        assert!(entity(wrong, REQUEST).is_err(), "{wrong}");
    }
    assert_eq!(
        SoapEntity::read(None, REQUEST.into(), &MimeLimits::default()).unwrap_err().code,
        Code::INVALID_CONTENT_TYPE
    );
    let marked = entity("text/xml", &format!("\u{feff}{REQUEST}")).unwrap();
    assert_eq!(
        (marked.envelope(), marked.root().len()),
        (REQUEST, REQUEST.len() + 3),
        "the hash is over what was sent"
    );
}

/// PR-MESS annexes F and G.
#[test]
fn messages_with_attachments_are_read_and_their_soap_part_replaced() {
    let attachment = "Content-Type: application/octet-stream; name=data.bin\r\nContent-Transfer-Encoding: base64\r\n\
        Content-ID: <data.bin>\r\n\r\nVGhpcyBpcyBhdHRhY2htZW50Lg0K\r\n--MIME_boundary--\r\n";
    let swa = format!(
        "--MIME_boundary\r\nContent-Type: text/xml; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\n\
         Content-ID: <rootpart>\r\n\r\n{REQUEST}\r\n--MIME_boundary\r\n{attachment}"
    );
    let read =
        entity("multipart/related; type=\"text/xml\"; start=\"<rootpart>\"; boundary=\"MIME_boundary\"", &swa).unwrap();
    assert_eq!(read.root(), REQUEST.as_bytes());
    let changed = read.with_root("<x/>");
    assert_eq!(std::str::from_utf8(&changed).unwrap(), swa.replace(REQUEST, "<x/>"));

    let include = "<inc:Include href=\"cid:data.bin\" xmlns:inc=\"http://www.w3.org/2004/08/xop/include\"/>";
    let envelope = REQUEST.replace("foo", include);
    let mtom = format!(
        "--MIME_boundary\r\nContent-Type: application/xop+xml; charset=UTF-8; type=\"text/xml\"\r\n\
         Content-Transfer-Encoding: 8bit\r\nContent-ID: <rootpart>\r\n\r\n{envelope}\r\n--MIME_boundary\r\n{attachment}"
    );
    let content_type = "multipart/related; type=\"application/xop+xml\"; start=\"<rootpart>\"; start-info=\"text/xml\"; \
                        boundary=\"MIME_boundary\"";
    let read = entity(content_type, &mtom).unwrap();
    assert_eq!(read.root(), envelope.as_bytes(), "the hash is over the part as it was sent");
    assert!(read.envelope().contains(">VGhpcyBpcyBhdHRhY2htZW50Lg0K</exampleInput>"), "{}", read.envelope());
    assert!(entity("multipart/related; boundary=other", &swa).is_err());
}
