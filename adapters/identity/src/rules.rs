//! Links between identity files: Regulation (EU) 2019/817, Articles 30 to 33, as one table.
//!
//! What two files have in common is one of 27 cases ([`Facts`]). [`automatic`] says which link the case opens by itself, and
//! [`concluded`] what an adjudicator's conclusion makes of it; both name the point of the Regulation.
//!
//! Where the Articles overlap or are silent, it is decided here and nowhere else:
//!
//! - *Same biometrics, similar identity* is yellow by Article 30(1)(a) and white by Article 33(1)(a). It is white: a spelling is
//!   not a second person, and Article 33 is the more special rule. [`crate::similar`] says what similar is.
//! - *Same biometrics, two persons* is in no Article, because they take a biometric match to be right. It is green after
//!   Article 31, as a false match: twins, a sample taken under the wrong name.
//! - *Same biometrics, same identity, one person, unjustified*: Article 32(1)(a) speaks of similar or different identities. A
//!   person who holds two numbers under one name is the case that this service exists for: red by analogy.
//! - *Same document, no biometrics, same or similar identity, two persons* is green by analogy with Article 31(1)(c).
//! - *Same document, no biometrics, one person, justified* (a change of name) is white by analogy with Article 33(1)(d).
//! - *Without biometrics nobody is found to misuse a document*: Article 32(1)(b) wants different biometric data. Such a
//!   conclusion is refused until somebody gives a sample.

use serde::{Deserialize, Serialize};

/// What two files show of one trait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Biometric {
    /// A 1:N search found the one under the other.
    Same,
    /// Both have samples, and they are of two bodies.
    Different,
    /// At least one file has none.
    Missing,
}

/// How two identities compare: names, date of birth, sex.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Identity {
    /// The same under the national rules.
    Same,
    /// So alike that one may be the other, written otherwise.
    Similar,
    /// Neither.
    Different,
}

/// How two documents compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Document {
    /// One document stands in both files.
    Same,
    /// Each file has another.
    Different,
    /// At least one file has none.
    Missing,
}

/// What is known of two files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Facts {
    /// Faces, fingers, voices, DNA: whatever decided.
    pub biometric: Biometric,
    /// Names, date of birth, sex.
    pub identity: Identity,
    /// Travel and identity documents.
    pub document: Document,
}

/// The colour of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Colour {
    /// One person, justified.
    White,
    /// Two persons, confirmed.
    Green,
    /// Nobody has looked yet.
    Yellow,
    /// One person unjustified, or two of whom one misuses a document or an identity.
    Red,
}

/// What an adjudicator concludes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Conclusion {
    /// One person, and there is a reason: a change of name, a foreigner who became a citizen.
    OnePersonJustified,
    /// One person under two identities, without a reason.
    OnePersonUnjustified,
    /// Two persons, neither of whom did wrong.
    TwoPersons,
    /// Two persons, one of whom uses the other's document or identity.
    TwoPersonsUnjustified,
}

/// A colour with the point of the Regulation that it rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// The colour.
    pub colour: Colour,
    /// E.g. `33(1)(a)`.
    pub article: &'static str,
}

const fn ruling(colour: Colour, article: &'static str) -> Option<Ruling> {
    Some(Ruling { colour, article })
}

/// The link that opens by itself; `None` if the two have nothing to do with each other.
pub const fn automatic(facts: Facts) -> Option<Ruling> {
    use {Biometric as B, Document as D, Identity as I};
    match (facts.biometric, facts.identity, facts.document) {
        (B::Same, I::Similar, D::Same) => ruling(Colour::White, "33(1)(c)"),
        (B::Same, I::Same | I::Similar, _) => ruling(Colour::White, "33(1)(a)"),
        (B::Same, I::Different, _) => ruling(Colour::Yellow, "30(1)(a)"),
        (B::Missing, I::Same | I::Similar, D::Same) => ruling(Colour::White, "33(1)(b)"),
        (B::Missing, I::Different, D::Same) => ruling(Colour::Yellow, "30(1)(b)"),
        (B::Missing, _, D::Different | D::Missing) => None,
        (B::Different, I::Same, _) => ruling(Colour::Yellow, "30(1)(c)"),
        (B::Different, I::Similar | I::Different, D::Same) => ruling(Colour::Yellow, "30(1)(d)"),
        (B::Different, I::Similar | I::Different, D::Different | D::Missing) => None,
    }
}

/// What a conclusion makes of the link; `None` if the facts do not bear it.
pub const fn concluded(facts: Facts, conclusion: Conclusion) -> Option<Ruling> {
    use {Biometric as B, Conclusion as C, Document as D, Identity as I};
    if automatic(facts).is_none() {
        return None;
    }
    match (conclusion, facts.biometric, facts.identity, facts.document) {
        (C::OnePersonJustified, B::Same, I::Same, _) => ruling(Colour::White, "33(1)(a)"),
        (C::OnePersonJustified, B::Same, ..) => ruling(Colour::White, "33(1)(d)"),
        (C::OnePersonJustified, B::Missing, ..) => ruling(Colour::White, "33(1)(d), by analogy"),
        (C::OnePersonUnjustified, B::Same, I::Same, _) => ruling(Colour::Red, "32(1)(a), by analogy"),
        (C::OnePersonUnjustified, B::Same, ..) => ruling(Colour::Red, "32(1)(a)"),
        (C::OnePersonUnjustified, B::Missing, I::Different, D::Same) => ruling(Colour::Red, "32(1)(d)"),
        (C::OnePersonUnjustified, B::Missing, ..) => None,
        (C::TwoPersons, B::Same, ..) => ruling(Colour::Green, "31, a false match"),
        (C::TwoPersons, B::Missing, I::Different, _) => ruling(Colour::Green, "31(1)(c)"),
        (C::TwoPersons, B::Missing, ..) => ruling(Colour::Green, "31(1)(c), by analogy"),
        (C::TwoPersons, B::Different, I::Same, _) => ruling(Colour::Green, "31(1)(a)"),
        (C::TwoPersons, B::Different, ..) => ruling(Colour::Green, "31(1)(b)"),
        (C::TwoPersonsUnjustified, B::Different, _, D::Same) => ruling(Colour::Red, "32(1)(b)"),
        (C::TwoPersonsUnjustified, B::Different, I::Same, _) => ruling(Colour::Red, "32(1)(c)"),
        // Different bodies are not one person; without a second body nobody misused anything.
        (C::OnePersonJustified | C::OnePersonUnjustified, B::Different, ..) | (C::TwoPersonsUnjustified, ..) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use {Biometric as B, Colour as K, Conclusion as C, Document as D, Identity as I};

    /// Every case with its link and what the four conclusions make of it, in the order: one person justified, one
    /// unjustified, two persons, two and one of them wrongly.
    type Row = (B, I, D, Option<K>, [Option<K>; 4]);

    const WHITE: Option<K> = Some(K::White);
    const GREEN: Option<K> = Some(K::Green);
    const YELLOW: Option<K> = Some(K::Yellow);
    const RED: Option<K> = Some(K::Red);
    const NO: [Option<K>; 4] = [None; 4];

    const TABLE: [Row; 27] = [
        (B::Same, I::Same, D::Same, WHITE, [WHITE, RED, GREEN, None]),
        (B::Same, I::Same, D::Different, WHITE, [WHITE, RED, GREEN, None]),
        (B::Same, I::Same, D::Missing, WHITE, [WHITE, RED, GREEN, None]),
        (B::Same, I::Similar, D::Same, WHITE, [WHITE, RED, GREEN, None]),
        (B::Same, I::Similar, D::Different, WHITE, [WHITE, RED, GREEN, None]),
        (B::Same, I::Similar, D::Missing, WHITE, [WHITE, RED, GREEN, None]),
        (B::Same, I::Different, D::Same, YELLOW, [WHITE, RED, GREEN, None]),
        (B::Same, I::Different, D::Different, YELLOW, [WHITE, RED, GREEN, None]),
        (B::Same, I::Different, D::Missing, YELLOW, [WHITE, RED, GREEN, None]),
        (B::Missing, I::Same, D::Same, WHITE, [WHITE, None, GREEN, None]),
        (B::Missing, I::Same, D::Different, None, NO),
        (B::Missing, I::Same, D::Missing, None, NO),
        (B::Missing, I::Similar, D::Same, WHITE, [WHITE, None, GREEN, None]),
        (B::Missing, I::Similar, D::Different, None, NO),
        (B::Missing, I::Similar, D::Missing, None, NO),
        (B::Missing, I::Different, D::Same, YELLOW, [WHITE, RED, GREEN, None]),
        (B::Missing, I::Different, D::Different, None, NO),
        (B::Missing, I::Different, D::Missing, None, NO),
        (B::Different, I::Same, D::Same, YELLOW, [None, None, GREEN, RED]),
        (B::Different, I::Same, D::Different, YELLOW, [None, None, GREEN, RED]),
        (B::Different, I::Same, D::Missing, YELLOW, [None, None, GREEN, RED]),
        (B::Different, I::Similar, D::Same, YELLOW, [None, None, GREEN, RED]),
        (B::Different, I::Similar, D::Different, None, NO),
        (B::Different, I::Similar, D::Missing, None, NO),
        (B::Different, I::Different, D::Same, YELLOW, [None, None, GREEN, RED]),
        (B::Different, I::Different, D::Different, None, NO),
        (B::Different, I::Different, D::Missing, None, NO),
    ];

    #[test]
    fn the_truth_table_of_articles_30_to_33() {
        let cases: std::collections::BTreeSet<_> = TABLE.iter().map(|row| (row.0, row.1, row.2)).collect();
        assert_eq!(cases.len(), 27, "every case stands there once");
        let conclusions = [C::OnePersonJustified, C::OnePersonUnjustified, C::TwoPersons, C::TwoPersonsUnjustified];
        for (biometric, identity, document, opens, becomes) in TABLE {
            let facts = Facts { biometric, identity, document };
            assert_eq!(automatic(facts).map(|ruling| ruling.colour), opens, "{facts:?}");
            for (conclusion, expected) in conclusions.into_iter().zip(becomes) {
                let ruled = concluded(facts, conclusion);
                assert_eq!(ruled.map(|ruling| ruling.colour), expected, "{facts:?} {conclusion:?}");
            }
        }
    }

    #[test]
    fn nothing_turns_red_or_green_by_itself_and_no_conclusion_leaves_it_yellow() {
        for (biometric, identity, document, ..) in TABLE {
            let facts = Facts { biometric, identity, document };
            assert!(!matches!(automatic(facts).map(|r| r.colour), Some(Colour::Red | Colour::Green)), "{facts:?}");
            for conclusion in [C::OnePersonJustified, C::OnePersonUnjustified, C::TwoPersons, C::TwoPersonsUnjustified]
            {
                assert_ne!(concluded(facts, conclusion).map(|ruling| ruling.colour), Some(Colour::Yellow));
            }
        }
    }
}
