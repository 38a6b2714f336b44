//! Exclusive XML Canonicalization 1.0, without comments (W3C Recommendation of 18 July 2002, which builds on Canonical XML
//! 1.0, section 2.3).
//!
//! The node-set is always one element with all that is in it. So an output ancestor is an ancestor, and the namespaces that
//! were written for the ancestors are a stack.

mod write;

use crate::xml::tree::{Content, Node, QName, Tag, Uri};
use crate::{Document, Element, XmlError, XmlProblem};

/// The canonical form of an element and all that is in it.
///
/// `inclusive_prefixes` is the `PrefixList` of `InclusiveNamespaces`; `#default` names the default namespace.
///
/// # Errors
/// [`XmlProblem::CanonicalTooLarge`] over [`crate::Limits::canonical`].
pub fn exclusive(element: Element<'_>, inclusive_prefixes: &[&str]) -> Result<Vec<u8>, XmlError> {
    let mut octets = Vec::with_capacity(element.source().len() + 256);
    exclusive_into(element, inclusive_prefixes, &mut octets)?;
    Ok(octets)
}

/// As [`exclusive`], appended to a buffer that the caller has.
///
/// # Errors
/// As [`exclusive`]; the buffer then holds a part.
pub fn exclusive_into(element: Element<'_>, inclusive_prefixes: &[&str], octets: &mut Vec<u8>) -> Result<(), XmlError> {
    let document = element.document;
    let most = octets.len().saturating_add(document.limits().canonical);
    let inclusive = inclusive_prefixes.iter().map(|prefix| if *prefix == "#default" { "" } else { *prefix }).collect();
    let mut canonical =
        Canonical { document, inclusive, written: Vec::new(), open: Vec::new(), wanted: Vec::new(), order: Vec::new() };
    for index in element.index..element.end() {
        let Some(node) = document.node(index) else { break };
        canonical.close_before(index, octets);
        canonical.node(index, node, index == element.index, octets);
        if octets.len() > most {
            return Err(element.error(XmlProblem::CanonicalTooLarge));
        }
    }
    canonical.close_before(u32::MAX, octets);
    if octets.len() > most {
        return Err(element.error(XmlProblem::CanonicalTooLarge));
    }
    Ok(())
}

/// A namespace declaration in the output.
#[derive(Clone, Copy)]
struct Rendered<'d> {
    prefix: &'d str,
    uri: Uri,
}

/// An element whose end tag is still to be written.
struct Open {
    end: u32,
    name: QName,
    /// How many declarations were written before it.
    written: usize,
}

struct Canonical<'d, 'p> {
    document: &'d Document<'d>,
    /// Prefixes that are treated as Canonical XML 1.0 treats all.
    inclusive: Vec<&'p str>,
    /// The declarations that the open elements have in the output, the nearest last.
    written: Vec<Rendered<'d>>,
    open: Vec<Open>,
    /// Kept for its memory: the declarations that an element is to have.
    wanted: Vec<Rendered<'d>>,
    /// Kept for its memory: the attributes of an element in their order.
    order: Vec<u32>,
}

impl<'d> Canonical<'d, '_> {
    fn node(&mut self, index: u32, node: &'d Node, is_apex: bool, octets: &mut Vec<u8>) {
        match &node.content {
            Content::Text(value) => write::text(self.document.value(*value), octets),
            Content::Comment => {}
            Content::Instruction { target, data } => {
                octets.extend_from_slice(b"<?");
                octets.extend_from_slice(self.document.source(*target).as_bytes());
                let data = self.document.value(*data);
                if !data.is_empty() {
                    octets.push(b' ');
                    octets.extend_from_slice(data.as_bytes());
                }
                octets.extend_from_slice(b"?>");
            }
            Content::Element(tag) => {
                self.open.push(Open { end: node.end, name: tag.name, written: self.written.len() });
                self.start_tag(index, tag, is_apex, octets);
            }
        }
    }

    /// Writes the end tags of the elements that end before a node.
    fn close_before(&mut self, index: u32, octets: &mut Vec<u8>) {
        while let Some(open) = self.open.pop_if(|open| open.end <= index) {
            octets.extend_from_slice(b"</");
            octets.extend_from_slice(self.document.source(open.name.written()).as_bytes());
            octets.push(b'>');
            self.written.truncate(open.written);
        }
    }

    fn start_tag(&mut self, index: u32, tag: &'d Tag, is_apex: bool, octets: &mut Vec<u8>) {
        octets.push(b'<');
        octets.extend_from_slice(self.document.source(tag.name.written()).as_bytes());
        self.used_namespaces(tag);
        if !self.inclusive.is_empty() {
            self.inclusive_namespaces(index, tag, is_apex);
        }
        self.wanted.sort_unstable_by_key(|wanted| wanted.prefix);
        for wanted in self.wanted.drain(..) {
            write::declaration(wanted.prefix, self.document.uri(wanted.uri), octets);
            self.written.push(wanted);
        }
        self.attributes(tag, octets);
        octets.push(b'>');
    }

    /// The namespaces of the element's name and of its attributes' names: those that it visibly utilises.
    fn used_namespaces(&mut self, tag: &'d Tag) {
        self.want(self.document.source(tag.name.prefix()), tag.uri);
        let attributes = self.document.attributes.get(tag.attributes.range()).unwrap_or_default();
        for attribute in attributes.iter().filter(|attribute| attribute.name.is_prefixed()) {
            self.want(self.document.source(attribute.name.prefix()), attribute.uri);
        }
    }

    /// The namespaces of the prefix list: at the apex all that are in scope, below it what changes.
    fn inclusive_namespaces(&mut self, index: u32, tag: &'d Tag, is_apex: bool) {
        if is_apex {
            let apex = Element { document: self.document, index, tag };
            for position in 0..self.inclusive.len() {
                let Some(prefix) = self.inclusive.get(position).copied() else { break };
                if let Some((prefix, uri)) = apex.declaration_of(prefix) {
                    self.want(prefix, uri);
                }
            }
            return;
        }
        for declared in self.document.declarations.get(tag.declarations.range()).unwrap_or_default() {
            let prefix = self.document.source(declared.prefix);
            if self.inclusive.contains(&prefix) {
                self.want(prefix, declared.uri);
            }
        }
    }

    /// A namespace that must be in scope in the output here.
    fn want(&mut self, prefix: &'d str, uri: Uri) {
        let has = self.written.iter().rev().find(|written| written.prefix == prefix).map(|written| written.uri);
        let is_there = has.unwrap_or(Uri::NONE) == uri;
        if !is_there && uri != Uri::XML && !self.wanted.iter().any(|wanted| wanted.prefix == prefix) {
            self.wanted.push(Rendered { prefix, uri });
        }
    }

    /// The attributes, by the URI of their namespace and then by their local name.
    fn attributes(&mut self, tag: &Tag, octets: &mut Vec<u8>) {
        let document = self.document;
        let attributes = document.attributes.get(tag.attributes.range()).unwrap_or_default();
        self.order.clear();
        self.order.extend(0..tag.attributes.end - tag.attributes.start);
        if attributes.len() > 1 {
            self.order.sort_unstable_by_key(|position| {
                let attribute = attributes.get(*position as usize);
                attribute.map(|attribute| (document.uri(attribute.uri), document.source(attribute.name.local())))
            });
        }
        for attribute in self.order.iter().filter_map(|position| attributes.get(*position as usize)) {
            write::attribute(document.source(attribute.name.written()), document.value(attribute.value), octets);
        }
    }
}

#[cfg(test)]
mod tests;
