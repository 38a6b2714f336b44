use super::*;

/// The specimens of ICAO Doc 9303 (part 4 appendix B, part 5 appendix B, part 6 appendix B), and the long numbers.
const PASSPORT: &str = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10";
const CARD_1: &str = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<";
const CARD_2: &str = "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nD231458907UTO7408122F1204159<<<<<<<6";
const LONG_1: &str = "I<UTOD23145890<7349<<<<<<<<<<<\n3407127M9507122UTO<<<<<<<<<<<2\nSTEVENSON<<PETER<JOHN<<<<<<<<<";
const LONG_2: &str = "I<UTOSTEVENSON<<PETER<JOHN<<<<<<<<<<\nD23145890<UTO3407127M95071227349<<<8";

const ALL: [&str; 5] = [PASSPORT, CARD_1, CARD_2, LONG_1, LONG_2];

fn date(text: &str) -> jiff::civil::Date {
    text.parse().unwrap()
}

#[test]
fn the_specimens_are_read() {
    for (text, format, number) in
        [(PASSPORT, Format::Td3, "L898902C3"), (CARD_1, Format::Td1, "D23145890"), (CARD_2, Format::Td2, "D23145890")]
    {
        let mrz = Mrz::parse(text).unwrap();
        assert_eq!((mrz.format, mrz.number.as_str(), mrz.sex), (format, number, Sex::Female));
        assert_eq!((mrz.name.primary(), mrz.name.secondary()), ("ERIKSSON", "ANNA MARIA"));
        assert_eq!((mrz.issuing_state.as_str(), mrz.nationality.as_str()), ("UTO", "UTO"));
        assert_eq!(mrz.birth_date.on_or_before(date("2012-01-01")), Some(date("1974-08-12")));
        assert_eq!(mrz.expiry.around(date("2010-01-01")), Some(date("2012-04-15")));
    }
    assert_eq!(Mrz::parse(PASSPORT).unwrap().optional, "ZE184226B");
    for text in [LONG_1, LONG_2] {
        let mrz = Mrz::parse(text).unwrap();
        assert_eq!((mrz.number.as_str(), mrz.optional.as_str()), ("D23145890734", ""));
    }
}

#[test]
fn what_is_read_is_written_again() {
    for text in ALL {
        assert_eq!(Mrz::parse(text).unwrap().to_lines().as_deref(), Ok(text));
        assert_eq!(Mrz::parse(&format!("{}\r\n", text.replace('\n', "\r\n"))).unwrap(), Mrz::parse(text).unwrap());
    }
}

/// 9303's check digits find every single wrong character whose values differ modulo 10; the others are alike to it.
#[test]
fn one_wrong_character_of_a_checked_field_is_noticed() {
    let value = |byte: u8| if byte.is_ascii_digit() { byte - b'0' } else { byte.wrapping_sub(b'A').wrapping_add(10) };
    for text in ALL {
        let mrz = Mrz::parse(text).unwrap();
        for at in 0..text.len() {
            for other in (b'0'..=b'9').chain(b'A'..=b'Z') {
                let mut bytes = text.as_bytes().to_vec();
                if !bytes[at].is_ascii_alphanumeric() || bytes[at] == other {
                    continue;
                }
                let alike = value(bytes[at]) % 10 == value(other) % 10;
                bytes[at] = other;
                let changed = Mrz::parse(std::str::from_utf8(&bytes).unwrap());
                if let Ok(changed) = changed {
                    let unchecked = changed.number == mrz.number
                        && changed.birth_date == mrz.birth_date
                        && changed.expiry == mrz.expiry
                        && changed.optional == mrz.optional;
                    assert!(unchecked || alike, "{at} {other}");
                }
            }
        }
    }
}

#[test]
fn the_fin_stands_where_azerbaijan_puts_it() {
    let fin: Fin = "5ABCDE1".parse().unwrap();
    for (text, line, columns) in [(CARD_1, 0, 15..22), (CARD_2, 1, 28..35), (PASSPORT, 1, 28..35)] {
        let mut mrz = Mrz::parse(text).unwrap();
        mrz.optional = fin.to_string();
        assert_eq!(mrz.fin(), None);
        mrz.issuing_state = "AZE".parse().unwrap();
        let text = mrz.to_lines().unwrap();
        assert_eq!(text.lines().nth(line).unwrap().get(columns), Some("5ABCDE1"));
        assert_eq!(Mrz::parse(&text).unwrap().fin(), Some(fin));
    }
}

#[test]
fn what_is_not_an_mrz_is_refused_by_place() {
    let lower = PASSPORT.replace("ANNA", "anna");
    assert_eq!(Mrz::parse(&lower), Err(MrzError::Character));
    for shape in ["", "\n", &PASSPORT[1..], CARD_1.lines().next().unwrap(), &format!("{PASSPORT}\n\n"), "İ"] {
        assert_eq!(Mrz::parse(shape), Err(MrzError::Shape), "{shape}");
    }
    assert_eq!(Mrz::parse(&PASSPORT.replace("<<<<<10", "<<<<<11")), Err(MrzError::CheckDigit("whole")));
    assert_eq!(Mrz::parse(&PASSPORT.replace("C36UTO", "C35UTO")), Err(MrzError::CheckDigit("whole")));
    let mut mrz = Mrz::parse(PASSPORT).unwrap();
    mrz.number = "L898902C3X".parse().unwrap();
    assert_eq!(mrz.to_lines(), Err(MrzError::Field("document number")));
    let mut mrz = Mrz::parse(CARD_2).unwrap();
    mrz.optional = "12345678".to_owned();
    assert_eq!(mrz.to_lines(), Err(MrzError::Field("optional data")));
    mrz.optional = "ə".to_owned();
    assert!(mrz.to_lines().is_err());
}

#[test]
fn dates_are_days_that_can_be() {
    for (text, is_one) in [
        ("740812", true),
        ("74<<<<", true),
        ("<<<<<<", true),
        ("000229", true),
        ("010229", false),
        ("740230", false),
        ("741301", false),
        ("740800", false),
        ("74<812", false),
        ("7408A2", false),
    ] {
        assert_eq!(MrzDate::read(text, "date").map(MrzDate::write).ok().as_deref(), is_one.then_some(text), "{text}");
    }
    let born = MrzDate::of(date("1926-05-01"));
    assert_eq!(born.on_or_before(date("2026-04-30")), Some(date("1926-05-01")));
    assert_eq!(born.on_or_before(date("2026-05-01")), Some(date("2026-05-01")));
    assert_eq!(MrzDate::read("74<<<<", "date").unwrap().on_or_before(date("2026-05-01")), None);
}

#[test]
fn a_name_is_transliterated_and_cut() {
    let mut mrz = Mrz::parse(CARD_2).unwrap();
    mrz.name = MrzName::new("Əlizadə", "Şahnaz").unwrap();
    assert!(mrz.to_lines().unwrap().starts_with("I<UTOELIZADE<<SAHNAZ<<<"));
    mrz.name = MrzName::new(&"A".repeat(20), &"B".repeat(20)).unwrap();
    let text = mrz.to_lines().unwrap();
    assert_eq!(Mrz::parse(&text).unwrap().name.secondary(), "B".repeat(9));
    assert!(MrzName::new("", "A").is_err() && MrzName::new("A", "4").is_err() && MrzName::new("A", "").is_ok());
}

#[test]
fn debug_shows_nothing() {
    let shown = format!("{:?} {:?}", Mrz::parse(PASSPORT).unwrap(), Mrz::parse(PASSPORT).unwrap().name);
    assert!(!shown.contains("ERIKSSON") && !shown.contains("L898902C3"), "{shown}");
}
