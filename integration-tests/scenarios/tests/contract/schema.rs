//! As much of JSON Schema 2020-12 as the contract uses. A keyword that it does not know fails the test, so that nothing is
//! left unchecked without anybody noticing; texts' patterns are the types' own tests' matter.

use serde_json::Value;

/// Keywords that describe, or that are left to others.
const LEFT_ASIDE: &[&str] = &[
    "description",
    "examples",
    "title",
    "pattern",
    "format",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
    "maxLength",
    "minLength",
];

/// Follows references.
pub(crate) fn resolved<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    match schema.get("$ref").and_then(Value::as_str) {
        Some(reference) => {
            let target = root.pointer(reference.strip_prefix('#').unwrap()).unwrap_or_else(|| panic!("{reference}"));
            resolved(root, target)
        }
        None => schema,
    }
}

/// Whether a value is what a schema describes.
pub(crate) fn check(root: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let schema = resolved(root, schema);
    for (keyword, operand) in schema.as_object().expect("a schema is an object") {
        if !LEFT_ASIDE.contains(&keyword.as_str()) {
            keyword_holds(root, (schema, keyword, operand), value)
                .map_err(|problem| format!("{keyword}: {problem}"))?;
        }
    }
    Ok(())
}

fn keyword_holds(
    root: &Value,
    (schema, keyword, operand): (&Value, &str, &Value),
    value: &Value,
) -> Result<(), String> {
    let holds = |good: bool| if good { Ok(()) } else { Err(format!("{operand} does not hold of {value}")) };
    match keyword {
        "type" => holds(is_type(operand, value)),
        "const" => holds(operand == value),
        "enum" => holds(operand.as_array().unwrap().contains(value)),
        "minimum" => holds(value.as_f64().is_none_or(|number| number >= operand.as_f64().unwrap())),
        "maximum" => holds(value.as_f64().is_none_or(|number| number <= operand.as_f64().unwrap())),
        "minItems" => holds(value.as_array().is_none_or(|items| items.len() as u64 >= operand.as_u64().unwrap())),
        "maxItems" => holds(value.as_array().is_none_or(|items| items.len() as u64 <= operand.as_u64().unwrap())),
        "uniqueItems" => holds(
            value.as_array().is_none_or(|items| items.iter().enumerate().all(|(at, item)| !items[..at].contains(item))),
        ),
        "minProperties" => holds(value.as_object().is_none_or(|map| map.len() as u64 >= operand.as_u64().unwrap())),
        "maxProperties" => holds(value.as_object().is_none_or(|map| map.len() as u64 <= operand.as_u64().unwrap())),
        "required" => {
            operand.as_array().unwrap().iter().try_for_each(|name| {
                holds(value.as_object().is_none_or(|map| map.contains_key(name.as_str().unwrap())))
            })
        }
        "items" => value.as_array().into_iter().flatten().try_for_each(|item| check(root, operand, item)),
        "allOf" => operand.as_array().unwrap().iter().try_for_each(|each| check(root, each, value)),
        "anyOf" => holds(operand.as_array().unwrap().iter().any(|each| check(root, each, value).is_ok())),
        "oneOf" => {
            holds(operand.as_array().unwrap().iter().filter(|each| check(root, each, value).is_ok()).count() == 1)
        }
        "propertyNames" => value
            .as_object()
            .into_iter()
            .flatten()
            .try_for_each(|(name, _)| check(root, operand, &name.as_str().into())),
        "properties" => {
            let members = operand.as_object().unwrap().iter();
            members.filter_map(|(name, each)| Some((name, each, value.get(name)?))).try_for_each(
                |(name, each, member)| check(root, each, member).map_err(|problem| format!("{name}: {problem}")),
            )
        }
        "additionalProperties" => {
            let known = |name: &String| schema.get("properties").and_then(|all| all.get(name)).is_some();
            let mut others = value.as_object().into_iter().flatten().filter(|(name, _)| !known(name));
            match operand.as_bool() {
                Some(true) => Ok(()),
                Some(false) => others.next().map_or(Ok(()), |(name, _)| Err(format!("{name} is not described"))),
                None => others.try_for_each(|(_, member)| check(root, operand, member)),
            }
        }
        other => panic!("the contract uses {other}, which this test cannot check: teach it"),
    }
}

fn is_type(operand: &Value, value: &Value) -> bool {
    let is = |name: &str| match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("{other}"),
    };
    match operand.as_array() {
        Some(several) => several.iter().any(|name| is(name.as_str().unwrap())),
        None => is(operand.as_str().unwrap()),
    }
}
