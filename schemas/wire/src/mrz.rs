//! Machine-readable zones (ICAO Doc 9303 parts 4, 5 and 6): TD1 cards, TD2 cards, TD3 passports.
//!
//! Read strictly: every check digit and the composite are verified, every date is a day that can be, and what is read is
//! written again as the same characters.

use std::fmt;
use std::str::FromStr;

use jiff::tz::{TimeZone, offset};

use crate::subject::{DocumentKey, DocumentNumber, DocumentType, NameAndBirthDate, StateCode};
use crate::{Fin, SubjectKey, Timestamp};

mod date;
mod field;
mod layout;
mod name;

pub use date::MrzDate;
pub use name::MrzName;

use layout::Layout;

/// Which of the three sizes a document has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Three lines of 30: the new identity card.
    Td1,
    /// Two lines of 36: the old identity card.
    Td2,
    /// Two lines of 44: the passport.
    Td3,
}

/// The sex as printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sex {
    /// `F`
    Female,
    /// `M`
    Male,
    /// `<`
    Unspecified,
}

/// A machine-readable zone whose check digits hold. `Debug` shows the format only.
#[derive(Clone, PartialEq, Eq)]
pub struct Mrz {
    /// The size.
    pub format: Format,
    /// The document code, e.g. `P`, `I`, `ID`.
    pub kind: DocumentType,
    /// Who issued it, e.g. `AZE`.
    pub issuing_state: StateCode,
    /// Its number.
    pub number: DocumentNumber,
    /// The holder's name in the letters A–Z.
    pub name: MrzName,
    /// The holder's nationality.
    pub nationality: StateCode,
    /// The holder's date of birth; parts of it may be unknown.
    pub birth_date: MrzDate,
    /// The holder's sex.
    pub sex: Sex,
    /// The last day of validity.
    pub expiry: MrzDate,
    /// What the issuer added (TD1: on line 1; TD3: the personal number), without trailing fillers.
    pub optional: String,
    /// What the issuer added on line 2 of a TD1, without trailing fillers.
    pub optional_2: String,
}

/// Why a text is not a machine-readable zone. Names the place, never what stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MrzError {
    /// Neither 3 × 30, 2 × 36 nor 2 × 44 characters.
    #[error("MRZ: 3 lines of 30, 2 of 36 or 2 of 44 characters")]
    Shape,
    /// A character that no MRZ has.
    #[error("MRZ: A-Z, 0-9 and < only")]
    Character,
    /// A field is not what the format says.
    #[error("MRZ: the {0} is not one")]
    Field(&'static str),
    /// A check digit does not hold: a character was read wrongly, or written by somebody else.
    #[error("MRZ: the check digit of the {0} does not hold")]
    CheckDigit(&'static str),
}

impl Mrz {
    /// Reads the lines, separated by line ends.
    pub fn parse(text: &str) -> Result<Self, MrzError> {
        let lines: Vec<&str> = text.lines().collect();
        let layout = Layout::of(&lines)?;
        if !lines.iter().all(|line| line.bytes().all(field::is_mrz_byte)) {
            return Err(MrzError::Character);
        }
        layout.read(&lines)
    }

    /// Writes the lines, with their check digits, separated by `\n`. A name that does not fit is cut at the end (part 3).
    /// Refuses what does not fit otherwise.
    pub fn to_lines(&self) -> Result<String, MrzError> {
        Layout::for_format(self.format).write(self)
    }

    /// The FIN of an Azerbaijani document: old card (TD2) line 2, 29–35; new card (TD1) line 1, 16–22; passport (TD3)
    /// line 2 from 29.
    pub fn fin(&self) -> Option<Fin> {
        if self.issuing_state.as_str() != "AZE" {
            return None;
        }
        self.optional.get(..7)?.parse().ok()
    }

    /// Everything that it can be asked by at a border: the document, and its holder's name and birth date if both are whole. A
    /// name that fills its field may be cut, and a list would not know the rest of it: then the official types it. The century of the birth date is the latest one up to `now`, by the day in Azerbaijan (UTC+4). No FIN: what is asked
    /// abroad names none.
    pub fn subjects(&self, now: Timestamp) -> Vec<SubjectKey> {
        let mut subjects = vec![self.subject()];
        if self.name.fills(Layout::for_format(self.format).name_width()) {
            return subjects;
        }
        let name = format!("{} {}", self.name.primary(), self.name.secondary());
        let birth_date = self.birth_date.on_or_before(now.to_zoned(TimeZone::fixed(offset(4))).date());
        if let (Ok(name), Some(Ok(birth_date))) = (name.trim().parse(), birth_date.map(|date| date.to_string().parse()))
        {
            subjects.push(SubjectKey::NameAndBirthDate(NameAndBirthDate { name, birth_date }));
        }
        subjects
    }

    /// The document as a query's subject.
    pub fn subject(&self) -> SubjectKey {
        SubjectKey::Document(DocumentKey {
            issuing_state: self.issuing_state.clone(),
            kind: self.kind.clone(),
            number: self.number.clone(),
        })
    }
}

impl FromStr for Mrz {
    type Err = MrzError;

    fn from_str(text: &str) -> Result<Self, MrzError> {
        Self::parse(text)
    }
}

impl fmt::Debug for Mrz {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mrz({:?}, …)", self.format)
    }
}

#[cfg(test)]
mod tests;
