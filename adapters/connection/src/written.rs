//! XML that is well formed by construction: what is written between the tags is always content.

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
            escape(value, true, &mut self.text);
            self.text.push('"');
        }
        self.text.push('>');
        self.open.push(name.to_owned());
        self
    }

    /// Writes text into the element that is open.
    pub fn text(&mut self, text: &str) -> &mut Self {
        escape(text, false, &mut self.text);
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

/// Whether XML 1.0 has a way to write every character of the text (section 2.2).
pub fn can_stand_in_xml(text: &str) -> bool {
    text.chars().all(is_xml)
}

const fn is_xml(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// White space other than the blank is written as references, so that no reader turns it into blanks or other line ends.
fn escape(text: &str, attribute: bool, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' if attribute => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            '\n' if attribute => out.push_str("&#10;"),
            '\t' if attribute => out.push_str("&#9;"),
            other if is_xml(other) => out.push(other),
            // Whoever writes what others sent asks `can_stand_in_xml` first.
            _ => out.push('\u{FFFD}'),
        }
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

    #[test]
    fn what_xml_cannot_carry_is_known() {
        assert!(can_stand_in_xml("Şəki\n\t\u{FFFD}"));
        for text in ["\0", "\u{1b}", "\u{FFFE}", "a\u{b}"] {
            assert!(!can_stand_in_xml(text), "{text:?}");
        }
    }
}
