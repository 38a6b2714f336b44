//! An address: city, street, house and, in a house of flats, the flat, with commas between.

use mohur_contract::RegistryError;
use mohur_soap::write::is_text;

/// Most characters of one part (`Text` in the schema).
const MOST: usize = 200;

/// The parts of LADM's ExtAddress, as they were written but for the blanks.
#[derive(Clone)]
pub(crate) struct Address {
    parts: Vec<String>,
}

impl Address {
    /// The elements of the parts, in the schema's order. The last one may be missing.
    pub(crate) const ELEMENTS: [&str; 4] = ["city", "streetName", "buildingNumber", "unitNumber"];

    /// Reads `Bakı, Nizami küçəsi, 14, 7`.
    pub(crate) fn parse(text: &str) -> Result<Self, RegistryError> {
        let parts: Vec<String> = text.split(',').map(|part| joined(part.split_whitespace())).collect();
        Self::of(parts).ok_or(RegistryError::Unsupported(
            "an address is city, street, house and, in a house of flats, the flat, with commas between",
        ))
    }

    /// Three parts, or four.
    pub(crate) fn of(parts: Vec<String>) -> Option<Self> {
        let fits = |part: &String| (1..=MOST).contains(&part.chars().count()) && is_text(part);
        ((3..=Self::ELEMENTS.len()).contains(&parts.len()) && parts.iter().all(fits)).then_some(Self { parts })
    }

    /// Each element's name with its text.
    pub(crate) fn elements(&self) -> impl Iterator<Item = (&'static str, &str)> {
        Self::ELEMENTS.into_iter().zip(self.parts.iter().map(String::as_str))
    }

    /// Whether the two are the same: capitals and blanks do not count, everything else does.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        let plain = |address: &Self| address.parts.iter().map(|part| lower(part)).collect::<Vec<_>>();
        plain(self) == plain(other)
    }
}

/// Small letters of the Azerbaijani alphabet, where `I` is the capital of `ı` and `İ` of `i`.
fn lower(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in joined(text.split_whitespace()).chars() {
        match letter {
            'I' => out.push('ı'),
            'İ' => out.push('i'),
            letter => out.extend(letter.to_lowercase()),
        }
    }
    out
}

fn joined<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(one: &str, other: &str) -> bool {
        Address::parse(one).unwrap().is_same_as(&Address::parse(other).unwrap())
    }

    #[test]
    fn capitals_and_blanks_do_not_count() {
        assert!(same("Bakı, Nizami küçəsi, 14, 7", " BAKI ,NİZAMİ  KÜÇƏSİ,14 , 7"));
        assert!(same("Şəki, İstiqlaliyyət küçəsi, 3A", "şəki,istiqlaliyyət küçəsi,3a"));
    }

    #[test]
    fn everything_else_counts() {
        for other in [
            "Bakı, Nizami küç., 14, 7",
            "Bakı, Nizami küçəsi, 14, 70",
            "Bakı, Nizami küçəsi, 147",
            "Baki, Nizami küçəsi, 14, 7",
            "Bakı, Nizami kuçəsi, 14, 7",
        ] {
            assert!(!same("Bakı, Nizami küçəsi, 14, 7", other), "{other}");
        }
    }

    #[test]
    fn what_is_not_three_or_four_parts_is_refused() {
        let long = format!("Bakı, {}, 1", "a".repeat(201));
        for wrong in ["", "Bakı", "Bakı, Nizami 14", "a, b, c, d, e", "Bakı, , 14", ",,", "a, b, \u{1}", &long] {
            assert!(matches!(Address::parse(wrong), Err(RegistryError::Unsupported(_))), "{wrong:?}");
        }
    }
}
