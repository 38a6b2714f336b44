//! A field's value: text, a number, yes or no, told apart by the attribute `type`.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mohur_wire::{FieldName, Value};

use super::children::{only_attributes, wrong};
use crate::envelope::EnvelopeError;
use crate::{Element, write};

const TYPES: &str = "a text, or as its type says: number, flag (true or false), base64 (of text that XML cannot hold)";

/// Appends `<m:local name="…" type="…">…</m:local>`. A text with characters that XML does not have goes as base64.
pub(super) fn write(out: &mut String, local: &str, name: Option<&FieldName>, value: &Value) {
    let (kind, text) = match value {
        Value::Flag(flag) => ("flag", flag.to_string()),
        Value::Number(number) => ("number", number.to_string()),
        Value::Text(text) if write::is_text(text) => ("text", text.clone()),
        Value::Text(text) => ("base64", BASE64_STANDARD.encode(text)),
    };
    out.push_str("<m:");
    out.push_str(local);
    if let Some(name) = name {
        out.push_str(" name=\"");
        out.push_str(name.as_str());
        out.push('"');
    }
    out.push_str(" type=\"");
    out.push_str(kind);
    out.push_str("\">");
    write::text(out, &text);
    out.push_str("</m:");
    out.push_str(local);
    out.push('>');
}

/// Reads a value. Without a `type` it is text; a text may be empty.
pub(super) fn read(element: Element<'_>, attributes: &[&str]) -> Result<Value, EnvelopeError> {
    only_attributes(element, attributes)?;
    let text = element.text()?;
    let value = match element.attribute("", "type") {
        None | Some("text") => Some(Value::text(text)),
        Some("number") => return super::children::plain_number(element, &text).map(Value::Number),
        Some("flag") => match text.as_ref() {
            "true" => Some(Value::Flag(true)),
            "false" => Some(Value::Flag(false)),
            _ => None,
        },
        Some("base64") => {
            let bytes = BASE64_STANDARD.decode(text.as_bytes()).ok();
            bytes.and_then(|bytes| String::from_utf8(bytes).ok()).map(Value::Text)
        }
        Some(_) => None,
    };
    value.ok_or_else(|| wrong(element, TYPES))
}

/// Reads a value with the name of its field.
pub(super) fn named(element: Element<'_>) -> Result<(FieldName, Value), EnvelopeError> {
    Ok((field_name(element)?, read(element, &["name", "type"])?))
}

/// The attribute `name`.
pub(super) fn field_name(element: Element<'_>) -> Result<FieldName, EnvelopeError> {
    const NAME: &str = "the attribute name: a lower-case letter, then letters and digits, at most 64";
    let name = element.attribute("", "name").and_then(|name| name.parse().ok());
    name.ok_or_else(|| wrong(element, NAME))
}
