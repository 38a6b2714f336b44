//! Names and places of Azerbaijan. No two together are meant to be anyone's.

/// Men's given names.
pub(crate) const MEN: &[&str] = &[
    "Rauf", "Elçin", "Tural", "Vüqar", "Orxan", "Emin", "Rəşad", "Kamran", "Anar", "Fərid", "Elnur", "Samir", "Ceyhun",
    "Nicat", "İlqar", "Şahin", "Əli", "Həsən", "Hüseyn", "Murad", "Ramil", "Cavid", "Zaur", "Toğrul", "Yusif", "Rüfət",
    "Azər", "Mübariz", "Eldar", "Xəyal",
];

/// Women's given names.
pub(crate) const WOMEN: &[&str] = &[
    "Aygün",
    "Leyla",
    "Günay",
    "Sevda",
    "Nigar",
    "Aynur",
    "Könül",
    "Ülviyyə",
    "Gülnar",
    "Səbinə",
    "Fidan",
    "Xəyalə",
    "Nərmin",
    "Lalə",
    "Şəbnəm",
    "Pərvanə",
    "Aytən",
    "İradə",
    "Zəhra",
    "Fatimə",
    "Səadət",
    "Elnarə",
    "Günel",
    "Turanə",
    "Nuranə",
    "Əsmər",
    "Çinarə",
    "Mələk",
    "Rəna",
    "Jalə",
];

/// Family names that take an `-a` in the feminine.
pub(crate) const INFLECTED: &[&str] = &[
    "Məmmədov",
    "Əliyev",
    "Həsənov",
    "Hüseynov",
    "Quliyev",
    "İsmayılov",
    "Abdullayev",
    "Cəfərov",
    "Rzayev",
    "Nəsirov",
    "Kərimov",
    "Qasımov",
    "Şükürov",
    "Əhmədov",
    "Babayev",
    "Vəliyev",
    "Mustafayev",
    "Ağayev",
    "Səfərov",
    "Xəlilov",
    "Yusifov",
    "Bayramov",
    "Novruzov",
    "Orucov",
];

/// Family names that do not change.
pub(crate) const UNCHANGED: &[&str] =
    &["Həsənzadə", "Qasımzadə", "Rəhimli", "Əsgərli", "Talıblı", "Cavadzadə", "Mirzəli", "Ağazadə", "Şıxlı", "Vəkilli"];

/// Streets.
pub(crate) const STREETS: &[&str] = &[
    "Nizami küçəsi",
    "Füzuli küçəsi",
    "Nəsimi küçəsi",
    "İstiqlaliyyət küçəsi",
    "Azadlıq prospekti",
    "Xətai prospekti",
    "Şəhriyar küçəsi",
    "Ağ şəhər dalanı",
    "Dədə Qorqud küçəsi",
    "Koroğlu küçəsi",
];

/// Places of birth, and of dwellings.
pub(crate) const PLACES: &[&str] = &[
    "Bakı",
    "Gəncə",
    "Sumqayıt",
    "Mingəçevir",
    "Naxçıvan",
    "Şəki",
    "Lənkəran",
    "Şirvan",
    "Yevlax",
    "Quba",
    "Qəbələ",
    "Xaçmaz",
    "Şamaxı",
    "Ağdam",
    "Füzuli",
    "Tovuz",
    "Zaqatala",
    "Göyçay",
    "Bərdə",
    "Salyan",
];

/// Streets named after numbers: where a district has more of them than names.
pub(crate) fn ordinal(number: u32) -> String {
    // The ending follows the last vowel of the number's last word.
    let ending = match (number % 10, number % 100, number % 1_000) {
        (0, 0, 0) | (0, 10 | 30, _) => "cu",
        (0, 0, _) => "cü",
        (0, 40 | 60 | 90, _) => "cı",
        (0, _, _) => "ci",
        (6, _, _) => "cı",
        (9, _, _) => "cu",
        (3 | 4, _, _) => "cü",
        _ => "ci",
    };
    // "min" (a thousand) has "i": mininci.
    let ending = if number.is_multiple_of(1_000) { "ci" } else { ending };
    format!("{number}-{ending}")
}

/// A family name as the other sex bears it.
pub(crate) fn family_name_for(name: &str, is_woman: bool) -> String {
    let stem = name.strip_suffix('a').filter(|stem| stem.ends_with("ov") || stem.ends_with("ev")).unwrap_or(name);
    if is_woman && (stem.ends_with("ov") || stem.ends_with("ev")) { format!("{stem}a") } else { stem.to_owned() }
}

/// `Rauf oğlu`, `Rauf qızı`.
pub(crate) fn patronymic(father: &str, is_woman: bool) -> String {
    format!("{father} {}", if is_woman { "qızı" } else { "oğlu" })
}

/// The father's given name in a patronymic.
pub(crate) fn father_of(patronymic: &str) -> &str {
    patronymic.rsplit_once(' ').map_or(patronymic, |(father, _)| father)
}

/// Nationality (ICAO 9303), family names, given names of men, of women.
pub(crate) type Nation = (&'static str, &'static [&'static str], &'static [&'static str], &'static [&'static str]);

/// Foreigners, in the letters of their passports.
pub(crate) const FOREIGNERS: &[Nation] = &[
    ("TUR", &["Yilmaz", "Demir", "Kaya", "Celik"], &["Mehmet", "Ahmet", "Emre"], &["Ayse", "Zeynep", "Elif"]),
    ("GEO", &["Beridze", "Kapanadze", "Lomidze"], &["Giorgi", "Levan", "Irakli"], &["Nino", "Tamar", "Ketevan"]),
    ("RUS", &["Ivanov", "Smirnov", "Petrov"], &["Sergei", "Dmitrii", "Aleksei"], &["Elena", "Olga", "Irina"]),
    ("IRN", &["Ahmadi", "Karimi", "Hosseini"], &["Reza", "Amir", "Mahdi"], &["Maryam", "Fatemeh", "Sara"]),
    ("PAK", &["Khan", "Malik", "Qureshi"], &["Bilal", "Usman", "Hamza"], &["Ayesha", "Sana", "Hina"]),
    ("D", &["Schneider", "Fischer", "Weber"], &["Lukas", "Jonas", "Felix"], &["Anna", "Lena", "Marie"]),
    ("CHN", &["Wang", "Li", "Zhang"], &["Wei", "Jun", "Ming"], &["Fang", "Jing", "Xiu"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinals_follow_the_vowels() {
        for written in
            ["1-ci", "3-cü", "4-cü", "6-cı", "9-cu", "10-cu", "20-ci", "26-cı", "30-cu", "40-cı", "100-cü", "1000-ci"]
        {
            let number = written.split_once('-').unwrap().0.parse().unwrap();
            assert_eq!(ordinal(number), written);
        }
    }

    #[test]
    fn family_names_follow_the_sex() {
        assert_eq!(family_name_for("Məmmədov", true), "Məmmədova");
        assert_eq!(family_name_for("Quliyeva", false), "Quliyev");
        assert_eq!(family_name_for("Qasımzadə", true), "Qasımzadə");
        assert_eq!(family_name_for("Quliyeva", true), "Quliyeva");
        assert_eq!((patronymic("Rauf", true), father_of("Rauf oğlu")), ("Rauf qızı".to_owned(), "Rauf"));
    }
}
