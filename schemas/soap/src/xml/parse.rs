//! The parser: one pass over the text, no recursion, every limit checked before anything is kept.

mod scope;
mod values;

use super::characters::{self, SPACE};
use super::tree::{AttributeData, Content, Declaration, Meaning, Node, QName, Span, Tag, Value};
use super::{Document, XmlError, XmlProblem, error_at};
use crate::Limits;

/// Offsets are kept in 32 bits.
const MOST_BYTES: usize = 1 << 30;

type Parsed<T> = Result<T, Wrong>;

/// What is wrong, and at which octet.
struct Wrong {
    at: usize,
    problem: XmlProblem,
}

pub(super) fn document<'a>(text: &'a str, limits: &Limits) -> Result<Document<'a>, XmlError> {
    if text.len() > limits.bytes.min(MOST_BYTES) {
        return Err(XmlError { problem: XmlProblem::TooLarge, line: 1, column: 1 });
    }
    let mut parser = Parser::new(text, *limits);
    match parser.document() {
        Ok(()) => Ok(parser.document),
        Err(wrong) => Err(error_at(text, wrong.at, wrong.problem)),
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    document: Document<'a>,
    /// The open elements.
    open: Vec<u32>,
    /// The declarations in scope, the nearest last.
    scope: Vec<Declaration>,
    /// What counts against [`Limits::elements`].
    counted: usize,
}

/// By INVARIANT on `MOST_BYTES`, nothing that is counted here exceeds 32 bits.
fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, limits: Limits) -> Self {
        let document = Document {
            text,
            decoded: String::new(),
            nodes: Vec::with_capacity((text.len() / 32).min(4096)),
            attributes: Vec::with_capacity((text.len() / 128).min(1024)),
            declarations: Vec::with_capacity(16),
            uris: vec![Value::Source(Span::default()); 2],
            prefixes: 1,
            limits,
        };
        Self { text, at: 0, document, open: Vec::with_capacity(16), scope: Vec::with_capacity(16), counted: 0 }
    }

    /// `document ::= prolog element Misc*`
    fn document(&mut self) -> Parsed<()> {
        if self.text.starts_with('\u{FEFF}') {
            self.at = '\u{FEFF}'.len_utf8();
        }
        if self.follows("<?xml") && self.octet_after("<?xml").is_some_and(|octet| characters::is(octet, SPACE)) {
            self.declaration()?;
        }
        self.miscellaneous()?;
        if self.peek() != Some(b'<') {
            return Err(self.malformed("it must begin with an element"));
        }
        self.element()?;
        while !self.open.is_empty() {
            self.content()?;
        }
        self.miscellaneous()?;
        if self.at < self.text.len() {
            return Err(self.malformed("nothing may stand after the document's element"));
        }
        Ok(())
    }

    /// `Misc*`: comments, instructions and white space outside of the document's element; none of it is kept.
    fn miscellaneous(&mut self) -> Parsed<()> {
        loop {
            self.skip_space();
            if self.follows("<!--") {
                self.comment()?;
            } else if self.follows("<?") {
                self.instruction()?;
            } else if self.follows("<!DOCTYPE") {
                return Err(self.wrong(XmlProblem::Doctype));
            } else {
                return Ok(());
            }
        }
    }

    /// `XMLDecl`: version 1.0, UTF-8 if any encoding is named.
    fn declaration(&mut self) -> Parsed<()> {
        self.at += "<?xml".len();
        let version = self.pseudo_attribute("version")?;
        if version != Some("1.0") {
            return Err(self.wrong(XmlProblem::Version));
        }
        if let Some(encoding) = self.pseudo_attribute("encoding")?
            && !encoding.eq_ignore_ascii_case("UTF-8")
        {
            return Err(self.wrong(XmlProblem::NotUtf8));
        }
        if !matches!(self.pseudo_attribute("standalone")?, None | Some("yes" | "no")) {
            return Err(self.malformed("standalone must be yes or no"));
        }
        self.skip_space();
        self.expect("?>", "its XML declaration is not closed")
    }

    fn pseudo_attribute(&mut self, name: &str) -> Parsed<Option<&'a str>> {
        let before = self.at;
        if !self.skip_space() || !self.follows(name) {
            self.at = before;
            return Ok(None);
        }
        self.at += name.len();
        self.equals()?;
        let quote = self.quote()?;
        let rest = self.rest();
        let length = rest.bytes().position(|octet| octet == quote || octet == b'<');
        let value = length.and_then(|length| rest.get(..length));
        let value = value.ok_or_else(|| self.malformed("its XML declaration is not closed"))?;
        self.at += value.len();
        self.expect(if quote == b'"' { "\"" } else { "'" }, "its XML declaration is not closed")?;
        Ok(Some(value))
    }

    /// What follows in the innermost open element.
    fn content(&mut self) -> Parsed<()> {
        if self.peek() != Some(b'<') {
            return self.characters();
        }
        match self.octet_after("<") {
            Some(b'/') => self.end_tag(),
            Some(b'?') => self.instruction(),
            Some(b'!') if self.follows("<!--") => self.comment(),
            Some(b'!') if self.follows("<![CDATA[") => self.cdata(),
            Some(b'!') if self.follows("<!DOCTYPE") => Err(self.wrong(XmlProblem::Doctype)),
            _ => self.element(),
        }
    }

    /// A start tag or the tag of an empty element.
    fn element(&mut self) -> Parsed<()> {
        self.count()?;
        if self.open.len() >= self.document.limits.depth as usize {
            return Err(self.wrong(XmlProblem::TooDeep));
        }
        self.at += 1;
        let name = self.qname()?;
        let index = small(self.document.nodes.len());
        let parent = self.open.last().copied().unwrap_or(index);
        let (attributes, declarations) = self.ends_of();
        let is_empty = self.attributes(declarations)?;
        let (attributes_end, declarations_end) = self.ends_of();
        let tag = Tag {
            name,
            meaning: self.meaning_of_element(name)?,
            ends: small(self.at),
            attributes: Span { start: attributes, end: attributes_end },
            declarations: Span { start: declarations, end: declarations_end },
        };
        self.resolve_attributes(tag.attributes)?;
        self.document.nodes.push(Node { parent, end: index + 1, content: Content::Element(tag) });
        if is_empty {
            self.close(index);
        } else {
            self.open.push(index);
        }
        Ok(())
    }

    /// Where attributes and declarations end so far.
    fn ends_of(&self) -> (u32, u32) {
        (small(self.document.attributes.len()), small(self.document.declarations.len()))
    }

    /// The attributes and declarations up to the end of the tag, which is consumed. Is the element empty?
    fn attributes(&mut self, declarations: u32) -> Parsed<bool> {
        let mut read = 0_usize;
        loop {
            let spaced = self.skip_space();
            match self.peek() {
                Some(b'>') => {
                    self.at += 1;
                    return Ok(false);
                }
                Some(b'/') => {
                    self.expect("/>", "a tag is not closed")?;
                    return Ok(true);
                }
                Some(_) if spaced => {}
                _ => return Err(self.malformed("a tag is not closed, or its attributes are not apart")),
            }
            read += 1;
            if read > self.document.limits.attributes {
                return Err(self.wrong(XmlProblem::TooManyAttributes));
            }
            self.attribute(declarations)?;
        }
    }

    /// One attribute or declaration; `declarations` is where those of this element begin.
    fn attribute(&mut self, declarations: u32) -> Parsed<()> {
        let name = self.qname()?;
        self.equals()?;
        let value = self.attribute_value()?;
        let local = name.local();
        if self.document.source(name.prefix()) == "xmlns" {
            self.declare(declarations, local, value)
        } else if !name.is_prefixed() && self.document.source(local) == "xmlns" {
            self.declare(declarations, Span { start: local.start, end: local.start }, value)
        } else {
            self.document.attributes.push(AttributeData { name, meaning: Meaning::default(), value });
            Ok(())
        }
    }

    fn end_tag(&mut self) -> Parsed<()> {
        self.at += "</".len();
        let Some(index) = self.open.last().copied() else {
            return Err(self.malformed("an end tag without its start tag"));
        };
        let name = self.document.element(index).map(|element| element.tag.name.written()).unwrap_or_default();
        if !self.follows(self.document.source(name)) {
            return Err(self.malformed("an end tag does not fit its start tag"));
        }
        self.at += name.range().len();
        self.skip_space();
        self.expect(">", "an end tag does not fit its start tag")?;
        self.open.pop();
        self.close(index);
        Ok(())
    }

    /// The element ends here, and what it declared with it.
    fn close(&mut self, index: u32) {
        let length = small(self.document.nodes.len());
        let ends = small(self.at);
        if let Some(Node { end, content: Content::Element(tag), .. }) = self.document.nodes.get_mut(index as usize) {
            *end = length;
            tag.ends = ends;
            let declared = tag.declarations.range().len();
            self.scope.truncate(self.scope.len().saturating_sub(declared));
        }
    }

    /// A name with at most one colon, both parts of it names.
    fn qname(&mut self) -> Parsed<QName> {
        let start = self.at;
        self.ncname()?;
        let mut local = start;
        if self.peek() == Some(b':') {
            self.at += 1;
            local = self.at;
            self.ncname()?;
        }
        if self.at - start > self.document.limits.name {
            return Err(Wrong { at: start, problem: XmlProblem::NameTooLong });
        }
        Ok(QName { start: small(start), local: small(local), end: small(self.at) })
    }

    fn ncname(&mut self) -> Parsed<()> {
        let start = self.at;
        loop {
            match self.peek() {
                Some(octet) if characters::is(octet, characters::NAME) => self.at += 1,
                Some(octet) if !octet.is_ascii() => match self.rest().chars().next() {
                    Some(character) if characters::continues_name(character) => self.at += character.len_utf8(),
                    _ => break,
                },
                _ => break,
            }
        }
        let name = self.text.get(start..self.at).unwrap_or_default();
        if name.chars().next().is_some_and(characters::starts_name) {
            Ok(())
        } else {
            Err(Wrong { at: start, problem: XmlProblem::Malformed("a name is expected") })
        }
    }

    /// One more of what [`Limits::elements`] counts.
    fn count(&mut self) -> Parsed<()> {
        self.counted += 1;
        if self.counted > self.document.limits.elements {
            return Err(self.wrong(XmlProblem::TooManyElements));
        }
        Ok(())
    }

    /// Adds a node below the innermost open element; outside of the document's element nothing is kept.
    fn keep(&mut self, content: Content) {
        if let Some(parent) = self.open.last().copied() {
            let end = small(self.document.nodes.len()) + 1;
            self.document.nodes.push(Node { parent, end, content });
        }
    }

    fn equals(&mut self) -> Parsed<()> {
        self.skip_space();
        self.expect("=", "an attribute has no value")?;
        self.skip_space();
        Ok(())
    }

    fn quote(&mut self) -> Parsed<u8> {
        match self.peek() {
            Some(quote @ (b'"' | b'\'')) => {
                self.at += 1;
                Ok(quote)
            }
            _ => Err(self.malformed("a value is not in quotes")),
        }
    }

    /// Skips white space; was there any?
    fn skip_space(&mut self) -> bool {
        let before = self.at;
        while self.peek().is_some_and(|octet| characters::is(octet, SPACE)) {
            self.at += 1;
        }
        self.at > before
    }

    fn expect(&mut self, token: &str, otherwise: &'static str) -> Parsed<()> {
        if !self.follows(token) {
            return Err(self.malformed(otherwise));
        }
        self.at += token.len();
        Ok(())
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn octet_after(&self, token: &str) -> Option<u8> {
        self.text.as_bytes().get(self.at + token.len()).copied()
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn follows(&self, token: &str) -> bool {
        self.text.as_bytes().get(self.at..).is_some_and(|rest| rest.starts_with(token.as_bytes()))
    }

    fn wrong(&self, problem: XmlProblem) -> Wrong {
        Wrong { at: self.at, problem }
    }

    fn malformed(&self, why: &'static str) -> Wrong {
        self.wrong(XmlProblem::Malformed(why))
    }
}
