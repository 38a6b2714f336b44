//! Canonical JSON as OLPC defines it: what a TUF signature covers.

use serde_json::Value;

/// The canonical form of `value`: sorted members, no white space, only `"` and `\` escaped. `None` for a number that is not an
/// integer, for which there is no canonical form.
pub fn canonical(value: &Value) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    write(value, &mut out).then_some(out)
}

fn write(value: &Value, out: &mut Vec<u8>) -> bool {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) if number.is_u64() || number.is_i64() => {
            out.extend_from_slice(number.to_string().as_bytes());
        }
        Value::Number(_) => return false,
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                if !write(item, out) {
                    return false;
                }
            }
            out.push(b']');
        }
        Value::Object(members) => {
            // Sorted by code points, which is the order of their UTF-8 too.
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            out.push(b'{');
            for (at, (name, member)) in members.into_iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write_text(name, out);
                out.push(b':');
                if !write(member, out) {
                    return false;
                }
            }
            out.push(b'}');
        }
    }
    true
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text.bytes() {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_securesystemslib_writes() {
        // `securesystemslib.formats.encode_canonical` of the same value.
        let value = serde_json::json!({"b": [1, -2, true, null], "a": "l\n\"q\\é", "é": {}, "B": "</>"});
        let text = String::from_utf8(canonical(&value).unwrap()).unwrap();
        assert_eq!(text, "{\"B\":\"</>\",\"a\":\"l\n\\\"q\\\\é\",\"b\":[1,-2,true,null],\"é\":{}}");
        assert_eq!(canonical(&serde_json::json!([1.5])), None, "it knows integers only");
    }
}
