//! Namespaces in XML 1.0: declarations, and the names that they give a meaning.

use super::{Parsed, Parser, Wrong, small};
use crate::ns;
use crate::xml::XmlProblem;
use crate::xml::characters::is_absolute_uri;
use crate::xml::tree::{AttributeData, Declaration, Meaning, Prefix, QName, Span, Uri, Value};

impl Parser<'_> {
    /// A namespace declaration; `first` is where those of this element begin.
    pub(super) fn declare(&mut self, first: u32, prefix: Span, value: Value) -> Parsed<()> {
        let wrong = |problem| Err(Wrong { at: prefix.start as usize, problem });
        let here = self.document.declarations.get(first as usize..).unwrap_or_default();
        let name = self.document.source(prefix);
        if here.iter().any(|declared| self.document.source(declared.prefix) == name) {
            return wrong(XmlProblem::DuplicateAttribute);
        }
        if self.scope.len() >= self.document.limits.namespaces {
            return wrong(XmlProblem::TooManyNamespaces);
        }
        let uri = match (name, self.document.value(value)) {
            ("xml", ns::XML) => Uri::XML,
            ("xml", _) | (_, ns::XML) => return wrong(XmlProblem::Namespace("xml is bound to its own namespace only")),
            ("xmlns", _) | (_, ns::XMLNS) => return wrong(XmlProblem::Namespace("xmlns must not be declared")),
            ("", "") => Uri::NONE,
            (_, "") => return wrong(XmlProblem::Namespace("a prefix cannot be undeclared")),
            (_, uri) if uri.len() > self.document.limits.name => return wrong(XmlProblem::NameTooLong),
            (_, uri) if !is_absolute_uri(uri) => return wrong(XmlProblem::RelativeNamespace),
            (_, uri) => self.number_of(uri).unwrap_or_else(|| Uri(small(self.document.uris.len()))),
        };
        if uri.0 as usize == self.document.uris.len() {
            self.document.uris.push(value);
        }
        let declared = Declaration { prefix, meaning: Meaning { prefix: self.prefix_number(prefix), uri } };
        self.scope.push(declared);
        self.document.declarations.push(declared);
        Ok(())
    }

    /// The number of a URI that is in scope already.
    fn number_of(&self, uri: &str) -> Option<Uri> {
        let mut in_scope = self.scope.iter().rev().map(|declared| declared.meaning.uri);
        in_scope.find(|number| self.document.uri(*number) == uri)
    }

    /// The number of a prefix: that which it has in scope, or a new one.
    fn prefix_number(&mut self, prefix: Span) -> Prefix {
        let prefix = self.document.source(prefix);
        if prefix.is_empty() {
            return Prefix::NONE;
        }
        if let Some(meaning) = self.lookup(prefix) {
            return meaning.prefix;
        }
        let number = Prefix(self.document.prefixes);
        self.document.prefixes += 1;
        number
    }

    pub(super) fn meaning_of_element(&self, name: QName) -> Parsed<Meaning> {
        if !name.is_prefixed() {
            return Ok(self.lookup("").unwrap_or_default());
        }
        let meaning = self.resolve(name)?;
        if meaning.uri == Uri::XML {
            // No such element was ever defined, and not every parser reads one.
            return Err(Wrong { at: name.start as usize, problem: XmlProblem::Namespace("xml is for attributes") });
        }
        Ok(meaning)
    }

    /// Gives the prefixed attributes of an element their namespaces, and refuses two of the same expanded name.
    pub(super) fn resolve_attributes(&mut self, attributes: Span) -> Parsed<()> {
        for index in attributes.range() {
            let Some(name) = self.document.attributes.get(index).map(|attribute| attribute.name) else { break };
            if name.is_prefixed() {
                let meaning = self.resolve(name)?;
                if let Some(attribute) = self.document.attributes.get_mut(index) {
                    attribute.meaning = meaning;
                }
            }
        }
        let mut rest = self.document.attributes.get(attributes.range()).unwrap_or_default();
        while let [first, others @ ..] = rest {
            if others.iter().any(|other| self.is_same(first, other)) {
                return Err(Wrong { at: first.name.start as usize, problem: XmlProblem::DuplicateAttribute });
            }
            rest = others;
        }
        Ok(())
    }

    fn is_same(&self, one: &AttributeData, other: &AttributeData) -> bool {
        let (a, b) = (one.name.local(), other.name.local());
        one.meaning.uri == other.meaning.uri
            && a.range().len() == b.range().len()
            && self.document.source(a) == self.document.source(b)
    }

    fn resolve(&self, name: QName) -> Parsed<Meaning> {
        let found = match self.document.source(name.prefix()) {
            "xml" => Some(Meaning { prefix: Prefix::NONE, uri: Uri::XML }),
            prefix => self.lookup(prefix),
        };
        found.ok_or(Wrong {
            at: name.start as usize,
            problem: XmlProblem::Namespace("a prefix is used that is not declared"),
        })
    }

    fn lookup(&self, prefix: &str) -> Option<Meaning> {
        let declared = self.scope.iter().rev().find(|declared| self.document.source(declared.prefix) == prefix);
        declared.map(|declared| declared.meaning)
    }
}
