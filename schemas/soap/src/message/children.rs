//! The children of an element of ours, taken one after another in the order of the schema.

use std::borrow::Cow;
use std::iter::Peekable;
use std::str::FromStr;
use std::vec::IntoIter;

use mohur_wire::ParseError;

use crate::envelope::{EnvelopeError, EnvelopeProblem, at, name};
use crate::{Element, ns};

/// What is left of an element's children. [`Children::end`] must be called: it refuses what nobody took.
pub(super) struct Children<'d> {
    parent: Element<'d>,
    left: Peekable<IntoIter<Element<'d>>>,
}

impl<'d> Children<'d> {
    /// The children of an element that holds elements only, and has none but these attributes.
    pub(super) fn of(parent: Element<'d>, attributes: &[&str]) -> Result<Self, EnvelopeError> {
        only_attributes(parent, attributes)?;
        if parent.has_own_text() {
            return Err(at(parent, EnvelopeProblem::Text(name(parent))));
        }
        Ok(Self::below(parent))
    }

    /// The children of an element whose attributes and text somebody else looks at.
    pub(super) fn below(parent: Element<'d>) -> Self {
        Self { parent, left: parent.children().collect::<Vec<_>>().into_iter().peekable() }
    }

    /// All that are left, whatever their names.
    pub(super) fn rest(self) -> impl Iterator<Item = Element<'d>> {
        self.left
    }

    /// The next child, if it is of this name.
    pub(super) fn next_if(&mut self, local: &str) -> Option<Element<'d>> {
        self.left.next_if(|child| child.is(ns::MOHUR, local))
    }

    /// The next child, which must be of this name.
    pub(super) fn next(&mut self, local: &'static str) -> Result<Element<'d>, EnvelopeError> {
        if let Some(child) = self.next_if(local) {
            return Ok(child);
        }
        // A child that stands too early is named; where there is none left, the one that is missing is.
        match self.left.peek().copied() {
            Some(other) if self.left.clone().skip(1).any(|child| child.is(ns::MOHUR, local)) => {
                Err(at(other, EnvelopeProblem::Unexpected(name(other))))
            }
            Some(other) => Err(at(other, EnvelopeProblem::Missing(local))),
            None => Err(at(self.parent, EnvelopeProblem::Missing(local))),
        }
    }

    /// The next child as a value.
    pub(super) fn value<T: FromStr<Err = ParseError>>(&mut self, local: &'static str) -> Result<T, EnvelopeError> {
        parse(self.next(local)?)
    }

    /// The next child as a value, if it is of this name.
    pub(super) fn optional<T: FromStr<Err = ParseError>>(&mut self, local: &str) -> Result<Option<T>, EnvelopeError> {
        self.next_if(local).map(parse).transpose()
    }

    /// The next child as a number.
    pub(super) fn number<T: FromStr>(&mut self, local: &'static str) -> Result<T, EnvelopeError> {
        number(self.next(local)?)
    }

    /// All further children, which must be of this name, `least` to `most` of them.
    pub(super) fn all(
        mut self,
        local: &'static str,
        (least, most): (usize, usize),
    ) -> Result<Vec<Element<'d>>, EnvelopeError> {
        let mut found = Vec::new();
        while let Some(child) = self.next_if(local) {
            found.push(child);
        }
        let parent = self.parent;
        self.end()?;
        if found.len() < least {
            return Err(at(parent, EnvelopeProblem::Empty(name(parent))));
        }
        if found.len() > most {
            return Err(at(parent, EnvelopeProblem::Value(name(parent), "fewer elements")));
        }
        Ok(found)
    }

    /// Nothing may be left.
    pub(super) fn end(mut self) -> Result<(), EnvelopeError> {
        match self.left.next() {
            None => Ok(()),
            Some(more) => Err(at(more, EnvelopeProblem::Unexpected(name(more)))),
        }
    }
}

/// The text of an element without attributes: not empty, and nothing is trimmed.
pub(super) fn text(element: Element<'_>) -> Result<Cow<'_, str>, EnvelopeError> {
    only_attributes(element, &[])?;
    let text = element.text()?;
    if text.is_empty() { Err(at(element, EnvelopeProblem::Empty(name(element)))) } else { Ok(text) }
}

/// The text of an element as a value.
pub(super) fn parse<T: FromStr<Err = ParseError>>(element: Element<'_>) -> Result<T, EnvelopeError> {
    text(element)?.parse().map_err(|error: ParseError| wrong(element, error.expected))
}

/// The text of an element as a whole number, written in the one usual way.
pub(super) fn number<T: FromStr>(element: Element<'_>) -> Result<T, EnvelopeError> {
    plain_number(element, &text(element)?)
}

/// A text as a whole number.
pub(super) fn plain_number<T: FromStr>(element: Element<'_>, text: &str) -> Result<T, EnvelopeError> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_usual = digits.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !digits.starts_with('0'));
    let number = text.parse().ok().filter(|_| is_usual);
    number.ok_or_else(|| wrong(element, "a whole number, without plus or leading zeros"))
}

/// The one of a closed list that an element's text names.
pub(super) fn one_of<T: Copy>(
    element: Element<'_>,
    all: &[T],
    name_of: fn(T) -> &'static str,
    expected: &'static str,
) -> Result<T, EnvelopeError> {
    let text = text(element)?;
    all.iter().copied().find(|one| name_of(*one) == text).ok_or_else(|| wrong(element, expected))
}

/// The element does not hold what it must.
pub(super) fn wrong(element: Element<'_>, expected: &'static str) -> EnvelopeError {
    at(element, EnvelopeProblem::Value(name(element), expected))
}

/// Attributes beside those named: an id that a signature refers to, and hints of XML Schema that say nothing new. Others
/// are refused, because what is signed must be what is understood; `xsi:nil` above all.
pub(super) fn only_attributes(element: Element<'_>, named: &[&str]) -> Result<(), EnvelopeError> {
    for attribute in element.attributes() {
        let is_known = match attribute.namespace() {
            "" => named.contains(&attribute.local()),
            ns::WSU => attribute.local() == "Id",
            ns::XML => attribute.local() == "id",
            ns::XSI => matches!(attribute.local(), "type" | "schemaLocation"),
            _ => false,
        };
        if !is_known {
            return Err(at(element, EnvelopeProblem::Attribute(name(element))));
        }
    }
    Ok(())
}
