//! How values are written: Canonical XML 1.0, section 2.3.

use crate::xml::characters::run;

/// ` xmlns:prefix="uri"`.
pub(super) fn declaration(prefix: &str, uri: &str, octets: &mut Vec<u8>) {
    octets.extend_from_slice(b" xmlns");
    if !prefix.is_empty() {
        octets.push(b':');
        octets.extend_from_slice(prefix.as_bytes());
    }
    octets.extend_from_slice(b"=\"");
    value(uri, octets);
    octets.push(b'"');
}

/// ` name="value"`.
pub(super) fn attribute(name: &str, content: &str, octets: &mut Vec<u8>) {
    octets.push(b' ');
    octets.extend_from_slice(name.as_bytes());
    octets.extend_from_slice(b"=\"");
    value(content, octets);
    octets.push(b'"');
}

/// Characters of an element.
pub(super) fn text(content: &str, octets: &mut Vec<u8>) {
    escape(content, octets, |octet| match octet {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'>' => Some("&gt;"),
        b'\r' => Some("&#xD;"),
        _ => None,
    });
}

fn value(content: &str, octets: &mut Vec<u8>) {
    escape(content, octets, |octet| match octet {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'"' => Some("&quot;"),
        b'\t' => Some("&#x9;"),
        b'\n' => Some("&#xA;"),
        b'\r' => Some("&#xD;"),
        _ => None,
    });
}

/// Copies runs of what needs no other form; only ASCII does, so that octets can be looked at one by one.
#[inline]
fn escape(content: &str, octets: &mut Vec<u8>, form: impl Fn(u8) -> Option<&'static str>) {
    let may_stop = |octet| (octet < b' ') | (octet == b'&') | (octet == b'<') | (octet == b'>') | (octet == b'"');
    let mut rest = content.as_bytes();
    loop {
        let (plain, after) = rest.split_at(run(rest, may_stop, |octet| form(octet).is_some()).min(rest.len()));
        octets.extend_from_slice(plain);
        let Some((first, after)) = after.split_first() else { return };
        octets.extend_from_slice(form(*first).unwrap_or_default().as_bytes());
        rest = after;
    }
}
