//! The structured-field cases of httpwg (`MOHUR_SUITES/structured-fields`), run through the `sfv` crate the way
//! `mohur-message` uses it. Signature-Input, Signature, Content-Digest and Mohur-Legs are read with it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test harness: a panic is how it fails"
)]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sfv::{BareItem, Decimal, Dictionary, FieldType, InnerList, Item, List, ListEntry, Parameters, Parser};

/// Cases in which the crate and the suite disagree, each with its reason. None at present.
const KNOWN_DISAGREEMENTS: &[(&str, &str)] = &[];

fn suite() -> Option<PathBuf> {
    let Some(suites) = std::env::var_os("MOHUR_SUITES") else {
        eprintln!("skipped: MOHUR_SUITES is not set, so the structured-field cases were not run");
        return None;
    };
    Some(Path::new(&suites).join("structured-fields"))
}

fn cases(folder: &Path) -> Vec<Value> {
    let mut cases = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let file: Vec<Value> = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            cases.extend(file);
        }
    }
    cases
}

fn name(case: &Value) -> &str {
    case["name"].as_str().unwrap()
}

fn is_known(case: &Value) -> bool {
    KNOWN_DISAGREEMENTS.iter().any(|(known, _)| *known == name(case))
}

/// The parsed value in the suite's notation, and its canonical text.
fn parse(case: &Value, input: &str) -> Result<(Value, Option<String>), sfv::Error> {
    Ok(match case["header_type"].as_str().unwrap() {
        "item" => {
            let item: Item = Parser::new(input).parse()?;
            (item_json(&item), Some(item.serialize()))
        }
        "list" => {
            let list: List = Parser::new(input).parse()?;
            (list.iter().map(entry_json).collect(), list.serialize())
        }
        "dictionary" => {
            let dictionary: Dictionary = Parser::new(input).parse()?;
            let members = dictionary.iter().map(|(key, entry)| json!([key.as_str(), entry_json(entry)])).collect();
            (members, dictionary.serialize())
        }
        other => panic!("a header type that nobody knows: {other}"),
    })
}

#[test]
fn every_field_of_the_suite_parses_and_is_written_as_the_suite_expects() {
    let Some(folder) = suite() else { return };
    let cases = cases(&folder);
    let mut wrong = Vec::new();
    for case in cases.iter().filter(|case| !is_known(case)) {
        let lines: Vec<&str> = case["raw"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
        let parsed = parse(case, &lines.join(", "));
        let (must_fail, can_fail) = (case["must_fail"] == json!(true), case["can_fail"] == json!(true));
        let fine = match parsed {
            Err(_) => must_fail || can_fail,
            Ok(_) if must_fail => false,
            Ok((value, text)) => {
                let canonical = case.get("canonical").unwrap_or(&case["raw"]);
                let expected = canonical.as_array().unwrap().first().map(|line| line.as_str().unwrap().to_owned());
                same(&value, &case["expected"]) && text == expected
            }
        };
        if !fine {
            wrong.push(name(case).to_owned());
        }
    }
    assert!(cases.len() > 1500, "only {} cases were found", cases.len());
    assert!(wrong.is_empty(), "{} of {} cases: {wrong:#?}", wrong.len(), cases.len());
}

#[test]
fn every_value_of_the_suite_is_written_as_the_suite_expects_or_cannot_be_made() {
    let Some(folder) = suite() else { return };
    let cases = cases(&folder.join("serialisation-tests"));
    let mut wrong = Vec::new();
    for case in cases.iter().filter(|case| !is_known(case)) {
        let written = write(case);
        let fine = match written {
            None => case["must_fail"] == json!(true),
            Some(text) => case.get("canonical").is_some_and(|canonical| canonical[0] == json!(text)),
        };
        if !fine {
            wrong.push(name(case).to_owned());
        }
    }
    assert!(cases.len() > 400, "only {} cases were found", cases.len());
    assert!(wrong.is_empty(), "{} of {} cases: {wrong:#?}", wrong.len(), cases.len());
}

fn item_json(item: &Item) -> Value {
    json!([bare_json(&item.bare_item), parameters_json(&item.params)])
}

fn entry_json(entry: &ListEntry) -> Value {
    match entry {
        ListEntry::Item(item) => item_json(item),
        ListEntry::InnerList(list) => {
            json!([list.items.iter().map(item_json).collect::<Vec<_>>(), parameters_json(&list.params)])
        }
    }
}

fn parameters_json(parameters: &Parameters) -> Value {
    parameters.iter().map(|(key, value)| json!([key.as_str(), bare_json(value)])).collect()
}

fn bare_json(item: &BareItem) -> Value {
    match item {
        BareItem::Decimal(decimal) => json!(f64::from(*decimal)),
        BareItem::Integer(integer) => json!(i64::from(*integer)),
        BareItem::String(text) => json!(text.as_str()),
        BareItem::ByteSequence(bytes) => json!({"__type": "binary", "value": base32(bytes)}),
        BareItem::Boolean(flag) => json!(flag),
        BareItem::Token(token) => json!({"__type": "token", "value": token.as_str()}),
        BareItem::Date(date) => json!({"__type": "date", "value": i64::from(date.unix_seconds())}),
        BareItem::DisplayString(text) => json!({"__type": "displaystring", "value": text.as_str()}),
    }
}

/// Equal, with numbers compared as numbers of the same kind.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Number(one), Value::Number(other)) => one.is_f64() == other.is_f64() && one.as_f64() == other.as_f64(),
        _ => one == other,
    }
}

fn base32(bytes: &[u8]) -> String {
    let bits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
    let mut text = String::new();
    for chunk in bits.as_bytes().chunks(5) {
        let chunk = format!("{:0<5}", std::str::from_utf8(chunk).unwrap());
        let index = usize::from_str_radix(&chunk, 2).unwrap();
        text.push(char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[index]));
    }
    while !text.len().is_multiple_of(8) {
        text.push('=');
    }
    text
}

fn base32_decoded(text: &str) -> Vec<u8> {
    let digit = |c: u8| b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|known| *known == c).unwrap();
    let bits: String = text.bytes().filter(|c| *c != b'=').map(|c| format!("{:05b}", digit(c))).collect();
    bits.as_bytes()
        .chunks_exact(8)
        .map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap())
        .collect()
}

/// Builds the case's value and writes it; `None` where it cannot be made.
fn write(case: &Value) -> Option<String> {
    let expected = &case["expected"];
    match case["header_type"].as_str().unwrap() {
        "item" => Some(item(expected)?.serialize()),
        "list" => expected.as_array()?.iter().map(entry).collect::<Option<List>>()?.serialize(),
        "dictionary" => {
            let member = |member: &Value| Some((key(&member[0])?, entry(&member[1])?));
            expected.as_array()?.iter().map(member).collect::<Option<Dictionary>>()?.serialize()
        }
        other => panic!("a header type that nobody knows: {other}"),
    }
}

fn key(value: &Value) -> Option<sfv::Key> {
    sfv::Key::from_string(value.as_str()?.to_owned()).ok()
}

fn item(value: &Value) -> Option<Item> {
    Some(Item::with_params(bare(&value[0])?, parameters(&value[1])?))
}

fn entry(value: &Value) -> Option<ListEntry> {
    if let Some(items) = value[0].as_array() {
        let items = items.iter().map(item).collect::<Option<_>>()?;
        return Some(ListEntry::InnerList(InnerList::with_params(items, parameters(&value[1])?)));
    }
    item(value).map(ListEntry::Item)
}

fn parameters(value: &Value) -> Option<Parameters> {
    value.as_array()?.iter().map(|parameter| Some((key(&parameter[0])?, bare(&parameter[1])?))).collect()
}

fn bare(value: &Value) -> Option<BareItem> {
    Some(match value {
        Value::Bool(flag) => BareItem::Boolean(*flag),
        Value::Number(number) if number.is_f64() => BareItem::Decimal(Decimal::try_from(number.as_f64()?).ok()?),
        Value::Number(number) => BareItem::Integer(sfv::Integer::try_from(number.as_i64()?).ok()?),
        Value::String(text) => BareItem::String(sfv::String::from_string(text.clone()).ok()?),
        Value::Object(object) => match object["__type"].as_str()? {
            "token" => BareItem::Token(sfv::Token::from_string(object["value"].as_str()?.to_owned()).ok()?),
            "binary" => BareItem::ByteSequence(base32_decoded(object["value"].as_str()?)),
            "date" => {
                BareItem::Date(sfv::Date::from_unix_seconds(sfv::Integer::try_from(object["value"].as_i64()?).ok()?))
            }
            "displaystring" => BareItem::DisplayString(object["value"].as_str()?.to_owned()),
            _ => return None,
        },
        Value::Null | Value::Array(_) => return None,
    })
}
