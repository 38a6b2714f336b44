//! Writing `multipart/related`.

use super::{Attachment, XOP_TYPE};
use crate::{Version, ns, write};

/// A message to send with attachments.
#[derive(Clone, Copy, Debug)]
pub struct Package<'a> {
    /// Which SOAP.
    pub version: Version,
    /// Whether the envelope has `xop:Include` elements (MTOM) or not (SOAP with Attachments).
    pub xop: bool,
    /// The envelope.
    pub envelope: &'a str,
    /// The parts beside it, with the headers that they are to have.
    pub attachments: &'a [Attachment],
}

const ROOT_ID: &str = "envelope@mohur";

/// Writes the message: its `Content-Type`, and its body.
#[must_use]
pub fn write(package: &Package<'_>) -> (String, Vec<u8>) {
    let boundary = boundary(package);
    let media_type = package.version.media_type();
    let (kind, start_info) =
        if package.xop { (XOP_TYPE, format!("; start-info=\"{media_type}\"")) } else { (media_type, String::new()) };
    let content_type =
        format!("multipart/related; type=\"{kind}\"; start=\"<{ROOT_ID}>\"{start_info}; boundary=\"{boundary}\"");
    let root_type = if package.xop {
        format!("{XOP_TYPE}; charset=UTF-8; type=\"{media_type}\"")
    } else {
        format!("{media_type}; charset=UTF-8")
    };
    let size: usize = package.attachments.iter().map(|part| part.content.len() + 512).sum();
    let mut body = Vec::with_capacity(package.envelope.len() + size + 512);
    body.extend_from_slice(
        format!(
            "--{boundary}\r\nContent-Type: {root_type}\r\nContent-Transfer-Encoding: 8bit\r\nContent-ID: <{ROOT_ID}>\r\n\r\n"
        )
        .as_bytes(),
    );
    body.extend_from_slice(package.envelope.as_bytes());
    for part in package.attachments {
        body.extend_from_slice(format!("\r\n--{boundary}\r\n").as_bytes());
        for (name, value) in &part.headers {
            body.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        body.extend_from_slice(b"\r\n");
        body.extend_from_slice(&part.content);
    }
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    (content_type, body)
}

/// The element that stands where a part's base64 stood.
#[must_use]
pub fn include_xml(content_id: &str) -> String {
    let mut out = format!("<xop:Include xmlns:xop=\"{}\" href=\"cid:", ns::XOP);
    let mut escaped = String::with_capacity(content_id.len());
    for byte in content_id.bytes() {
        // What RFC 2392 and RFC 3986 leave as it is in a URL.
        if byte.is_ascii_alphanumeric() || b"-._~@!$'()*+,;=:".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    write::attribute(&mut out, &escaped);
    out.push_str("\"></xop:Include>");
    out
}

/// A boundary that no part contains.
fn boundary(package: &Package<'_>) -> String {
    let parts = || package.attachments.iter().map(|part| part.content.as_ref());
    let contains = |part: &[u8], boundary: &str| part.windows(boundary.len()).any(|some| some == boundary.as_bytes());
    let mut number = 0_u64;
    loop {
        let boundary = format!("mohur-part-{number}");
        if !parts().chain([package.envelope.as_bytes()]).any(|part| contains(part, &boundary)) {
            return boundary;
        }
        number = number.wrapping_add(1);
    }
}
