//! Names across registers: the national transliteration table, in one place.
//!
//! Registers write the same name differently: in the Azerbaijani alphabet, in the letters of a passport's MRZ, with or
//! without `oğlu`/`qızı`, with the ending of the other sex. Two names match when they are the same after [`fold`]ing:
//!
//! | Written | Taken as |
//! |---|---|
//! | any case; `İ`, `I`, `ı`, `i` | `i` (and lower case throughout) |
//! | `ə` | `e` |
//! | `ö`, `ü` | `o`, `u` |
//! | `ş`, `ç`, `ğ` | `s`, `c`, `g` |
//! | `kh` | `x` |
//! | letters with a combining mark | the letter |
//! | apostrophes and full stops | nothing |
//! | hyphens, several blanks | one blank |
//! | `-ova`, `-eva` at the end of a word | `-ov`, `-ev` |
//! | ` zadə`, `-zadə` | joined to the word before |
//! | `oğlu`, `qızı` as the last word | may be missing on one side; if on both, the same |
//!
//! Nothing else is alike: not `ə` and `a`, not `q` and `g`, not the order of the words.

/// One letter of the Azerbaijani alphabet that Latin transcriptions write otherwise.
const LETTERS: &[(char, char)] = &[('ə', 'e'), ('ı', 'i'), ('ö', 'o'), ('ü', 'u'), ('ş', 's'), ('ç', 'c'), ('ğ', 'g')];

/// "Son of" and "daughter of", folded.
const PATRONYMIC_WORDS: [&str; 2] = ["oglu", "qizi"];

/// Endings of women's family names, and those of men.
const ENDINGS: [(&str, &str); 2] = [("ova", "ov"), ("eva", "ev")];

/// Whether two spellings are the same name under the national table. A name without letters matches nothing.
pub fn names_match(one: &str, other: &str) -> bool {
    let ((one, one_ends), (other, other_ends)) = (fold(one), fold(other));
    !one.is_empty() && one == other && (one_ends.is_none() || other_ends.is_none() || one_ends == other_ends)
}

/// The name in the form that is compared, and the patronymic word that was taken off its end.
pub fn fold(name: &str) -> (String, Option<&'static str>) {
    let letters: String = name.chars().flat_map(char::to_lowercase).filter_map(letter).collect();
    let letters = letters.replace("kh", "x");
    let mut words: Vec<String> = Vec::new();
    for word in letters.split_whitespace() {
        match words.last_mut() {
            Some(before) if word == "zade" => before.push_str(word),
            _ => words.push(word.to_owned()),
        }
    }
    let ends = words.last().and_then(|last| PATRONYMIC_WORDS.into_iter().find(|word| word == last));
    if ends.is_some() {
        words.pop();
    }
    for word in &mut words {
        for (woman, man) in ENDINGS {
            // "Nova" is a name, not an ending.
            if word.len() > woman.len() + 1 && word.ends_with(woman) {
                word.truncate(word.len() - woman.len() + man.len());
            }
        }
    }
    (words.join(" "), ends)
}

/// A lower-case character as it is compared; `None` if it does not count.
fn letter(c: char) -> Option<char> {
    match c {
        '\'' | '’' | 'ʼ' | '`' | '.' | '\u{300}'..='\u{36f}' => None,
        '-' | '‐' | '–' => Some(' '),
        _ => Some(LETTERS.iter().find(|(national, _)| *national == c).map_or(c, |(_, latin)| *latin)),
    }
}

/// The name in the letters of an MRZ (ICAO Doc 9303 part 3, section 6): A–Z and single blanks. `None` if it has another
/// letter or none at all.
pub fn to_mrz(name: &str) -> Option<String> {
    let letters: String = name.chars().flat_map(char::to_lowercase).filter_map(letter).collect();
    let words: Vec<_> = letters.split_whitespace().map(str::to_ascii_uppercase).collect();
    let name = words.join(" ");
    (!name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b == b' ')).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_match() {
        for (one, other) in [
            ("Əliyev", "ELIYEV"),
            ("ƏLİYEV", "əliyev"),
            ("Əliyeva", "Eliyev"),
            ("Şahbazov", "Sahbazova"),
            ("Həsən-zadə", "HESENZADE"),
            ("Hesen Zade", "Həsənzadə"),
            ("Xəlil", "Khelil"),
            ("Rəşid oğlu", "RESID"),
            ("Aygün qızı", "aygun qizi"),
            ("Göyçay", "Goycay"),
            ("I\u{307}lqar", "İlqar"),
            ("s\u{327}ah", "şah"),
            ("Əbdül-Kərim", "Ebdul Kerim"),
            ("Mirzə  Ələkbər", "MIRZE ELEKBER"),
        ] {
            assert!(names_match(one, other) && names_match(other, one), "{one} {other}");
        }
    }

    #[test]
    fn different_names_do_not() {
        for (one, other) in [
            ("Əliyev", "Aliyev"),
            ("Həsənov", "Həsənli"),
            ("Vaqif oğlu", "Vaqif qızı"),
            ("Nova", "Nov"),
            ("Qasım", "Gasım"),
            ("Leyla Aygün", "Aygün Leyla"),
            ("Leyla Aygün", "Leyla"),
            ("", ""),
            ("-", "."),
            ("oğlu", "oğlu"),
        ] {
            assert!(!names_match(one, other), "{one} {other}");
        }
    }

    #[test]
    fn an_mrz_has_plain_letters() {
        assert_eq!(to_mrz("Əlizadə-Şükürov Çingiz").as_deref(), Some("ELIZADE SUKUROV CINGIZ"));
        assert_eq!(to_mrz("İsmayıl’ov").as_deref(), Some("ISMAYILOV"));
        assert_eq!((to_mrz("Иван"), to_mrz(" - "), to_mrz("A1")), (None, None, None));
    }
}
