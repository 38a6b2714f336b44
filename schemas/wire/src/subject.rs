//! Who or what a query is about: a key, always tagged with its kind.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Fin, ParseError, text_form};

mod kind;

pub use kind::{KeyPart, SubjectKind};

/// The key of a query. In JSON an object with one member: `{"fin": "5ABCDE1"}`. `Debug` shows the kind only.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum SubjectKey {
    /// A citizen's personal number.
    Fin(Fin),
    /// The number of a foreigner's residence permit.
    Pin(Pin),
    /// A document.
    Document(DocumentKey),
    /// A vehicle's registration plate.
    Plate(Plate),
    /// A vehicle identification number (ISO 3779).
    Vin(Vin),
    /// A receipt for a paid fee.
    Receipt(ReceiptNumber),
    /// A thing by its serial number or code: a secure blank, a seal, a badge, a district in a census.
    Serial(SerialNumber),
    /// A reference to a biometric sample that travels beside the query.
    Biometric(SampleReference),
    /// A person of whom only the name and the date of birth are known.
    NameAndBirthDate(NameAndBirthDate),
    /// The digest of the enclosed message, where nobody has named whom the message is about. Whoever reads the message
    /// compares the digest.
    Message(MessageDigest),
}

/// Issuing state (ICAO 9303 three-letter code), type and number of a document.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DocumentKey {
    /// The state that issued it, e.g. `AZE`.
    pub issuing_state: StateCode,
    /// The document code of ICAO 9303, e.g. `P` or `I`.
    #[serde(rename = "type")]
    pub kind: DocumentType,
    /// Its number.
    pub number: DocumentNumber,
}

/// A name and a date of birth.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NameAndBirthDate {
    /// Family name and given names, as written nationally.
    pub name: PersonName,
    /// `YYYY-MM-DD`.
    pub birth_date: BirthDate,
}

impl SubjectKey {
    /// The kind of key, as the tag in JSON.
    pub const fn kind(&self) -> &'static str {
        SubjectKind::of(self).as_str()
    }

    /// The personal number, if that is the key.
    pub const fn as_fin(&self) -> Option<Fin> {
        match self {
            Self::Fin(fin) => Some(*fin),
            Self::Pin(_)
            | Self::Document(_)
            | Self::Plate(_)
            | Self::Vin(_)
            | Self::Receipt(_)
            | Self::Serial(_)
            | Self::Biometric(_)
            | Self::NameAndBirthDate(_)
            | Self::Message(_) => None,
        }
    }
}

impl fmt::Debug for SubjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(…)", self.kind())
    }
}

macro_rules! key_text {
    ($(#[$doc:meta])* $name:ident, $what:literal, $expected:literal, $accepts:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = ParseError;

            fn from_str(text: &str) -> Result<Self, ParseError> {
                let accepts: fn(&str) -> bool = $accepts;
                if accepts(text) { Ok(Self(text.to_owned())) } else { Err(ParseError::new($what, $expected)) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }

        text_form!($name);
    };
}

fn upper_alphanumeric(text: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

fn is_vin(text: &str) -> bool {
    upper_alphanumeric(text, 17, 17) && !text.contains(['I', 'O', 'Q'])
}

fn is_token(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

fn is_name(text: &str) -> bool {
    (1..=200).contains(&text.len())
        && text.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '-' | '\'' | '’' | '.'))
}

/// 43 characters of base64url whose last one has no bits to spare: exactly the texts of 32 bytes.
fn is_digest(text: &str) -> bool {
    let last = text.bytes().next_back();
    text.len() == 43
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        && last.is_some_and(|b| b"AEIMQUYcgkosw048".contains(&b))
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}

key_text!(
    /// A residence-permit number: 5 or 6 upper-case letters and digits.
    Pin, "residence-permit number", "5 or 6 upper-case letters and digits", |text| upper_alphanumeric(text, 5, 6)
);
key_text!(
    /// A registration plate without blanks, e.g. `10AA001`.
    Plate, "plate", "4-10 upper-case letters and digits", |text| upper_alphanumeric(text, 4, 10)
);
key_text!(
    /// A vehicle identification number: 17 characters without I, O and Q.
    Vin, "VIN", "17 upper-case letters and digits without I, O and Q", is_vin
);
key_text!(
    /// A receipt's number as the bank prints it (ISO 20022 EndToEndId: at most 35 characters).
    ReceiptNumber, "receipt", "1-35 letters, digits, - _ .", |text| text.len() <= 35 && is_token(text)
);
key_text!(
    /// The serial number or code of a thing that is neither a person nor a document nor a vehicle.
    SerialNumber, "serial number", "1-64 letters, digits, - _ .", is_token
);
key_text!(
    /// The name of a sample that travels beside the query.
    SampleReference, "sample reference", "1-64 letters, digits, - _ .", is_token
);
key_text!(
    /// The issuing state: one to three upper-case letters (ICAO 9303 part 3, section 5; Germany is `D`).
    StateCode, "issuing state", "1-3 upper-case letters", |text| {
        (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase())
    }
);
key_text!(
    /// The document code: one or two upper-case letters (ICAO 9303).
    DocumentType, "document type", "1-2 upper-case letters", |text| {
        (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase())
    }
);
key_text!(
    /// A document's number: 1 to 20 upper-case letters and digits.
    DocumentNumber, "document number", "1-20 upper-case letters and digits", |text| upper_alphanumeric(text, 1, 20)
);
key_text!(
    /// A person's name: letters of any script, blanks, hyphens, apostrophes.
    PersonName, "name", "1-200 bytes of letters, blanks, - ' .", is_name
);
key_text!(
    /// A date of birth, `YYYY-MM-DD`.
    BirthDate, "birth date", "YYYY-MM-DD", is_date
);
key_text!(
    /// The SHA-256 of an enclosed message: 43 characters of base64url without padding.
    MessageDigest, "message digest", "SHA-256 as 43 base64url characters without padding", is_digest
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_tagged() {
        let key: SubjectKey = serde_json::from_str(r#"{"fin":"5abcde1"}"#).unwrap();
        assert_eq!(key.as_fin().unwrap().as_str(), "5ABCDE1");
        assert_eq!(serde_json::to_string(&key).unwrap(), r#"{"fin":"5ABCDE1"}"#);
        for wrong in
            [r#""5ABCDE1""#, r#"{"fin":"5ABCDE1","pin":"AB123"}"#, r#"{"FIN":"5ABCDE1"}"#, r#"{"vin":"I"}"#, "{}"]
        {
            assert!(serde_json::from_str::<SubjectKey>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_digest_has_one_text() {
        assert!("47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU".parse::<MessageDigest>().is_ok());
        for wrong in ["47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFV", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU", ""]
        {
            assert!(wrong.parse::<MessageDigest>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_birth_date_is_a_real_day() {
        assert!("1990-02-28".parse::<BirthDate>().is_ok());
        assert!("1990-02-30".parse::<BirthDate>().is_err());
        assert!("1990-2-3".parse::<BirthDate>().is_err());
    }
}
