//! Masks: how much of a field's value is released.

use std::fmt;
use std::str::FromStr;

/// What is left of a value. Applied by `mohur-release`; a value that a mask does not fit is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mask {
    /// `1990-05-06` → `1990`.
    Year,
    /// `Əliyev Vüqar` → `Ə. V.`
    Initials,
    /// `AZE1234567` → `••••••4567`; a text shorter than eight characters is covered whole.
    Last4,
    /// Whether there is something: a flag stays, a number is compared with 0, a text with the empty one.
    YesNo,
}

impl Mask {
    /// Every mask there is.
    pub const ALL: [Self; 4] = [Self::Year, Self::Initials, Self::Last4, Self::YesNo];

    /// The name in policy files and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Year => "year",
            Self::Initials => "initials",
            Self::Last4 => "last4",
            Self::YesNo => "yes-no",
        }
    }

    /// The mask that shows no more than either. Two different masks have nothing in common but `yes-no`.
    #[must_use]
    pub fn strictest(self, other: Self) -> Self {
        if self == other { self } else { Self::YesNo }
    }

    /// The same for fields that may be unmasked.
    #[must_use]
    pub fn strictest_of(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        match (one, other) {
            (Some(one), Some(other)) => Some(one.strictest(other)),
            (mask, None) | (None, mask) => mask,
        }
    }
}

impl FromStr for Mask {
    type Err = UnknownMask;

    fn from_str(text: &str) -> Result<Self, UnknownMask> {
        Self::ALL.into_iter().find(|mask| mask.as_str() == text).ok_or(UnknownMask)
    }
}

/// A text that names no mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no such mask; write year, initials, last4 or yes-no")]
pub struct UnknownMask;

impl fmt::Display for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl serde::Serialize for Mask {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for Mask {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <std::borrow::Cow<'de, str>>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strictest_mask_does_not_depend_on_the_order() {
        let every = || Mask::ALL.into_iter().map(Some).chain([None]);
        for a in every() {
            assert_eq!(Mask::strictest_of(a, a), a);
            for b in every() {
                assert_eq!(Mask::strictest_of(a, b), Mask::strictest_of(b, a));
                for c in every() {
                    let left = Mask::strictest_of(Mask::strictest_of(a, b), c);
                    assert_eq!(left, Mask::strictest_of(a, Mask::strictest_of(b, c)));
                }
            }
        }
        assert_eq!(Mask::strictest_of(Some(Mask::Year), None), Some(Mask::Year));
        assert_eq!("last4".parse(), Ok(Mask::Last4));
        assert_eq!("Last4".parse::<Mask>(), Err(UnknownMask));
    }
}
