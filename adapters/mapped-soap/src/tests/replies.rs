//! What a reply says: read where the mapping points, and refused where it is not clear.

use std::path::Path;

use mohur_contract::RegistryError;
use mohur_soap::{Document, Limits};
use mohur_wire::{Predicate, SubjectKey, Value, Verdict};

use crate::Mapping;
use crate::service::Service;

const FILE: &str = r#"
[namespaces]
v = "urn:v"

[[service]]
name = "status/v1"
endpoint = "/v"
subject = "plate"
verbs = ["read", "match", "verify"]
request = "<v:Get><v:plate>{subject}</v:plate></v:Get>"

[service.reply]
found = "v:vehicle"
absent = "v:none"
subject = "@plate"

[[service.field]]
name = "owner"
path = "v:owner"
compare = "name"

[[service.field]]
name = "seats"
path = "v:seats"
type = "number"

[[service.field]]
name = "stolen"
path = "v:flags/@stolen"
type = "flag"

[[service.field]]
name = "registered"
path = "v:registered"
type = "date"

[[service.field]]
name = "colour"
path = "v:colour"
codes = { 1 = "white", 2 = "black" }
"#;

const RECORD: &str = "<v:vehicle plate='10AA001'><v:owner> Əliyev Vüqar </v:owner><v:seats>5</v:seats>\
    <v:flags stolen='false'/><v:registered>2020-02-29T10:00:00+04:00</v:registered><v:colour>2</v:colour></v:vehicle>";

fn service() -> Service {
    Mapping::parse(Path::new("soap.toml"), FILE).unwrap_or_else(|errors| panic!("{errors}")).services.remove(0)
}

/// The subject of the record in a reply, and a field's value.
fn read(content: &str, field: &str) -> Result<Option<(SubjectKey, Option<Value>)>, RegistryError> {
    let text = format!("<v:Got xmlns:v='urn:v'>{content}</v:Got>");
    let document = Document::parse(&text, &Limits::default()).unwrap();
    let service = service();
    let Some(record) = service.reply.record(document.root())? else { return Ok(None) };
    let value = service.field(&field.parse().unwrap()).unwrap().value(record)?;
    Ok(Some((service.reply.subject(record)?, value)))
}

fn value(content: &str, field: &str) -> Result<Option<Value>, RegistryError> {
    read(content, field).map(|found| found.unwrap().1)
}

#[test]
fn fields_have_their_types() {
    for (field, expected) in [
        ("owner", Value::text("Əliyev Vüqar")),
        ("seats", Value::Number(5)),
        ("stolen", Value::Flag(false)),
        ("registered", Value::text("2020-02-29")),
        ("colour", Value::text("black")),
    ] {
        assert_eq!(value(RECORD, field), Ok(Some(expected)), "{field}");
    }
    assert_eq!(value(&RECORD.replace("<v:seats>5</v:seats>", ""), "seats"), Ok(None));
    assert_eq!(value(&RECORD.replace("<v:seats>5</v:seats>", "<v:seats/>"), "seats"), Ok(None));
    for (from, to, field) in [
        (">5<", ">5.5<", "seats"),
        (">5<", ">99999999999999999999<", "seats"),
        (">5<", "><v:a/><", "seats"),
        ("<v:seats>", "<v:seats>4</v:seats><v:seats>", "seats"),
        ("'false'", "'no'", "stolen"),
        ("2020-02-29", "2021-02-29", "registered"),
        (">2<", ">3<", "colour"),
    ] {
        assert!(matches!(value(&RECORD.replace(from, to), field), Err(RegistryError::Invalid(_))), "{to}");
    }
}

#[test]
fn a_record_is_one_and_names_its_subject() {
    let subject = read(RECORD, "seats").unwrap().unwrap().0;
    assert_eq!(subject, SubjectKey::Plate("10AA001".parse().unwrap()));
    assert_eq!(read("<v:none/>", "seats"), Ok(None));
    for wrong in [
        String::new(),
        format!("{RECORD}{RECORD}"),
        format!("{RECORD}<v:none/>"),
        RECORD.replace(" plate='10AA001'", ""),
        RECORD.replace("10AA001", "no plate"),
    ] {
        assert!(matches!(read(&wrong, "seats"), Err(RegistryError::Invalid(_))), "{wrong}");
    }
}

#[test]
fn values_are_compared_by_their_types() {
    let service = service();
    let field = |name: &str| &service.field(&name.parse().unwrap()).unwrap().of;
    let owner = Value::text("Əliyeva Vüqar");
    assert_eq!(field("owner").compared(Some(&owner), &Value::text("ALIYEV VUQAR")), Verdict::Mismatch);
    assert_eq!(field("owner").compared(Some(&owner), &Value::text("ELIYEV VUQAR")), Verdict::Match);
    assert_eq!(field("colour").compared(Some(&Value::text("white")), &Value::text("White")), Verdict::Mismatch);
    assert_eq!(field("seats").compared(None, &Value::Number(5)), Verdict::Unknown);
    assert_eq!(field("seats").verified(Some(&Value::Number(5)), &Predicate::AtLeast(5)), Verdict::Match);
    assert_eq!(field("seats").verified(Some(&Value::Number(5)), &Predicate::AtMost(4)), Verdict::Mismatch);
    let choices = Predicate::OneOf(vec![Value::text("red"), Value::text("white")]);
    assert_eq!(field("colour").verified(Some(&Value::text("white")), &choices), Verdict::Match);
    for (name, wrong) in [
        ("seats", Value::text("5")),
        ("stolen", Value::Number(0)),
        ("registered", Value::text("2020-02-29T00:00:00")),
        ("registered", Value::text("yesterday")),
        ("colour", Value::Flag(true)),
    ] {
        assert!(matches!(field(name).takes(&wrong), Err(RegistryError::Unsupported(_))), "{name}");
    }
    assert!(field("owner").takes_predicate(&Predicate::AtLeast(1)).is_err());
}
