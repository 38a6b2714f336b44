//! The personal number (FIN): seven characters, Latin A–Z without I and O, and digits. It has no check digit.

use std::fmt;
use std::str::FromStr;

use crate::{ParseError, text_form};

/// A personal number, upper case. `Debug` does not show it: a FIN never reaches a log.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fin([u8; 7]);

const EXPECTED: ParseError = ParseError::new("FIN", "7 characters, Latin A-Z without I and O, and digits");

impl Fin {
    /// The characters a FIN is made of, 34 of them.
    pub const ALPHABET: &'static [u8; 34] = b"ABCDEFGHJKLMNPQRSTUVWXYZ0123456789";

    /// The seven characters.
    pub fn as_str(&self) -> &str {
        // INVARIANT: every byte is from ALPHABET, which is ASCII, so this is never the empty fallback.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for Fin {
    type Err = ParseError;

    /// Lower-case Latin letters are raised; `İ` and `ı` are errors, never guesses.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut bytes: [u8; 7] = text.as_bytes().try_into().map_err(|_| EXPECTED)?;
        bytes.make_ascii_uppercase();
        if bytes.iter().all(|byte| Self::ALPHABET.contains(byte)) { Ok(Self(bytes)) } else { Err(EXPECTED) }
    }
}

impl fmt::Display for Fin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Fin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fin(…)")
    }
}

text_form!(Fin);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lower_case_is_raised_and_look_alikes_are_refused() {
        assert_eq!("5abcde1".parse::<Fin>().unwrap().as_str(), "5ABCDE1");
        for wrong in ["", "5ABCDE", "5ABCDE12", "5ABCDI1", "5ABCDO1", "5ABCDİ", "5ABCDı", "5ABC E1", "5ABCDE\n"] {
            assert!(wrong.parse::<Fin>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn debug_shows_nothing() {
        assert!(!format!("{:?}", "5ABCDE1".parse::<Fin>().unwrap()).contains("5ABCDE1"));
    }
}
