//! Exclusive XML Canonicalization 1.0, without comments (W3C Recommendation of 18 July 2002, which builds on Canonical XML
//! 1.0, section 2.3).
//!
//! The node-set is always one element with all that is in it. So an output ancestor is an ancestor, and the namespaces that
//! were written for the ancestors are a stack.

mod write;

use crate::xml::tree::{Content, Meaning, Node, QName, Span, Tag, Uri};
use crate::{Document, Element, XmlError, XmlProblem};

/// The canonical form of an element and all that is in it.
///
/// `inclusive_prefixes` is the `PrefixList` of `InclusiveNamespaces`; `#default` names the default namespace.
///
/// # Errors
/// [`XmlProblem::CanonicalTooLarge`] over [`crate::Limits::canonical`], [`XmlProblem::TooManyNamespaces`] where the list is
/// longer than [`crate::Limits::namespaces`].
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
    if inclusive_prefixes.len() > document.limits().namespaces {
        return Err(element.error(XmlProblem::TooManyNamespaces));
    }
    let most = octets.len().saturating_add(document.limits().canonical);
    let mut canonical = Canonical::new(document, inclusive_prefixes);
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

/// An element whose end tag is still to be written.
struct Open {
    end: u32,
    name: QName,
    /// How many declarations were written before it.
    undo: usize,
}

struct Canonical<'d, 'p> {
    document: &'d Document<'d>,
    /// Prefixes that are treated as Canonical XML 1.0 treats all; in their order.
    inclusive: Vec<&'p str>,
    open: Vec<Open>,
    /// By the number of a prefix: what it means in the output here.
    meanings: Vec<Uri>,
    /// What prefixes meant before the open elements' declarations in the output.
    undo: Vec<Meaning>,
    /// Kept for its memory: the declarations that an element is to have.
    wanted: Vec<(&'d str, Uri)>,
    /// Kept for its memory: the attributes of an element in their order.
    order: Vec<u32>,
}

impl<'d, 'p> Canonical<'d, 'p> {
    fn new(document: &'d Document<'d>, prefixes: &[&'p str]) -> Self {
        let named = prefixes.iter().map(|prefix| if *prefix == "#default" { "" } else { *prefix });
        let mut inclusive: Vec<_> = named.collect();
        inclusive.sort_unstable();
        let meanings = vec![Uri::NONE; document.prefixes as usize];
        let (open, undo, wanted, order) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { document, inclusive, open, meanings, undo, wanted, order }
    }

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
                self.open.push(Open { end: node.end, name: tag.name, undo: self.undo.len() });
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
            for before in self.undo.drain(open.undo..).rev() {
                if let Some(meaning) = self.meanings.get_mut(before.prefix.0 as usize) {
                    *meaning = before.uri;
                }
            }
        }
    }

    fn start_tag(&mut self, index: u32, tag: &'d Tag, is_apex: bool, octets: &mut Vec<u8>) {
        octets.push(b'<');
        octets.extend_from_slice(self.document.source(tag.name.written()).as_bytes());
        self.used_namespaces(tag);
        if !self.inclusive.is_empty() {
            self.inclusive_namespaces(index, tag, is_apex);
        }
        self.wanted.sort_unstable_by_key(|(prefix, _)| *prefix);
        for (prefix, uri) in self.wanted.drain(..) {
            write::declaration(prefix, self.document.uri(uri), octets);
        }
        self.attributes(tag, octets);
        octets.push(b'>');
    }

    /// The namespaces of the element's name and of its attributes' names: those that it visibly utilises.
    fn used_namespaces(&mut self, tag: &'d Tag) {
        self.want(tag.name.prefix(), tag.meaning);
        let attributes = self.document.attributes.get(tag.attributes.range()).unwrap_or_default();
        for attribute in attributes.iter().filter(|attribute| attribute.name.is_prefixed()) {
            self.want(attribute.name.prefix(), attribute.meaning);
        }
    }

    /// The namespaces of the prefix list: at the apex all that are in scope, below it what changes.
    fn inclusive_namespaces(&mut self, index: u32, tag: &'d Tag, is_apex: bool) {
        if is_apex {
            let apex = Element { document: self.document, index, tag };
            let declared: Vec<_> = self.inclusive.iter().filter_map(|prefix| apex.declaration_of(prefix)).collect();
            for declared in declared {
                self.want(declared.prefix, declared.meaning);
            }
            return;
        }
        for declared in self.document.declarations.get(tag.declarations.range()).unwrap_or_default() {
            if self.inclusive.binary_search(&self.document.source(declared.prefix)).is_ok() {
                self.want(declared.prefix, declared.meaning);
            }
        }
    }

    /// A namespace that must be in scope in the output here: it is declared unless it is.
    #[inline]
    fn want(&mut self, prefix: Span, wanted: Meaning) {
        let Some(meaning) = self.meanings.get_mut(wanted.prefix.0 as usize) else { return };
        if *meaning != wanted.uri && wanted.uri != Uri::XML {
            self.undo.push(Meaning { prefix: wanted.prefix, uri: *meaning });
            *meaning = wanted.uri;
            self.wanted.push((self.document.source(prefix), wanted.uri));
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
                attribute
                    .map(|attribute| (document.uri(attribute.meaning.uri), document.source(attribute.name.local())))
            });
        }
        for attribute in self.order.iter().filter_map(|position| attributes.get(*position as usize)) {
            write::attribute(document.source(attribute.name.written()), document.value(attribute.value), octets);
        }
    }
}

#[cfg(test)]
mod tests;
