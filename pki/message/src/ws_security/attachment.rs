//! Attachments of a message (WS-Security SOAP Messages with Attachments Profile 1.1): each is covered, or the message is
//! refused.

use std::borrow::Cow;

use mohur_wire::{Refusal, RefusalCode};

use super::signed_info::{SignedInfo, Target};
use super::xml_refused;

/// A part of a `multipart/related` message that is not the envelope, nor included in it.
#[derive(Clone, Copy)]
pub struct Attachment<'a> {
    /// Its `Content-ID`, without the angle brackets.
    pub content_id: &'a str,
    /// Its `Content-Type`.
    pub media_type: &'a str,
    /// Its content, decoded.
    pub content: &'a [u8],
}

impl core::fmt::Debug for Attachment<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Attachment({} bytes)", self.content.len())
    }
}

/// Each attachment has its reference, and each reference its one attachment.
pub(super) fn check_covered(signed_info: &SignedInfo<'_>, attachments: &[Attachment<'_>]) -> Result<(), Refusal> {
    for reference in &signed_info.references {
        let Target::Attachment(uri) = reference.target else { continue };
        match attachments.iter().filter(|attachment| is_named(uri, attachment.content_id)).count() {
            1 => {}
            0 => return Err(mismatch("a ds:Reference points to an attachment that the message does not have")),
            _ => return Err(xml_refused("two attachments have the same Content-ID: give each its own")),
        }
    }
    let is_covered = |attachment: &Attachment<'_>| {
        signed_info.references.iter().any(
            |reference| matches!(reference.target, Target::Attachment(uri) if is_named(uri, attachment.content_id)),
        )
    };
    if attachments.iter().all(is_covered) {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalCode::ComponentUncovered,
        "an attachment is not signed: sign it by its Content-ID with the Attachment-Content-Signature-Transform (WSS4J: \
         signatureParts \"{Content}cid:Attachments\"), or send it by MTOM, inside the Body",
    ))
}

/// The digests of all attachments that are referred to.
pub(super) fn check(signed_info: &SignedInfo<'_>, attachments: &[Attachment<'_>]) -> Result<(), Refusal> {
    for reference in &signed_info.references {
        let Target::Attachment(uri) = reference.target else { continue };
        for attachment in attachments.iter().filter(|attachment| is_named(uri, attachment.content_id)) {
            if attachment.content.is_empty() {
                return Err(xml_refused("an attachment is empty, so its digest says nothing: leave it out"));
            }
            if reference.check(&canonical(attachment)?).is_none() {
                return Err(mismatch("an attachment is not what was signed: its DigestValue is another"));
            }
        }
    }
    Ok(())
}

/// The profile's §5.4.4: text has its lines end in CR LF, XML would be canonicalised, everything else stays as it is.
fn canonical<'a>(attachment: &Attachment<'a>) -> Result<Cow<'a, [u8]>, Refusal> {
    let media_type = attachment.media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if media_type.ends_with("/xml") || media_type.ends_with("+xml") {
        return Err(xml_refused("a signed attachment is XML: send it as application/octet-stream, or in the Body"));
    }
    if !media_type.starts_with("text/") {
        return Ok(Cow::Borrowed(attachment.content));
    }
    let mut lines = Vec::with_capacity(attachment.content.len());
    let mut last = 0;
    for octet in attachment.content {
        match (last, octet) {
            (b'\r', b'\n') => lines.push(b'\n'),
            (_, b'\n') => lines.extend_from_slice(b"\r\n"),
            (b'\r', _) => lines.extend_from_slice(&[b'\n', *octet]),
            (_, octet) => lines.push(*octet),
        }
        last = *octet;
    }
    if last == b'\r' {
        lines.push(b'\n');
    }
    Ok(lines.into())
}

/// A `cid:` URI is the content id with percent-encoding (RFC 2392).
fn is_named(uri: &str, content_id: &str) -> bool {
    let (mut written, mut id) = (uri.bytes(), content_id.bytes());
    let digit = |octet: Option<u8>| octet.and_then(|octet| char::from(octet).to_digit(16));
    loop {
        let next = match written.next() {
            Some(b'%') => match (digit(written.next()), digit(written.next())) {
                (Some(high), Some(low)) => u8::try_from(high * 16 + low).ok(),
                _ => return false,
            },
            other => other,
        };
        match (next, id.next()) {
            (None, None) => return true,
            (written, id) if written == id => {}
            _ => return false,
        }
    }
}

fn mismatch(detail: &str) -> Refusal {
    Refusal::new(RefusalCode::DigestMismatch, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_id_is_found_under_its_uri() {
        assert!(is_named("a%40b", "a@b") && is_named("a@b", "a@b"));
        for (uri, id) in [("a", "ab"), ("ab", "a"), ("a%4", "a@"), ("a%zz", "a"), ("", "a")] {
            assert!(!is_named(uri, id), "{uri} {id}");
        }
    }

    #[test]
    fn lines_of_text_end_in_one_way() {
        let text = |content| Attachment { content_id: "a", media_type: "text/plain; charset=utf-8", content };
        for (content, expected) in [
            (&b"a\nb"[..], &b"a\r\nb"[..]),
            (b"a\r\nb\r\n", b"a\r\nb\r\n"),
            (b"a\rb\r", b"a\r\nb\r\n"),
            (b"\r\r\n\n", b"\r\n\r\n\r\n"),
        ] {
            assert_eq!(canonical(&text(content)).unwrap(), expected);
        }
        let octets = Attachment { media_type: "image/png", ..text(b"a\nb") };
        assert_eq!(canonical(&octets).unwrap(), &b"a\nb"[..]);
        assert!(canonical(&Attachment { media_type: "application/soap+xml", ..octets }).is_err());
    }
}
