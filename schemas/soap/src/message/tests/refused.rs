use mohur_wire::{Query, RefusalCode};

use super::*;

fn asked() -> String {
    let opening = format!(
        r#"{{"salt":"{}","id":"q-1","caller":"AZ/GOV/MIA/id-cards","service":"AZ/GOV/MOH/health-card/vitals/v1",
        "verb":"read","subject":{{"fin":"5ABCDE1"}},"purpose":"issue-id-document","case":"C-1","official":"inspector 7",
        "fields":["bloodGroup","height"]}}"#,
        "A".repeat(43)
    );
    query_xml(&Query::parse(opening.as_bytes()).unwrap())
}

fn with_values(values: &str) -> String {
    let text = asked().replace("<m:verb>read", "<m:verb>match");
    let start = text.find("<m:fields>").unwrap();
    format!("{}<m:values>{values}</m:values></m:query>", &text[..start])
}

fn error(text: &str) -> EnvelopeError {
    let error = with(text, query).unwrap_err();
    assert_eq!(error.code(), RefusalCode::Malformed);
    assert!(!error.to_string().contains("5ABCD"), "{error}");
    error
}

#[test]
fn each_element_stands_once_in_its_place() {
    let right = asked();
    assert!(with(&right, query).is_ok());
    for (what, wrong, named) in [
        ("unknown", right.replace("</m:query>", "<m:more>1</m:more></m:query>"), "more"),
        ("of another namespace", right.replace("<m:id>q-1</m:id>", "<id>q-1</id>"), "id is missing"),
        ("repeated", right.replace("<m:id>q-1</m:id>", "<m:id>q-1</m:id><m:id>q-1</m:id>"), "id is not expected"),
        ("missing", right.replace("<m:purpose>issue-id-document</m:purpose>", ""), "purpose is missing"),
        ("out of order", right.replace("</m:salt>", "</m:salt><m:verb>read</m:verb>"), "verb is not expected"),
        ("empty", right.replace(">C-1<", "><"), "case is empty"),
        ("empty list", right.replace("<m:field>bloodGroup</m:field><m:field>height</m:field>", ""), "fields is empty"),
        ("with text beside", right.replace("<m:id>", "5ABCDE1<m:id>"), "text stands directly in the element query"),
        (
            "nil",
            right.replace(
                "<m:case>C-1",
                "<m:case xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" i:nil=\"true\">",
            ),
            "case has an attribute",
        ),
        ("with an attribute", right.replace("<m:fin>", "<m:fin type=\"x\">"), "fin has an attribute"),
        ("of the wrong form", right.replace("5ABCDE1", "5ABCDİ1"), "fin does not hold what it must: 7 characters"),
        ("with blanks", right.replace("5ABCDE1", " 5ABCDE1 "), "fin does not hold"),
        (
            "with an element inside",
            right.replace("5ABCDE1", "5ABCDE1<m:x></m:x>"),
            "an element that must hold text only",
        ),
        ("cut by a comment", right.replace("5ABCDE1", "5ABC<!---->DE1"), "a comment"),
        ("two subjects", right.replace("</m:fin>", "</m:fin><m:pin>ABCDE</m:pin>"), "pin is not expected"),
        ("no subject", right.replace("<m:fin>5ABCDE1</m:fin>", ""), "subject does not hold"),
        ("another verb", right.replace(">read<", ">identify<"), "verb does not hold"),
        ("another operand", right.replace(">read<", ">match<"), "values is missing"),
        (
            "a field twice",
            right.replace(">height<", ">bloodGroup<"),
            "field does not hold what it must: each name once",
        ),
        ("another element", right.replace("m:query", "m:answer"), "answer is not expected"),
    ] {
        let said = error(&wrong).to_string();
        assert!(said.contains(named), "{what}: {said}");
    }
}

#[test]
fn an_error_says_the_line() {
    let text = asked().replace("<m:subject>", "\n\n<m:subject>").replace("5ABCDE1", "5ABCDI1");
    assert_eq!((error(&text).line, error(&text).column), (3, 12));
}

#[test]
fn ids_and_hints_of_schema_instances_change_nothing() {
    let text = asked().replace(
        "<m:fin>",
        "<m:fin xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" i:type=\"m:Fin\" xml:id=\"a\">",
    );
    let wsu = crate::ns::WSU;
    let text = text.replace("<m:query ", &format!("<m:query xmlns:u=\"{wsu}\" u:Id=\"b\" "));
    assert_eq!(with(&text, query), with(&asked(), query));
}

#[test]
fn values_are_what_their_type_says() {
    let value = |text: &str| with(&with_values(text), query);
    for (right, expected) in [
        ("<m:value name=\"a\">1</m:value>", mohur_wire::Value::text("1")),
        ("<m:value name=\"a\" type=\"text\"></m:value>", mohur_wire::Value::text("")),
        ("<m:value name=\"a\" type=\"number\">-12</m:value>", mohur_wire::Value::Number(-12)),
        ("<m:value name=\"a\" type=\"flag\">true</m:value>", mohur_wire::Value::Flag(true)),
        ("<m:value name=\"a\" type=\"base64\">AA==</m:value>", mohur_wire::Value::text("\0")),
        ("<m:value name=\"a\"> a\nb </m:value>", mohur_wire::Value::text(" a\nb ")),
    ] {
        let mohur_wire::Ask::Match(values) = value(right).unwrap().ask else { panic!("{right}") };
        assert_eq!(values.values().next(), Some(&expected), "{right}");
    }
    for wrong in [
        "<m:value>1</m:value>",
        "<m:value name=\"A\">1</m:value>",
        "<m:value name=\"a\" type=\"number\">1.5</m:value>",
        "<m:value name=\"a\" type=\"number\">+1</m:value>",
        "<m:value name=\"a\" type=\"number\">01</m:value>",
        "<m:value name=\"a\" type=\"number\">-0</m:value>",
        "<m:value name=\"a\" type=\"number\">9223372036854775808</m:value>",
        "<m:value name=\"a\" type=\"flag\">1</m:value>",
        "<m:value name=\"a\" type=\"date\">1</m:value>",
        "<m:value name=\"a\" type=\"base64\">?</m:value>",
        "<m:value name=\"a\" more=\"1\">1</m:value>",
        "<m:value name=\"a\">1</m:value><m:value name=\"a\">1</m:value>",
    ] {
        let said = value(wrong).unwrap_err();
        assert!(said.to_string().contains("value"), "{wrong}: {said}");
    }
    let many: String = (0..65).map(|n| format!("<m:value name=\"a{n}\">1</m:value>")).collect();
    assert!(value(&many).is_err());
}

#[test]
fn a_message_may_be_broken_into_lines_and_stands_with_a_read_only() {
    let message = "<m:message type=\"text/xml\">PGEv\r\n Pg==</m:message></m:query>";
    let text = asked().replace("</m:query>", message);
    assert_eq!(with(&text, query).unwrap().message.unwrap().content, b"<a/>");
    assert!(error(&text.replace(" type=\"text/xml\"", "")).to_string().contains("message"));
    assert!(error(&text.replace("PGEv\r\n Pg==", " ")).to_string().contains("message"));
    let other = with_values("<m:value name=\"a\">1</m:value>").replace("</m:query>", message);
    assert!(error(&other).to_string().contains("read only"));
    let digest = format!("<m:message>{}</m:message></m:subject>", "A".repeat(43));
    let unnamed = asked().replace("<m:fin>5ABCDE1</m:fin></m:subject>", &digest);
    assert!(error(&unnamed).to_string().contains("enclosed"));
    assert!(with(&unnamed.replace("</m:query>", message), query).is_ok());
}

#[test]
fn what_is_none_of_ours_is_named() {
    let said = with("<m:ask xmlns:m=\"urn:mohur:exchange:1\"/>", read).unwrap_err();
    assert!(said.to_string().contains("ask; expected query, bundle or poll"));
    let said = with(&format!("<m:{} xmlns:m=\"urn:mohur:exchange:1\"/>", "a".repeat(99)), read).unwrap_err();
    assert!(said.to_string().contains("unusual name"));
}
