//! Which characters may stand where: XML 1.0 (fifth edition), sections 2.2 and 2.3.

/// Ends a run of plain characters in text: `<`, `&`, a carriage return, `]`, what may be no character.
pub(super) const TEXT: u8 = 1;
/// Ends a run of plain characters in an attribute's value: quotes, `<`, `&`, white space to be normalised, what may be no
/// character.
pub(super) const VALUE: u8 = 1 << 1;
/// Ends a run in comments, instructions and CDATA sections: `-`, `?`, `]`, a carriage return, what may be no character.
pub(super) const RAW: u8 = 1 << 2;
/// An ASCII character that may stand in a name, the colon not among them.
pub(super) const NAME: u8 = 1 << 3;
/// White space.
pub(super) const SPACE: u8 = 1 << 4;

static CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0_u8; 256];
    let mut octet = 0_u8;
    loop {
        let space = matches!(octet, b' ' | b'\t' | b'\n' | b'\r');
        // 0xEF begins U+FFFE and U+FFFF, which are no characters.
        let suspect = (octet < 0x20 && !space) || octet == 0xEF;
        let mut class = 0;
        if suspect || matches!(octet, b'<' | b'&' | b'\r' | b']') {
            class |= TEXT;
        }
        if suspect || matches!(octet, b'<' | b'&' | b'"' | b'\'' | b'\t' | b'\n' | b'\r') {
            class |= VALUE;
        }
        if suspect || matches!(octet, b'-' | b'?' | b']' | b'\r') {
            class |= RAW;
        }
        if octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_') {
            class |= NAME;
        }
        if space {
            class |= SPACE;
        }
        #[expect(clippy::indexing_slicing, reason = "by INVARIANT on the type: an octet is below 256")]
        {
            table[octet as usize] = class;
        }
        if octet == u8::MAX {
            return table;
        }
        octet += 1;
    }
}

/// Is this octet in one of these classes?
#[inline]
pub(super) fn is(octet: u8, classes: u8) -> bool {
    CLASSES.get(usize::from(octet)).is_some_and(|class| class & classes != 0)
}

/// How many octets there are before the first that stops a run. `may_stop` is true at least where `stops` is, and so plain
/// that the compiler asks it of many octets at once.
#[inline]
pub(crate) fn run(octets: &[u8], may_stop: impl Fn(u8) -> bool, stops: impl Fn(u8) -> bool) -> usize {
    const AT_ONCE: usize = 32;
    let mut before = 0;
    let mut chunks = octets.chunks_exact(AT_ONCE);
    for chunk in &mut chunks {
        if chunk.iter().fold(false, |any, octet| any | may_stop(*octet))
            && let Some(at) = chunk.iter().position(|octet| stops(*octet))
        {
            return before + at;
        }
        before += AT_ONCE;
    }
    let rest = chunks.remainder();
    before + rest.iter().position(|octet| stops(*octet)).unwrap_or(rest.len())
}

/// Can this octet be in [`TEXT`], [`VALUE`] or [`RAW`] at all?
#[inline]
pub(super) fn may_stop(octet: u8) -> bool {
    (octet < b' ')
        | (octet == 0xEF)
        | (octet == b'<')
        | (octet == b'&')
        | (octet == b']')
        | (octet == b'"')
        | (octet == b'\'')
        | (octet == b'-')
        | (octet == b'?')
}

/// `Char` of XML 1.0.
pub(super) fn is_allowed(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// `NameStartChar` of XML 1.0 without the colon.
pub(crate) fn starts_name(character: char) -> bool {
    matches!(character,
        'A'..='Z' | '_' | 'a'..='z' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
        | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}'
        | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}'
        | '\u{10000}'..='\u{EFFFF}')
}

/// `NameChar` of XML 1.0 without the colon.
pub(crate) fn continues_name(character: char) -> bool {
    starts_name(character)
        || matches!(character, '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

/// Is this an absolute URI of RFC 3986, of the plain kind that namespaces have: without user information, without a
/// literal address in brackets, and without an ampersand? libxml2 writes that one unescaped in canonical forms, so that the
/// signature of such a document would mean different octets to different verifiers.
pub(super) fn is_absolute_uri(uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once(':') else { return false };
    let mut letters = scheme.bytes();
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = match path.strip_prefix("//") {
        Some(rest) => rest.split_at_checked(rest.find('/').unwrap_or(rest.len())).unwrap_or_default(),
        None => ("", path),
    };
    let (host, port) = authority.split_once(':').unwrap_or((authority, "0"));
    letters.next().is_some_and(|first| first.is_ascii_alphabetic())
        && letters.all(|octet| octet.is_ascii_alphanumeric() || b"+-.".contains(&octet))
        && consists_of(host, b"")
        && (1..=5).contains(&port.len())
        && port.bytes().all(|digit| digit.is_ascii_digit())
        && consists_of(path, b":@/")
        && consists_of(query, b":@/?")
        && consists_of(fragment, b":@/?")
}

/// Unreserved characters, escapes, delimiters that have no meaning in a URI as such, and those that are named.
fn consists_of(part: &str, besides: &[u8]) -> bool {
    let mut octets = part.bytes();
    while let Some(octet) = octets.next() {
        let is_allowed = match octet {
            b'%' => {
                octets.next().is_some_and(|digit| digit.is_ascii_hexdigit())
                    && octets.next().is_some_and(|digit| digit.is_ascii_hexdigit())
            }
            _ => octet.is_ascii_alphanumeric() || b"-._~!$'()*+,;=".contains(&octet) || besides.contains(&octet),
        };
        if !is_allowed {
            return false;
        }
    }
    true
}
