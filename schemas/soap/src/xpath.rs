//! A part of XPath 1.0 for mapping files: enough to point into a message, little enough to be bounded.
//!
//! ```text
//! path      ::= ('/' | '//')? step (('/' | '//') step)* (('/' | '//') last)? | ('/' | '//')? last | '.'
//! step      ::= '.'? name predicate*             './/a' and './a' begin where 'a' does
//! name      ::= '*' | prefix ':*' | prefix ':' local | local
//! last      ::= '@' name | 'text()'
//! predicate ::= '[' number ']' | '[last()]' | '[' value (('=' | '!=') literal)? ']' | '[not(' value ')]'
//! value     ::= 'local-name()' | '.' | name ('/' name)* ('/' last)? | last
//! ```
//!
//! As in XPath, a name without a prefix is in no namespace, and a comparison holds if it holds for one node. Unlike in
//! XPath, the element that an expression is used on is all there is: `/` stands above that element, and nothing outside of
//! it can be reached, so that what is read stays within what was verified.

mod expression;

use std::borrow::Cow;

use crate::{Element, XmlError};

/// Nodes that one use of an expression may look at.
const MOST_VISITED: usize = 200_000;

/// An expression that cannot be used, or that found what it cannot read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum XPathError {
    /// The expression is not one of ours.
    #[error("the XPath expression is not understood at character {at}: {why}")]
    Expression {
        /// The character, from 1.
        at: usize,
        /// What was expected.
        why: &'static str,
    },
    /// A prefix that the mapping file does not declare.
    #[error("the XPath expression uses a prefix at character {at} that is not declared")]
    Prefix {
        /// The character, from 1.
        at: usize,
    },
    /// The expression selects an attribute or text where elements are asked for.
    #[error("the XPath expression selects no elements")]
    NotElements,
    /// More would have to be looked at than a mapping may read.
    #[error("the XPath expression selects too much")]
    TooMuch,
    /// What is selected is no text.
    #[error("what the XPath expression selects is not text: {0}")]
    NotText(#[from] XmlError),
}

/// An expression, ready to be used on many documents.
#[derive(Clone, Debug)]
pub struct XPath {
    /// Begins above the element that it is used on, rather than in it.
    is_absolute: bool,
    steps: Vec<Step>,
    last: Last,
}

/// One step down, and what of it is kept.
#[derive(Clone, Debug)]
struct Step {
    /// After `//`: from everything below.
    is_deep: bool,
    name: Name,
    predicates: Vec<Predicate>,
}

/// None means any.
#[derive(Clone, Debug)]
struct Name {
    namespace: Option<String>,
    local: Option<String>,
}

/// What of the selected elements is meant.
#[derive(Clone, Debug)]
enum Last {
    Element,
    Attribute(Name),
    Text,
}

#[derive(Clone, Debug)]
enum Predicate {
    Position(usize),
    Final,
    Exists(Operand),
    Lacks(Operand),
    Equals(Operand, String),
    Differs(Operand, String),
}

#[derive(Clone, Debug)]
enum Operand {
    LocalName,
    Path(Vec<Name>, Last),
}

impl XPath {
    /// Reads an expression; `namespaces` are prefixes and their URIs.
    ///
    /// # Errors
    /// [`XPathError::Expression`] and [`XPathError::Prefix`].
    pub fn parse(expression: &str, namespaces: &[(&str, &str)]) -> Result<Self, XPathError> {
        expression::parse(expression, namespaces)
    }

    /// The elements that it selects, seen from an element, in document order.
    ///
    /// # Errors
    /// [`XPathError::NotElements`] where it selects an attribute or text, [`XPathError::TooMuch`].
    pub fn select<'d>(&self, from: Element<'d>) -> Result<Vec<Element<'d>>, XPathError> {
        match self.last {
            Last::Element => self.walk(from),
            Last::Attribute(_) | Last::Text => Err(XPathError::NotElements),
        }
    }

    /// The text of the first node that it selects; None where it selects nothing.
    ///
    /// # Errors
    /// [`XPathError::NotText`] where that is an element with more than text in it, [`XPathError::TooMuch`].
    pub fn text(&self, from: Element<'_>) -> Result<Option<String>, XPathError> {
        for element in self.walk(from)? {
            if let Some(text) = self.last.of(element)? {
                return Ok(Some(text.into_owned()));
            }
        }
        Ok(None)
    }

    fn walk<'d>(&self, from: Element<'d>) -> Result<Vec<Element<'d>>, XPathError> {
        let mut visited = 0;
        let mut selected = vec![from];
        let mut is_above = self.is_absolute;
        for step in &self.steps {
            let mut next = Vec::new();
            if is_above {
                step.take([from].into_iter(), &mut next, &mut visited)?;
            }
            if !is_above || step.is_deep {
                let within = if step.is_deep { closure(&selected) } else { selected };
                for parent in within {
                    step.take(parent.children(), &mut next, &mut visited)?;
                }
            }
            next.sort_unstable_by_key(|element| element.index);
            selected = next;
            is_above = false;
        }
        Ok(selected)
    }
}

/// Elements and all that is below them, each once, in document order; `elements` are in document order.
fn closure<'d>(elements: &[Element<'d>]) -> Vec<Element<'d>> {
    let mut all = Vec::new();
    let mut end = 0;
    for element in elements {
        if element.index >= end {
            all.push(*element);
            all.extend(element.descendants());
            end = element.end();
        }
    }
    all
}

impl Step {
    /// Adds those of some siblings that the step selects.
    fn take<'d>(
        &self,
        siblings: impl Iterator<Item = Element<'d>>,
        next: &mut Vec<Element<'d>>,
        visited: &mut usize,
    ) -> Result<(), XPathError> {
        let mut kept = Vec::new();
        for sibling in siblings {
            visit(visited)?;
            if self.name.fits(sibling.namespace(), sibling.local()) {
                kept.push(sibling);
            }
        }
        for predicate in &self.predicates {
            let last = kept.len();
            let mut holds = Vec::with_capacity(last);
            for (before, element) in kept.into_iter().enumerate() {
                if predicate.holds(element, before + 1, last, visited)? {
                    holds.push(element);
                }
            }
            kept = holds;
        }
        next.extend(kept);
        Ok(())
    }
}

fn visit(visited: &mut usize) -> Result<(), XPathError> {
    *visited += 1;
    if *visited > MOST_VISITED { Err(XPathError::TooMuch) } else { Ok(()) }
}

impl Name {
    fn fits(&self, namespace: &str, local: &str) -> bool {
        self.local.as_deref().is_none_or(|own| own == local)
            && self.namespace.as_deref().is_none_or(|own| own == namespace)
    }
}

impl Last {
    /// The text of this at an element; None where there is none.
    fn of<'d>(&self, element: Element<'d>) -> Result<Option<Cow<'d, str>>, XmlError> {
        match self {
            Self::Element => element.text().map(Some),
            Self::Text => element.text().map(|text| Some(text).filter(|text| !text.is_empty())),
            Self::Attribute(name) => {
                let mut attributes = element.attributes();
                let found = attributes.find(|attribute| name.fits(attribute.namespace(), attribute.local()));
                Ok(found.map(|attribute| Cow::Borrowed(attribute.value())))
            }
        }
    }

    fn is_at(&self, element: Element<'_>) -> Result<bool, XmlError> {
        match self {
            Self::Element => Ok(true),
            Self::Text | Self::Attribute(_) => Ok(self.of(element)?.is_some()),
        }
    }
}

impl Predicate {
    fn holds(
        &self,
        element: Element<'_>,
        position: usize,
        last: usize,
        visited: &mut usize,
    ) -> Result<bool, XPathError> {
        match self {
            Self::Position(number) => Ok(position == *number),
            Self::Final => Ok(position == last),
            Self::Exists(operand) => operand.exists(element, visited),
            Self::Lacks(operand) => Ok(!operand.exists(element, visited)?),
            Self::Equals(operand, literal) => operand.any(element, visited, |value| value == literal),
            Self::Differs(operand, literal) => operand.any(element, visited, |value| value != literal),
        }
    }
}

impl Operand {
    fn exists(&self, element: Element<'_>, visited: &mut usize) -> Result<bool, XPathError> {
        match self {
            Self::LocalName => Ok(true),
            Self::Path(names, last) => any(element, names, visited, &mut |end| last.is_at(end)),
        }
    }

    fn any(&self, element: Element<'_>, visited: &mut usize, holds: impl Fn(&str) -> bool) -> Result<bool, XPathError> {
        match self {
            Self::LocalName => Ok(holds(element.local())),
            Self::Path(names, last) => {
                any(element, names, visited, &mut |end| Ok(last.of(end)?.is_some_and(|value| holds(&value))))
            }
        }
    }
}

/// Is there an element below, by these names one after the other, of which something holds? Goes as deep as there are
/// names, which the reader of expressions bounds.
fn any(
    element: Element<'_>,
    names: &[Name],
    visited: &mut usize,
    holds: &mut dyn FnMut(Element<'_>) -> Result<bool, XmlError>,
) -> Result<bool, XPathError> {
    let [name, below @ ..] = names else { return Ok(holds(element)?) };
    for child in element.children() {
        visit(visited)?;
        if name.fits(child.namespace(), child.local()) && any(child, below, visited, holds)? {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests;
