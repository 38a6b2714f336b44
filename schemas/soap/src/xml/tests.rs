use super::{Document, Element, XmlError, XmlProblem};
use crate::{Limits, c14n, ns};

fn parse(text: &str) -> Result<Document<'_>, XmlError> {
    Document::parse(text, &Limits::default())
}

fn problem(text: &str) -> XmlProblem {
    parse(text).expect_err(text).problem
}

#[test]
fn a_tree_is_read_as_it_is_written() {
    let text = "\u{FEFF}<?xml version='1.0' encoding=\"utf-8\" standalone='yes' ?>\n<!-- a --><?b?>\n\
                <s:E xmlns:s='urn:s' xmlns=\"urn:d\" s:a=' 1\t&#9;&lt;\r\n2' a='x'><B/>t&amp;<![CDATA[<&]]>\r\nu<C xmlns=''><D xml:id='d'/></C></s:E>\n<?c d?>";
    let document = parse(text).unwrap();
    let root = document.root();
    assert!(root.is("urn:s", "E") && root.prefix() == "s" && root.parent().is_none());
    assert_eq!(root.attribute("urn:s", "a"), Some(" 1 \t< 2"));
    assert_eq!(root.attribute("", "a"), Some("x"));
    assert_eq!(root.attribute("urn:d", "a"), None);
    let names: Vec<_> = root.descendants().map(|element| (element.namespace(), element.local())).collect();
    assert_eq!(names, [("urn:d", "B"), ("", "C"), ("", "D")]);
    let children: Vec<_> = root.children().map(Element::local).collect();
    assert_eq!(children, ["B", "C"]);
    let inner = root.child("", "C").unwrap();
    assert_eq!(inner.only("", "D").unwrap().attribute(ns::XML, "id"), Some("d"));
    assert_eq!(inner.only("", "D").unwrap().parent(), Some(inner));
    assert_eq!(inner.source(), "<C xmlns=''><D xml:id='d'/></C>");
    assert_eq!(inner.position(), (5, 2));
    assert_eq!(inner.namespace_of("s"), Some("urn:s"));
    assert_eq!(inner.namespace_of(""), None);
    assert_eq!(root.namespace_of(""), Some("urn:d"));
    assert!(root.has_own_text() && !inner.has_own_text());
    assert!(!root.has_comments() && !root.has_processing_instructions());
    assert_eq!(root.text().unwrap_err().problem, XmlProblem::NotText("an element"));
}

#[test]
fn text_is_one_though_it_is_written_in_pieces() {
    let document = parse("<a>1<![CDATA[]]>2&#x33;<![CDATA[&4]]>\r5\r\n</a>").unwrap();
    assert_eq!(document.root().text().unwrap(), "123&4\n5\n");
    let document = parse("<a>plain</a>").unwrap();
    assert!(matches!(document.root().text().unwrap(), std::borrow::Cow::Borrowed("plain")));
    for (text, what) in [("<a>1<!-- -->2</a>", "a comment"), ("<a>1<?p?>2</a>", "a processing instruction")] {
        let document = parse(text).unwrap();
        assert_eq!(document.root().text().unwrap_err().problem, XmlProblem::NotText(what));
    }
    assert!(parse("<a><b><!-- --></b></a>").unwrap().root().has_comments());
    assert!(parse("<a><b><?p?></b></a>").unwrap().root().has_processing_instructions());
}

#[test]
fn one_child_means_one() {
    let document = parse("<a><b/>\n<b/><c/></a>").unwrap();
    let root = document.root();
    let twice = root.only("", "b").unwrap_err();
    assert_eq!((twice.problem, twice.line, twice.column), (XmlProblem::Repeated("b".into()), 2, 1));
    assert_eq!(root.only("", "d").unwrap_err().problem, XmlProblem::Missing("d".into()));
    assert_eq!(root.optional("", "d").unwrap(), None);
    assert!(root.only("", "c").is_ok() && root.only("urn:x", "c").is_err());
}

#[test]
fn what_is_equal_is_the_same_node() {
    let text = "<a><b/><b/></a>";
    let (one, other) = (parse(text).unwrap(), parse(text).unwrap());
    let mut both = one.root().children();
    let (first, second) = (both.next().unwrap(), both.next().unwrap());
    assert_eq!(first, one.root().child("", "b").unwrap());
    assert_ne!(first, second);
    assert_ne!(one.root(), other.root());
}

#[test]
fn what_is_not_well_formed_is_refused() {
    for text in [
        "",
        " ",
        "x",
        "<",
        "<a",
        "<a>",
        "<a/",
        "<a></b>",
        "<a></a",
        "<a></aa>",
        "<ab></a>",
        "<a/><b/>",
        "<a/>x",
        "x<a/>",
        "<a/><![CDATA[]]>",
        "<a></a></a>",
        "</a>",
        "<a b/>",
        "<a b=c/>",
        "<a b='1'c='2'/>",
        "<a b='<'/>",
        "<a b='1/>",
        "<a>]]></a>",
        "<a>&</a>",
        "<a>& </a>",
        "<a>&amp</a>",
        "<a>&#;</a>",
        "<a>&#x;</a>",
        "<a>&#X41;</a>",
        "<a>&#65 1;</a>",
        "<a>&#+41;</a>",
        "<a><!-- -- --></a>",
        "<a><!-- ---></a>",
        "<a><!-->-</a>",
        "<a><![CDATA[</a>",
        "<a><![cdata[]]></a>",
        "<a><?xml version='1.0'?></a>",
        "<a><?XmL?></a>",
        "<a><??></a>",
        "<a><?p</a>",
        "<a><?p/?></a>",
        "<a:b:c xmlns:a='urn:a'/>",
        "<:a/>",
        "<a:/>",
        "<a xmlns:='urn:a'/>",
        "<1/>",
        "<-a/>",
        "<a><?a:b?></a>",
        " <?xml version='1.0'?><a/>",
        "<?xml version='1.0' standalone='maybe'?><a/>",
        "<?xml version='1.0' standalone='yes' encoding='UTF-8'?><a/>",
        "<?xml version='1.0'encoding='UTF-8'?><a/>",
        "<?xml version='1.0'><a/>",
        "<a>< b/></a>",
        "<a\u{A0}b='1'/>",
        "<a\u{C}b='1'/>",
        "<a></a\u{C}>",
        "<\u{D7}/>",
        "<!ELEMENT a ANY><a/>",
        "<a><!ELEMENT a ANY></a>",
        "\u{FEFF}\u{FEFF}<a/>",
    ] {
        assert!(matches!(problem(text), XmlProblem::Malformed(_)), "{text}: {:?}", problem(text));
    }
}

#[test]
fn characters_that_are_none_are_refused() {
    for wrong in ["\0", "\u{1}", "\u{B}", "\u{C}", "\u{1F}", "\u{FFFE}", "\u{FFFF}"] {
        for (before, after) in [
            ("<a>", "</a>"),
            ("<a b='", "'/>"),
            ("<a><!--", "--></a>"),
            ("<a><?p ", "?></a>"),
            ("<a><![CDATA[", "]]></a>"),
        ] {
            let text = format!("{before}{wrong}{after}");
            assert_eq!(problem(&text), XmlProblem::Character, "{text:?}");
        }
    }
    for wrong in ["0", "1", "xB", "xD800", "xDFFF", "xFFFE", "65535", "x110000", "99999999999999999999"] {
        assert_eq!(problem(&format!("<a>&#{wrong};</a>")), XmlProblem::Character, "{wrong}");
        assert_eq!(problem(&format!("<a b='&#{wrong};'/>")), XmlProblem::Character, "{wrong}");
    }
    let text = "<a b='\u{7F}\u{85}\u{FFFD}\u{10FFFF}&#xD;&#x10FFFF;'>\u{7F}\u{EFFF}\u{FFFD}\u{1FFFE}</a>";
    let document = parse(text).unwrap();
    assert_eq!(document.root().attribute("", "b"), Some("\u{7F}\u{85}\u{FFFD}\u{10FFFF}\r\u{10FFFF}"));
    assert_eq!(document.root().text().unwrap(), "\u{7F}\u{EFFF}\u{FFFD}\u{1FFFE}");
}

#[test]
fn there_is_no_dtd_and_no_other_encoding() {
    for text in
        ["<!DOCTYPE a><a/>", "<?xml version='1.0'?>\n<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "<a><!DOCTYPE a></a>"]
    {
        assert_eq!(problem(text), XmlProblem::Doctype, "{text}");
    }
    for text in ["<?xml version='1.1'?><a/>", "<?xml version=''?><a/>", "<?xml encoding='UTF-8'?><a/>"] {
        assert_eq!(problem(text), XmlProblem::Version, "{text}");
    }
    assert_eq!(problem("<a>&nbsp;</a>"), XmlProblem::Entity);
    assert_eq!(problem("<a b='&b;'/>"), XmlProblem::Entity);
    for encoding in ["ISO-8859-1", "UTF-16", "UTF8", ""] {
        assert_eq!(problem(&format!("<?xml version='1.0' encoding='{encoding}'?><a/>")), XmlProblem::NotUtf8);
    }
    let wrong = Document::from_utf8(b"<a>\n\xC3\xA9\xFF</a>", &Limits::default()).unwrap_err();
    assert_eq!((wrong.problem, wrong.line, wrong.column), (XmlProblem::NotUtf8, 2, 2));
    assert!(Document::from_utf8(b"\xFE\xFF\0<\0a\0/\0>", &Limits::default()).is_err());
    assert!(Document::from_utf8("<é/>".as_bytes(), &Limits::default()).is_ok());
}

#[test]
fn the_rules_of_namespaces_hold() {
    for text in [
        "<p:a/>",
        "<a p:b=''/>",
        "<a xmlns:p=''/>",
        "<a xmlns:p='urn:p'><b xmlns:p=''/></a>",
        "<a xmlns:xmlns='urn:x'/>",
        "<a xmlns:xml='urn:x'/>",
        "<xmlns:a/>",
        "<xml:a/>",
        "<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>",
        "<a xmlns='http://www.w3.org/XML/1998/namespace'/>",
        "<a xmlns='http://www.w3.org/2000/xmlns/'/>",
        "<a xmlns:p='http://www.w3.org/2000/xmlns/'/>",
        "<a><b xmlns:p='urn:p'/><p:c/></a>",
        "<a><b xmlns:p='urn:p'></b><p:c/></a>",
    ] {
        assert!(matches!(problem(text), XmlProblem::Namespace(_)), "{text}: {:?}", problem(text));
    }
    for text in [
        "<a xmlns='b'/>",
        "<a xmlns:p='../b'/>",
        "<a xmlns:p='/b'/>",
        "<a xmlns:p='#b'/>",
        "<a xmlns:p='1a:b'/>",
        "<a xmlns=':b'/>",
        "<a xmlns='urn:a b'/>",
        "<a xmlns=' urn:a'/>",
        "<a xmlns='urn:%4'/>",
        "<a xmlns='urn:a?b=1&amp;c=2'/>",
    ] {
        assert_eq!(problem(text), XmlProblem::RelativeNamespace, "{text}");
    }
    for text in [
        "<a b='1' b='2'/>",
        "<a xmlns='urn:a' xmlns='urn:a'/>",
        "<a xmlns:p='urn:a' xmlns:p='urn:b'/>",
        "<a xmlns:p='urn:a' xmlns:q='urn:a' p:b='' q:b=''/>",
        "<a xmlns:p='urn:a'><b xmlns:q='urn:a' p:b='' q:b=''/></a>",
        "<a xmlns:xml='http://www.w3.org/XML/1998/namespace' xmlns:xml='http://www.w3.org/XML/1998/namespace'/>",
    ] {
        assert_eq!(problem(text), XmlProblem::DuplicateAttribute, "{text}");
    }
    for text in [
        "<a xmlns='urn:a' xmlns:p='urn:a' b='' p:b=''/>",
        "<a xmlns:xml='http://www.w3.org/XML/1998/namespace' xml:b=''/>",
        "<a xmlns=''/>",
        "<xml/>",
        "<a xml='1'/>",
        "<a xmlns:xmlp='urn:p'/>",
    ] {
        assert!(parse(text).is_ok(), "{text}");
    }
}

#[test]
fn errors_say_where_and_never_what() {
    let wrong = parse("<geheim>\n  <FIN>é1234567<x></FIN>\n</geheim>").unwrap_err();
    assert_eq!((wrong.line, wrong.column), (2, 21));
    let shown = format!("{wrong} {wrong:?}");
    assert!(shown.contains("(line 2, column 21)") && !shown.contains("FIN") && !shown.contains("1234567"), "{shown}");
    let document = parse("<FIN a='1234567'>1234567</FIN>").unwrap();
    let root = document.root();
    let shown = format!("{document:?} {root:?} {:?}", root.attributes().next().unwrap());
    assert!(!shown.contains("1234567") && !shown.contains("FIN"), "{shown}");
}

#[test]
fn every_limit_holds_and_none_is_early() {
    let limits = Limits {
        bytes: 200,
        depth: 3,
        elements: 5,
        attributes: 2,
        namespaces: 2,
        name: 8,
        canonical: 100,
        references: 1,
    };
    let kind = |text: &str| {
        Document::parse(text, &limits).map(|_| ()).map_err(|wrong| {
            assert!(wrong.is_limit(), "{wrong}");
            wrong.problem
        })
    };
    assert_eq!(kind("<a><b><c/></b></a>"), Ok(()));
    assert_eq!(kind("<a><b><c><d/></c></b></a>"), Err(XmlProblem::TooDeep));
    assert_eq!(kind("<a><b/><!----><?p?><![CDATA[]]>1</a>"), Ok(()));
    assert_eq!(kind("<a><b/><!----><?p?><![CDATA[]]><c/></a>"), Err(XmlProblem::TooManyElements));
    assert_eq!(kind("<a b='' c=''/>"), Ok(()));
    assert_eq!(kind("<a b='' c='' d=''/>"), Err(XmlProblem::TooManyAttributes));
    assert_eq!(kind("<a xmlns:p='a:1'><b xmlns:q='a:2'/><b xmlns:q='a:3'></b><b xmlns:q='a:3'/></a>"), Ok(()));
    assert_eq!(
        kind("<a xmlns:p='a:1'><b xmlns:q='a:2'><c xmlns:r='a:3'/></b></a>"),
        Err(XmlProblem::TooManyNamespaces)
    );
    assert_eq!(kind("<abcdefgh/>"), Ok(()));
    assert_eq!(kind("<abcdefghi/>"), Err(XmlProblem::NameTooLong));
    assert_eq!(kind("<a xmlns='a:345678'/>"), Ok(()));
    assert_eq!(kind("<a xmlns='a:3456789'/>"), Err(XmlProblem::NameTooLong));
    assert_eq!(kind(&format!("<a>{}</a>", " ".repeat(193))), Ok(()));
    assert_eq!(kind(&format!("<a>{}</a>", " ".repeat(194))), Err(XmlProblem::TooLarge));
    let text = format!("<a>{}</a>", ">".repeat(24));
    let document = Document::parse(&text, &limits).unwrap();
    assert_eq!(c14n::exclusive(document.root(), &[]).unwrap_err().problem, XmlProblem::CanonicalTooLarge);
    let text = format!("<a>{}</a>", ">".repeat(23));
    let document = Document::parse(&text, &limits).unwrap();
    assert_eq!(c14n::exclusive(document.root(), &[]).unwrap().len(), 99);
}

/// Refusals of what is far too much come from the first octet over a limit.
#[test]
fn what_is_far_too_much_costs_little() {
    let wide = Limits { bytes: 1 << 30, ..Limits::default() };
    let started = std::time::Instant::now();
    for (text, problem) in [
        ("<a>".repeat(100_000), XmlProblem::TooDeep),
        (
            format!("<a{}/>", (0..1_000_000).map(|n| format!(" a{n}=''")).collect::<String>()),
            XmlProblem::TooManyAttributes,
        ),
        (format!("<a>{}</a>", "<b/>".repeat(1_000_000)), XmlProblem::TooManyElements),
        (format!("<a>{}</a>", "<!---->".repeat(1_000_000)), XmlProblem::TooManyElements),
        (format!("<{}/>", "a".repeat(10_000_000)), XmlProblem::NameTooLong),
        (format!("<a xmlns='urn:{}'/>", "a".repeat(10_000_000)), XmlProblem::NameTooLong),
    ] {
        assert_eq!(Document::parse(&text, &wide).map(|_| ()).unwrap_err().problem, problem);
    }
    let text = format!("<a>{}", " ".repeat(64 << 20));
    assert_eq!(problem(&text), XmlProblem::TooLarge);
    // Hundreds of megabytes of canonical form from little: the same long namespace on each of many elements.
    let uri = "a".repeat(1000);
    let text = format!("<r xmlns:a='urn:{uri}' xmlns:b='urn:b{uri}'>{}</r>", "<a:e b:c=''/>".repeat(19_000));
    let document = parse(&text).unwrap();
    assert_eq!(c14n::exclusive(document.root(), &[]).unwrap_err().problem, XmlProblem::CanonicalTooLarge);
    // Within all limits, and as laborious as can be: every name is looked for in a full scope.
    let scope: String = (0..128).map(|n| format!(" xmlns:p{n}='urn:{n}'")).collect();
    let (outer, inner) = scope.split_at(scope.find(" xmlns:p64").unwrap());
    let names: String = (0..64).map(|n| format!(" p{n}:a=''")).collect();
    let text = format!("<a{outer}><a{inner}>{}</a></a>", format!("<a{names}/>").repeat(3_500));
    let document = parse(&text).unwrap();
    assert!(c14n::exclusive(document.root(), &["p0", "p127"]).is_ok());
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}
