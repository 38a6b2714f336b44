//! `m:query`.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mohur_wire::query::{MAX_FIELDS, Predicate};
use mohur_wire::subject::{DocumentKey, NameAndBirthDate};
use mohur_wire::{Ask, Effect, Enclosed, FieldName, LegRef, Operation, Query, SubjectKey, Value, Verb};

use super::children::{Children, number, one_of, only_attributes, parse, wrong};
use super::value;
use crate::envelope::{EnvelopeError, EnvelopeProblem, at, name};
use crate::write::{close, element, open};
use crate::{Element, ns};

/// Reads `m:query`.
///
/// # Errors
/// [`EnvelopeError`] names the element and says where it stands.
pub fn query(payload: Element<'_>) -> Result<Query, EnvelopeError> {
    super::expect(payload, "query")?;
    let mut children = Children::of(payload, &[])?;
    let salt = children.value("salt")?;
    let id = children.value("id")?;
    let caller = children.value("caller")?;
    let service = children.value("service")?;
    let verb = one_of(children.next("verb")?, &Verb::ALL, Verb::as_str, "read, match, verify or change")?;
    let subject = subject(children.next("subject")?)?;
    let purpose = children.value("purpose")?;
    let case = children.optional("case")?;
    let official = children.value("official")?;
    let on_behalf_of = children.optional("onBehalfOf")?;
    let ask = match verb {
        Verb::Read => Ask::Read(fields(children.next("fields")?)?),
        Verb::Match => Ask::Match(named(children.next("values")?, "value", value::named)?),
        Verb::Verify => Ask::Verify(named(children.next("predicates")?, "predicate", predicate)?),
        Verb::Change => Ask::Change(effect(children.next("effect")?)?),
    };
    let leg = children.next_if("bundle").map(leg).transpose()?;
    let message = children.next_if("message").map(message).transpose()?;
    children.end()?;
    let query = Query { salt, id, caller, service, subject, ask, purpose, case, official, on_behalf_of, leg, message };
    query.check().map_err(|error| wrong(payload, error.expected))?;
    Ok(query)
}

fn subject(holder: Element<'_>) -> Result<SubjectKey, EnvelopeError> {
    const KINDS: &str = "one of fin, pin, document, plate, vin, receipt, serial, biometric, nameAndBirthDate, message";
    let mut keys = Children::of(holder, &[])?.rest();
    let key = keys.next().filter(|key| key.namespace() == ns::MOHUR).ok_or_else(|| wrong(holder, KINDS))?;
    if let Some(second) = keys.next() {
        return Err(at(second, EnvelopeProblem::Unexpected(name(second))));
    }
    match key.local() {
        "fin" => parse(key).map(SubjectKey::Fin),
        "pin" => parse(key).map(SubjectKey::Pin),
        "document" => {
            let mut parts = Children::of(key, &[])?;
            let (issuing_state, kind) = (parts.value("issuingState")?, parts.value("type")?);
            let document = DocumentKey { issuing_state, kind, number: parts.value("number")? };
            parts.end().map(|()| SubjectKey::Document(document))
        }
        "plate" => parse(key).map(SubjectKey::Plate),
        "vin" => parse(key).map(SubjectKey::Vin),
        "receipt" => parse(key).map(SubjectKey::Receipt),
        "serial" => parse(key).map(SubjectKey::Serial),
        "biometric" => parse(key).map(SubjectKey::Biometric),
        "nameAndBirthDate" => {
            let mut parts = Children::of(key, &[])?;
            let person = NameAndBirthDate { name: parts.value("name")?, birth_date: parts.value("birthDate")? };
            parts.end().map(|()| SubjectKey::NameAndBirthDate(person))
        }
        "message" => parse(key).map(SubjectKey::Message),
        _ => Err(wrong(holder, KINDS)),
    }
}

fn fields(holder: Element<'_>) -> Result<BTreeSet<FieldName>, EnvelopeError> {
    let mut names = BTreeSet::new();
    for field in Children::of(holder, &[])?.all("field", (1, MAX_FIELDS))? {
        if !names.insert(parse(field)?) {
            return Err(wrong(field, "each name once"));
        }
    }
    Ok(names)
}

fn named<'d, V>(
    holder: Element<'d>,
    local: &'static str,
    read: fn(Element<'d>) -> Result<(FieldName, V), EnvelopeError>,
) -> Result<BTreeMap<FieldName, V>, EnvelopeError> {
    let mut map = BTreeMap::new();
    for child in Children::of(holder, &[])?.all(local, (1, MAX_FIELDS))? {
        let (name, value) = read(child)?;
        if map.insert(name, value).is_some() {
            return Err(wrong(child, "each name once"));
        }
    }
    Ok(map)
}

fn predicate(holder: Element<'_>) -> Result<(FieldName, Predicate), EnvelopeError> {
    let mut conditions = Children::of(holder, &["name"])?;
    let predicate = if let Some(least) = conditions.next_if("atLeast") {
        Predicate::AtLeast(number(least)?)
    } else if let Some(most) = conditions.next_if("atMost") {
        Predicate::AtMost(number(most)?)
    } else if let Some(list) = conditions.next_if("oneOf") {
        let values = Children::of(list, &[])?.all("value", (0, usize::MAX))?;
        Predicate::OneOf(values.into_iter().map(|one| value::read(one, &["type"])).collect::<Result<_, _>>()?)
    } else {
        return Err(wrong(holder, "one of atLeast, atMost, oneOf"));
    };
    conditions.end()?;
    Ok((value::field_name(holder)?, predicate))
}

fn effect(holder: Element<'_>) -> Result<Effect, EnvelopeError> {
    let mut parts = Children::of(holder, &[])?;
    let operation = parts.next("operation")?;
    let operation = one_of(operation, &Operation::ALL, Operation::as_str, "reserve, consume or release")?;
    let receipt = parts.optional("receipt")?;
    let values = parts.next_if("values").map(|values| named(values, "value", value::named)).transpose()?;
    let effect = Effect { operation, receipt, values: values.unwrap_or_default(), key: parts.value("key")? };
    parts.end().map(|()| effect)
}

fn leg(holder: Element<'_>) -> Result<LegRef, EnvelopeError> {
    let mut parts = Children::of(holder, &[])?;
    let (definition, version) = (parts.value("definition")?, parts.number("version")?);
    let leg = LegRef { definition, version, leg: parts.value("leg")? };
    parts.end().map(|()| leg)
}

/// The content may be broken into lines, as many encoders do.
fn message(holder: Element<'_>) -> Result<Enclosed, EnvelopeError> {
    only_attributes(holder, &["type"])?;
    let media_type = holder.attribute("", "type").and_then(|text| text.parse().ok());
    let media_type = media_type.ok_or_else(|| wrong(holder, "the attribute type: the message's Content-Type"))?;
    let mut text = holder.text()?;
    if text.bytes().any(|b| b" \t\r\n".contains(&b)) {
        text = Cow::Owned(text.split_ascii_whitespace().collect());
    }
    let content = BASE64_STANDARD.decode(text.as_bytes()).ok().filter(|content| !content.is_empty());
    let content = content.ok_or_else(|| wrong(holder, "the message in base64, not empty"))?;
    Ok(Enclosed { media_type, content })
}

/// Writes `m:query`, canonical.
#[must_use]
pub fn query_xml(query: &Query) -> String {
    let mut out = String::with_capacity(1024);
    out.push_str("<m:query xmlns:m=\"urn:mohur:exchange:1\">");
    element(&mut out, "m:salt", &query.salt.to_string());
    element(&mut out, "m:id", query.id.as_str());
    element(&mut out, "m:caller", query.caller.as_str());
    element(&mut out, "m:service", query.service.as_str());
    element(&mut out, "m:verb", query.verb().as_str());
    open(&mut out, "m:subject");
    write_subject(&mut out, &query.subject);
    close(&mut out, "m:subject");
    element(&mut out, "m:purpose", query.purpose.as_str());
    if let Some(case) = &query.case {
        element(&mut out, "m:case", case.as_str());
    }
    element(&mut out, "m:official", query.official.as_str());
    if let Some(party) = &query.on_behalf_of {
        element(&mut out, "m:onBehalfOf", party.as_str());
    }
    write_ask(&mut out, &query.ask);
    if let Some(leg) = &query.leg {
        open(&mut out, "m:bundle");
        element(&mut out, "m:definition", leg.definition.as_str());
        element(&mut out, "m:version", &leg.version.to_string());
        element(&mut out, "m:leg", leg.leg.as_str());
        close(&mut out, "m:bundle");
    }
    if let Some(message) = &query.message {
        out.push_str("<m:message type=\"");
        crate::write::attribute(&mut out, message.media_type.as_str());
        out.push_str("\">");
        BASE64_STANDARD.encode_string(&message.content, &mut out);
        close(&mut out, "m:message");
    }
    close(&mut out, "m:query");
    out
}

fn write_subject(out: &mut String, subject: &SubjectKey) {
    match subject {
        SubjectKey::Fin(fin) => element(out, "m:fin", fin.as_str()),
        SubjectKey::Pin(pin) => element(out, "m:pin", pin.as_str()),
        SubjectKey::Document(document) => {
            open(out, "m:document");
            element(out, "m:issuingState", document.issuing_state.as_str());
            element(out, "m:type", document.kind.as_str());
            element(out, "m:number", document.number.as_str());
            close(out, "m:document");
        }
        SubjectKey::Plate(plate) => element(out, "m:plate", plate.as_str()),
        SubjectKey::Vin(vin) => element(out, "m:vin", vin.as_str()),
        SubjectKey::Receipt(receipt) => element(out, "m:receipt", receipt.as_str()),
        SubjectKey::Serial(serial) => element(out, "m:serial", serial.as_str()),
        SubjectKey::Biometric(sample) => element(out, "m:biometric", sample.as_str()),
        SubjectKey::NameAndBirthDate(person) => {
            open(out, "m:nameAndBirthDate");
            element(out, "m:name", person.name.as_str());
            element(out, "m:birthDate", person.birth_date.as_str());
            close(out, "m:nameAndBirthDate");
        }
        SubjectKey::Message(digest) => element(out, "m:message", digest.as_str()),
    }
}

fn write_ask(out: &mut String, ask: &Ask) {
    match ask {
        Ask::Read(fields) => {
            open(out, "m:fields");
            fields.iter().for_each(|field| element(out, "m:field", field.as_str()));
            close(out, "m:fields");
        }
        Ask::Match(values) => write_values(out, values),
        Ask::Verify(predicates) => {
            open(out, "m:predicates");
            for (name, predicate) in predicates {
                out.push_str(&format!("<m:predicate name=\"{name}\">"));
                write_predicate(out, predicate);
                close(out, "m:predicate");
            }
            close(out, "m:predicates");
        }
        Ask::Change(effect) => {
            open(out, "m:effect");
            element(out, "m:operation", effect.operation.as_str());
            effect.receipt.iter().for_each(|receipt| element(out, "m:receipt", receipt.as_str()));
            if !effect.values.is_empty() {
                write_values(out, &effect.values);
            }
            element(out, "m:key", effect.key.as_str());
            close(out, "m:effect");
        }
    }
}

fn write_values(out: &mut String, values: &BTreeMap<FieldName, Value>) {
    open(out, "m:values");
    values.iter().for_each(|(name, one)| value::write(out, "value", Some(name), one));
    close(out, "m:values");
}

fn write_predicate(out: &mut String, predicate: &Predicate) {
    match predicate {
        Predicate::AtLeast(least) => element(out, "m:atLeast", &least.to_string()),
        Predicate::AtMost(most) => element(out, "m:atMost", &most.to_string()),
        Predicate::OneOf(values) => {
            open(out, "m:oneOf");
            values.iter().for_each(|one| value::write(out, "value", None, one));
            close(out, "m:oneOf");
        }
    }
}
