//! What holds for every input, not only for those that somebody thought of.

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use mohur_soap::mime::MimeLimits;
use mohur_soap::{Document, Limits};
use mohur_wire::Value;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::identifier::{ClientId, ServiceCode, percent_decoded, percent_encoded};
use crate::mapping::Template;
use crate::rest::RestHead;
use crate::soap::{SoapEntity, SoapMessage};
use crate::whole::{WholeRequest, WholeResponse, is_kept};

fn headers() -> impl Strategy<Value = Vec<(HeaderName, HeaderValue)>> {
    let header = ("[a-z][a-z0-9-]{0,12}", "[!-~]([ -~]{0,20}[!-~])?").prop_filter_map("kept", |(name, value)| {
        let name = HeaderName::try_from(name).ok()?;
        is_kept(&name).then(|| (name, HeaderValue::try_from(value).unwrap()))
    });
    vec(header, 0..6)
}

proptest! {
    #[test]
    fn a_whole_request_comes_back_as_it_was(
        target in "/[!-~]{0,40}", headers in headers(), body in vec(any::<u8>(), 0..60),
    ) {
        let request = WholeRequest { method: Method::PATCH, target, headers, body: Bytes::from(body) };
        prop_assert_eq!(WholeRequest::parse(&request.to_bytes()), Ok(request));
    }

    #[test]
    fn a_whole_response_comes_back_as_it_was(
        status in 100_u16..999, headers in headers(), body in vec(any::<u8>(), 0..60),
    ) {
        let status = StatusCode::from_u16(status).unwrap();
        let response = WholeResponse { status, headers, body: Bytes::from(body) };
        prop_assert_eq!(WholeResponse::of_fields(&response.fields().unwrap()), Ok(response));
    }

    #[test]
    fn no_bytes_break_the_readers(bytes in vec(any::<u8>(), 0..200), text in "\\PC{0,80}") {
        let _ = WholeRequest::parse(&bytes);
        let _ = WholeResponse::parse(&bytes);
        let _ = SoapEntity::read(Some(&text), Bytes::from(bytes), &MimeLimits::default());
        let _ = Template::xml(&text);
        let _ = Template::json(&text);
        let _ = text.parse::<ClientId>();
        let _ = text.parse::<ServiceCode>();
    }

    #[test]
    fn no_address_breaks_the_reader_and_what_is_hashed_begins_with_it(rest in "[!-~]{0,60}", client in "[!-~]{0,40}") {
        let target = format!("/r1/I/C/M/S/V{rest}");
        let mut headers = HeaderMap::new();
        headers.insert("x-road-client", HeaderValue::try_from(client).unwrap());
        if let Ok(head) = RestHead::read(&Method::GET, &target, &headers, &mut || "x".to_owned()) {
            let start = format!("GET\r\n{target}\r\n");
            prop_assert!(head.hashed().starts_with(start.as_bytes()));
        }
    }

    #[test]
    fn percent_encoding_is_undone(text in "\\PC{0,40}") {
        prop_assert_eq!(percent_decoded(&percent_encoded(&text)), Some(text));
    }

    #[test]
    fn whatever_the_value_the_answer_is_the_same_markup(value in any::<String>()) {
        let template = Template::xml("<a b='{x}' c=\"{x}\"><d>{x}</d><e>{x?}</e></a>").unwrap();
        let text = template.render(&|_| Some(Value::text(value.clone())));
        let document = Document::parse(&text, &Limits { bytes: 1 << 20, ..Limits::default() }).unwrap();
        let children: Vec<_> = document.root().children().map(|child| child.local()).collect();
        prop_assert_eq!(children, ["d", "e"]);
        let shown: String = value.chars().map(|c| if mohur_soap::write::is_text(c.encode_utf8(&mut [0; 4])) { c } else { '\u{fffd}' }).collect();
        prop_assert_eq!(document.root().attribute("", "c").unwrap(), &shown);
        prop_assert_eq!(document.root().children().next().unwrap().text().unwrap(), shown.as_str());
        let json = Template::json(r#"{"a":["{x}"],"b":"<{x}>"}"#).unwrap();
        let told: serde_json::Value = serde_json::from_str(&json.render(&|_| Some(Value::text(value.clone())))).unwrap();
        prop_assert_eq!(told["a"][0].as_str().unwrap(), value.as_str());
    }

    #[test]
    fn an_answer_repeats_whatever_header_was_read(id in "[!-;=-~]{1,30}", user in "[ -;=-~]{0,30}", space in "[ \\t\\n]{0,5}") {
        prop_assume!(!id.contains('&') && !user.contains('&'));
        let text = format!(
            "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns=\"http://x-road.eu/xsd/xroad.xsd\" \
             xmlns:i=\"http://x-road.eu/xsd/identifiers\"><e:Header>{space}<id>{id}</id>{space}<userId>{user}</userId>\
             <protocolVersion>4.0</protocolVersion><client i:objectType=\"MEMBER\"><i:xRoadInstance>I</i:xRoadInstance>\
             <i:memberClass>C</i:memberClass><i:memberCode>M</i:memberCode></client><service i:objectType=\"SERVICE\">\
             <i:xRoadInstance>I</i:xRoadInstance><i:memberClass>C</i:memberClass><i:memberCode>M</i:memberCode>\
             <i:serviceCode>s</i:serviceCode></service></e:Header><e:Body><s xmlns=\"\"/></e:Body></e:Envelope>"
        );
        let document = Document::parse(&text, &Limits::default()).unwrap();
        if let Ok(message) = SoapMessage::request(&document) {
            let answer = message.answered(&text, "<sResponse/>", "h");
            let again = Document::parse(&answer, &Limits::default()).unwrap();
            prop_assert_eq!(SoapMessage::read(&again).unwrap().headers, message.headers);
        }
    }
}
