//! Putting parts where `xop:Include` stands (XOP 1.0, section 3.2), in the text, before it is parsed.
//!
//! This reads just enough XML to find the elements: tags, quotes, comments, CDATA, and which prefixes mean XOP. It
//! decides nothing: whatever text comes out is parsed, verified and read as one, and an `Include` that it did not take
//! for one is an unknown element there.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::parts::plain_transfer;
use super::{Attachment, MimeError, MimeLimits};
use crate::ns;

/// The text with every `xop:Include` replaced, and the parts that none took in.
pub(super) fn resolve(
    text: &str,
    parts: Vec<Attachment>,
    limits: &MimeLimits,
) -> Result<(String, Vec<Attachment>), MimeError> {
    let mut parts: Vec<(Attachment, bool)> = parts.into_iter().map(|part| (part, false)).collect();
    let mut scanner = Scanner { text, at: 0, depth: 0, declared: Vec::new(), meanings: HashMap::new() };
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    while let Some(found) = scanner.next_include()? {
        let named = parts.iter_mut().find(|(part, _)| !part.content_id.is_empty() && part.content_id == found.id);
        let (part, is_taken) = named.ok_or(MimeError::NoPart)?;
        if std::mem::replace(is_taken, true) {
            return Err(MimeError::IncludedTwice);
        }
        let octets = octets(part)?;
        out.push_str(text.get(copied..found.start).unwrap_or_default());
        let encoded = octets.len().div_ceil(3).saturating_mul(4);
        if out.len().saturating_add(encoded).saturating_add(text.len() - found.end) > limits.bytes {
            return Err(MimeError::TooLarge);
        }
        BASE64_STANDARD.encode_string(&octets, &mut out);
        copied = found.end;
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    let left = parts.into_iter().filter(|(_, is_taken)| !is_taken).map(|(part, _)| part).collect();
    Ok((out, left))
}

/// A part's octets: as they stand, or out of base64, which senders use whose transport is thought to be 7 bits wide
/// (PR-MESS, annex G).
fn octets(part: &Attachment) -> Result<Cow<'_, [u8]>, MimeError> {
    let is_encoded = part.header("Content-Transfer-Encoding").is_some_and(|said| said.eq_ignore_ascii_case("base64"));
    if !is_encoded {
        return plain_transfer(part).map(|()| Cow::Borrowed(&*part.content));
    }
    let written: Vec<u8> = part.content.iter().copied().filter(|octet| !octet.is_ascii_whitespace()).collect();
    BASE64_STANDARD.decode(written).map(Cow::Owned).map_err(|_| MimeError::TransferEncoding)
}

/// The Content-IDs that a text refers to with `cid:`, wherever that stands.
pub(super) fn references(text: &str) -> BTreeSet<String> {
    let after = text.split("cid:").skip(1);
    let ends = |c: char| matches!(c, '"' | '\'' | '<') || c.is_whitespace();
    let named = after.filter_map(|rest| content_id(rest.split(ends).next().unwrap_or_default()));
    named.filter(|id| !id.is_empty()).collect()
}

/// An attribute's text after `cid:` as a Content-ID (RFC 2392).
fn content_id(written: &str) -> Option<String> {
    let unescaped = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")]
        .iter()
        .fold(written.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain));
    let mut bytes = Vec::with_capacity(unescaped.len());
    let mut rest = unescaped.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first == b'%' {
            let digits = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok())?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = tail.get(2..)?;
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}

/// One `xop:Include`: the octets that it is, and the part that it names.
struct Include {
    start: usize,
    end: usize,
    id: String,
}

struct Scanner<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    /// Prefixes declared, with the depth of the element that did; the innermost last.
    declared: Vec<(usize, &'t str)>,
    /// Whether each prefix means XOP, outermost declaration first.
    meanings: HashMap<&'t str, Vec<bool>>,
}

impl<'t> Scanner<'t> {
    fn next_include(&mut self) -> Result<Option<Include>, MimeError> {
        while let Some(start) = self.find("<") {
            let rest = self.text.get(start..).unwrap_or_default();
            if rest.starts_with("<!--") {
                self.skip(start + 4, "-->");
            } else if rest.starts_with("<![CDATA[") {
                self.skip(start + 9, "]]>");
            } else if rest.starts_with("<?") {
                self.skip(start + 2, "?>");
            } else if rest.starts_with("<!") {
                // A document type: the parser refuses it, whatever stands in it.
                self.at = self.text.len();
            } else if rest.starts_with("</") {
                self.skip(start, ">");
                self.close();
            } else if let Some(found) = self.start_tag(start, rest)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn start_tag(&mut self, start: usize, rest: &'t str) -> Result<Option<Include>, MimeError> {
        let length = tag_length(rest).unwrap_or(rest.len());
        let tag = rest.get(..length).unwrap_or_default();
        self.at = start + length;
        self.depth += 1;
        let inside = tag.strip_prefix('<').and_then(|tag| tag.strip_suffix('>')).unwrap_or_default();
        let (inside, is_empty) = inside.strip_suffix('/').map_or((inside, false), |inside| (inside, true));
        let (name, attributes) = inside.split_at(inside.find(char::is_whitespace).unwrap_or(inside.len()));
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        let is_candidate = local == "Include";
        let attributes = if is_candidate || tag.contains("xmlns") { attributes_of(attributes) } else { Vec::new() };
        self.declare(&attributes);
        let is_include = is_candidate && self.meanings.get(prefix).and_then(|said| said.last()) == Some(&true);
        let mut end = self.at;
        if is_include && !is_empty {
            end += closing_tag(self.text.get(self.at..).unwrap_or_default(), name).ok_or(MimeError::Include)?;
        }
        if is_include || is_empty {
            self.close();
        }
        self.at = end;
        if is_include { Ok(Some(Include { start, end, id: target(&attributes)? })) } else { Ok(None) }
    }

    fn declare(&mut self, attributes: &[(&'t str, &'t str)]) {
        for (name, value) in attributes {
            let prefix = if *name == "xmlns" { Some("") } else { name.strip_prefix("xmlns:") };
            if let Some(prefix) = prefix {
                self.declared.push((self.depth, prefix));
                self.meanings.entry(prefix).or_default().push(*value == ns::XOP);
            }
        }
    }

    /// An element ends: its declarations do, too.
    fn close(&mut self) {
        while let Some((_, prefix)) = self.declared.pop_if(|(depth, _)| *depth >= self.depth) {
            if let Some(said) = self.meanings.get_mut(prefix) {
                said.pop();
            }
        }
        self.depth = self.depth.saturating_sub(1);
    }

    fn find(&self, what: &str) -> Option<usize> {
        self.text.get(self.at..)?.find(what).map(|found| self.at + found)
    }

    /// Goes on after the next `end`, or to the end of the text.
    fn skip(&mut self, from: usize, end: &str) {
        self.at = from;
        self.at = self.find(end).map_or(self.text.len(), |found| found + end.len());
    }
}

/// The length of the tag that a text starts with: to the first `>` outside of quotes.
fn tag_length(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match quote {
            Some(open) if byte == open => quote = None,
            Some(_) => {}
            None if matches!(byte, b'"' | b'\'') => quote = Some(byte),
            None if byte == b'>' => return Some(at + 1),
            None => {}
        }
    }
    None
}

/// `name="value"`, as written.
fn attributes_of(mut text: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    while let Some((name, rest)) = text.split_once('=') {
        let rest = rest.trim_start();
        let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) else { break };
        let Some((value, after)) = rest.get(1..).and_then(|rest| rest.split_once(quote)) else { break };
        found.push((name.trim(), value));
        text = after;
    }
    found
}

/// The length of white space and the end tag of `name`, if nothing else comes first.
fn closing_tag(text: &str, name: &str) -> Option<usize> {
    let rest = text.trim_start().strip_prefix("</")?.strip_prefix(name)?.trim_start().strip_prefix('>')?;
    Some(text.len() - rest.len())
}

/// The Content-ID that the attribute `href` names; beside it there may be namespace declarations only.
fn target(attributes: &[(&str, &str)]) -> Result<String, MimeError> {
    let mut said = attributes.iter().filter(|(name, _)| *name != "xmlns" && !name.starts_with("xmlns:"));
    let (Some(("href", address)), None) = (said.next(), said.next()) else { return Err(MimeError::Include) };
    address.strip_prefix("cid:").and_then(content_id).ok_or(MimeError::Include)
}
