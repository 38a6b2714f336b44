//! What is meant to cost more than it is worth, sent to the SOAP address of a broker in a process of its own: each is refused
//! with its code, and the process needs no more memory than it says.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of it is test code"
)]

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::join_all;
use mohur_client::Caller;
use mohur_federation::raw::response;
use mohur_federation::{ChildBroker, Enveloped, Federation, Founded, RawConnector, ask};
use mohur_wire::RefusalCode::{self, *};

/// Wide open where HTTP is concerned, so that it is XML's own limits that hold.
const LIMITS: &str = "[limits]\nbody-bytes = 8388608\nbody-timeout = \"2s\"";

/// What a process may need beyond what it needed for one honest question.
const MOST_KIBIBYTES: u64 = 160 << 10;

/// What one message may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

struct Stage {
    federation: Federation,
    broker: ChildBroker,
    office: Caller,
    connector: RawConnector,
    before: u64,
}

impl Stage {
    async fn set(limits: &str) -> Self {
        let mut federation = Founded::new().with("broker/broker.toml", limits).start().await;
        let connector = RawConnector::of_caller(&federation, "passport-office");
        federation.stop_broker().await;
        let broker = ChildBroker::start(&federation).await;
        let office = federation.office();
        let mut stage = Self { federation, broker, office, connector, before: 0 };
        stage.still_answers().await;
        stage.before = stage.peak();
        stage
    }

    fn good(&self) -> Enveloped {
        Enveloped::new(&self.office, ask::blood_group(self.federation.citizen().fin))
    }

    async fn still_answers(&self) {
        self.good().answered(&self.office).await;
    }

    /// The most memory that the broker's process has ever held, in KiB.
    fn peak(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.broker.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        line.split_ascii_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// The memory stayed bounded, and the broker is none the worse.
    async fn is_bounded(&self, what: &str) {
        let more = self.peak() - self.before;
        eprintln!("{what}: {more} KiB more than the {} KiB of one honest question", self.before);
        assert!(more < MOST_KIBIBYTES, "{what}: {more} KiB more than before");
        self.still_answers().await;
    }

    /// A message with this for a body: what comes back is a fault, sealed and logged.
    async fn refused(&self, what: &str, body: String) -> RefusalCode {
        let good = self.good();
        let sent = Enveloped { body: Bytes::from(body), ..good };
        let began = Instant::now();
        let code = sent.refusal(&self.office).await;
        assert!(began.elapsed() < PATIENCE, "{what}: took {:?}", began.elapsed());
        code
    }

    /// The head of a request, and whatever is said after it: the fault that comes back.
    async fn told(&self, head: &str, said: impl FnMut() -> Option<Vec<u8>>) -> (RefusalCode, usize) {
        let (text, sent) = self.said(head, said).await;
        (self.good().check(&self.office, response(&text)).code(), sent)
    }

    async fn said(&self, head: &str, mut said: impl FnMut() -> Option<Vec<u8>>) -> (String, usize) {
        let mut connection = self.connector.open().await.unwrap();
        let host = self.federation.broker_address();
        let head = format!("POST /soap HTTP/1.1\r\nhost: {host}\r\ncontent-type: text/xml\r\n{head}\r\n");
        connection.send(head.as_bytes()).await;
        let (mut sent, began) = (0, Instant::now());
        while let Some(bytes) = said() {
            if !connection.takes(&bytes).await {
                break;
            }
            sent += bytes.len();
        }
        let text = connection.read_to_end(PATIENCE).await;
        assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
        (text, sent)
    }
}

/// An envelope with this where a header block or the Body's child would be.
fn within(header: &str, body: &str) -> String {
    format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Header>{header}</s:Header><s:Body>{body}</s:Body>\
         </s:Envelope>"
    )
}

fn many(number: usize, one: impl Fn(usize) -> String) -> String {
    (0..number).fold(String::new(), |mut all, at| {
        all.push_str(&one(at));
        all
    })
}

/// Shapes of XML that grow in the hands of a careless reader.
fn shapes() -> Vec<(&'static str, String, RefusalCode)> {
    let deep = 100_000;
    let bomb = many(9, |at| format!("<!ENTITY e{} \"{}\">", at + 1, format!("&e{at};").repeat(10)));
    vec![
        ("depth", within("", &format!("{}{}", "<a>".repeat(deep), "</a>".repeat(deep))), TooLarge),
        ("depth without an end", within("", &"<a>".repeat(deep)), TooLarge),
        ("attributes", within("", &format!("<a{}/>", many(1_000_000, |_| " a=\"\"".to_owned()))), TooLarge),
        (
            "attributes of many names",
            within("", &format!("<a{}/>", many(500_000, |at| format!(" a{at}=\"\"")))),
            TooLarge,
        ),
        (
            "namespaces",
            within("", &format!("<a{}/>", many(200_000, |at| format!(" xmlns:a{at}=\"u:{at}\"")))),
            TooLarge,
        ),
        (
            "namespaces within each other",
            within("", &many(60, |at| format!("<a{}>", many(60, |n| format!(" xmlns:p{at}.{n}=\"u:{n}\""))))),
            TooLarge,
        ),
        ("elements", within("", &"<a/>".repeat(400_000)), TooLarge),
        ("header blocks", within(&"<a/>".repeat(400_000), "<a/>"), TooLarge),
        ("comments", within("", &"<!---->".repeat(250_000)), TooLarge),
        ("CDATA sections", within("", &"<![CDATA[a]]>".repeat(140_000)), TooLarge),
        ("a name", within("", &format!("<{}/>", "a".repeat(1_900_000))), TooLarge),
        ("text", within("", &format!("<a>{}</a>", "a".repeat(7_000_000))), TooLarge),
        ("references to characters", within("", &format!("<a>{}</a>", "&#65;".repeat(400_000))), SignatureMissing),
        ("a reference of many digits", within("", &format!("<a>&#{}65;</a>", "0".repeat(1_900_000))), SignatureMissing),
        ("entities", format!("<!DOCTYPE a [<!ENTITY e0 \"a\">{bomb}]><a>&e9;</a>"), XmlRefused),
        ("blanks before the end", within("", &format!("<a{}/>", " ".repeat(1_900_000))), SignatureMissing),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn shapes_of_xml_without_measure() {
    let stage = Stage::set(LIMITS).await;
    for (what, body, expected) in shapes() {
        assert_eq!(stage.refused(what, body).await, expected, "{what}");
    }
    stage.is_bounded("one after the other").await;
    let together = shapes().into_iter().chain(shapes()).map(|(what, body, _)| stage.refused(what, body));
    join_all(together).await;
    stage.is_bounded("all at once").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signatures_and_packages_without_measure() {
    let stage = Stage::set(LIMITS).await;
    let text = stage.good().envelope;
    let (first, last) = (text.find("<ds:Reference").unwrap(), text.rfind("</ds:Reference>").unwrap() + 15);
    let one = text[first..].split_inclusive("</ds:Reference>").next().unwrap();
    let exclusive = "Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\">";
    let listed = |prefixes: &str| {
        format!(
            "{exclusive}<e:InclusiveNamespaces xmlns:e=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"{prefixes}\">\
             </e:InclusiveNamespaces>"
        )
    };
    let token = text.find("<wsse:BinarySecurityToken").unwrap();
    let token = token + text[token..].find('>').unwrap() + 1;
    let mut wrong = Vec::new();
    for (what, body, expected) in [
        (
            "references",
            [&text[..first], &many(1000, |at| one.replace("#mohur-body", &format!("#a{at}"))), &text[last..]].concat(),
            TooLarge,
        ),
        ("prefixes", text.replacen(exclusive, &listed(many(100_000, |at| format!("a{at} ")).trim_end()), 1), TooLarge),
        ("a prefix many times", text.replacen(exclusive, &listed("a ".repeat(500_000).trim_end()), 1), TooLarge),
        ("a token", [&text[..token], &"A".repeat(1_900_000), &text[token..]].concat(), KeyUnknown),
        (
            "ids",
            text.replacen(
                "<soap:Header>",
                &format!("<soap:Header>{}", many(19_000, |at| format!("<a Id=\"a{at}\"/>"))),
                1,
            )
            .replace("#mohur-body", "#none"),
            DigestMismatch,
        ),
    ] {
        let code = stage.refused(what, body).await;
        if code != expected {
            wrong.push((what, code));
        }
    }
    let part = "--b\r\nContent-Type: text/xml\r\nContent-ID: <";
    let root = format!("{part}root>\r\n\r\n{text}\r\n");
    let parts = |number: usize| many(number, |at| format!("{part}{at}>\r\n\r\na\r\n"));
    let include = "<x:Include xmlns:x=\"http://www.w3.org/2004/08/xop/include\" href=\"cid:0\"/>";
    let xop = "--b\r\nContent-Type: application/xop+xml; type=\"text/xml\"\r\n\r\n";
    for (what, body, expected) in [
        ("parts", format!("{root}{}--b--\r\n", parts(100_000)), TooLarge),
        (
            "headers of a part",
            format!("--b\r\n{}\r\n{text}\r\n--b--\r\n", many(100_000, |at| format!("a{at}: b\r\n"))),
            TooLarge,
        ),
        ("a header of a part", format!("--b\r\na: {}\r\n\r\n{text}\r\n--b--\r\n", "b".repeat(2_000_000)), TooLarge),
        ("almost boundaries", format!("{root}{}", "--ba\r\n".repeat(400_000)), Malformed),
        (
            "includes of one part",
            format!("{xop}{}\r\n{}--b--\r\n", within("", &include.repeat(30_000)), parts(1)),
            Malformed,
        ),
        (
            "an include of much",
            format!("{xop}{}\r\n{part}0>\r\n\r\n{}\r\n--b--\r\n", within("", include), "a".repeat(3_900_000)),
            TooLarge,
        ),
        ("tags without an end", format!("{xop}{}\r\n--b--\r\n", "<a \"".repeat(400_000)), Malformed),
        ("ends without a tag", format!("{xop}{}\r\n--b--\r\n", "</a".repeat(400_000)), Malformed),
        ("a package", format!("{root}--b\r\n\r\n{}\r\n--b--\r\n", "a".repeat(5_000_000)), TooLarge),
    ] {
        let of_type = "multipart/related; boundary=b".to_owned();
        let sent = Enveloped { body: Bytes::from(body), content_type: of_type, ..stage.good() };
        let began = Instant::now();
        let code = sent.refusal(&stage.office).await;
        if code != expected {
            wrong.push((what, code));
        }
        assert!(began.elapsed() < PATIENCE, "{what}: took {:?}", began.elapsed());
    }
    assert_eq!(wrong, [], "refused with another code than it deserves");
    stage.is_bounded("signatures and packages").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_without_end() {
    let stage = Stage::set("[limits]\nbody-timeout = \"2s\"").await;
    let mut chunk = format!("{:x}\r\n", 64 << 10).into_bytes();
    chunk.extend(vec![b'a'; 64 << 10]);
    chunk.extend(b"\r\n");
    let gigabyte = || {
        let mut left = 16 << 10;
        let chunk = chunk.clone();
        move || {
            left -= 1;
            (left > 0).then(|| chunk.clone())
        }
    };
    let (code, sent) = stage.told("transfer-encoding: chunked\r\n", gigabyte()).await;
    assert_eq!(code, TooLarge, "a gigabyte in chunks");
    assert!(sent < 64 << 20, "it was not taken in: {sent}");
    let eight = join_all((0..8).map(|_| stage.told("transfer-encoding: chunked\r\n", gigabyte()))).await;
    assert!(eight.iter().all(|(code, _)| *code == TooLarge), "{eight:?}");
    let nothing = || None;
    assert_eq!(stage.told("content-length: 1073741824\r\n", nothing).await.0, TooLarge, "a gigabyte that is announced");
    let text = stage.said("content-length: 18446744073709551615\r\n", nothing).await.0;
    assert!(text.starts_with("HTTP/1.1 4"), "a length that nothing has is no HTTP: {text}");
    stage.is_bounded("gigabytes").await;

    // A byte now and then; nothing at all; chunks that are none; less than was said.
    let began = Instant::now();
    assert_eq!(stage.told("content-length: 2000\r\n", nothing).await.0, RequestTimeout, "nothing");
    assert_eq!(stage.told("transfer-encoding: chunked\r\n", nothing).await.0, RequestTimeout, "no chunk");
    assert!(began.elapsed() < PATIENCE);
    let once = |bytes: &'static [u8]| {
        let mut left = Some(bytes.to_vec());
        move || left.take()
    };
    let broken = stage.told("transfer-encoding: chunked\r\n", once(b"zz\r\naaaa")).await;
    assert_eq!(broken.0, Malformed, "a chunk's length that is none");
    assert_eq!(
        stage.told("content-length: 3\r\nconnection: close\r\n", once(b"<a/><a/>")).await.0,
        Malformed,
        "more than was said"
    );
    stage.is_bounded("broken streams").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_without_measure() {
    let stage = Stage::set("[limits]\nheader-timeout = \"2s\"").await;
    let nothing = || None;
    let (code, _) = stage.told(&format!("content-length: 0\r\nx: {}\r\n", "x".repeat(20 << 10)), nothing).await;
    assert_eq!(code, TooLarge, "beyond the limit");
    // Far beyond, nobody reads on to find out what was asked: there is a status, and the connection ends.
    for (what, headers) in [
        ("a hundred thousand", many(100_000, |at| format!("x-{at}: y\r\n"))),
        ("of a megabyte", format!("x: {}\r\n", "x".repeat(1 << 20))),
        ("a thousand of one name", "x: y\r\n".repeat(1000)),
    ] {
        let text = stage.said(&headers, nothing).await.0;
        assert!(text.starts_with("HTTP/1.1 431") || text.is_empty(), "{what}: {text}");
    }
    // A head that never ends.
    let mut connection = stage.connector.open().await.unwrap();
    connection.send(b"POST /soap HTTP/1.1\r\nhost: a\r\nx: ").await;
    let began = Instant::now();
    while began.elapsed() < PATIENCE && connection.takes(b"x").await {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let text = connection.read_to_end(PATIENCE).await;
    assert!(text.is_empty() && began.elapsed() < PATIENCE, "{text}");
    stage.is_bounded("headers").await;
}
