//! Reading and writing DER: elements, one after another. `der` reads the headers and refuses what is not DER.

use der::{Reader, SliceReader};
use mohur_wire::Timestamp;

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const NULL: u8 = 0x05;
pub(crate) const OID: u8 = 0x06;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const UTF8_STRING: u8 = 0x0c;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// `[number]`, primitive.
pub(crate) const fn context(number: u8) -> u8 {
    0x80 | number
}

/// `[number]`, constructed.
pub(crate) const fn context_constructed(number: u8) -> u8 {
    0xa0 | number
}

/// The octets are not what was expected there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the DER that was expected")]
pub(crate) struct Unreadable;

impl From<der::Error> for Unreadable {
    fn from(_: der::Error) -> Self {
        Self
    }
}

/// One element.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    /// With its header.
    pub(crate) raw: &'a [u8],
}

impl<'a> Element<'a> {
    /// The elements inside of it.
    pub(crate) fn inside(&self) -> Result<Elements<'a>, Unreadable> {
        Elements::new(self.content)
    }

    /// The one element inside of an explicit tag.
    pub(crate) fn only(&self) -> Result<Self, Unreadable> {
        let mut inside = self.inside()?;
        let one = inside.next()?;
        inside.end()?;
        Ok(one)
    }

    /// Its content, when it has that tag.
    pub(crate) fn expect(&self, tag: u8) -> Result<&'a [u8], Unreadable> {
        if self.tag == tag { Ok(self.content) } else { Err(Unreadable) }
    }

    pub(crate) fn time(&self) -> Result<Timestamp, Unreadable> {
        parse_time(self.expect(GENERALIZED_TIME)?)
    }
}

/// The value of the content octets of an INTEGER or ENUMERATED.
pub(crate) fn number(content: &[u8]) -> Result<u64, Unreadable> {
    integer(content)?;
    let significant: Vec<u8> = content.iter().copied().skip_while(|octet| *octet == 0).collect();
    if content.first().is_some_and(|first| first & 0x80 != 0) || significant.len() > 8 {
        return Err(Unreadable);
    }
    Ok(significant.iter().fold(0, |value, octet| (value << 8) | u64::from(*octet)))
}

/// The content octets of an INTEGER, when they are as few as DER wants them.
pub(crate) fn integer(content: &[u8]) -> Result<&[u8], Unreadable> {
    match content {
        [] | [0x00, 0x00..=0x7f, ..] | [0xff, 0x80..=0xff, ..] => Err(Unreadable),
        _ => Ok(content),
    }
}

/// Elements, one after another.
#[derive(Clone)]
pub(crate) struct Elements<'a> {
    octets: &'a [u8],
}

impl<'a> Elements<'a> {
    pub(crate) fn new(octets: &'a [u8]) -> Result<Self, Unreadable> {
        // Bounds the length once, so that reading cannot fail for it.
        SliceReader::new(octets).map_err(|_| Unreadable)?;
        Ok(Self { octets })
    }

    /// The only element of `octets`, of that tag.
    pub(crate) fn one(octets: &'a [u8], tag: u8) -> Result<Element<'a>, Unreadable> {
        let mut all = Self::new(octets)?;
        let one = all.next()?;
        all.end()?;
        one.expect(tag)?;
        Ok(one)
    }

    pub(crate) fn next(&mut self) -> Result<Element<'a>, Unreadable> {
        let mut reader = SliceReader::new(self.octets)?;
        let raw = reader.tlv_bytes()?;
        let inner = SliceReader::new(raw)?;
        let header = inner.peek_header()?;
        let length = usize::try_from(header.length)?;
        let content = raw.get(raw.len().checked_sub(length).ok_or(Unreadable)?..).ok_or(Unreadable)?;
        self.octets = self.octets.get(raw.len()..).ok_or(Unreadable)?;
        Ok(Element { tag: header.tag.octet(), content, raw })
    }

    /// The content of the next element, of that tag.
    pub(crate) fn expect(&mut self, tag: u8) -> Result<&'a [u8], Unreadable> {
        self.next()?.expect(tag)
    }

    /// The next element, when it has that tag.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>, Unreadable> {
        let mut ahead = self.clone();
        if self.octets.is_empty() {
            return Ok(None);
        }
        let next = ahead.next()?;
        if next.tag != tag {
            return Ok(None);
        }
        *self = ahead;
        Ok(Some(next))
    }

    /// A BOOLEAN that is false when it is absent: DER writes TRUE only.
    pub(crate) fn flag(&mut self) -> Result<bool, Unreadable> {
        match self.optional(BOOLEAN)? {
            None => Ok(false),
            Some(element) if element.content == [0xff] => Ok(true),
            Some(_) => Err(Unreadable),
        }
    }

    /// All of the rest.
    pub(crate) fn rest(mut self) -> Result<Vec<Element<'a>>, Unreadable> {
        let mut out = Vec::new();
        while !self.octets.is_empty() {
            out.push(self.next()?);
        }
        Ok(out)
    }

    /// There must be nothing left.
    pub(crate) const fn end(&self) -> Result<(), Unreadable> {
        if self.octets.is_empty() { Ok(()) } else { Err(Unreadable) }
    }
}

/// One element, with its header.
pub(crate) fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = Vec::with_capacity(length + 6);
    out.push(tag);
    let octets = length.to_be_bytes();
    let significant: Vec<u8> = octets.iter().copied().skip_while(|octet| *octet == 0).collect();
    if length < 0x80 {
        out.push(significant.first().copied().unwrap_or_default());
    } else {
        // At most eight octets: a usize.
        out.push(0x80 | u8::try_from(significant.len()).unwrap_or_default());
        out.extend(significant);
    }
    parts.iter().for_each(|part| out.extend_from_slice(part));
    out
}

/// An INTEGER that is not negative.
pub(crate) fn unsigned(value: u64) -> Vec<u8> {
    tlv(INTEGER, &[&unsigned_content(value)])
}

/// The content octets of an INTEGER that is not negative.
pub(crate) fn unsigned_content(value: u64) -> Vec<u8> {
    let mut out: Vec<u8> = value.to_be_bytes().into_iter().skip_while(|octet| *octet == 0).collect();
    if out.first().is_none_or(|first| first & 0x80 != 0) {
        out.insert(0, 0);
    }
    out
}

/// A GeneralizedTime of whole seconds (RFC 5280 §4.1.2.5.2).
pub(crate) fn time(at: Timestamp) -> Vec<u8> {
    let text: String = whole_second(at).to_string().chars().filter(|c| !matches!(c, '-' | ':' | 'T')).collect();
    tlv(GENERALIZED_TIME, &[text.as_bytes()])
}

/// Without its fraction.
pub(crate) fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// `YYYYMMDDhhmmss[.f]Z`; a fraction does not end in zero (RFC 3161 §2.4.2).
fn parse_time(content: &[u8]) -> Result<Timestamp, Unreadable> {
    let text = std::str::from_utf8(content).map_err(|_| Unreadable)?;
    let body = text.strip_suffix('Z').ok_or(Unreadable)?;
    let (whole, fraction) = body.split_once('.').map_or((body, None), |(whole, fraction)| (whole, Some(fraction)));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let good = fraction.is_none_or(|fraction| digits(fraction) && fraction.len() <= 9 && !fraction.ends_with('0'));
    if whole.len() != 14 || !digits(whole) || !good {
        return Err(Unreadable);
    }
    let part = |range| whole.get(range).unwrap_or_default();
    let (date, clock) = ((part(0..4), part(4..6), part(6..8)), (part(8..10), part(10..12), part(12..14)));
    let fraction = fraction.map(|fraction| format!(".{fraction}")).unwrap_or_default();
    format!("{}-{}-{}T{}:{}:{}{fraction}Z", date.0, date.1, date.2, clock.0, clock.1, clock.2)
        .parse()
        .map_err(|_| Unreadable)
}

impl From<std::num::TryFromIntError> for Unreadable {
    fn from(_: std::num::TryFromIntError) -> Self {
        Self
    }
}

/// An object identifier in dots, for people.
pub(crate) fn dotted(oid: &[u8]) -> String {
    let mut arcs: Vec<u128> = Vec::new();
    let mut value: u128 = 0;
    for octet in oid {
        value = (value << 7) | u128::from(octet & 0x7f);
        if octet & 0x80 == 0 {
            if arcs.is_empty() {
                let first = (value / 40).min(2);
                arcs.push(first);
                value -= first * 40;
            }
            arcs.push(value);
            value = 0;
        }
    }
    arcs.iter().map(u128::to_string).collect::<Vec<_>>().join(".")
}

/// The content octets of an object identifier written in dots.
pub(crate) fn undotted(text: &str) -> Option<Vec<u8>> {
    let arcs = text.split('.').map(|arc| arc.parse::<u128>().ok()).collect::<Option<Vec<_>>>()?;
    let [first @ 0..=2, second, rest @ ..] = arcs.as_slice() else { return None };
    if *first < 2 && *second >= 40 {
        return None;
    }
    let joined = first.checked_mul(40)?.checked_add(*second)?;
    let mut out = Vec::new();
    for arc in std::iter::once(&joined).chain(rest) {
        let groups = (128 - arc.leading_zeros()).div_ceil(7).max(1);
        for group in (0..groups).rev() {
            let bits = u8::try_from((arc >> (group * 7)) & 0x7f).unwrap_or_default();
            out.push(if group == 0 { bits } else { bits | 0x80 });
        }
    }
    (out.len() <= 64).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_written_and_read_in_dots() {
        for text in
            ["2.25.168881632066891434156959818910932949201.1", "1.2.840.113549.1.7.2", "0.4.0.2023.1.1", "2.999"]
        {
            assert_eq!(dotted(&undotted(text).unwrap()), text);
        }
        assert_eq!(undotted("1.2.840.113549.1.7.2").unwrap(), [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02]);
        for wrong in ["", "1", "3.1", "1.40", "1..2", "1.2.x"] {
            assert_eq!(undotted(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn times_have_one_spelling() {
        let at: Timestamp = "2026-11-28T19:00:05Z".parse().unwrap();
        assert_eq!(time(at), [&[0x18, 15][..], b"20261128190005Z"].concat());
        assert_eq!(parse_time(b"20261128190005Z"), Ok(at));
        assert_eq!(parse_time(b"20261128190005.25Z").unwrap().subsec_millisecond(), 250);
        for wrong in
            [&b"20261128190005"[..], b"202611281900Z", b"20261128190005.Z", b"20261128190005.50Z", b"20261328190005Z"]
        {
            assert_eq!(parse_time(wrong), Err(Unreadable));
        }
    }

    #[test]
    fn what_is_not_der_is_refused() {
        assert!(Elements::one(&[0x30, 0x81, 0x01, 0x00], SEQUENCE).is_err(), "a length longer than needed");
        assert!(Elements::one(&[0x30, 0x80, 0x00, 0x00], SEQUENCE).is_err(), "an indefinite length");
        assert!(Elements::one(&[0x30, 0x01], SEQUENCE).is_err());
        assert!(integer(&[0x00, 0x01]).is_err());
        let long = tlv(OCTET_STRING, &[&[7; 300]]);
        assert_eq!(Elements::one(&long, OCTET_STRING).unwrap().content, [7; 300]);
        assert_eq!(number(&unsigned_content(0x80)), Ok(0x80));
    }
}
