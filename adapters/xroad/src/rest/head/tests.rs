use super::*;

const TARGET: &str = "/r1/INSTANCE/CLASS2/MEMBER2/SUBSYSTEM2/BARSERVICE/v1/bar/zyggy?quu=1";
const CLIENT: &str = "INSTANCE/CLASS1/MEMBER1/SUBSYSTEM1";

fn headers(list: &[(&'static str, &str)]) -> HeaderMap {
    list.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())).collect()
}

fn read(target: &str, list: &[(&'static str, &str)]) -> Result<RestHead, XRoadError> {
    let mut count = 0;
    RestHead::read(&Method::GET, target, &headers(list), &mut || {
        count += 1;
        format!("fresh-{count}")
    })
}

fn appended(list: &[(&'static str, &'static str)]) -> Result<RestHead, XRoadError> {
    let mut headers = HeaderMap::new();
    for (name, value) in list {
        headers.append(*name, HeaderValue::from_static(value));
    }
    RestHead::read(&Method::GET, TARGET, &headers, &mut || "id".to_owned())
}

#[test]
fn the_example_of_the_protocol_is_read() {
    let head = read(TARGET, &[("x-road-client", CLIENT)]).unwrap();
    assert_eq!(head.client.to_string(), CLIENT);
    assert_eq!(head.service.to_string(), "INSTANCE/CLASS2/MEMBER2/SUBSYSTEM2/BARSERVICE");
    assert_eq!(
        (head.path.join("/"), head.query),
        ("v1/bar/zyggy".to_owned(), vec![("quu".to_owned(), "1".to_owned())])
    );
    assert_eq!((head.request_id.as_str(), head.id.as_str()), ("fresh-1", "INSTANCE-fresh-2"));
}

#[test]
fn what_is_hashed_is_the_head_as_it_is_passed_on() {
    let list = [
        ("host", "door"),
        ("accept", "application/json"),
        ("x-road-client", CLIENT),
        ("connection", "x-hop"),
        ("x-hop", "1"),
        ("user-agent", "curl"),
        ("x-road-id", "mine"),
        ("content-length", "3"),
    ];
    let head = read(TARGET, &list).unwrap();
    let expected = format!(
        "GET\r\n{TARGET}\r\naccept:application/json\r\nx-road-client:{CLIENT}\r\nx-road-id:mine\r\n\
         x-road-request-id:fresh-1\r\n"
    );
    assert_eq!(String::from_utf8(head.hashed()).unwrap(), expected);
    let generated = read(TARGET, &[("x-road-client", CLIENT)]).unwrap();
    let end = "x-road-request-id:fresh-1\r\nx-road-id:INSTANCE-fresh-2\r\n";
    assert!(String::from_utf8(generated.hashed()).unwrap().ends_with(end));
}

#[test]
fn parts_are_decoded_one_by_one() {
    let target = "/r1/I/C/M/S/BAR%3DSERVICE/a%2Fb/%C9%99?x=%26&y=a+b";
    let head = read(target, &[("x-road-client", "I/C/M%3D/S")]).unwrap();
    assert_eq!((head.service.code.as_str(), head.client.member_code.as_str()), ("BAR=SERVICE", "M="));
    assert_eq!(head.path, ["a/b", "ə"]);
    assert_eq!(head.query, [("x".to_owned(), "&".to_owned()), ("y".to_owned(), "a b".to_owned())]);
}

#[test]
fn what_is_not_the_protocol_is_refused() {
    let long = format!("/r1/I/C/M/S/V/{}", "a".repeat(MAX_TARGET));
    for target in [
        "/r1/I/C/M/S",
        "/r2/I/C/M/S/V",
        "/r1/INSTANCE%2FCLASS%2FM%2FS%2FV",
        "/r1/I/C/M/S/%",
        "/r1/I/C//S/V",
        "/r1/I/C/../S/V",
        &long,
    ] {
        let error = read(target, &[("x-road-client", CLIENT)]).unwrap_err();
        assert_eq!((error.blame, error.code), (crate::vocabulary::Blame::Client, Code::BAD_REQUEST), "{target}");
    }
    for wrong in [
        &[][..],
        &[("x-road-client", "")],
        &[("x-road-client", "I/C")],
        &[("x-road-client", CLIENT), ("x-road-security-server", "I/C/M")],
        &[("x-road-client", CLIENT), ("x-road-represented-party", "a/b/c")],
        &[("x-road-client", CLIENT), ("x-road-request-id", "x")],
        &[("x-road-client", CLIENT), ("x-road-client", "I/C/M/other")],
        &[("x-road-client", CLIENT), ("x-road-userid", "a"), ("x-road-userid", "b")],
    ] {
        assert!(appended(wrong).is_err(), "{wrong:?}");
    }
}
