//! `Content-Type` with parameters (RFC 2045, section 5.1; RFC 9110, section 8.3).

use super::MimeError;

/// A media type, lower case, and its parameters, names lower case.
#[derive(Clone, PartialEq, Eq)]
pub struct ContentType {
    media_type: String,
    parameters: Vec<(String, String)>,
}

impl std::fmt::Debug for ContentType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ContentType({})", self.media_type)
    }
}

impl ContentType {
    /// Parses the header's value. A parameter that stands twice is an error: readers differ over which one counts.
    ///
    /// # Errors
    /// [`MimeError::ContentType`].
    pub fn parse(text: &str) -> Result<Self, MimeError> {
        let (media_type, mut rest) = text.split_at(text.find(';').unwrap_or(text.len()));
        let media_type = media_type.trim().to_ascii_lowercase();
        let (kind, subtype) = media_type.split_once('/').ok_or(MimeError::ContentType)?;
        if !is_token(kind) || !is_token(subtype) {
            return Err(MimeError::ContentType);
        }
        let mut parameters: Vec<(String, String)> = Vec::new();
        while let Some(parameter) = rest.trim_start().strip_prefix(';') {
            let parameter = parameter.trim_start();
            if parameter.is_empty() {
                rest = parameter;
                break;
            }
            let (name, value) = parameter.split_once('=').ok_or(MimeError::ContentType)?;
            let name = name.trim().to_ascii_lowercase();
            if !is_token(&name) || parameters.iter().any(|(known, _)| *known == name) {
                return Err(MimeError::ContentType);
            }
            let value = value.trim_start();
            let (value, left) = if value.starts_with('"') { quoted(value)? } else { plain(value)? };
            parameters.push((name, value));
            rest = left;
        }
        if rest.trim().is_empty() { Ok(Self { media_type, parameters }) } else { Err(MimeError::ContentType) }
    }

    /// The media type, lower case.
    #[must_use]
    pub fn media_type(&self) -> &str {
        &self.media_type
    }

    /// The value of a parameter; `name` is lower case.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether `charset` says UTF-8 or nothing; US-ASCII is UTF-8, too.
    #[must_use]
    pub fn is_utf8(&self) -> bool {
        let known = ["utf-8", "utf8", "us-ascii"];
        self.parameter("charset").is_none_or(|charset| known.iter().any(|one| charset.eq_ignore_ascii_case(one)))
    }
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// Up to the next `;`. Laxer than a token: boundaries with `=` or `/` are sent without quotes.
fn plain(text: &str) -> Result<(String, &str), MimeError> {
    let (value, rest) = text.split_at(text.find(';').unwrap_or(text.len()));
    let value = value.trim_end();
    if value.is_empty() || value.bytes().any(|b| b <= b' ' || b == b'"' || b >= 0x7f) {
        return Err(MimeError::ContentType);
    }
    Ok((value.to_owned(), rest))
}

fn quoted(text: &str) -> Result<(String, &str), MimeError> {
    let mut value = String::new();
    let mut characters = text.char_indices().skip(1);
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return Ok((value, text.get(at + 1..).unwrap_or_default())),
            '\\' => value.push(characters.next().ok_or(MimeError::ContentType)?.1),
            c if c.is_control() => return Err(MimeError::ContentType),
            c => value.push(c),
        }
    }
    Err(MimeError::ContentType)
}
