//! Messages with attachments: `multipart/related` (RFC 2387), SOAP with Attachments, and MTOM/XOP.
//!
//! An `xop:Include` is replaced by its part's content in base64 *before* the one parse: what is parsed, verified and read
//! is the infoset that was signed (XOP 1.0, section 3.2), and nothing downstream knows that there was an attachment.
//! What a signature covers as an attachment stays beside the envelope.

mod content_type;
mod include;
mod parts;
#[cfg(test)]
mod tests;
mod write;

use bytes::Bytes;
pub use content_type::ContentType;
pub use write::{Package, include_xml, write};

use crate::Version;

/// The bounds of one `multipart/related` message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MimeLimits {
    /// Parts, the root among them.
    pub parts: usize,
    /// Octets of the headers of one part.
    pub header_bytes: usize,
    /// Octets of the whole body as it came, and of the envelope once every `xop:Include` is replaced.
    pub bytes: usize,
}

impl Default for MimeLimits {
    fn default() -> Self {
        Self { parts: 32, header_bytes: 8192, bytes: 4 << 20 }
    }
}

/// A part beside the envelope. `Debug` shows its size only.
#[derive(Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its Content-ID without the angle brackets: what `cid:` refers to. Empty if it has none.
    pub content_id: String,
    /// Its headers as received, in order.
    pub headers: Vec<(String, String)>,
    /// Its octets as received.
    pub content: Bytes,
}

impl std::fmt::Debug for Attachment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Attachment({} bytes)", self.content.len())
    }
}

impl Attachment {
    /// A part to send. `content_id` is without angle brackets.
    #[must_use]
    pub fn new(content_id: &str, media_type: &str, content: impl Into<Bytes>) -> Self {
        let headers = [
            ("Content-Type", media_type.to_owned()),
            ("Content-Transfer-Encoding", "binary".to_owned()),
            ("Content-ID", format!("<{content_id}>")),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
        Self { content_id: content_id.to_owned(), headers, content: content.into() }
    }

    /// The value of a header, whatever its case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// A message taken apart. `Debug` shows its sizes only.
#[derive(Clone)]
pub struct Packaged {
    /// Which SOAP, by the media types.
    pub version: Version,
    /// The root part as received: what X-Road's requestHash is computed over.
    pub root: Bytes,
    /// Which part it was, from 0. The parameter `start` may name any; who does not read it takes the first.
    pub root_position: usize,
    /// The envelope to parse, every `xop:Include` replaced.
    pub envelope: String,
    /// The parts that no `xop:Include` took in.
    pub attachments: Vec<Attachment>,
}

impl std::fmt::Debug for Packaged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { version, envelope, attachments, .. } = self;
        write!(f, "Packaged({version:?}, {} bytes, {} attachments)", envelope.len(), attachments.len())
    }
}

impl Packaged {
    /// Refuses an attachment that nothing in the envelope refers to with `cid:`. X-Road's protocol allows such; where
    /// everything must be signed they are refused.
    ///
    /// # Errors
    /// [`MimeError::Stray`].
    pub fn refuse_strays(&self) -> Result<(), MimeError> {
        let referred = include::references(&self.envelope);
        match self.attachments.iter().position(|part| !referred.contains(&part.content_id)) {
            None => Ok(()),
            Some(part) => Err(MimeError::Stray(part + 1)),
        }
    }
}

/// Whether a Content-Type announces several parts.
#[must_use]
pub fn is_multipart(content_type: &str) -> bool {
    content_type.get(..10).is_some_and(|start| start.eq_ignore_ascii_case("multipart/"))
}

/// Takes a `multipart/related` message apart.
///
/// # Errors
/// [`MimeError`] says what is wrong with it. It repeats nothing of the message.
pub fn read(content_type: &str, body: &Bytes, limits: &MimeLimits) -> Result<Packaged, MimeError> {
    if body.len() > limits.bytes {
        return Err(MimeError::TooLarge);
    }
    let outer = ContentType::parse(content_type)?;
    if outer.media_type() != "multipart/related" {
        return Err(MimeError::NotRelated);
    }
    let mut parts = parts::split(body, outer.parameter("boundary").ok_or(MimeError::Boundary)?, limits)?;
    let root_position = parts::root(&parts, outer.parameter("start"))?;
    let root = parts.remove(root_position);
    let described = ContentType::parse(root.header("Content-Type").ok_or(MimeError::RootType)?)?;
    let version = version(&outer, &described)?;
    parts::plain_transfer(&root)?;
    let text = std::str::from_utf8(&root.content).map_err(|_| MimeError::NotUtf8)?;
    let (envelope, attachments) = if described.media_type() == XOP_TYPE {
        include::resolve(text, parts, limits)?
    } else {
        (text.to_owned(), parts)
    };
    Ok(Packaged { version, root: root.content, root_position, envelope, attachments })
}

const XOP_TYPE: &str = "application/xop+xml";

/// Which SOAP the root part is: by its own type, or for XOP by the type that it stands for.
fn version(outer: &ContentType, root: &ContentType) -> Result<Version, MimeError> {
    if !root.is_utf8() {
        return Err(MimeError::NotUtf8);
    }
    if let Some(kind) = outer.parameter("type")
        && !kind.eq_ignore_ascii_case(root.media_type())
    {
        return Err(MimeError::TypesDiffer);
    }
    let inner = if root.media_type() == XOP_TYPE {
        let stands_for = root.parameter("type").or_else(|| outer.parameter("start-info"));
        ContentType::parse(stands_for.ok_or(MimeError::RootType)?)?
    } else {
        root.clone()
    };
    Version::of_content_type(inner.media_type()).ok_or(MimeError::RootType)
}

/// Why a `multipart/related` message is not accepted. Names headers and parts by number, never what stands in them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MimeError {
    /// A header that cannot be read as a media type.
    #[error("a Content-Type is not a media type with parameters")]
    ContentType,
    /// Another kind of multipart.
    #[error("of multipart messages only multipart/related is accepted")]
    NotRelated,
    /// No boundary, or one that the body does not have.
    #[error(
        "the boundary is missing, or the body is not cut by it: each part starts with --boundary, the last ends with --boundary--"
    )]
    Boundary,
    /// Headers of a part that cannot be read.
    #[error("part {0} has malformed headers")]
    Headers(usize),
    /// More parts than [`MimeLimits::parts`].
    #[error("the message has too many parts")]
    TooManyParts,
    /// More octets of headers than [`MimeLimits::header_bytes`].
    #[error("the headers of part {0} are too large")]
    HeadersTooLarge(usize),
    /// More octets than [`MimeLimits::bytes`].
    #[error("the message is too large, as it is or with its parts put into it")]
    TooLarge,
    /// `start` names no part.
    #[error("the parameter start names a part that is not there")]
    NoRoot,
    /// The root part's type is missing or is not SOAP's.
    #[error(
        "the root part is not SOAP: its type must be text/xml, application/soap+xml, or application/xop+xml with one of these as its type"
    )]
    RootType,
    /// The parameter `type` and the root part disagree.
    #[error("the parameter type says another media type than the root part")]
    TypesDiffer,
    /// Another encoding of characters.
    #[error("the root part is not UTF-8: send it in UTF-8, and declare no other charset")]
    NotUtf8,
    /// quoted-printable, or base64 that is none or that the root part may not have.
    #[error(
        "a part's Content-Transfer-Encoding is not 7bit, 8bit, binary or, beside the root part, base64 that can be read"
    )]
    TransferEncoding,
    /// A Content-ID of another form.
    #[error("the Content-ID of part {0} is not <id>")]
    ContentId(usize),
    /// Two parts with one id.
    #[error("two parts have the same Content-ID")]
    DuplicateContentId,
    /// An `xop:Include` that is not as XOP wants it.
    #[error("an xop:Include must be empty and have one attribute, href=\"cid:…\"")]
    Include,
    /// An `xop:Include` of a part that is not there.
    #[error("an xop:Include refers to a part that is not there")]
    NoPart,
    /// Two `xop:Include` of one part.
    #[error("two xop:Include refer to the same part")]
    IncludedTwice,
    /// A part that nothing refers to.
    #[error("nothing in the message refers to attachment {0}: refer to it by its Content-ID, or leave it out")]
    Stray(usize),
}

impl MimeError {
    /// The refusal that it becomes.
    #[must_use]
    pub const fn code(&self) -> mohur_wire::RefusalCode {
        use mohur_wire::RefusalCode;
        match self {
            Self::TooManyParts | Self::HeadersTooLarge(_) | Self::TooLarge => RefusalCode::TooLarge,
            Self::NotRelated | Self::RootType => RefusalCode::UnsupportedMediaType,
            Self::NotUtf8 => RefusalCode::XmlRefused,
            Self::ContentType
            | Self::Boundary
            | Self::Headers(_)
            | Self::NoRoot
            | Self::TypesDiffer
            | Self::TransferEncoding
            | Self::ContentId(_)
            | Self::DuplicateContentId
            | Self::Include
            | Self::NoPart
            | Self::IncludedTwice
            | Self::Stray(_) => RefusalCode::Malformed,
        }
    }
}

impl From<MimeError> for mohur_wire::Refusal {
    fn from(error: MimeError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}
