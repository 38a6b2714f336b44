//! XML that is well formed by construction: what is written between the tags is always content.

use mohur_soap::write;

/// A document being written. Names come from the program or from a template that was checked; content is escaped.
#[derive(Debug, Default)]
pub struct Xml {
    text: String,
    open: Vec<String>,
}

impl Xml {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens an element.
    pub fn open(&mut self, name: &str, attributes: &[(&str, &str)]) -> &mut Self {
        self.text.push('<');
        self.text.push_str(name);
        for (name, value) in attributes {
            self.text.push(' ');
            self.text.push_str(name);
            self.text.push_str("=\"");
            write::attribute(&mut self.text, value);
            self.text.push('"');
        }
        self.text.push('>');
        self.open.push(name.to_owned());
        self
    }

    /// Writes text into the element that is open.
    pub fn text(&mut self, text: &str) -> &mut Self {
        write::text(&mut self.text, text);
        self
    }

    /// Closes the element that was opened last.
    pub fn close(&mut self) -> &mut Self {
        if let Some(name) = self.open.pop() {
            self.text.push_str("</");
            self.text.push_str(&name);
            self.text.push('>');
        }
        self
    }

    /// An element with text in it.
    pub fn leaf(&mut self, name: &str, text: &str) -> &mut Self {
        self.open(name, &[]).text(text).close()
    }

    /// The document, with everything closed that was still open.
    pub fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.close();
        }
        self.text
    }

    /// Puts in a part that was [finished](Self::finish) before.
    pub(crate) fn part(&mut self, part: &str) -> &mut Self {
        self.text.push_str(part);
        self
    }
}

#[cfg(test)]
mod tests {
    use mohur_soap::{Document, Limits};

    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_is_never_markup() {
        for text in ["Bakı & Gəncə", "</a><b>", "]]>", "\"'", "a\tb\nc\rd", "<!DOCTYPE x>", "&lt;", "𝔐", "", "-->"]
        {
            let mut xml = Xml::new();
            xml.open("x:a", &[("xmlns:x", "urn:x"), ("said", text)]).leaf("x:b", text);
            let xml = xml.finish();
            let document = Document::parse(&xml, &Limits::default()).unwrap();
            let root = document.root();
            assert_eq!(root.children().count(), 1, "{xml}");
            assert_eq!(root.attribute("", "said"), Some(text));
            assert_eq!(root.only("urn:x", "b").unwrap().text().unwrap(), text);
        }
    }
}
