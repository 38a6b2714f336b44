use crate::{Document, Limits, c14n};

/// The canonical form of the first element of that name.
fn canonical(text: &str, local: &str, prefixes: &[&str]) -> String {
    let document = Document::parse(text, &Limits::default()).unwrap();
    let root = document.root();
    let element = core::iter::once(root).chain(root.descendants()).find(|element| element.local() == local).unwrap();
    String::from_utf8(c14n::exclusive(element, prefixes).unwrap()).unwrap()
}

#[test]
fn only_what_is_visibly_utilised_is_written() {
    let text = "<a:r xmlns:a='urn:a' xmlns:b='urn:b' xmlns='urn:d'><a:e b:x='1' y='2'><f/><a:g/><b:h/></a:e></a:r>";
    assert_eq!(
        canonical(text, "e", &[]),
        "<a:e xmlns:a=\"urn:a\" xmlns:b=\"urn:b\" y=\"2\" b:x=\"1\"><f xmlns=\"urn:d\"></f><a:g></a:g><b:h></b:h></a:e>"
    );
    assert_eq!(canonical(text, "f", &[]), "<f xmlns=\"urn:d\"></f>");
    assert_eq!(canonical(text, "f", &["b"]), "<f xmlns=\"urn:d\" xmlns:b=\"urn:b\"></f>");
    assert_eq!(canonical(text, "g", &["#default", "zz", "xml"]), "<a:g xmlns=\"urn:d\" xmlns:a=\"urn:a\"></a:g>");
}

#[test]
fn the_default_namespace_is_undeclared_only_where_that_is_seen() {
    let text = "<r xmlns='urn:d'><e xmlns=''><f xmlns='urn:f'><g xmlns=''/></f></e></r>";
    assert_eq!(canonical(text, "e", &[]), "<e><f xmlns=\"urn:f\"><g xmlns=\"\"></g></f></e>");
    assert_eq!(canonical(text, "e", &["#default"]), "<e><f xmlns=\"urn:f\"><g xmlns=\"\"></g></f></e>");
    let text = "<p:r xmlns:p='urn:p' xmlns='urn:d'><p:e><p:f xmlns=''><g/></p:f></p:e></p:r>";
    assert_eq!(canonical(text, "e", &[]), "<p:e xmlns:p=\"urn:p\"><p:f><g></g></p:f></p:e>");
    assert_eq!(
        canonical(text, "e", &["#default"]),
        "<p:e xmlns=\"urn:d\" xmlns:p=\"urn:p\"><p:f xmlns=\"\"><g></g></p:f></p:e>"
    );
}

#[test]
fn a_prefix_that_changes_is_written_again() {
    let text = "<r xmlns:p='urn:1'><p:a><b xmlns:p='urn:2'><p:c/><d xmlns:p='urn:1'><p:e/></d></b></p:a></r>";
    assert_eq!(
        canonical(text, "r", &[]),
        "<r><p:a xmlns:p=\"urn:1\"><b><p:c xmlns:p=\"urn:2\"></p:c><d><p:e></p:e></d></b></p:a></r>"
    );
    assert_eq!(
        canonical(text, "r", &["p"]),
        "<r xmlns:p=\"urn:1\"><p:a><b xmlns:p=\"urn:2\"><p:c></p:c><d xmlns:p=\"urn:1\"><p:e></p:e></d></b></p:a></r>"
    );
}

#[test]
fn attributes_are_in_the_order_of_their_namespaces() {
    let text = "<r xmlns:z='urn:1' xmlns:a='urn:2' xml:b='' a:b='' z:c='' z:b='' b='' a=''/>";
    assert_eq!(
        canonical(text, "r", &[]),
        "<r xmlns:a=\"urn:2\" xmlns:z=\"urn:1\" a=\"\" b=\"\" xml:b=\"\" z:b=\"\" z:c=\"\" a:b=\"\"></r>"
    );
    assert_eq!(canonical("<r xml:lang='az'><e/></r>", "e", &["xml"]), "<e></e>");
}

#[test]
fn values_are_written_in_one_way() {
    let text = "<r a='&lt;&gt;&amp;&quot;&apos;&#9;&#10;&#13; \t'>&lt;&gt;&amp;&quot;&apos;&#9;&#10;&#13;\r\n<![CDATA[<>&]]>\
                <!-- gone --><?p   a > \"b\r\n ?><?q?></r><!-- gone -->";
    assert_eq!(
        canonical(text, "r", &[]),
        "<r a=\"&lt;>&amp;&quot;'&#x9;&#xA;&#xD;  \">&lt;&gt;&amp;\"'\t\n&#xD;\n&lt;&gt;&amp;<?p a > \"b\n ?><?q?></r>"
    );
}

#[test]
fn a_prefix_list_is_bounded() {
    let document = Document::parse("<a/>", &Limits::default()).unwrap();
    assert!(c14n::exclusive(document.root(), &["p"; 128]).is_ok());
    let wrong = c14n::exclusive(document.root(), &["p"; 129]).unwrap_err();
    assert!(wrong.is_limit(), "{wrong}");
}
