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
