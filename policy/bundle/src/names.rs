//! Words of the policy files that stand for values of the wire.

use std::str::FromStr;

use mohur_wire::{Operation, Timestamp, Verb, Verdict};

/// A text that names nothing known.
#[derive(Debug, thiserror::Error)]
#[error("write {0}")]
pub(crate) struct Unknown(&'static str);

macro_rules! word {
    ($(#[$doc:meta])* $name:ident, $of:ty, $expected:literal, [$($text:literal => $value:expr),* $(,)?]) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub(crate) struct $name(pub(crate) $of);

        impl FromStr for $name {
            type Err = Unknown;

            fn from_str(text: &str) -> Result<Self, Unknown> {
                match text {
                    $($text => Ok(Self($value)),)*
                    _ => Err(Unknown($expected)),
                }
            }
        }
    };
}

word!(
    /// A verb.
    VerbName, Verb, "read, match, verify or change",
    ["read" => Verb::Read, "match" => Verb::Match, "verify" => Verb::Verify, "change" => Verb::Change]
);
word!(
    /// An operation of a change.
    OperationName, Operation, "reserve, consume or release",
    ["reserve" => Operation::Reserve, "consume" => Operation::Consume, "release" => Operation::Release]
);
word!(
    /// A verdict of a leg.
    VerdictName, Verdict, "match, mismatch, value, hit, clear, unknown, unavailable or not-in-profile",
    [
        "match" => Verdict::Match, "mismatch" => Verdict::Mismatch, "value" => Verdict::Value, "hit" => Verdict::Hit,
        "clear" => Verdict::Clear, "unknown" => Verdict::Unknown, "unavailable" => Verdict::Unavailable,
        "not-in-profile" => Verdict::NotInProfile,
    ]
);

/// A day, as the moment at which it begins (UTC).
#[derive(Clone, Copy)]
pub(crate) struct Day(pub(crate) Timestamp);

impl FromStr for Day {
    type Err = Unknown;

    fn from_str(text: &str) -> Result<Self, Unknown> {
        const EXPECTED: Unknown = Unknown("a date, e.g. \"2027-01-31\"");
        format!("{text}T00:00:00Z").parse().map(Self).map_err(|_| EXPECTED)
    }
}

/// A text that is not empty.
pub(crate) struct Words(pub(crate) String);

impl FromStr for Words {
    type Err = Unknown;

    fn from_str(text: &str) -> Result<Self, Unknown> {
        if text.trim().is_empty() { Err(Unknown("something")) } else { Ok(Self(text.to_owned())) }
    }
}

/// The name of a field group: lower-case letters, digits and `-`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct GroupName(pub(crate) String);

impl FromStr for GroupName {
    type Err = Unknown;

    fn from_str(text: &str) -> Result<Self, Unknown> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if text.starts_with(|c: char| c.is_ascii_lowercase()) && text.bytes().all(fits) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Unknown("lower-case letters, digits and -, e.g. \"blood-group\""))
        }
    }
}
