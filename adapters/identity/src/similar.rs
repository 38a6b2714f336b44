//! When two identities are the same, when they are similar: the one place that decides it.
//!
//! **Same**: family name, given name and, where both files have one, patronymic are the same name under the national table
//! ([`mohur_wire::names`]), the dates of birth are one, and the sexes do not differ.
//!
//! **Similar**: each of the names is the same or similar, the dates are the same or similar, at least one of them only
//! similar, and the sexes do not differ. Two names are similar if
//!
//! - they have the same words in another order, or
//! - they are the same once the letters are one that other alphabets and passports confuse: `ə`/`e`/`a`, `q`/`g`/`k`,
//!   `x`/`h`/`kh`, `c`/`j`/`dj`, `y`/`i`, `v`/`w`, and doubled letters are single, or
//! - they have five letters or more and differ by one letter that is missing, added, exchanged with its neighbour or another.
//!
//! Two dates are similar if day and month are exchanged, if one digit differs, or if the year is one and one of them is
//! 1 January, the day that clerks write when only the year is known.
//!
//! Everything else is **different**: also a family name that changed with a marriage. Whether that was justified is for a
//! human to say.

use std::collections::BTreeSet;

use jiff::civil::Date;
use mohur_wire::names::{fold, names_match};

use crate::file::Identity;
use crate::rules;

/// Compares two identities.
pub fn compare(one: &Identity, other: &Identity) -> rules::Identity {
    if let (Some(one), Some(other)) = (one.sex, other.sex)
        && one != other
    {
        return rules::Identity::Different;
    }
    let patronymics = match (&one.patronymic, &other.patronymic) {
        (Some(one), Some(other)) => names(one, other),
        _ => rules::Identity::Same,
    };
    let parts = [
        names(&one.family_name, &other.family_name),
        names(&one.given_name, &other.given_name),
        patronymics,
        dates(one.birth_date, other.birth_date),
    ];
    // The furthest of the four: `Same` comes first in the order.
    parts.into_iter().max().unwrap_or(rules::Identity::Different)
}

fn names(one: &str, other: &str) -> rules::Identity {
    if names_match(one, other) {
        return rules::Identity::Same;
    }
    let ((one, _), (other, _)) = (fold(one), fold(other));
    if one.is_empty() || other.is_empty() {
        return rules::Identity::Different;
    }
    let words = |name: &str| name.split(' ').map(str::to_owned).collect::<BTreeSet<_>>();
    let long = one.chars().count().min(other.chars().count()) >= 5;
    let similar = words(&one) == words(&other) || loose(&one) == loose(&other) || long && is_one_step(&one, &other);
    if similar { rules::Identity::Similar } else { rules::Identity::Different }
}

/// The name in letters that are not confused, doubled ones single.
fn loose(name: &str) -> String {
    let name = name.replace("dj", "c").replace("kh", "x");
    let mut out = String::new();
    for letter in name.chars() {
        let letter = match letter {
            'a' => 'e',
            'g' | 'k' => 'q',
            'h' => 'x',
            'j' => 'c',
            'y' => 'i',
            'w' => 'v',
            other => other,
        };
        if !out.ends_with(letter) {
            out.push(letter);
        }
    }
    out
}

/// Whether one insertion, deletion, substitution or exchange of neighbours leads from one to the other.
fn is_one_step(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let front = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let (one, other) = (one.get(front..).unwrap_or_default(), other.get(front..).unwrap_or_default());
    let back = one.iter().rev().zip(other.iter().rev()).take_while(|(a, b)| a == b).count();
    let middle = |name: &[char]| name.get(..name.len() - back).unwrap_or_default().to_vec();
    match (middle(one).as_slice(), middle(other).as_slice()) {
        ([], [_]) | ([_], []) | ([_], [_]) => true,
        ([a, b], [c, d]) => a == d && b == c,
        _ => false,
    }
}

fn dates(one: Date, other: Date) -> rules::Identity {
    if one == other {
        return rules::Identity::Same;
    }
    if near(one).contains(&other) || near(other).contains(&one) {
        rules::Identity::Similar
    } else {
        rules::Identity::Different
    }
}

/// The days with which a date is confused: those that a search must look at besides the day itself.
pub(crate) fn near(date: Date) -> BTreeSet<Date> {
    let mut days: BTreeSet<Date> = Date::new(date.year(), date.day(), date.month()).into_iter().collect();
    days.extend(Date::new(date.year(), 1, 1));
    let written = date.to_string();
    for place in (0..written.len()).filter(|place| written.as_bytes().get(*place).is_some_and(u8::is_ascii_digit)) {
        for digit in "0123456789".chars() {
            let mut changed = written.clone();
            changed.replace_range(place..=place, digit.encode_utf8(&mut [0; 4]));
            days.extend(changed.parse::<Date>());
        }
    }
    days.remove(&date);
    days
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::Sex;
    use rules::Identity as I;

    fn identity(family_name: &str, given_name: &str, birth_date: &str) -> Identity {
        Identity {
            family_name: family_name.to_owned(),
            given_name: given_name.to_owned(),
            patronymic: None,
            birth_date: birth_date.parse().unwrap(),
            sex: None,
            document: None,
        }
    }

    #[test]
    fn identities_compare_by_the_national_rules() {
        let held = identity("Əliyeva", "Aygün", "1990-05-06");
        for (family_name, given_name, birth_date, expected) in [
            ("ELIYEVA", "AYGUN", "1990-05-06", I::Same),
            ("Əliyev", "Aygün", "1990-05-06", I::Same),
            ("Aliyeva", "Aigun", "1990-05-06", I::Similar),
            ("Əliyeva", "Aygün", "1990-06-05", I::Similar),
            ("Əliyeva", "Aygün", "1990-05-16", I::Similar),
            ("Əliyeva", "Aygün", "1990-01-01", I::Similar),
            ("Əliyeva", "Aygnü", "1990-05-06", I::Similar),
            ("Əliyeva", "Aygün", "1991-06-05", I::Different),
            ("Məmmədova", "Aygün", "1990-05-06", I::Different),
            ("Əliyeva", "Leyla", "1990-05-06", I::Different),
        ] {
            let given = identity(family_name, given_name, birth_date);
            assert_eq!(compare(&held, &given), expected, "{family_name} {given_name} {birth_date}");
            assert_eq!(compare(&given, &held), expected, "it is symmetric");
        }
    }

    #[test]
    fn short_names_are_not_similar_by_a_letter_and_sexes_divide() {
        assert_eq!(
            compare(&identity("Nur", "Əli", "1990-05-06"), &identity("Nuri", "Əli", "1990-05-06")),
            I::Different
        );
        let (mut one, mut other) =
            (identity("Ağazadə", "İlqar", "1990-05-06"), identity("Ağazadə", "İlqar", "1990-05-06"));
        (one.sex, other.sex) = (Some(Sex::M), Some(Sex::F));
        assert_eq!(compare(&one, &other), I::Different);
        (one.sex, other.sex) = (None, None);
        (one.patronymic, other.patronymic) = (Some("Rauf oğlu".to_owned()), Some("Elçin oğlu".to_owned()));
        assert_eq!(compare(&one, &other), I::Different);
    }

    #[test]
    fn compound_names_may_turn_round() {
        let (one, other) = (identity("Leyla Aygün", "X", "1990-05-06"), identity("Aygün Leyla", "X", "1990-05-06"));
        assert_eq!(compare(&one, &other), I::Similar);
    }
}
