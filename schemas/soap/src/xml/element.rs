//! An element of a parsed document: a handle that is copied freely and that is equal to another only where both are the
//! same node of the same tree.

use core::{fmt, hash, ptr};
use std::borrow::Cow;

use super::tree::{AttributeData, Content, Declaration, Meaning, Prefix, Span, Tag, Uri};
use super::{Document, XmlError, XmlProblem};

/// One element of one document.
#[derive(Clone, Copy)]
pub struct Element<'d> {
    pub(crate) document: &'d Document<'d>,
    pub(crate) index: u32,
    pub(crate) tag: &'d Tag,
}

/// An attribute that is not a namespace declaration.
#[derive(Clone, Copy)]
pub struct Attribute<'d> {
    document: &'d Document<'d>,
    data: &'d AttributeData,
}

impl PartialEq for Element<'_> {
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(self.tag, other.tag)
    }
}

impl Eq for Element<'_> {}

impl hash::Hash for Element<'_> {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        ptr::hash(self.tag, state);
    }
}

/// Shows where it stands, never what it says.
impl fmt::Debug for Element<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.position();
        write!(f, "Element(line {line}, column {column})")
    }
}

/// Shows nothing of its value.
impl fmt::Debug for Attribute<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Attribute(…)")
    }
}

impl<'d> Document<'d> {
    /// The document's element.
    #[must_use]
    pub fn root(&self) -> Element<'_> {
        // INVARIANT on `nodes`: a document that was parsed has its element first; the tag that stands in for it is
        // never seen.
        self.element(0).unwrap_or(Element { document: self, index: 0, tag: &NO_TAG })
    }

    pub(crate) fn element(&self, index: u32) -> Option<Element<'_>> {
        match &self.node(index)?.content {
            Content::Element(tag) => Some(Element { document: self, index, tag }),
            Content::Text(_) | Content::Comment | Content::Instruction { .. } => None,
        }
    }
}

static NO_TAG: Tag = Tag {
    name: super::tree::QName { start: 0, local: 0, end: 0 },
    meaning: Meaning { prefix: Prefix::NONE, uri: Uri::NONE },
    ends: 0,
    attributes: Span { start: 0, end: 0 },
    declarations: Span { start: 0, end: 0 },
};

impl<'d> Element<'d> {
    /// The URI of its namespace; empty where it is in none.
    #[must_use]
    pub fn namespace(self) -> &'d str {
        self.document.uri(self.tag.meaning.uri)
    }

    /// Its local name.
    #[must_use]
    pub fn local(self) -> &'d str {
        self.document.source(self.tag.name.local())
    }

    /// Its prefix as it is written; empty where there is none.
    #[must_use]
    pub fn prefix(self) -> &'d str {
        self.document.source(self.tag.name.prefix())
    }

    /// Has it this expanded name?
    #[must_use]
    pub fn is(self, namespace: &str, local: &str) -> bool {
        self.local() == local && self.namespace() == namespace
    }

    /// The element that it stands in.
    #[must_use]
    pub fn parent(self) -> Option<Element<'d>> {
        let parent = self.document.node(self.index)?.parent;
        if parent == self.index { None } else { self.document.element(parent) }
    }

    /// The elements that it stands in, the nearest first.
    pub fn ancestors(self) -> impl Iterator<Item = Element<'d>> {
        core::iter::successors(self.parent(), |element| element.parent())
    }

    /// Its child elements.
    pub fn children(self) -> impl Iterator<Item = Element<'d>> + Clone {
        self.child_nodes().filter_map(move |index| self.document.element(index))
    }

    /// All elements below it, in document order.
    pub fn descendants(self) -> impl Iterator<Item = Element<'d>> + Clone {
        (self.index.saturating_add(1)..self.end()).filter_map(move |index| self.document.element(index))
    }

    /// Its first child of this name.
    #[must_use]
    pub fn child(self, namespace: &str, local: &str) -> Option<Element<'d>> {
        self.children().find(|child| child.is(namespace, local))
    }

    /// Its only child of this name.
    ///
    /// # Errors
    /// [`XmlProblem::Missing`] and [`XmlProblem::Repeated`].
    pub fn only(self, namespace: &str, local: &str) -> Result<Element<'d>, XmlError> {
        self.optional(namespace, local)?.ok_or_else(|| self.error(XmlProblem::Missing(local.to_owned())))
    }

    /// Its child of this name, if it has one.
    ///
    /// # Errors
    /// [`XmlProblem::Repeated`] where it has two.
    pub fn optional(self, namespace: &str, local: &str) -> Result<Option<Element<'d>>, XmlError> {
        let mut named = self.children().filter(|child| child.is(namespace, local));
        let first = named.next();
        match named.next() {
            None => Ok(first),
            Some(second) => Err(second.error(XmlProblem::Repeated(local.to_owned()))),
        }
    }

    /// The value of an attribute; an empty namespace means none.
    #[must_use]
    pub fn attribute(self, namespace: &str, local: &str) -> Option<&'d str> {
        self.attributes().find(|attribute| attribute.is(namespace, local)).map(Attribute::value)
    }

    /// Its attributes in the order in which they are written; namespace declarations are not among them.
    pub fn attributes(self) -> impl Iterator<Item = Attribute<'d>> + Clone {
        let document = self.document;
        let data = document.attributes.get(self.tag.attributes.range()).unwrap_or_default();
        data.iter().map(move |data| Attribute { document, data })
    }

    /// Its characters, where it has no child elements.
    ///
    /// # Errors
    /// [`XmlProblem::NotText`] where an element, a comment or a processing instruction stands in it.
    pub fn text(self) -> Result<Cow<'d, str>, XmlError> {
        let mut text = Cow::Borrowed("");
        for index in self.child_nodes() {
            match self.document.node(index).map(|node| node.content) {
                Some(Content::Text(value)) => text += self.document.value(value),
                Some(Content::Element(_)) => return Err(self.error(XmlProblem::NotText("an element"))),
                Some(Content::Comment) => return Err(self.error(XmlProblem::NotText("a comment"))),
                Some(Content::Instruction { .. }) => {
                    return Err(self.error(XmlProblem::NotText("a processing instruction")));
                }
                None => {}
            }
        }
        Ok(text)
    }

    /// Has it characters of its own that are not white space?
    #[must_use]
    pub fn has_own_text(self) -> bool {
        self.child_nodes().any(|index| match self.document.node(index).map(|node| node.content) {
            Some(Content::Text(value)) => !self.document.value(value).bytes().all(|octet| b" \t\r\n".contains(&octet)),
            Some(Content::Element(_) | Content::Comment | Content::Instruction { .. }) | None => false,
        })
    }

    /// Is there a processing instruction anywhere in it?
    #[must_use]
    pub fn has_processing_instructions(self) -> bool {
        self.subtree().any(|content| matches!(content, Content::Instruction { .. }))
    }

    /// Is there a comment anywhere in it?
    #[must_use]
    pub fn has_comments(self) -> bool {
        self.subtree().any(|content| matches!(content, Content::Comment))
    }

    /// The namespace that a prefix has here; the empty prefix asks for the default one. None where it is not declared.
    #[must_use]
    pub fn namespace_of(self, prefix: &str) -> Option<&'d str> {
        match prefix {
            "xml" => Some(crate::ns::XML),
            "xmlns" => Some(crate::ns::XMLNS),
            _ => {
                let declared = self.declaration_of(prefix)?;
                Some(self.document.uri(declared.meaning.uri)).filter(|uri| !uri.is_empty())
            }
        }
    }

    /// Line and column, both from 1, where its start tag begins.
    #[must_use]
    pub fn position(self) -> (u32, u32) {
        super::position(self.document.text, self.starts() as usize)
    }

    /// The element as it is written in the source. The namespaces that it inherits are not in it.
    #[must_use]
    pub fn source(self) -> &'d str {
        self.document.source(Span { start: self.starts(), end: self.tag.ends })
    }

    /// The octets of the source that it is: where [`Element::source`] stands in the document.
    #[must_use]
    pub fn range(self) -> core::ops::Range<usize> {
        Span { start: self.starts(), end: self.tag.ends }.range()
    }

    /// The document that it stands in.
    #[must_use]
    pub fn document(self) -> &'d Document<'d> {
        self.document
    }

    /// An error that points here.
    #[must_use]
    pub fn error(self, problem: XmlProblem) -> XmlError {
        super::error_at(self.document.text, self.starts() as usize, problem)
    }

    /// The declaration of a prefix that is in scope here.
    pub(crate) fn declaration_of(self, prefix: &str) -> Option<Declaration> {
        let document = self.document;
        core::iter::once(self).chain(self.ancestors()).find_map(|element| {
            let declarations = document.declarations.get(element.tag.declarations.range()).unwrap_or_default();
            declarations.iter().find(|declared| document.source(declared.prefix) == prefix).copied()
        })
    }

    /// The index after its last descendant.
    pub(crate) fn end(self) -> u32 {
        self.document.node(self.index).map_or(self.index, |node| node.end)
    }

    fn starts(self) -> u32 {
        self.tag.name.start.saturating_sub(1)
    }

    fn child_nodes(self) -> impl Iterator<Item = u32> + Clone {
        let end = self.end();
        let first = Some(self.index.saturating_add(1)).filter(|first| *first < end);
        core::iter::successors(first, move |index| {
            self.document.node(*index).map(|node| node.end).filter(|next| *next < end)
        })
    }

    fn subtree(self) -> impl Iterator<Item = &'d Content> {
        let nodes = self.document.nodes.get(self.index as usize..self.end() as usize).unwrap_or_default();
        nodes.iter().map(|node| &node.content)
    }
}

impl<'d> Attribute<'d> {
    /// The URI of its namespace; empty where it is in none.
    #[must_use]
    pub fn namespace(self) -> &'d str {
        self.document.uri(self.data.meaning.uri)
    }

    /// Its local name.
    #[must_use]
    pub fn local(self) -> &'d str {
        self.document.source(self.data.name.local())
    }

    /// Has it this expanded name?
    #[must_use]
    pub fn is(self, namespace: &str, local: &str) -> bool {
        self.local() == local && self.namespace() == namespace
    }

    /// Its value, normalised (XML 1.0, section 3.3.3).
    #[must_use]
    pub fn value(self) -> &'d str {
        self.document.value(self.data.value)
    }
}
