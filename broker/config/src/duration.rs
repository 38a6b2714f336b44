//! Durations as people write them: `250ms`, `5s`, `2m`, `1h`, `7d`.

use std::time::Duration;

/// Two years and a day: the longest life of a seal.
const MOST_DAYS: u64 = 731;

/// Reads a whole number followed by `ms`, `s`, `m`, `h` or `d`; more than zero, at most 731 days.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let milliseconds_per_unit = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 24 * 3_600_000,
        _ => return None,
    };
    let milliseconds = number.parse::<u64>().ok()?.checked_mul(milliseconds_per_unit)?;
    (1..=MOST_DAYS * 24 * 3_600_000).contains(&milliseconds).then(|| Duration::from_millis(milliseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_needed() {
        assert_eq!(parse_duration("5s"), Some(Duration::from_secs(5)));
        assert_eq!(parse_duration("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(parse_duration("2m"), Some(Duration::from_secs(120)));
        assert_eq!(parse_duration("7d"), Some(Duration::from_secs(7 * 86_400)));
        assert_eq!((parse_duration("731d").is_some(), parse_duration("732d")), (true, None));
        for wrong in
            ["", "5", "s", "0s", "-1s", "1.5s", "5 s", "99999999999999999999h", "18000h", "5S", "5s ", "\u{665}s"]
        {
            assert_eq!(parse_duration(wrong), None, "{wrong:?}");
        }
    }
}
