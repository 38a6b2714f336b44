//! The name field: `PRIMARY<IDENTIFIER<<SECONDARY<IDENTIFIER`.

use std::fmt;

use super::MrzError;
use super::field::trimmed;

/// A name in the letters A–Z, its words separated by blanks. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct MrzName {
    primary: String,
    secondary: String,
}

const WHAT: &str = "name";

impl MrzName {
    /// Family name and given names, transliterated by [`crate::names::to_mrz`]. Refuses a name without letters.
    pub fn new(primary: &str, secondary: &str) -> Result<Self, MrzError> {
        let primary = crate::names::to_mrz(primary).ok_or(MrzError::Field(WHAT))?;
        let secondary = if secondary.is_empty() { Some(String::new()) } else { crate::names::to_mrz(secondary) };
        Ok(Self { primary, secondary: secondary.ok_or(MrzError::Field(WHAT))? })
    }

    /// The primary identifier: the family name.
    pub fn primary(&self) -> &str {
        &self.primary
    }

    /// The secondary identifier: given names, empty if there are none.
    pub fn secondary(&self) -> &str {
        &self.secondary
    }

    pub(super) fn read(text: &str) -> Result<Self, MrzError> {
        let text = trimmed(text);
        let (primary, secondary) = text.split_once("<<").unwrap_or((text, ""));
        let is_part =
            |part: &str| part.split('<').all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_uppercase()));
        if !is_part(primary) || !(secondary.is_empty() || is_part(secondary)) {
            return Err(MrzError::Field(WHAT));
        }
        Ok(Self { primary: primary.replace('<', " "), secondary: secondary.replace('<', " ") })
    }

    /// Whether it fills a field of that width: then it may be cut, and nobody can tell.
    pub(super) fn fills(&self, width: usize) -> bool {
        self.written().len() >= width
    }

    fn written(&self) -> String {
        let separator = if self.secondary.is_empty() { "" } else { "<<" };
        format!("{}{separator}{}", self.primary, self.secondary).replace(' ', "<")
    }

    /// The field, cut at its width (part 3, section 4.6: what is cut is missing, not abbreviated).
    pub(super) fn write(&self, width: usize) -> String {
        let whole = self.written();
        let cut = whole.get(..width).unwrap_or(&whole);
        format!("{cut:<<width$}")
    }
}

impl fmt::Debug for MrzName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MrzName(…)")
    }
}
