//! Cutting a body at its boundary (RFC 2046, section 5.1.1), and the headers of each part.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::{Attachment, MimeError, MimeLimits};

/// The parts, in order: at least one. What stands before the first boundary and after the last is nobody's.
pub(super) fn split(body: &Bytes, boundary: &str, limits: &MimeLimits) -> Result<Vec<Attachment>, MimeError> {
    if boundary.is_empty() || boundary.len() > 70 || boundary.ends_with(' ') || !boundary.is_ascii() {
        return Err(MimeError::Boundary);
    }
    let delimiter = format!("--{boundary}");
    let mut lines = Delimiters { body, delimiter: delimiter.as_bytes(), at: 0 };
    let mut parts = Vec::new();
    let mut current = lines.next().filter(|first| !first.is_last).ok_or(MimeError::Boundary)?;
    loop {
        let next = lines.next().ok_or(MimeError::Boundary)?;
        if parts.len() >= limits.parts {
            return Err(MimeError::TooManyParts);
        }
        let content = body.get(current.after..next.before).ok_or(MimeError::Boundary)?;
        parts.push(part(body, content, parts.len() + 1, limits)?);
        if next.is_last {
            return Ok(parts);
        }
        current = next;
    }
}

/// One line that is the delimiter.
#[derive(Clone, Copy)]
struct Delimiter {
    /// Where the part before it ends: before the line break that belongs to the delimiter.
    before: usize,
    /// Where the part after it starts.
    after: usize,
    is_last: bool,
}

struct Delimiters<'b> {
    body: &'b [u8],
    delimiter: &'b [u8],
    at: usize,
}

impl Iterator for Delimiters<'_> {
    type Item = Delimiter;

    /// The next line that starts with the delimiter, and has only `--` and blanks after it. A line whose text goes on is
    /// content that starts like the delimiter: RFC 2046 forbids it to the writer, and no reader may guess.
    fn next(&mut self) -> Option<Delimiter> {
        loop {
            let start = self.at;
            let rest = self.body.get(start..).filter(|rest| !rest.is_empty())?;
            let length = rest.iter().position(|b| *b == b'\n').map_or(rest.len(), |end| end + 1);
            self.at = start + length;
            let line = rest.get(..length).unwrap_or_default();
            let Some(after) = line.strip_prefix(self.delimiter) else { continue };
            let after = after.trim_ascii_end();
            if !after.is_empty() && after != b"--" {
                continue;
            }
            return Some(Delimiter { before: self.line_end_before(start), after: self.at, is_last: after == b"--" });
        }
    }
}

impl Delimiters<'_> {
    fn line_end_before(&self, start: usize) -> usize {
        let before = self.body.get(..start).unwrap_or_default();
        let before = before.strip_suffix(b"\n").unwrap_or(before);
        before.strip_suffix(b"\r").unwrap_or(before).len()
    }
}

fn part(body: &Bytes, part: &[u8], number: usize, limits: &MimeLimits) -> Result<Attachment, MimeError> {
    let mut headers: Vec<(String, String)> = Vec::new();
    let mut read = 0;
    loop {
        let rest = part.get(read..).unwrap_or_default();
        let end = rest.iter().position(|b| *b == b'\n').ok_or(MimeError::Headers(number))?;
        let line = rest.get(..end).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        read += end + 1;
        if read > limits.header_bytes {
            return Err(MimeError::HeadersTooLarge(number));
        }
        if line.is_empty() {
            break;
        }
        header(&mut headers, line).ok_or(MimeError::Headers(number))?;
    }
    let content_id = content_id(&headers, number)?;
    Ok(Attachment { content_id, headers, content: body.slice_ref(part.get(read..).unwrap_or_default()) })
}

/// One line of a header: a new one, or the continuation of the last (RFC 5322, section 2.2.3).
fn header(headers: &mut Vec<(String, String)>, line: &[u8]) -> Option<()> {
    let line = std::str::from_utf8(line).ok().filter(|line| !line.contains(|c: char| c.is_control() && c != '\t'))?;
    if line.starts_with([' ', '\t']) {
        let (_, value) = headers.last_mut()?;
        value.push(' ');
        value.push_str(line.trim());
        return Some(());
    }
    let (name, value) = line.split_once(':')?;
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let is_repeated = headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
    // Which of two would count is a matter of taste, so there is one.
    if !is_name || is_repeated {
        return None;
    }
    headers.push((name.to_owned(), value.trim().to_owned()));
    Some(())
}

/// The Content-ID without its angle brackets (RFC 2045, section 7); empty where there is none.
fn content_id(headers: &[(String, String)], number: usize) -> Result<String, MimeError> {
    let Some((_, value)) = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("Content-ID")) else {
        return Ok(String::new());
    };
    let id = value.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).ok_or(MimeError::ContentId(number))?;
    let is_id = !id.is_empty() && !id.contains(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"'));
    if is_id { Ok(id.to_owned()) } else { Err(MimeError::ContentId(number)) }
}

/// Which part is the root: the one that `start` names, otherwise the first. No two parts have the same id; a part may
/// have none, and then nothing can refer to it.
pub(super) fn root(parts: &[Attachment], start: Option<&str>) -> Result<usize, MimeError> {
    let mut ids = BTreeSet::new();
    if !parts.iter().filter(|part| !part.content_id.is_empty()).all(|part| ids.insert(&part.content_id)) {
        return Err(MimeError::DuplicateContentId);
    }
    let Some(start) = start else { return Ok(0) };
    let id = start.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(start);
    parts.iter().position(|part| part.content_id == id && !id.is_empty()).ok_or(MimeError::NoRoot)
}

/// A part whose octets are taken as they stand must say so.
pub(super) fn plain_transfer(part: &Attachment) -> Result<(), MimeError> {
    let known = ["7bit", "8bit", "binary"];
    match part.header("Content-Transfer-Encoding") {
        Some(encoding) if !known.iter().any(|one| encoding.eq_ignore_ascii_case(one)) => {
            Err(MimeError::TransferEncoding)
        }
        _ => Ok(()),
    }
}
