//! Characters, fields and check digits (ICAO Doc 9303 part 3, section 4.9).

use super::MrzError;

/// The filler.
pub(super) const FILLER: u8 = b'<';

pub(super) const fn is_mrz_byte(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == FILLER
}

/// The check digit over some fields taken together: weights 7, 3, 1; 0–9 count as themselves, A–Z as 10–35, `<` as 0.
pub(super) fn check_digit<'a>(fields: impl IntoIterator<Item = &'a str>) -> char {
    let value = |byte: u8| match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        b'A'..=b'Z' => u32::from(byte - b'A') + 10,
        _ => 0,
    };
    let bytes = fields.into_iter().flat_map(str::bytes);
    let sum: u32 = bytes.zip([7, 3, 1].into_iter().cycle()).map(|(byte, weight)| value(byte) * weight).sum();
    char::from_digit(sum % 10, 10).unwrap_or('0')
}

/// Whether `digit` is the check digit of `text`.
pub(super) fn holds(text: &str, digit: &str, what: &'static str) -> Result<(), MrzError> {
    if digit.chars().eq([check_digit([text])]) { Ok(()) } else { Err(MrzError::CheckDigit(what)) }
}

/// The text without its trailing fillers.
pub(super) fn trimmed(text: &str) -> &str {
    text.trim_end_matches('<')
}

/// The text with fillers up to a width; `None` if it is longer.
pub(super) fn padded(text: &str, width: usize) -> Option<String> {
    (text.len() <= width).then(|| format!("{text:<<width$}"))
}
