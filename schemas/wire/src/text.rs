//! Short bounded texts: message ids, purposes, case references, officials.

use std::fmt;
use std::str::FromStr;

use crate::{ParseError, text_form};

macro_rules! bounded_text {
    ($(#[$doc:meta])* $name:ident, $what:literal, $max:literal, $expected:literal, $accepts:expr, secret: $secret:literal) => {
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
                let accepts: fn(char) -> bool = $accepts;
                if text.is_empty() || text.len() > $max || !text.chars().all(accepts) {
                    return Err(ParseError::new($what, $expected));
                }
                Ok(Self(text.to_owned()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(if $secret { concat!(stringify!($name), "(…)") } else { &self.0 })
            }
        }

        text_form!($name);
    };
}

fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':')
}

fn is_printable(c: char) -> bool {
    // U+FFFE and U+FFFF are no characters, and XML could not carry them.
    !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

bounded_text!(
    /// A message's id, chosen by its sender and unique to it: at most 100 letters, digits, `-`, `_`, `.`, `:`.
    MessageId, "id", 100, "1-100 letters, digits, - _ . :", is_token, secret: false
);
bounded_text!(
    /// The name of a purpose in the owner's `purposes.toml`, e.g. `issue-id-document`.
    Purpose, "purpose", 100, "1-100 letters, digits, - _ . :", is_token, secret: false
);
bounded_text!(
    /// The case that the query belongs to, at most 200 bytes of printable text. Never logged in clear.
    CaseReference, "case", 200, "1-200 bytes of printable text", is_printable, secret: true
);
bounded_text!(
    /// The official or the terminal that acts, as the caller names it, at most 200 bytes. Never logged in clear.
    Official, "official", 200, "1-200 bytes of printable text", is_printable, secret: true
);
