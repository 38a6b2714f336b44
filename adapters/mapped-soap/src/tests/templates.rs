//! What is sent: the template with what the query gives, and never anything else.

use mohur_contract::conformance::ARRIVAL;
use mohur_mapping::{Given, SubjectKind};
use mohur_soap::{Document, Element, Limits};
use mohur_wire::Query;
use proptest::prelude::*;
use serde_json::json;

use crate::namespaces::Namespaces;
use crate::template::Template;

fn template(text: &str, kind: SubjectKind) -> Template {
    let file = "[namespaces]\ns = \"urn:s\"\n".to_owned();
    mohur_config::parse(std::path::Path::new("t.toml"), &file, |table| {
        let namespaces = table.table("namespaces").map(Namespaces::read)?;
        Template::read(table, "request", text, &namespaces, kind)
    })
    .unwrap()
}

fn query(operands: &serde_json::Value) -> Query {
    super::query("AZ/GOV/X/x/status/v1", &json!({ "fin": "5ABCDE1" }), operands)
}

fn filled(text: &str, query: &Query) -> Option<String> {
    template(text, SubjectKind::Fin).fill(&Given::of(query, SubjectKind::Fin, ARRIVAL)?)
}

/// Names, attributes and texts, without prefixes' declarations.
fn shape(element: Element<'_>) -> String {
    let attributes: String =
        element.attributes().map(|attribute| format!(" {}={:?}", attribute.local(), attribute.value())).collect();
    let children: String = element.children().map(shape).collect();
    let text = if children.is_empty() { element.text().unwrap().into_owned() } else { String::new() };
    format!("({}{attributes} {text:?}{children})", element.local())
}

fn read_back(xml: &str) -> String {
    shape(Document::parse(xml, &Limits::default()).unwrap().root())
}

const ASK: &str = "<s:Ask lang='az' by='{official}'><s:who>{subject}</s:who><s:file><s:case>{case}</s:case>\
    <s:note>{value.note}</s:note></s:file><s:fixed> a &amp; b </s:fixed></s:Ask>";

#[test]
fn parameters_are_filled_in_and_what_the_query_does_not_have_is_left_out() {
    let whole = query(&json!({ "verb": "match", "values": { "note": "n" }, "case": "C-1" }));
    assert_eq!(
        read_back(&filled(ASK, &whole).unwrap()),
        r#"(Ask lang="az" by="officer 7" ""(who "5ABCDE1")(file ""(case "C-1")(note "n"))(fixed " a & b "))"#
    );
    let less = query(&json!({ "verb": "read", "fields": ["note"], "case": "C-1" }));
    assert!(read_back(&filled(ASK, &less).unwrap()).contains(r#"(file ""(case "C-1"))(fixed"#));
    let least = query(&json!({ "verb": "read", "fields": ["note"] }));
    assert!(!read_back(&filled(ASK, &least).unwrap()).contains("file"), "an element in which nothing is left goes too");
    assert_eq!(filled("<s:case>{case}</s:case>", &least), None);
}

#[test]
fn a_subject_of_several_parts_is_filled_part_by_part() {
    let subject = json!({ "document": { "issuingState": "AZE", "type": "P", "number": "C0123456" } });
    let query = super::query("AZ/GOV/X/x/status/v1", &subject, &json!({ "verb": "read", "fields": ["a"] }));
    let text = "<s:d t='{subject.type}' s='{subject.issuingState}'>{subject.number}</s:d>";
    let given = Given::of(&query, SubjectKind::Document, ARRIVAL).unwrap();
    let xml = template(text, SubjectKind::Document).fill(&given).unwrap();
    assert_eq!(read_back(&xml), r#"(d t="P" s="AZE" "C0123456")"#);
    assert!(Given::of(&query, SubjectKind::Fin, ARRIVAL).is_none(), "a subject of another kind is not asked about");
}

proptest! {
    /// Whatever a value holds, the elements and attributes are those of the template, and the value is read back as it was.
    #[test]
    fn no_value_becomes_markup(note in "[ -~\\t\\n\\rəƏıİşŞ\u{2028}\u{10FFFF}]{1,80}", official in "[ -~ə]{1,40}") {
        let mut query = query(&json!({ "verb": "match", "values": { "note": note } }));
        query.official = official.parse().unwrap();
        let xml = filled("<s:Ask by='{official}'><s:who>{subject}</s:who><s:note x='{value.note}'>{value.note}</s:note></s:Ask>", &query);
        let expected = format!("(Ask by={official:?} \"\"(who \"5ABCDE1\")(note x={note:?} {note:?}))");
        prop_assert_eq!(read_back(&xml.unwrap()), expected);
    }
}
