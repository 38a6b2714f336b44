//! Dates of two-digit years, parts of which may be unknown.

use jiff::civil::Date;

use super::MrzError;
use super::field::FILLER;

/// `YYMMDD`; an unknown part is `<<`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct MrzDate {
    year: Option<u8>,
    month: Option<u8>,
    day: Option<u8>,
}

impl MrzDate {
    /// The date as an MRZ holds it.
    pub fn of(date: Date) -> Self {
        let part = |number: i16| u8::try_from(number.rem_euclid(100)).ok();
        Self { year: part(date.year()), month: part(date.month().into()), day: part(date.day().into()) }
    }

    pub(super) fn read(text: &str, what: &'static str) -> Result<Self, MrzError> {
        let wrong = MrzError::Field(what);
        let part = |from: usize, range: std::ops::RangeInclusive<u8>| match text.as_bytes().get(from..from + 2) {
            Some([FILLER, FILLER]) => Ok(None),
            Some([tens @ b'0'..=b'9', ones @ b'0'..=b'9']) => {
                let number = (tens - b'0') * 10 + (ones - b'0');
                if range.contains(&number) { Ok(Some(number)) } else { Err(wrong) }
            }
            _ => Err(wrong),
        };
        let date = Self { year: part(0, 0..=99)?, month: part(2, 1..=12)?, day: part(4, 1..=31)? };
        // A day that no year of that number has: 30 February, 29 February of an odd year.
        let year = date.year.map_or(2000, |year| 2000 + i16::from(year));
        let month = date.month.map_or(1, |month| i8::try_from(month).unwrap_or_default());
        let day = date.day.map_or(1, |day| i8::try_from(day).unwrap_or_default());
        Date::new(year, month, day).map(|_| date).map_err(|_| wrong)
    }

    pub(super) fn write(self) -> String {
        let part = |part: Option<u8>| part.map_or_else(|| "<<".to_owned(), |number| format!("{number:02}"));
        [self.year, self.month, self.day].map(part).concat()
    }

    /// Whether every part is known.
    pub const fn is_complete(self) -> bool {
        self.year.is_some() && self.month.is_some() && self.day.is_some()
    }

    /// A date of birth with its century: the latest such day up to `today`. `None` if a part is unknown.
    pub fn on_or_before(self, today: Date) -> Option<Date> {
        let century = today.year() - today.year().rem_euclid(100);
        self.in_centuries([century, century - 100]).find(|date| *date <= today)
    }

    /// A date of expiry with its century: the nearest such day from 50 years before `today` on.
    pub fn around(self, today: Date) -> Option<Date> {
        let century = today.year() - today.year().rem_euclid(100);
        self.in_centuries([century - 100, century, century + 100]).find(|date| date.year() >= today.year() - 50)
    }

    fn in_centuries<const N: usize>(self, centuries: [i16; N]) -> impl Iterator<Item = Date> {
        let parts = self.year.zip(self.month).zip(self.day);
        centuries.into_iter().filter_map(move |century| {
            let ((year, month), day) = parts?;
            Date::new(century + i16::from(year), i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
        })
    }
}

impl std::fmt::Debug for MrzDate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MrzDate(…)")
    }
}
