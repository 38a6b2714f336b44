//! The tree as it is kept: nodes in document order, spans into the source, and one buffer for what had to be decoded.
//!
//! INVARIANT on `Node::end`: a node's subtree is `nodes[i .. nodes[i].end]`; so the first child of an element is `i + 1`
//! where that is below its end, and the next sibling of a child is its own end.

use core::ops::Range;

/// Octets of the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Span {
    pub(crate) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A value: as it stands in the source, or decoded.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value {
    Source(Span),
    Decoded(Span),
}

/// A name as it is written: `prefix:local` or `local`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct QName {
    pub(crate) start: u32,
    /// Where the local name starts; the same as `start` without a prefix.
    pub(crate) local: u32,
    pub(crate) end: u32,
}

impl QName {
    pub(crate) fn written(self) -> Span {
        Span { start: self.start, end: self.end }
    }

    pub(crate) fn local(self) -> Span {
        Span { start: self.local, end: self.end }
    }

    /// The prefix; empty where there is none.
    pub(crate) fn prefix(self) -> Span {
        Span { start: self.start, end: self.local.saturating_sub(1).max(self.start) }
    }

    pub(crate) fn is_prefixed(self) -> bool {
        self.local != self.start
    }
}

/// Which namespace: an index into `Document::uris`. Where two are in scope together, they are the same URI exactly if
/// they are the same number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Uri(pub(crate) u32);

impl Uri {
    /// No namespace.
    pub(crate) const NONE: Self = Self(0);
    /// That of the prefix `xml`.
    pub(crate) const XML: Self = Self(1);
}

/// Which prefix: where one is declared while another is in scope, they are the same text exactly if they are the same
/// number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Prefix(pub(crate) u32);

impl Prefix {
    /// The empty one.
    pub(crate) const NONE: Self = Self(0);
}

/// A prefix's number and what it means.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Meaning {
    pub(crate) prefix: Prefix,
    pub(crate) uri: Uri,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    /// The parent element's index; the root has its own.
    pub(crate) parent: u32,
    /// The index after the last descendant.
    pub(crate) end: u32,
    pub(crate) content: Content,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Content {
    Element(Tag),
    Text(Value),
    Comment,
    Instruction { target: Span, data: Value },
}

/// What an element's start tag says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tag {
    pub(crate) name: QName,
    pub(crate) meaning: Meaning,
    /// Where the element ends in the source; it starts one octet before its name.
    pub(crate) ends: u32,
    /// Indexes into `Document::attributes`.
    pub(crate) attributes: Span,
    /// Indexes into `Document::declarations`.
    pub(crate) declarations: Span,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct AttributeData {
    pub(crate) name: QName,
    pub(crate) meaning: Meaning,
    pub(crate) value: Value,
}

/// `xmlns:prefix="uri"`, or `xmlns="uri"` with an empty prefix.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Declaration {
    pub(crate) prefix: Span,
    pub(crate) meaning: Meaning,
}
