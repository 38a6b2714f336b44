use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const XOP: &str = "http://www.w3.org/2004/08/xop/include";

fn part(id: &str, content: &[u8]) -> Attachment {
    Attachment::new(id, "application/octet-stream", content.to_vec())
}

fn packed(xop: bool, envelope: &str, attachments: &[Attachment]) -> (String, Bytes) {
    let (content_type, body) = write(&Package { version: Version::Soap11, xop, envelope, attachments });
    (content_type, body.into())
}

fn resolved(envelope: &str, attachments: &[Attachment]) -> Result<Packaged, MimeError> {
    let (content_type, body) = packed(true, envelope, attachments);
    read(&content_type, &body, &MimeLimits::default())
}

fn body(parts: &[&str]) -> Bytes {
    let mut text = parts.iter().map(|part| format!("--b\r\n{part}\r\n")).collect::<String>();
    text.push_str("--b--\r\n");
    text.into()
}

fn related(parts: &[&str]) -> Result<Packaged, MimeError> {
    read("multipart/related; boundary=b; type=\"text/xml\"", &body(parts), &MimeLimits::default())
}

const ROOT: &str = "Content-Type: text/xml; charset=utf-8\r\nContent-ID: <root>\r\n\r\n<a/>";

#[test]
fn attachments_are_listed_as_they_came() {
    let packaged =
        related(&[ROOT, "Content-Type: image/png\r\ncontent-id: <one@x>\r\nX-Long: a\r\n b\r\n\r\n\r\n1\r\n"]).unwrap();
    assert_eq!((packaged.envelope.as_str(), packaged.root.as_ref()), ("<a/>", b"<a/>".as_slice()));
    let [one] = packaged.attachments.as_slice() else { panic!("{packaged:?}") };
    assert_eq!((one.content_id.as_str(), one.content.as_ref()), ("one@x", b"\r\n1\r\n".as_slice()));
    assert_eq!((one.header("CONTENT-TYPE"), one.header("x-long")), (Some("image/png"), Some("a b")));
    assert_eq!(packaged.refuse_strays(), Err(MimeError::Stray(1)));
    assert_eq!(format!("{packaged:?} {one:?}"), "Packaged(Soap11, 4 bytes, 1 attachments) Attachment(5 bytes)");
}

#[test]
fn a_part_is_known_by_what_refers_to_it() {
    let root = ROOT.replace("<a/>", "<a href='cid:one%40x'><b>cid:t&amp;wo</b></a>");
    let packaged = related(&[&root, "Content-ID: <one@x>\r\n\r\n1", "Content-ID: <t&wo>\r\n\r\n2"]).unwrap();
    assert_eq!(packaged.refuse_strays(), Ok(()));
    let packaged = related(&[&root, "Content-ID: <one@x>\r\n\r\n1", "Content-Type: a/b\r\n\r\n2"]).unwrap();
    assert_eq!(packaged.refuse_strays(), Err(MimeError::Stray(2)));
}

#[test]
fn the_root_is_where_start_says() {
    let content_type = "Multipart/Related; boundary=\"b\"; start=\"<root>\"";
    let parts = body(&["Content-ID: <one>\r\n\r\n1", ROOT]);
    let packaged = read(content_type, &parts, &MimeLimits::default()).unwrap();
    assert_eq!((packaged.envelope.as_str(), packaged.attachments.len()), ("<a/>", 1));
    let absent = read(&content_type.replace("<root>", "<other>"), &parts, &MimeLimits::default());
    assert_eq!(absent.unwrap_err(), MimeError::NoRoot);
}

#[test]
fn boundaries_that_do_not_cut_are_refused() {
    let limits = MimeLimits::default();
    let right = body(&[ROOT]);
    for (content_type, cut) in [
        ("multipart/related", right.clone()),
        ("multipart/related; boundary=\"\"", right.clone()),
        ("multipart/related; boundary=other", right.clone()),
        ("multipart/related; boundary=b", right.slice(..right.len() - 7)),
        ("multipart/related; boundary=b", Bytes::from_static(b"--b--\r\n")),
        ("multipart/related; boundary=b", Bytes::from_static(b"--b\r\n--b--\r\n")),
        ("multipart/related; boundary=b", Bytes::new()),
    ] {
        assert_eq!(read(content_type, &cut, &limits).unwrap_err(), MimeError::Boundary, "{content_type}");
    }
    // A line that only starts like the boundary is content.
    let packaged = related(&[&ROOT.replace("<a/>", "<a>\r\n--bb\r\n</a>")]).unwrap();
    assert!(packaged.envelope.contains("--bb"));
    // What stands around the parts is nobody's, and bare line feeds cut, too.
    let lax = Bytes::from(format!("preamble\n--b\n{}\n--b--\nepilogue", ROOT.replace("\r\n", "\n")));
    assert_eq!(read("multipart/related; boundary=b", &lax, &limits).unwrap().envelope, "<a/>");
}

#[test]
fn parts_that_say_two_things_are_refused() {
    let other = |headers: &str| related(&[ROOT, &format!("{headers}\r\n\r\n1")]).unwrap_err();
    assert_eq!(other("Content-ID: <root>"), MimeError::DuplicateContentId);
    assert_eq!(other("Content-ID: root"), MimeError::ContentId(2));
    assert_eq!(other("Content-ID: <>"), MimeError::ContentId(2));
    assert_eq!(other("Content-ID: <a>\r\nContent-Id: <b>"), MimeError::Headers(2));
    assert_eq!(other("no header"), MimeError::Headers(2));
    assert_eq!(other("Na me: x"), MimeError::Headers(2));
    assert_eq!(other(" folded: x"), MimeError::Headers(2));
    assert_eq!(related(&[ROOT, "Content-ID: <a>"]).unwrap_err(), MimeError::Headers(2));
}

#[test]
fn the_root_is_soap_in_utf_8() {
    let root = |headers: &str| related(&[&format!("{headers}\r\n\r\n<a/>")]);
    assert_eq!(root("Content-Type: application/xml").unwrap_err(), MimeError::TypesDiffer);
    assert_eq!(root("Content-ID: <x>").unwrap_err(), MimeError::RootType);
    assert_eq!(root("Content-Type: text/xml; charset=utf-16").unwrap_err(), MimeError::NotUtf8);
    assert_eq!(root("Content-Type: text").unwrap_err(), MimeError::ContentType);
    let encoded = "Content-Type: text/xml\r\nContent-Transfer-Encoding: base64";
    assert_eq!(root(encoded).unwrap_err(), MimeError::TransferEncoding);
    let limits = MimeLimits::default();
    let bytes = Bytes::from_static(b"--b\r\nContent-Type: text/xml\r\n\r\n\xff\r\n--b--");
    assert_eq!(read("multipart/related; boundary=b", &bytes, &limits).unwrap_err(), MimeError::NotUtf8);
    assert_eq!(read("multipart/mixed; boundary=b", &bytes, &limits).unwrap_err(), MimeError::NotRelated);
    let xop = body(&["Content-Type: application/xop+xml\r\n\r\n<a/>"]);
    assert_eq!(read("multipart/related; boundary=b", &xop, &limits).unwrap_err(), MimeError::RootType);
    let said = "multipart/related; boundary=b; start-info=\"application/soap+xml\"";
    assert_eq!(read(said, &xop, &limits).unwrap().version, Version::Soap12);
}

#[test]
fn there_are_bounds() {
    let limits = MimeLimits { parts: 2, header_bytes: 100, bytes: 1000 };
    let read = |parts: &[&str]| read("multipart/related; boundary=b", &body(parts), &limits).unwrap_err();
    assert_eq!(read(&[ROOT, "A: 1\r\n\r\n1", "A: 1\r\n\r\n1"]), MimeError::TooManyParts);
    assert_eq!(read(&[ROOT, &format!("A: {}\r\n\r\n1", "1".repeat(100))]), MimeError::HeadersTooLarge(2));
    assert_eq!(read(&[ROOT, &"1".repeat(1000)]), MimeError::TooLarge);

    // Base64 is a third longer than what it encodes: the bound holds for the result.
    let envelope = format!("<a>{}</a>", include_xml("one"));
    let (content_type, body) = packed(true, &envelope, &[part("one", &[7; 700])]);
    let limits = MimeLimits { bytes: body.len(), ..MimeLimits::default() };
    assert!(super::read(&content_type, &body, &limits).is_ok());
    let (content_type, body) = packed(true, &envelope, &[part("one", &[7; 7000])]);
    let limits = MimeLimits { bytes: body.len(), ..MimeLimits::default() };
    assert_eq!(super::read(&content_type, &body, &limits).unwrap_err(), MimeError::TooLarge);
}

#[test]
fn an_include_becomes_the_base64_of_its_part() {
    let one = [part("one@x", b"one")];
    for (envelope, expected) in [
        (format!("<a><x:Include xmlns:x=\"{XOP}\" href=\"cid:one@x\"/></a>"), "<a>b25l</a>"),
        (format!("<a><x:Include href='cid:one%40x' xmlns:x='{XOP}' ></x:Include ></a>"), "<a>b25l</a>"),
        (format!("<a><Include xmlns=\"{XOP}\" href=\"cid:one@x\"/></a>"), "<a>b25l</a>"),
        (format!("<a>{}</a>", include_xml("one@x")), "<a>b25l</a>"),
    ] {
        let packaged = resolved(&envelope, &one).unwrap();
        assert_eq!((packaged.envelope.as_str(), packaged.attachments.len()), (expected, 0), "{envelope}");
        assert_eq!(packaged.root.as_ref(), envelope.as_bytes());
    }
    // Declared further out, redeclared in between, and out of scope again.
    let nested = format!(
        "<a xmlns:x=\"{XOP}\"><b xmlns:x=\"urn:x\"><x:Include href=\"cid:no\"/></b><c xmlns:x=\"urn:y\"/>\
         <x:Include href=\"cid:one@x\"/></a>"
    );
    let packaged = resolved(&nested, &one).unwrap();
    assert!(packaged.envelope.contains("b25l") && packaged.envelope.contains("cid:no"));
}

#[test]
fn what_only_looks_like_an_include_stays() {
    for text in [
        "<a><x:Include xmlns:x=\"urn:x\" href=\"cid:no\"/></a>".to_owned(),
        format!("<a xmlns:x=\"{XOP}\"><!-- <x:Include href=\"cid:no\"/> --></a>"),
        format!("<a xmlns:x=\"{XOP}\"><![CDATA[<x:Include href=\"cid:no\"/>]]></a>"),
        format!("<a xmlns:x=\"{XOP}\"><?pi <x:Include href=\"cid:no\"/> ?></a>"),
        format!("<a xmlns:x=\"{XOP}\" b=\"<x:Include href='cid:no'/>\"></a>"),
        format!("<!DOCTYPE a><a xmlns:x=\"{XOP}\"><x:Include href=\"cid:no\"/></a>"),
        format!("<a><b xmlns:x=\"{XOP}\"/><x:Include href=\"cid:no\"/></a>"),
        "<a".to_owned(),
        "<a b=\">".to_owned(),
        "</a></b><c/>".to_owned(),
    ] {
        assert_eq!(resolved(&text, &[]).unwrap().envelope, text);
    }
}

#[test]
fn includes_that_fit_no_part_are_refused() {
    let include = |more: &str| format!("<a><x:Include xmlns:x=\"{XOP}\" {more}</a>");
    let one = [part("one", b"1")];
    for (envelope, error) in [
        (include("href=\"cid:two\"/>"), MimeError::NoPart),
        (include("href=\"cid:\"/>"), MimeError::NoPart),
        (include("href=\"http://one\"/>"), MimeError::Include),
        (include("href=\"cid:on%\"/>"), MimeError::Include),
        (include("/>"), MimeError::Include),
        (include("href=\"cid:one\" more=\"1\"/>"), MimeError::Include),
        (include("href=\"cid:one\">1</x:Include>"), MimeError::Include),
        (include("href=\"cid:one\"><b/></x:Include>"), MimeError::Include),
        (include("href=\"cid:one\"/>").repeat(2), MimeError::IncludedTwice),
    ] {
        assert_eq!(resolved(&envelope, &one).unwrap_err(), error, "{envelope}");
    }
    let encoded = [("Content-ID", "<one>"), ("Content-Transfer-Encoding", "base64")];
    let encoded = encoded.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let part = |content: &'static [u8]| Attachment {
        content_id: "one".to_owned(),
        headers: encoded.clone(),
        content: Bytes::from_static(content),
    };
    let include = include("href=\"cid:one\"/>");
    assert!(
        resolved(&include, &[part(b"MQ\r\n==\r\n")]).unwrap().envelope.contains(">MQ==<"),
        "octets, whatever their encoding"
    );
    assert_eq!(resolved(&include, &[part(b"M")]).unwrap_err(), MimeError::TransferEncoding);
    // A part that no Include took in is an attachment; whoever wants all of it signed refuses it.
    let left = resolved("<a/>", &one).unwrap();
    assert_eq!((left.attachments.len(), left.refuse_strays()), (1, Err(MimeError::Stray(1))));
}

#[test]
fn a_content_type_is_read_as_it_is_sent() {
    let read =
        ContentType::parse("Multipart/Related;type=\"text/xml\" ; boundary=----=_Part_0_12.34==; a=\"b\\\"c;\";")
            .unwrap();
    assert_eq!(read.media_type(), "multipart/related");
    assert_eq!((read.parameter("type"), read.parameter("a")), (Some("text/xml"), Some("b\"c;")));
    assert_eq!(read.parameter("boundary"), Some("----=_Part_0_12.34=="));
    for wrong in [
        "",
        "text",
        "text/",
        "a/b; c",
        "a/b; c=",
        "a/b; c=\"d",
        "a/b; c=1; C=2",
        "a/b; c=1 2",
        "a/b c",
        "a/b; c=\"1\" x",
    ] {
        assert_eq!(ContentType::parse(wrong).unwrap_err(), MimeError::ContentType, "{wrong}");
    }
}

fn ids() -> impl Strategy<Value = String> {
    "[A-Za-z0-9!#$%&'*+/=?^_`{|}~.@-]{1,20}"
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        parts in proptest::collection::btree_map(ids(), vec(any::<u8>(), 0..200), 0..5), text in "[ -~\r\n]{0,60}"
    ) {
        // A part's content may look like a boundary of ours, or like the end of a header.
        let parts: Vec<_> = parts.into_iter().map(|(id, mut content)| {
            content.extend_from_slice(b"\r\n--mohur-part-0--\r\n\r\n");
            part(&id, &content)
        }).collect();
        let (content_type, body) = packed(false, &text, &parts);
        let packaged = read(&content_type, &body, &MimeLimits::default()).unwrap();
        prop_assert_eq!(packaged.envelope, text);
        prop_assert_eq!(packaged.attachments, parts);
    }

    #[test]
    fn what_is_included_is_the_text_that_was_signed(
        parts in proptest::collection::btree_map(ids(), vec(any::<u8>(), 0..200), 1..5)
    ) {
        use base64::Engine;
        let whole = |content: &[u8]| base64::prelude::BASE64_STANDARD.encode(content);
        let signed: String = parts.values().map(|content| format!("<b>{}</b>", whole(content))).collect();
        let sent: String = parts.keys().map(|id| format!("<b>{}</b>", include_xml(id))).collect();
        let parts: Vec<_> = parts.iter().map(|(id, content)| part(id, content)).collect();
        let packaged = resolved(&format!("<a>{sent}</a>"), &parts).unwrap();
        prop_assert_eq!(packaged.envelope, format!("<a>{signed}</a>"));
        prop_assert!(packaged.attachments.is_empty());
    }

    #[test]
    fn no_bytes_make_the_reader_panic(content_type in "[ -~]{0,40}", garbage in vec(any::<u8>(), 0..300), at in any::<prop::sample::Index>()) {
        let _ = read(&content_type, &garbage.clone().into(), &MimeLimits::default());
        let _ = read("multipart/related; boundary=b", &garbage.clone().into(), &MimeLimits::default());
        let envelope = format!("<a xmlns:x='{XOP}'>{}<x:Include href='cid:1'/></a>", String::from_utf8_lossy(&garbage));
        let (content_type, body) = packed(true, &envelope, &[part("1", &garbage)]);
        let mut damaged = body.to_vec();
        let at = at.index(damaged.len());
        damaged[at] ^= 0x15;
        let _ = read(&content_type, &damaged.into(), &MimeLimits::default());
        let _ = read(&content_type, &body, &MimeLimits::default());
    }
}
