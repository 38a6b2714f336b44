//! The masks themselves.

use mohur_policy::Mask;
use mohur_wire::Value;

/// Shorter texts are covered whole: their last four characters would be most of them.
const SHOWS_LAST_FROM: usize = 8;

/// What is left of a value under a mask; nothing if the mask does not fit it.
pub fn masked(mask: Mask, value: &Value) -> Option<Value> {
    match (mask, value) {
        (Mask::Year, Value::Text(text)) => year(text).map(Value::text),
        (Mask::Initials, Value::Text(text)) => initials(text).map(Value::text),
        (Mask::Last4, Value::Text(text)) => Some(Value::text(last4(text))),
        (Mask::Year | Mask::Initials | Mask::Last4, Value::Flag(_) | Value::Number(_)) => None,
        (Mask::YesNo, Value::Flag(flag)) => Some(Value::Flag(*flag)),
        (Mask::YesNo, Value::Number(number)) => Some(Value::Flag(*number != 0)),
        (Mask::YesNo, Value::Text(text)) => Some(Value::Flag(!text.is_empty())),
    }
}

/// The year of `YYYY-MM-DD`.
fn year(text: &str) -> Option<&str> {
    let shape = |(at, byte): (usize, u8)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() };
    if text.len() == 10 && text.bytes().enumerate().all(shape) { text.get(..4) } else { None }
}

/// The first letter of each word, each with a point.
fn initials(text: &str) -> Option<String> {
    let firsts: Option<Vec<String>> = text
        .split_whitespace()
        .map(|word| word.chars().next().filter(|first| first.is_alphabetic()).map(|first| format!("{first}.")))
        .collect();
    firsts.filter(|firsts| !firsts.is_empty()).map(|firsts| firsts.join(" "))
}

fn last4(text: &str) -> String {
    let count = text.chars().count();
    let covered = if count < SHOWS_LAST_FROM { count } else { count - 4 };
    text.chars().enumerate().map(|(at, c)| if at < covered { '•' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(mask: Mask, from: &str) -> Option<String> {
        masked(mask, &Value::text(from)).map(|value| value.to_string())
    }

    #[test]
    fn a_year_is_all_that_is_left_of_a_date() {
        assert_eq!(text(Mask::Year, "1990-05-06").as_deref(), Some("1990"));
        for wrong in ["", "1990", "06.05.1990", "1990-05-06T00:00:00Z", "19a0-05-06", "ə990-05-06"] {
            assert_eq!(text(Mask::Year, wrong), None, "{wrong}");
        }
        assert_eq!(masked(Mask::Year, &Value::Number(1990)), None);
    }

    #[test]
    fn initials_keep_one_letter_of_each_word() {
        assert_eq!(text(Mask::Initials, "Əliyev Vüqar").as_deref(), Some("Ə. V."));
        assert_eq!(text(Mask::Initials, "  İlham\tŞərif qızı ").as_deref(), Some("İ. Ş. q."));
        for wrong in ["", "   ", "Əliyev 2"] {
            assert_eq!(text(Mask::Initials, wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_last_four_show_only_of_something_longer() {
        assert_eq!(text(Mask::Last4, "AZE1234567").as_deref(), Some("••••••4567"));
        assert_eq!(text(Mask::Last4, "5ABCDE1").as_deref(), Some("•••••••"));
        assert_eq!(text(Mask::Last4, "").as_deref(), Some(""));
    }

    #[test]
    fn yes_or_no_fits_everything() {
        assert_eq!(masked(Mask::YesNo, &Value::Number(0)), Some(Value::Flag(false)));
        assert_eq!(masked(Mask::YesNo, &Value::Number(-3)), Some(Value::Flag(true)));
        assert_eq!(masked(Mask::YesNo, &Value::Flag(false)), Some(Value::Flag(false)));
        assert_eq!(masked(Mask::YesNo, &Value::text("A+")), Some(Value::Flag(true)));
    }
}
