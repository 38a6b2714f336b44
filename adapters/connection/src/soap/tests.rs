use super::*;

fn reply(status: u16, kind: &str, content: &str) -> Result<SoapReply, RegistryError> {
    reply_in(Version::Soap11, status, kind, content)
}

fn reply_in(version: Version, status: u16, kind: &str, content: &str) -> Result<SoapReply, RegistryError> {
    let response = Response::builder().status(status).header("content-type", kind);
    SoapReply::take(&response.body(Bytes::from(content.to_owned())).unwrap(), version, Limits::default())
}

fn soap11(body: &str) -> String {
    envelope(Version::Soap11, "", body)
}

/// The local name of the answer, or whom the fault blames.
fn said(reply: &SoapReply) -> Result<String, RegistryError> {
    let document = reply.document()?;
    Ok(match reply.said(&document)? {
        Said::Answer(element) => element.local().to_owned(),
        Said::Fault(fault) => format!("{:?} {}", fault.blame, fault.detail.is_some()),
    })
}

#[test]
fn an_answer_is_the_only_element_of_the_body() {
    let good = reply(200, "text/xml; charset=utf-8", &soap11("<a/>")).unwrap();
    assert_eq!(said(&good), Ok("a".to_owned()));
    for body in ["", "<a/><b/>", "text"] {
        let reply = reply(200, "text/xml", &soap11(body)).unwrap();
        assert!(matches!(said(&reply), Err(RegistryError::Invalid(_))), "{body}");
    }
    let failed = reply(500, "text/xml", &soap11("<a/>")).unwrap();
    assert!(
        matches!(said(&failed), Err(RegistryError::Invalid(_))),
        "an answer does not come with a status of failure"
    );
}

#[test]
fn a_fault_is_an_answer_whatever_its_status() {
    let fault = |code: &str| {
        soap11(&format!("<soap:Fault><faultcode>{code}</faultcode><faultstring>x</faultstring><detail/></soap:Fault>"))
    };
    for (code, blamed) in [
        ("soap:Client", "Request true"),
        ("soap:Client.Authentication", "Request true"),
        ("soap:Server", "Register true"),
        ("Server", "Other true"),
        ("x:Server", "Other true"),
        ("soap:Own", "Other true"),
    ] {
        for status in [200, 500] {
            let reply = reply(status, "text/xml", &fault(code)).unwrap();
            assert_eq!(said(&reply), Ok(blamed.to_owned()), "{code}");
        }
    }
    let twelve = envelope(
        Version::Soap12,
        "",
        "<soap:Fault><soap:Code><soap:Value>soap:Sender</soap:Value></soap:Code></soap:Fault>",
    );
    let reply = reply_in(Version::Soap12, 400, "application/soap+xml", &twelve).unwrap();
    assert_eq!(said(&reply), Ok("Request false".to_owned()));
}

#[test]
fn what_is_not_soap_is_judged_by_its_status() {
    let outcome = |status, kind: &str| reply(status, kind, "<html>").err();
    assert!(matches!(outcome(503, "text/html"), Some(RegistryError::Unavailable(_))));
    assert!(matches!(outcome(500, "text/html"), Some(RegistryError::Unavailable(_))));
    assert!(matches!(outcome(429, "text/xml"), Some(RegistryError::Unavailable(_))));
    assert!(matches!(outcome(502, "text/xml"), Some(RegistryError::Unavailable(_))));
    assert_eq!(outcome(401, "text/xml"), Some(RegistryError::Credential("HTTP 401")));
    assert_eq!(outcome(403, "text/html"), Some(RegistryError::Credential("HTTP 403")));
    for (status, kind) in [(200, "text/html"), (200, "application/soap+xml"), (404, "text/xml"), (202, "text/xml")] {
        assert_eq!(outcome(status, kind), Some(NOT_SOAP), "{status} {kind}");
    }
}

#[test]
fn hostile_and_foreign_replies_are_invalid() {
    let deep = format!("{}{}", "<a>".repeat(70), "</a>".repeat(70));
    for content in [
        format!("<!DOCTYPE a [<!ENTITY b \"c\">]>{}", soap11("<a/>")),
        soap11("<?pi x?><a/>"),
        soap11(&deep),
        envelope(Version::Soap12, "", "<a/>"),
        soap11("<a/>").replace("</soap:Body>", "</soap:Body><soap:Body><b/></soap:Body>"),
        envelope(Version::Soap11, "<h soap:mustUnderstand=\"1\"/>", "<a/>"),
        "<a/>".to_owned(),
        String::new(),
    ] {
        let reply = reply(200, "text/xml", &content).unwrap();
        assert!(matches!(said(&reply), Err(RegistryError::Invalid(_))), "{content}");
    }
    let heard = envelope(Version::Soap11, "<h soap:mustUnderstand=\"0\"/>", "<a/>");
    assert!(said(&reply(200, "text/xml", &heard).unwrap()).is_ok());
}
