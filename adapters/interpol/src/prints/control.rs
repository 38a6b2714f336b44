//! Transaction control numbers (field 1.009): two digits of the year, a serial number of twelve digits, a check letter.

use std::fmt;
use std::str::FromStr;

use mohur_wire::Timestamp;

use super::PrintsError;

/// The check letters of the remainders 0 to 22.
const LETTERS: &[u8; 23] = b"ZABCDEFGHJKLMNPQRTUVWXY";
/// Twelve digits.
const SERIALS: u64 = 1_000_000_000_000;
const WRONG: PrintsError = PrintsError::Unread("a control number is not fourteen digits with their check letter");

/// The number of one transaction, unique to its sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlNumber(String);

impl ControlNumber {
    /// The number of that serial number in the year of that time. Of a larger serial number only twelve digits count: a
    /// random one is as good as a counter that must survive every restart.
    pub fn new(serial: u64, at: Timestamp) -> Self {
        let year = u64::try_from(at.to_zoned(jiff::tz::TimeZone::UTC).year() % 100).unwrap_or_default();
        let number = year * SERIALS + serial % SERIALS;
        Self(format!("{number:014}{}", letter(number)))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ControlNumber {
    type Err = PrintsError;

    fn from_str(text: &str) -> Result<Self, PrintsError> {
        let (digits, check) = text.split_at_checked(14).ok_or(WRONG)?;
        let is_number = digits.bytes().all(|b| b.is_ascii_digit());
        let number: u64 = digits.parse().map_err(|_| WRONG)?;
        if is_number && check == letter(number).to_string() { Ok(Self(text.to_owned())) } else { Err(WRONG) }
    }
}

impl fmt::Display for ControlNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn letter(number: u64) -> char {
    let place = usize::try_from(number % 23).unwrap_or_default();
    LETTERS.get(place).copied().map_or('Z', char::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_letter_is_the_one_of_int_i() {
        // The numbers of INTERPOL's samples.
        for good in ["19125458357684J", "19125458357683H"] {
            assert_eq!(good.parse::<ControlNumber>().unwrap().as_str(), good);
        }
        for wrong in ["19125458357684A", "19125458357684", "1912545835768J", "+9125458357684J", "19125458357684j", ""] {
            assert_eq!(wrong.parse::<ControlNumber>(), Err(WRONG), "{wrong}");
        }
    }

    #[test]
    fn a_serial_number_becomes_one_that_is_read_back() {
        let at = Timestamp::constant(1_780_000_000, 0);
        for serial in [0, 1, 22, 125_458_357_684, u64::MAX] {
            let number = ControlNumber::new(serial, at);
            assert!(number.as_str().starts_with("26"), "{number}");
            assert_eq!(number.as_str().parse::<ControlNumber>().unwrap(), number);
        }
    }
}
