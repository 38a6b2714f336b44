use super::{XPath, XPathError};
use crate::{Document, Element, Limits, XmlProblem};

const TEXT: &str = "<Env xmlns:p='urn:p'><p:get kind='outer'>\
    <p:person n='1'><pin>AAA</pin><p:doc type='pass' p:state='AZE'>1</p:doc><p:doc type='id'>2</p:doc></p:person>\
    <p:person n='2'><pin>BBB</pin><p:doc type='id'>3</p:doc><p:person n='3'><pin/></p:person></p:person>\
    <mixed>a<!-- -->b</mixed></p:get><pin>outside</pin></Env>";
const PREFIXES: &[(&str, &str)] = &[("q", "urn:p"), ("other", "urn:o")];

fn text(expression: &str) -> Result<Option<String>, XPathError> {
    let document = Document::parse(TEXT, &Limits::default()).unwrap();
    let payload = document.root().children().next().unwrap();
    XPath::parse(expression, PREFIXES)?.text(payload)
}

fn numbers(expression: &str) -> Vec<String> {
    let document = Document::parse(TEXT, &Limits::default()).unwrap();
    let payload = document.root().children().next().unwrap();
    let selected = XPath::parse(expression, PREFIXES).unwrap().select(payload).unwrap();
    let number = |element: Element<'_>| element.attribute("", "n").unwrap_or(element.local()).to_owned();
    selected.into_iter().map(number).collect()
}

#[test]
fn paths_find_their_texts() {
    for (expression, expected) in [
        ("q:person/pin", Some("AAA")),
        ("./q:person/pin/text()", Some("AAA")),
        ("/q:get/q:person[2]/pin", Some("BBB")),
        ("/q:get/@kind", Some("outer")),
        ("@kind", Some("outer")),
        (" q:person [ @n = \"2\" ] / q:doc ", Some("3")),
        ("q:person/q:doc[@type='id']", Some("2")),
        ("q:person/q:doc[@type!='id']/@q:state", Some("AZE")),
        ("q:person[pin='BBB']/q:doc", Some("3")),
        ("q:person[q:doc/@type='pass']/@n", Some("1")),
        ("q:person[q:person/pin]/@n", Some("2")),
        ("q:person[last()]/@n", Some("2")),
        ("q:person[not(q:person)]/@n", Some("1")),
        ("q:person[not( @x )][2]/@n", Some("2")),
        ("q:person[not(pin)]/@n", None),
        ("*[local-name()='person'][2]/@n", Some("2")),
        ("q:*[last()]/pin[.='BBB']", Some("BBB")),
        ("//q:doc[2]", Some("2")),
        ("//@q:state", Some("AZE")),
        ("//q:person[@n='3']/pin", Some("")),
        ("//q:person[@n='3']/pin/text()", None),
        ("person/pin", None),
        ("other:person", None),
        ("/q:person", None),
        ("/Env/pin", None),
        ("//pin[.='outside']", None),
        ("q:person[3]", None),
    ] {
        assert_eq!(text(expression), Ok(expected.map(str::to_owned)), "{expression}");
    }
    assert!(
        matches!(text("mixed"), Err(XPathError::NotText(wrong)) if wrong.problem == XmlProblem::NotText("a comment"))
    );
    assert!(matches!(text("."), Err(XPathError::NotText(_))));
}

#[test]
fn elements_come_once_and_in_document_order() {
    assert_eq!(numbers("//q:person"), ["1", "2", "3"]);
    assert_eq!(numbers("//q:get"), ["get"]);
    assert_eq!(numbers(".//q:get"), Vec::<String>::new());
    assert_eq!(numbers("//q:person//q:person"), ["3"]);
    assert_eq!(numbers("//*//pin"), ["pin", "pin", "pin"]);
    assert_eq!(numbers("//q:person[1]"), ["1", "3"]);
    assert_eq!(numbers("."), ["get"]);
    assert_eq!(numbers("/*/*"), ["1", "2", "mixed"]);
}

#[test]
fn what_is_not_supported_is_said() {
    for (expression, at) in [
        ("", 1),
        ("/", 2),
        ("//", 3),
        ("a/", 3),
        ("a//", 4),
        ("a[", 3),
        ("a[1", 4),
        ("a[0]", 3),
        ("a[@b=c]", 6),
        ("a[@b='c]", 6),
        ("..", 2),
        ("a/..", 3),
        ("count(a)", 6),
        ("child::a", 6),
        ("a|b", 2),
        ("a b", 3),
        ("a[b//c]", 6),
        ("a[position()=1]", 11),
        ("@", 2),
        ("/text()", 8),
        ("@a/b", 3),
        ("a[@b='c' and @d='e']", 10),
        ("1", 1),
        ("q: person", 3),
        ("a[-1]", 3),
    ] {
        match XPath::parse(expression, PREFIXES) {
            Err(XPathError::Expression { at: found, .. }) => assert_eq!(found, at, "{expression}"),
            other => panic!("{expression}: {other:?}"),
        }
    }
    assert_eq!(XPath::parse("q:a/zz:b", PREFIXES).unwrap_err(), XPathError::Prefix { at: 5 });
    assert_eq!(text("q:person/@n").unwrap().as_deref(), Some("1"));
    let document = Document::parse(TEXT, &Limits::default()).unwrap();
    assert_eq!(XPath::parse("//@n", &[]).unwrap().select(document.root()).unwrap_err(), XPathError::NotElements);
    assert!(XPath::parse(&"a/".repeat(2000), &[]).is_err());
}

#[test]
fn no_expression_looks_at_more_than_its_share() {
    let text = format!("<a>{}</a>", "<a><a><a/></a></a>".repeat(5000));
    let document = Document::parse(&text, &Limits::default()).unwrap();
    let deep = XPath::parse(&format!("//a{}", "[a]".repeat(300)), &[]).unwrap();
    assert_eq!(deep.select(document.root()).unwrap_err(), XPathError::TooMuch);
    let wide = "//*".repeat(100);
    assert_eq!(XPath::parse(&wide, &[]).unwrap().select(document.root()), Ok(vec![]));
}
