//! Dwellings, and who holds which right in them.

use std::fmt;

use jiff::civil::Date;
use mohur_wire::Fin;

/// A dwelling that does not exist: LADM's LA_BAUnit with its LA_LegalSpaceBuildingUnit.
#[derive(Clone)]
pub struct Dwelling {
    /// The number of the unit that rights are registered in (LA_BAUnit `uID`).
    pub title: String,
    /// The number of the dwelling itself (LA_SpatialUnit `suID`).
    pub unit: String,
    /// Where it is.
    pub address: Address,
    /// Every right and restriction, those that ended too.
    pub holdings: Vec<Holding>,
}

/// An address, as the parts of LADM's ExtAddress. Written with commas: `Bakı, Nizami küçəsi, 14, 7`.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// City, town or village.
    pub city: String,
    /// The street with its kind, e.g. `Nizami küçəsi`.
    pub street: String,
    /// The house's number, e.g. `14` or `14A`.
    pub building: String,
    /// The flat's number; a house has none.
    pub flat: Option<String>,
}

/// A right or a restriction: LADM's LA_RRR.
#[derive(Clone)]
pub struct Holding {
    /// Its number (`rID`).
    pub id: String,
    /// The party.
    pub holder: Fin,
    /// Which one.
    pub kind: HoldingKind,
    /// The share in it: numerator and denominator.
    pub share: (u32, u32),
    /// Since when it stands.
    pub since: Date,
    /// When it ended, if it did: sold, left to heirs, paid back.
    pub until: Option<Date>,
}

/// Kinds of rights, and one restriction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldingKind {
    /// Ownership by one.
    Ownership,
    /// Ownership by several, each with a share.
    CommonOwnership,
    /// The right to live in what belongs to another.
    Usufruct,
    /// A lender's mortgage: a restriction on the owner, and no right to live there.
    Mortgage,
}

impl HoldingKind {
    /// The code in LA_RightType or LA_RestrictionType.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ownership => "ownership",
            Self::CommonOwnership => "commonOwnership",
            Self::Usufruct => "usufruct",
            Self::Mortgage => "mortgage",
        }
    }

    /// Whether it is a right; a mortgage is a restriction.
    pub const fn is_right(self) -> bool {
        match self {
            Self::Ownership | Self::CommonOwnership | Self::Usufruct => true,
            Self::Mortgage => false,
        }
    }
}

impl Dwelling {
    /// Whether that person holds a right in it that has not ended.
    pub fn is_held_by(&self, fin: Fin) -> bool {
        self.holdings.iter().any(|held| held.holder == fin && held.kind.is_right() && held.until.is_none())
    }
}

impl Address {
    /// The parts, from the city to the flat.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        [&self.city, &self.street, &self.building].into_iter().chain(&self.flat).map(String::as_str)
    }

    /// The form in which the register compares: capitals and blanks do not count.
    pub(crate) fn key(&self) -> String {
        self.parts().map(plain).collect::<Vec<_>>().join(",")
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.parts().collect::<Vec<_>>().join(", "))
    }
}

/// Small letters of the Azerbaijani alphabet, one blank between words.
fn plain(text: &str) -> String {
    let lower = |letter: char| match letter {
        'I' => "ı".to_owned(),
        'İ' => "i".to_owned(),
        letter => letter.to_lowercase().collect(),
    };
    let words: Vec<String> = text.split_whitespace().map(|word| word.chars().map(lower).collect()).collect();
    words.join(" ")
}
