//! The civil registry and the population register: OSIA v7.1 Data Access 1.3, every operation of `dataaccess.yaml`.
//!
//! The UIN is the FIN. What attributes there are is the [`Book`]'s; every value is a text, dates are `YYYY-MM-DD`.

mod book;
mod document;

use http::{Method, StatusCode};
use mohur_wire::Fin;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::web::{self, Call, Sent};
use crate::{Citizen, Country, Faults};

pub(crate) use book::Book;

const JSON: &str = "application/json";
/// OSIA's own example gives this code to an unknown attribute.
const UNKNOWN_ATTRIBUTE: (i32, &str) = (1023, "Unknown attribute name");
const NO_VALUE: (i32, &str) = (1024, "The attribute has no value");
/// Attributes that have an order.
const DATES: &[&str] = &["dateOfBirth", "marriageDate"];

/// Either an answer, or the refusal to send instead.
type Outcome = Result<Sent, Sent>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Expression {
    attribute_name: String,
    operator: String,
    value: Value,
}

/// Answers one request.
pub(crate) fn answer(book: Book, country: &Country, call: &Call<'_>, faults: Faults) -> Sent {
    let outcome = match (call.segments().as_slice(), call.method) {
        (["v1", "persons"], &Method::GET) => query(book, country, call),
        (["v1", "persons", uin], &Method::GET) => read(book, country, uin, call, faults),
        (["v1", "persons", uin, "match"], &Method::POST) => compare(book, country, uin, call, faults),
        (["v1", "persons", uin, "verify"], &Method::POST) => verify(book, country, uin, call, faults),
        (["v1", "persons", uin, "document"], &Method::GET) => document::read(book, country, uin, call),
        (["v1", "persons"] | ["v1", "persons", _] | ["v1", "persons", _, "document"], _) => Err(web::only("GET")),
        (["v1", "persons", _, "match" | "verify"], _) => Err(web::only("POST")),
        _ => Err(web::empty(StatusCode::NOT_FOUND)),
    };
    outcome.unwrap_or_else(|refusal| refusal)
}

/// `queryPersonList`: the UINs, or the named attributes, of everybody who has all of the attributes given.
fn query(book: Book, country: &Country, call: &Call<'_>) -> Outcome {
    call.allow(&["cr.person.read", "pr.person.read"])?;
    let number = |name: &str, default: usize| match call.parameters(name).as_slice() {
        [] => Ok(default),
        [value] => value.parse().map_err(|_| invalid("offset and limit are whole numbers from 0")),
        _ => Err(invalid("offset and limit stand once")),
    };
    let (offset, limit) = (number("offset", 0)?, number("limit", 100)?);
    let is_attribute = |name: &str| !matches!(name, "names" | "offset" | "limit");
    let wanted: Vec<_> = call.query.iter().filter(|(name, _)| is_attribute(name)).collect();
    if wanted.is_empty() {
        return Err(invalid("at least one attribute to query by"));
    }
    if wanted.iter().any(|(name, _)| !book.attributes().contains(&name.as_str())) {
        return Err(error(StatusCode::BAD_REQUEST, UNKNOWN_ATTRIBUTE));
    }
    let has =
        |citizen: &&Citizen| wanted.iter().all(|(name, value)| book.attribute(citizen, name).as_ref() == Some(value));
    let known = country.citizens().iter().filter(|citizen| book.holds(citizen));
    let found: Vec<_> = known.filter(has).skip(offset).take(limit).collect();
    let names = call.parameters("names");
    let list: Vec<Value> = match names.as_slice() {
        [] => found.iter().map(|citizen| json!(citizen.fin)).collect(),
        names => found.iter().map(|citizen| Value::Object(attributes(book, citizen, names))).collect(),
    };
    if list.is_empty() { Err(web::empty(StatusCode::NOT_FOUND)) } else { Ok(web::json(StatusCode::OK, JSON, &list)) }
}

/// `readPersonAttributes`.
fn read(book: Book, country: &Country, uin: &str, call: &Call<'_>, faults: Faults) -> Outcome {
    call.allow(&["cr.person.read", "pr.person.read"])?;
    let names = call.parameters("attributeNames");
    if names.is_empty() {
        return Err(invalid("attributeNames is required"));
    }
    let citizen = person(book, country, uin, faults)?;
    let mut found = attributes(book, citizen, &names);
    if faults.extra_fields {
        found.extend(attributes(book, citizen, book.attributes()));
        found.insert("religion".to_owned(), json!("not asked for"));
    }
    Ok(web::json(StatusCode::OK, JSON, &found))
}

/// `matchPersonAttributes`: what does not match.
fn compare(book: Book, country: &Country, uin: &str, call: &Call<'_>, faults: Faults) -> Outcome {
    call.allow(&["cr.person.match", "pr.person.match"])?;
    let given: Map<String, Value> = body(call, "an object of attributes")?;
    // OSIA's schema says "one of string, integer, number, boolean": an integer is two of them, and so none.
    let fits = |value: &Value| value.is_string() || value.is_boolean() || value.is_f64();
    if !given.values().all(fits) {
        return Err(invalid("the value of an attribute is a string, a number that is no integer, or a boolean"));
    }
    let citizen = person(book, country, uin, faults)?;
    let code = |name: &str, value: &Value| match book.attribute(citizen, name) {
        None => Some(0),
        Some(held) if value.as_str().is_some_and(|given| same_value(name, given, &held)) => None,
        Some(_) => Some(1),
    };
    let errors = given.iter().filter_map(|(name, value)| code(name, value).map(|code| (name.as_str(), code)));
    let extra = faults.extra_fields.then_some(("placeOfBirth", 1));
    let errors: Vec<Value> =
        errors.chain(extra).map(|(name, code)| json!({ "attributeName": name, "errorCode": code })).collect();
    Ok(web::json(StatusCode::OK, JSON, &errors))
}

/// `verifyPersonAttributes`: whether all expressions are true.
fn verify(book: Book, country: &Country, uin: &str, call: &Call<'_>, faults: Faults) -> Outcome {
    call.allow(&["cr.person.verify", "pr.person.verify"])?;
    let expressions: Vec<Expression> = body(call, "a list of expressions")?;
    let citizen = person(book, country, uin, faults)?;
    let mut all = true;
    for expression in &expressions {
        all &= holds(book, citizen, expression)?;
    }
    Ok(web::json(StatusCode::OK, JSON, &all))
}

fn holds(book: Book, citizen: &Citizen, expression: &Expression) -> Result<bool, Sent> {
    let name = expression.attribute_name.as_str();
    if !book.attributes().contains(&name) {
        return Err(error(StatusCode::BAD_REQUEST, UNKNOWN_ATTRIBUTE));
    }
    if !matches!(expression.operator.as_str(), "=" | "<" | ">" | "<=" | ">=") {
        return Err(invalid("operator is one of < > = >= <="));
    }
    let Some(given) = expression.value.as_str() else { return Err(invalid("the value is a string")) };
    if expression.operator != "=" && !DATES.contains(&name) {
        return Err(invalid("only dates have an order"));
    }
    let held = book.attribute(citizen, name).ok_or_else(|| error(StatusCode::BAD_REQUEST, NO_VALUE))?;
    // Dates of one form compare like their texts.
    Ok(match expression.operator.as_str() {
        "<" => held.as_str() < given,
        ">" => held.as_str() > given,
        "<=" => held.as_str() <= given,
        ">=" => held.as_str() >= given,
        _ => same_value(name, given, &held),
    })
}

/// The person with that UIN, or 404.
fn person<'a>(book: Book, country: &'a Country, uin: &str, faults: Faults) -> Result<&'a Citizen, Sent> {
    let fin: Option<Fin> = uin.parse().ok();
    let found = fin.and_then(|fin| if faults.wrong_person { country.neighbour(fin) } else { country.citizen(fin) });
    found.filter(|citizen| book.holds(citizen)).ok_or_else(|| web::empty(StatusCode::NOT_FOUND))
}

fn attributes(book: Book, citizen: &Citizen, names: &[&str]) -> Map<String, Value> {
    let value = |name: &str| match book.attribute(citizen, name) {
        Some(value) => json!(value),
        None if book.attributes().contains(&name) => described(NO_VALUE),
        None => described(UNKNOWN_ATTRIBUTE),
    };
    names.iter().map(|name| ((*name).to_owned(), value(name))).collect()
}

/// Whether a value given is the one held. Names compare under the national transliteration table.
fn same_value(name: &str, given: &str, held: &str) -> bool {
    match name {
        "firstName" | "lastName" | "patronymic" => mohur_wire::names::names_match(given, held),
        _ => given == held,
    }
}

fn body<T: serde::de::DeserializeOwned>(call: &Call<'_>, expected: &'static str) -> Result<T, Sent> {
    if call.content_type != JSON {
        return Err(invalid("the body is application/json"));
    }
    serde_json::from_slice(call.body).map_err(|_| invalid(expected))
}

fn described((code, message): (i32, &str)) -> Value {
    json!({ "code": code, "message": message })
}

fn error(status: StatusCode, what: (i32, &str)) -> Sent {
    web::json(status, JSON, &described(what))
}

fn invalid(expected: &'static str) -> Sent {
    error(StatusCode::BAD_REQUEST, (1000, expected))
}

#[cfg(test)]
mod tests;
