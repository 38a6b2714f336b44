//! Whatever a member sends: a refusal from the closed list, sealed and logged, and never a panic, a hang or a bare 500.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of it is test code"
)]

use std::fmt::Write;
use std::time::Duration;

use http::HeaderMap;
use mohur_federation::raw::{message, response};
use mohur_federation::{Federation, Founded, RawConnection, Signed, ask, problem};
use mohur_wire::RefusalCode::{self, *};

/// Sends bytes over a member's connection; what comes back must be a whole refusal.
async fn refusal(federation: &Federation, bytes: &[u8]) -> RefusalCode {
    let text = RawConnection::open(federation, "passport-office").await.exchange(bytes).await;
    problem(&response(&text)).code
}

/// The head and body of a good query, to be spoiled.
fn good(federation: &Federation) -> (String, HeaderMap, Vec<u8>) {
    let office = federation.office();
    let signed = Signed::new(&office, ask::blood_group(federation.citizen().fin));
    let host = signed.request.uri().authority().unwrap().to_string();
    (host, signed.request.headers().clone(), signed.opening.to_vec())
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_heads_are_refused_by_a_code() {
    let federation = Federation::start().await;
    let (host, headers, body) = good(&federation);
    let with = |name: &'static str, value: &str| {
        let mut headers = headers.clone();
        headers.insert(name, value.parse().unwrap());
        message("POST", "/v1/query", &host, &headers, &body)
    };
    let without = |names: &[&str]| {
        let mut headers = headers.clone();
        names.iter().for_each(|name| drop(headers.remove(*name)));
        message("POST", "/v1/query", &host, &headers, &body)
    };
    let to = |method: &str, path: &str| message(method, path, &host, &headers, &body);
    let signature = headers["signature"].to_str().unwrap();
    let input = headers["signature-input"].to_str().unwrap();
    let table: Vec<(&str, Vec<u8>, &[RefusalCode])> = vec![
        ("no content type", without(&["content-type"]), &[UnsupportedMediaType]),
        ("XML", with("content-type", "text/xml"), &[UnsupportedMediaType]),
        ("unknown path", to("POST", "/v2/query"), &[NoSuchEndpoint]),
        ("root", to("GET", "/"), &[NoSuchEndpoint]),
        ("path upwards", to("POST", "/v1/../v1/query"), &[NoSuchEndpoint]),
        ("unknown definition", to("GET", "/v1/definitions/nothing"), &[BundleUnknown]),
        ("no definition's name", to("GET", "/v1/definitions/%00%ff"), &[BundleUnknown]),
        ("wrong method", to("GET", "/v1/query"), &[MethodNotAllowed]),
        ("unknown method", to("BREW", "/v1/query"), &[MethodNotAllowed]),
        ("OPTIONS", to("OPTIONS", "/v1/query"), &[MethodNotAllowed]),
        ("unsigned", without(&["signature", "signature-input"]), &[SignatureMissing]),
        ("no signature", without(&["signature"]), &[SignatureMissing, SignatureInvalid, Malformed]),
        ("no input", without(&["signature-input"]), &[SignatureMissing, SignatureInvalid, Malformed]),
        (
            "two signatures",
            {
                let mut headers = headers.clone();
                headers.insert(
                    "signature-input",
                    format!("{input}, other{}", input.strip_prefix("mohur").unwrap()).parse().unwrap(),
                );
                headers.insert(
                    "signature",
                    format!("{signature}, other{}", signature.strip_prefix("mohur").unwrap()).parse().unwrap(),
                );
                message("POST", "/v1/query", &host, &headers, &body)
            },
            &[SignatureInvalid, Malformed],
        ),
        ("garbage input", with("signature-input", "((((;;;;\"\"=:::"), &[Malformed, SignatureInvalid]),
        ("garbage signature", with("signature", "mohur=:%%%:"), &[Malformed, SignatureInvalid]),
        ("empty signature", with("signature", "mohur=::"), &[Malformed, SignatureInvalid]),
        (
            "another label",
            with("signature", &signature.replace("mohur=", "murmur=")),
            &[SignatureMissing, SignatureInvalid, Malformed],
        ),
        ("no digest", without(&["content-digest"]), &[SignatureInvalid, ComponentUncovered, Malformed]),
        ("garbage digest", with("content-digest", "sha-256=garbage"), &[SignatureInvalid, Malformed, DigestMismatch]),
        ("MD5", with("content-digest", "md5=:AAAA:"), &[SignatureInvalid, Malformed, DigestMismatch]),
        ("no id", without(&["mohur-id"]), &[SignatureInvalid, ComponentUncovered, Malformed]),
        ("bad id", with("mohur-id", "a b/c"), &[SignatureInvalid, Malformed]),
        ("no client", without(&["mohur-client"]), &[SignatureInvalid, ComponentUncovered, Malformed]),
        ("header beyond the limit", with("x-padding", &"x".repeat(20 << 10)), &[TooLarge]),
        ("unknown Mohur header", with("mohur-anything", "1"), &[ComponentUncovered]),
        (
            "missing Host",
            String::from_utf8(to("POST", "/v1/query"))
                .unwrap()
                .replacen(&format!("host: {host}\r\n"), "", 1)
                .into_bytes(),
            &[Malformed],
        ),
        (
            "two Hosts",
            String::from_utf8(to("POST", "/v1/query"))
                .unwrap()
                .replacen("host:", "host: elsewhere\r\nhost:", 1)
                .into_bytes(),
            &[Malformed],
        ),
    ];
    for (what, bytes, expected) in table {
        let code = refusal(&federation, &bytes).await;
        assert!(expected.contains(&code), "{what}: {code}");
    }
    // HTTP/1.0 with a Host is HTTP: what is signed properly is answered, and the connection ends.
    let old = String::from_utf8(to("POST", "/v1/query")).unwrap().replacen("HTTP/1.1", "HTTP/1.0", 1);
    let text = RawConnection::open(&federation, "passport-office").await.exchange(old.as_bytes()).await;
    assert!(text.starts_with("HTTP/1.0 200"), "{}", text.lines().next().unwrap_or_default());
    still_answers(&federation).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_bodies_that_are_signed_properly_are_refused_by_a_code() {
    let federation = Federation::start().await;
    let office = federation.office();
    let fin = federation.citizen().fin;
    let opening = String::from_utf8(Signed::new(&office, ask::blood_group(fin)).opening.to_vec()).unwrap();
    let twice = opening.replacen('{', "{\"caller\":\"AZ/COM/BANK/credit\",", 1);
    let bodies: Vec<(&str, Vec<u8>)> = vec![
        ("empty", Vec::new()),
        ("not JSON", b"<xml/>".to_vec()),
        ("null", b"null".to_vec()),
        ("array", b"[]".to_vec()),
        ("deep", [b"[".repeat(100_000), b"]".repeat(100_000)].concat()),
        (
            "deep in a field",
            opening.replace("\"read\"", &format!("{}1{}", "[".repeat(5000), "]".repeat(5000))).into_bytes(),
        ),
        ("not UTF-8", b"{\"id\":\"\xff\xfe\"}".to_vec()),
        ("cut off", opening.as_bytes()[..opening.len() / 2].to_vec()),
        ("two documents", format!("{opening}{opening}").into_bytes()),
        ("a member twice", twice.into_bytes()),
        ("unknown member", opening.replacen('{', "{\"admin\":true,", 1).into_bytes()),
        ("unknown verb", opening.replace("\"read\"", "\"steal\"").into_bytes()),
        ("bad FIN", opening.replace(&fin.to_string(), "IIOO!!!").into_bytes()),
        ("a Turkish letter in the FIN", opening.replace(&fin.to_string(), "1ABCDEİ").into_bytes()),
        ("no fields", opening.replace("[\"bloodGroup\"]", "[]").into_bytes()),
        ("NUL", opening.replace("inspector-seven", "a\u{0}b").into_bytes()),
        ("huge number", opening.replace("\"inspector-seven\"", &"9".repeat(1000)).into_bytes()),
    ];
    for path in ["/v1/query", "/v1/bundles", "/v1/bundles/poll"] {
        for (what, body) in &bodies {
            let mut signed = Signed::new(&office, ask::blood_group(fin));
            let (mut parts, _) = signed.request.into_parts();
            parts.uri = parts.uri.to_string().replace("/v1/query", path).parse().unwrap();
            parts.headers.insert("mohur-id", mohur_client::Caller::fresh_id().unwrap().as_str().parse().unwrap());
            if path == "/v1/bundles" {
                parts.headers.insert("mohur-service", "issue-id-document@1".parse().unwrap());
                parts.headers.insert("mohur-legs", format!(":{}:", "A".repeat(43) + "=").parse().unwrap());
            }
            let created = mohur_wire::Clock::now(&*federation.clock).as_second();
            signed.sent = mohur_message::sign_request(&mut parts, body, &*office.seal, created).unwrap();
            signed.request = http::Request::from_parts(parts, body.clone().into());
            let code = signed.refusal(&office).await;
            assert!(matches!(code, Malformed | DigestMismatch | TooLarge), "{path}, {what}: {code}");
        }
    }
    still_answers(&federation).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_or_too_slow_is_cut_off_with_a_code() {
    let limits =
        "[limits]\nbody-bytes = 65536\nheader-timeout = \"400ms\"\nbody-timeout = \"400ms\"\nidle-timeout = \"2s\"";
    let federation = Founded::new().with("broker/broker.toml", limits).start().await;
    let (host, headers, body) = good(&federation);

    let large = vec![b'x'; 70_000];
    assert_eq!(refusal(&federation, &message("POST", "/v1/query", &host, &headers, &large)).await, TooLarge);
    // The same without saying how long it is.
    let mut chunked = format!("POST /v1/query HTTP/1.1\r\nhost: {host}\r\ntransfer-encoding: chunked\r\n\r\n");
    for _ in 0..70 {
        write!(chunked, "400\r\n{}\r\n", "x".repeat(1024)).unwrap();
    }
    assert_eq!(refusal(&federation, chunked.as_bytes()).await, TooLarge);

    // A body that stops.
    let whole = message("POST", "/v1/query", &host, &headers, &body);
    let mut connection = RawConnection::open(&federation, "passport-office").await;
    connection.send(&whole[..whole.len() - 20]).await;
    let text = connection.read_to_end(Duration::from_secs(5)).await;
    assert_eq!(problem(&response(&text)).code, RequestTimeout);

    // Headers that come a byte at a time are cut off: there is no message yet that could be answered.
    let mut connection = RawConnection::open(&federation, "passport-office").await;
    let began = std::time::Instant::now();
    for byte in &whole[..40] {
        connection.send(&[*byte]).await;
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    let text = connection.read_to_end(Duration::from_secs(5)).await;
    assert!(!text.contains(" 200 "), "{text}");
    assert!(began.elapsed() < Duration::from_secs(4), "cut off in time");
    // And so is a connection that says nothing at all, before or after the handshake.
    let mut silent = RawConnection::open(&federation, "passport-office").await;
    assert_eq!(silent.read_to_end(Duration::from_secs(5)).await, "");
    still_answers(&federation).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_http_end_the_connection_and_nothing_else() {
    let federation = Federation::start().await;
    for bytes in [
        b"\r\n\r\n\r\n".as_slice(),
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"POST /v1/query HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n",
        b"POST /v1/query HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        b"POST /v1/query HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"POST /v1/query HTTP/1.1\r\nhost: a\r\nbad header: x\r\n\r\n",
        b"POST /v1/query HTTP/1.1\r\nhost: a\r\nx: \x00\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let mut connection = RawConnection::open(&federation, "passport-office").await;
        connection.send(bytes).await;
        connection.close_writing().await;
        let text = connection.read_to_end(Duration::from_secs(15)).await;
        let line = text.lines().next().unwrap_or_default();
        assert!(line.is_empty() || line.starts_with("HTTP/1.1 4"), "{bytes:?}: {line}");
    }
    still_answers(&federation).await;
}

async fn still_answers(federation: &Federation) {
    let office = federation.office();
    office.ask(ask::blood_group(federation.citizen().fin)).await.expect("the broker is none the worse");
    let metrics = federation.page(federation.broker().admin(), "/metrics").await;
    let internal = metrics.lines().find(|line| line.contains("code=\"internal\"")).unwrap_or_default();
    assert!(internal.ends_with(" 0") || internal.is_empty(), "{internal}");
}
