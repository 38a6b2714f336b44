//! A strict reader of small XML documents into a tree: one root, no document type, no entities but the five of XML,
//! bounded in size, depth and number of elements. Elements of other namespaces than the root's are left out: ISO 20022
//! keeps them for supplements.

use mohur_contract::RegistryError;
use quick_xml::NsReader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};

const MAX_BYTES: usize = 512 << 10;
const MAX_DEPTH: usize = 32;
const MAX_ELEMENTS: usize = 20_000;

/// An element.
#[derive(Debug, Default)]
pub(crate) struct Element {
    /// The name without its prefix.
    pub(crate) name: String,
    attributes: Vec<(String, String)>,
    pub(crate) children: Vec<Element>,
    text: String,
}

/// A document: its namespace and its root.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) namespace: String,
    pub(crate) root: Element,
}

impl Element {
    /// The children of that name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The only child of that name; `None` if there is none or more than one.
    pub(crate) fn one(&self, name: &str) -> Option<&Self> {
        let mut children = self.children.iter().filter(|child| child.name == name);
        let first = children.next()?;
        if children.next().is_some() { None } else { Some(first) }
    }

    /// The element at a path of only children.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |element, name| element.one(name))
    }

    /// The text at a path of only children, without the blanks around it.
    pub(crate) fn text_at(&self, path: &[&str]) -> Option<&str> {
        self.at(path).map(Self::text)
    }

    /// The text, without the blanks around it.
    pub(crate) fn text(&self) -> &str {
        self.text.trim()
    }

    /// The value of an attribute.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Reads a document.
pub(crate) fn parse(bytes: &[u8]) -> Result<Document, RegistryError> {
    const TOO_LARGE: RegistryError = RegistryError::Invalid("the XML document is larger than the limit");
    if bytes.len() > MAX_BYTES {
        return Err(TOO_LARGE);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| MALFORMED)?;
    let mut reader = NsReader::from_str(text);
    let mut builder = Builder::default();
    loop {
        let (namespace, event) = reader.read_resolved_event().map_err(|_| MALFORMED)?;
        let namespace = match namespace {
            ResolveResult::Bound(Namespace(name)) => name.to_owned(),
            ResolveResult::Unbound => String::new(),
            ResolveResult::Unknown(_) => return Err(MALFORMED),
        };
        match event {
            Event::Start(start) => builder.open(&start, namespace)?,
            Event::Empty(start) => {
                builder.open(&start, namespace)?;
                builder.close()?;
            }
            Event::End(_) => builder.close()?,
            Event::Text(text) => builder.text(&text.xml10_content())?,
            Event::CData(text) => builder.text(&text.xml10_content())?,
            Event::GeneralRef(reference) => builder.text(&resolve(&reference)?)?,
            Event::DocType(_) => return Err(RegistryError::Invalid("the XML document has a document type")),
            Event::PI(_) => return Err(RegistryError::Invalid("the XML document has a processing instruction")),
            Event::Comment(_) | Event::Decl(_) => {}
            Event::Eof => return builder.finish(),
        }
    }
}

const MALFORMED: RegistryError = RegistryError::Invalid("the reply is not well-formed XML");

#[derive(Default)]
struct Builder {
    namespace: String,
    open: Vec<Element>,
    root: Option<Element>,
    /// How deep we are inside an element of another namespace.
    skipped: usize,
    elements: usize,
}

impl Builder {
    fn open(&mut self, start: &BytesStart<'_>, namespace: String) -> Result<(), RegistryError> {
        self.elements += 1;
        if self.elements > MAX_ELEMENTS || self.open.len() + self.skipped >= MAX_DEPTH {
            return Err(RegistryError::Invalid("the XML document is deeper or longer than the limit"));
        }
        if self.open.is_empty() {
            if self.root.is_some() {
                return Err(MALFORMED);
            }
            self.namespace = namespace;
        } else if self.skipped > 0 || namespace != self.namespace {
            self.skipped += 1;
            return Ok(());
        }
        let mut attributes = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|_| MALFORMED)?;
            let value = attribute.normalized_value(quick_xml::XmlVersion::Explicit1_0).map_err(|_| MALFORMED)?;
            attributes.push((attribute.key.as_ref().to_owned(), value.into_owned()));
        }
        self.open.push(Element { name: start.local_name().as_ref().to_owned(), attributes, ..Element::default() });
        Ok(())
    }

    fn close(&mut self) -> Result<(), RegistryError> {
        if self.skipped > 0 {
            self.skipped -= 1;
            return Ok(());
        }
        let element = self.open.pop().ok_or(MALFORMED)?;
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), RegistryError> {
        match self.open.last_mut() {
            Some(element) if self.skipped == 0 => element.text.push_str(text),
            Some(_) => {}
            None if text.trim().is_empty() => {}
            None => return Err(MALFORMED),
        }
        Ok(())
    }

    fn finish(self) -> Result<Document, RegistryError> {
        let root = self.root.filter(|_| self.open.is_empty()).ok_or(MALFORMED)?;
        Ok(Document { namespace: self.namespace, root })
    }
}

fn resolve(reference: &BytesRef<'_>) -> Result<String, RegistryError> {
    if let Some(character) = reference.resolve_char_ref().map_err(|_| MALFORMED)? {
        return Ok(character.to_string());
    }
    let named = resolve_xml_entity(&reference.xml10_content()).map(str::to_owned);
    named.ok_or(RegistryError::Invalid("the XML document uses an entity of its own"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_document_becomes_a_tree_of_its_own_namespace() {
        let text = "<?xml version=\"1.0\"?><a:D xmlns:a=\"urn:x\"><a:N C=\"AZN\"> 1&amp;2&#x41; </a:N><b xmlns=\"urn:y\"><a:N/></b></a:D>";
        let document = parse(text.as_bytes()).unwrap();
        assert_eq!((document.namespace.as_str(), document.root.name.as_str()), ("urn:x", "D"));
        assert_eq!(document.root.text_at(&["N"]), Some("1&2A"));
        assert_eq!(document.root.one("N").and_then(|n| n.attribute("C")), Some("AZN"));
        assert_eq!(document.root.children.len(), 1);
    }

    #[test]
    fn what_is_not_plain_xml_is_refused() {
        let deep = "<a>".repeat(33) + &"</a>".repeat(33);
        let long = format!("<a>{}</a>", "<b/>".repeat(MAX_ELEMENTS));
        for wrong in [
            "",
            "text",
            "<a>",
            "<a></b>",
            "<a/><b/>",
            "<a/>text",
            "<a b=\"1\" b=\"2\"/>",
            "<p:a/>",
            "<a>&own;</a>",
            "<!DOCTYPE a><a/>",
            "<!DOCTYPE a [<!ENTITY own \"x\">]><a>&own;</a>",
            "<?php 1?><a/>",
            "<html><p>it works",
            "<a>&#0;</a>",
            &deep,
            &long,
        ] {
            assert!(parse(wrong.as_bytes()).is_err(), "{}", wrong.get(..wrong.len().min(60)).unwrap());
        }
        assert!(parse(&[0xff, 0xfe]).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes);
        }

        #[test]
        fn no_markup_makes_it_panic(text in "(<[a-c:/!?\\[\\]]{0,4} ?[a-c=\"&;#x0-9]{0,6}>?){0,12}") {
            let _ = parse(text.as_bytes());
        }
    }
}
