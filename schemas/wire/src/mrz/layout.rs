//! Where each field stands, and what the composite check digit covers.

use super::field::{FILLER, check_digit, holds, padded, trimmed};
use super::{Format, Mrz, MrzDate, MrzError, MrzName, Sex};
use crate::subject::DocumentNumber;

/// A place: 0-based line, 0-based column, width.
#[derive(Clone, Copy)]
struct At(usize, usize, usize);

/// The places of one format. A check digit stands right behind its field.
pub(super) struct Layout {
    format: Format,
    lines: usize,
    width: usize,
    name: At,
    number: At,
    nationality: At,
    birth: At,
    sex: At,
    expiry: At,
    optional: At,
    /// TD1 only.
    optional_2: Option<At>,
    /// TD3 only: the personal number has a check digit of its own.
    optional_is_checked: bool,
    composite: At,
    covered: &'static [At],
}

const KIND: At = At(0, 0, 2);
const STATE: At = At(0, 2, 3);

/// Doc 9303 part 5, section 4.2.2.
const TD1: Layout = Layout {
    format: Format::Td1,
    lines: 3,
    width: 30,
    name: At(2, 0, 30),
    number: At(0, 5, 9),
    nationality: At(1, 15, 3),
    birth: At(1, 0, 6),
    sex: At(1, 7, 1),
    expiry: At(1, 8, 6),
    optional: At(0, 15, 15),
    optional_2: Some(At(1, 18, 11)),
    optional_is_checked: false,
    composite: At(1, 29, 1),
    covered: &[At(0, 5, 25), At(1, 0, 7), At(1, 8, 7), At(1, 18, 11)],
};

/// Doc 9303 part 6, section 4.2.2.
const TD2: Layout = Layout {
    format: Format::Td2,
    lines: 2,
    width: 36,
    name: At(0, 5, 31),
    number: At(1, 0, 9),
    nationality: At(1, 10, 3),
    birth: At(1, 13, 6),
    sex: At(1, 20, 1),
    expiry: At(1, 21, 6),
    optional: At(1, 28, 7),
    optional_2: None,
    optional_is_checked: false,
    composite: At(1, 35, 1),
    covered: &[At(1, 0, 10), At(1, 13, 7), At(1, 21, 14)],
};

/// Doc 9303 part 4, section 4.2.2.
const TD3: Layout = Layout {
    format: Format::Td3,
    lines: 2,
    width: 44,
    name: At(0, 5, 39),
    number: At(1, 0, 9),
    nationality: At(1, 10, 3),
    birth: At(1, 13, 6),
    sex: At(1, 20, 1),
    expiry: At(1, 21, 6),
    optional: At(1, 28, 14),
    optional_2: None,
    optional_is_checked: true,
    composite: At(1, 43, 1),
    covered: &[At(1, 0, 10), At(1, 13, 7), At(1, 21, 22)],
};

impl Layout {
    pub(super) const fn for_format(format: Format) -> &'static Self {
        match format {
            Format::Td1 => &TD1,
            Format::Td2 => &TD2,
            Format::Td3 => &TD3,
        }
    }

    pub(super) fn of(lines: &[&str]) -> Result<&'static Self, MrzError> {
        [&TD1, &TD2, &TD3]
            .into_iter()
            .find(|layout| lines.len() == layout.lines && lines.iter().all(|line| line.len() == layout.width))
            .ok_or(MrzError::Shape)
    }

    /// How many characters there are for the name.
    pub(super) const fn name_width(&self) -> usize {
        self.name.2
    }

    /// INVARIANT on `read` and `write`: the lines have the layout's shape and are ASCII.
    pub(super) fn read(&self, lines: &[&str]) -> Result<Mrz, MrzError> {
        let covered = self.covered.iter().map(|place| place.of(lines));
        if !self.composite.of(lines).chars().eq([check_digit(covered)]) {
            return Err(MrzError::CheckDigit("whole"));
        }
        let (number, optional) = self.number(lines)?;
        let checked_date = |place: At, what| {
            let text = place.of(lines);
            holds(text, place.behind().of(lines), what)?;
            MrzDate::read(text, what)
        };
        let birth_date = checked_date(self.birth, "date of birth")?;
        let expiry = checked_date(self.expiry, "date of expiry")?;
        if !expiry.is_complete() {
            return Err(MrzError::Field("date of expiry"));
        }
        let state = |place: At, what| trimmed(place.of(lines)).parse().map_err(|_| MrzError::Field(what));
        Ok(Mrz {
            format: self.format,
            kind: trimmed(KIND.of(lines)).parse().map_err(|_| MrzError::Field("document code"))?,
            issuing_state: state(STATE, "issuing state")?,
            number,
            name: MrzName::read(self.name.of(lines))?,
            nationality: state(self.nationality, "nationality")?,
            birth_date,
            sex: sex(self.sex.of(lines))?,
            expiry,
            optional,
            optional_2: self.optional_2.map(|place| trimmed(place.of(lines)).to_owned()).unwrap_or_default(),
        })
    }

    /// The document's number and the rest of the optional data. A number of more than nine characters goes on there,
    /// followed by its check digit, and a filler stands where the check digit would (parts 5 and 6, section 4.2.2.2).
    fn number(&self, lines: &[&str]) -> Result<(DocumentNumber, String), MrzError> {
        const WHAT: &str = "document number";
        let (text, digit) = (self.number.of(lines), self.number.behind().of(lines));
        let optional = self.optional.of(lines);
        let parse = |number: &str| number.parse().map_err(|_| MrzError::Field(WHAT));
        if self.optional_is_checked {
            let own = self.optional.behind().of(lines);
            if !(trimmed(optional).is_empty() && own == "<") {
                holds(optional, own, "personal number")?;
            }
        } else if digit.as_bytes() == [FILLER] {
            let (rest, optional) = optional.split_once('<').unwrap_or((optional, ""));
            let at = rest.len().checked_sub(1).filter(|at| *at > 0).ok_or(MrzError::CheckDigit(WHAT))?;
            let (rest, digit) = rest.split_at(at);
            let number = format!("{text}{rest}");
            holds(&number, digit, WHAT)?;
            return Ok((parse(&number)?, trimmed(optional).to_owned()));
        }
        holds(text, digit, WHAT)?;
        Ok((parse(trimmed(text))?, trimmed(optional).to_owned()))
    }

    pub(super) fn write(&self, mrz: &Mrz) -> Result<String, MrzError> {
        let mut page = Page { lines: vec!["<".repeat(self.width); self.lines] };
        page.put(KIND, mrz.kind.as_str(), "document code")?;
        page.put(STATE, mrz.issuing_state.as_str(), "issuing state")?;
        page.put(self.name, &mrz.name.write(self.name.2), "name")?;
        page.put(self.nationality, mrz.nationality.as_str(), "nationality")?;
        page.put_checked(self.birth, &mrz.birth_date.write(), "date of birth")?;
        page.put_checked(self.expiry, &mrz.expiry.write(), "date of expiry")?;
        page.put(self.sex, mrz.sex.as_str(), "sex")?;
        self.write_number(mrz, &mut page)?;
        if let Some(place) = self.optional_2 {
            page.put(place, &mrz.optional_2, "optional data")?;
        } else if !mrz.optional_2.is_empty() {
            return Err(MrzError::Field("optional data"));
        }
        let lines = page.lines();
        let digit = check_digit(self.covered.iter().map(|place| place.of(&lines)));
        page.put(self.composite, &digit.to_string(), "whole")?;
        let text = page.lines.join("\n");
        // What was put together from public fields may still not be an MRZ.
        match Mrz::parse(&text)? {
            read if read.optional == mrz.optional && read.number == mrz.number => Ok(text),
            _ => Err(MrzError::Field("optional data")),
        }
    }

    fn write_number(&self, mrz: &Mrz, page: &mut Page) -> Result<(), MrzError> {
        let number = mrz.number.as_str();
        if let Some((start, rest)) = number.split_at_checked(self.number.2).filter(|(_, rest)| !rest.is_empty()) {
            if self.optional_is_checked {
                return Err(MrzError::Field("document number"));
            }
            let separator = if mrz.optional.is_empty() { "" } else { "<" };
            let optional = format!("{rest}{}{separator}{}", check_digit([number]), mrz.optional);
            page.put(self.number, start, "document number")?;
            return page.put(self.optional, &optional, "document number");
        }
        page.put_checked(self.number, number, "document number")?;
        if self.optional_is_checked && !mrz.optional.is_empty() {
            page.put_checked(self.optional, &mrz.optional, "personal number")
        } else {
            page.put(self.optional, &mrz.optional, "optional data")
        }
    }
}

impl At {
    fn of<'a>(self, lines: &[&'a str]) -> &'a str {
        let Self(line, column, width) = self;
        // INVARIANT: the layouts stay within their own shape, which was checked.
        lines.get(line).and_then(|line| line.get(column..column + width)).unwrap_or_default()
    }

    /// The check digit's place.
    const fn behind(self) -> Self {
        Self(self.0, self.1 + self.2, 1)
    }
}

/// The lines being written.
struct Page {
    lines: Vec<String>,
}

impl Page {
    fn lines(&self) -> Vec<&str> {
        self.lines.iter().map(String::as_str).collect()
    }

    fn put(&mut self, place: At, text: &str, what: &'static str) -> Result<(), MrzError> {
        let At(line, column, width) = place;
        let text = padded(text, width).filter(|text| text.is_ascii()).ok_or(MrzError::Field(what))?;
        let line = self.lines.get_mut(line).ok_or(MrzError::Field(what))?;
        line.replace_range(column..column + width, &text);
        Ok(())
    }

    fn put_checked(&mut self, place: At, text: &str, what: &'static str) -> Result<(), MrzError> {
        self.put(place, text, what)?;
        let digit = check_digit([place.of(&self.lines())]);
        self.put(place.behind(), &digit.to_string(), what)
    }
}

impl Sex {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Female => "F",
            Self::Male => "M",
            Self::Unspecified => "<",
        }
    }
}

fn sex(text: &str) -> Result<Sex, MrzError> {
    [Sex::Female, Sex::Male, Sex::Unspecified]
        .into_iter()
        .find(|sex| sex.as_str() == text)
        .ok_or(MrzError::Field("sex"))
}
