//! Writing XML that is its own exclusive canonical form (Exclusive XML Canonicalization 1.0 over Canonical XML 1.0).
//!
//! Whoever writes elements with one prefix, declared on the outermost of them, attributes in order, and texts through
//! these two functions, writes canonical text: there is nothing left that canonicalisation would change.

/// Appends character content. INVARIANT on the result: as Canonical XML 1.0, section 2.3 writes text nodes. What XML 1.0
/// does not have ([`is_text`]) becomes U+FFFD.
pub fn text(out: &mut String, text: &str) {
    escape(out, text, |c| match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '\r' => Some("&#xD;"),
        _ => no_character(c),
    });
}

/// Appends an attribute's value, without the quotes around it. INVARIANT on the result: as Canonical XML 1.0,
/// section 2.3 writes attribute nodes.
pub fn attribute(out: &mut String, value: &str) {
    escape(out, value, |c| match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '"' => Some("&quot;"),
        '\t' => Some("&#x9;"),
        '\n' => Some("&#xA;"),
        '\r' => Some("&#xD;"),
        _ => no_character(c),
    });
}

/// Appends `<name>text</name>`.
pub fn element(out: &mut String, name: &str, content: &str) {
    open(out, name);
    text(out, content);
    close(out, name);
}

/// Appends `<name>`.
pub fn open(out: &mut String, name: &str) {
    out.push('<');
    out.push_str(name);
    out.push('>');
}

/// Appends `</name>`.
pub fn close(out: &mut String, name: &str) {
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

/// Whether a text has only characters that XML 1.0 has (section 2.2).
#[must_use]
pub fn is_text(text: &str) -> bool {
    text.chars().all(|c| no_character(c).is_none())
}

fn no_character(c: char) -> Option<&'static str> {
    match c {
        '\t' | '\n' | '\r' => None,
        '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => Some("\u{fffd}"),
        _ => None,
    }
}

fn escape(out: &mut String, text: &str, escaped: fn(char) -> Option<&'static str>) {
    let mut plain = 0;
    for (at, c) in text.char_indices() {
        if let Some(instead) = escaped(c) {
            out.push_str(text.get(plain..at).unwrap_or_default());
            out.push_str(instead);
            plain = at + c.len_utf8();
        }
    }
    out.push_str(text.get(plain..).unwrap_or_default());
}
