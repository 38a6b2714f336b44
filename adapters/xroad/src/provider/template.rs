//! What a mapped request is written from: a text of the owner's file with `{placeholders}`. A value is always content,
//! never markup, a path's separator or a second JSON string.

use mohur_contract::RegistryError;
use mohur_soap::{Document, Limits, write};
use mohur_wire::Query;
use serde_json::Value;

use super::placeholder::Placeholder;
use crate::identifier::percent_encoded;

/// A text with placeholders. `{{` and `}}` are braces.
#[derive(Clone, Debug)]
pub(crate) struct Template(Vec<Piece>);

#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    Slot(Placeholder),
}

/// The one child of a SOAP Body.
#[derive(Clone, Debug)]
pub(crate) struct XmlTemplate(Template);

/// Path and query of a REST request, from `/` on.
#[derive(Clone, Debug)]
pub(crate) struct PathTemplate(Template);

/// A JSON document whose texts may hold placeholders.
#[derive(Clone, Debug)]
pub(crate) struct JsonTemplate(Value);

impl Template {
    fn parse(text: &str) -> Result<Self, String> {
        let (mut pieces, mut plain, mut rest) = (Vec::new(), String::new(), text);
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(at);
            plain.push_str(before);
            if let Some(after) = from.strip_prefix("{{").or_else(|| from.strip_prefix("}}")) {
                plain.push_str(from.get(..1).unwrap_or_default());
                rest = after;
                continue;
            }
            let inner = from.strip_prefix('{').and_then(|inner| inner.split_once('}'));
            let (name, after) =
                inner.ok_or("holds a brace without its other one; write {{ or }} for a brace itself")?;
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
            pieces.push(Piece::Slot(name.parse()?));
            rest = after;
        }
        plain.push_str(rest);
        pieces.push(Piece::Text(plain));
        Ok(Self(pieces))
    }

    fn fill(
        &self,
        value: &mut dyn FnMut(&Placeholder) -> Result<String, RegistryError>,
    ) -> Result<String, RegistryError> {
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Slot(slot) => out.push_str(&value(slot)?),
            }
        }
        Ok(out)
    }

    /// The text with the same thing in each slot.
    fn with(&self, filler: &str) -> String {
        self.fill(&mut |_| Ok(filler.to_owned())).unwrap_or_default()
    }
}

impl XmlTemplate {
    /// Reads a template: one element, and placeholders only where text or an attribute's value stands.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let template = Template::parse(text.trim())?;
        if ["<!", "<?"].iter().any(|start| text.contains(start)) {
            return Err("holds a comment, an instruction or a CDATA section; leave it out".to_owned());
        }
        let plain = Document::parse(&template.with(""), &Limits::default()).map(|document| shape(&document));
        // What is escaped can stand in text and in values, and nowhere else.
        let filled = template.with("&lt;&amp;&#xD;");
        let filled = Document::parse(&filled, &Limits::default()).map(|document| shape(&document));
        match (plain, filled) {
            (Ok(plain), Ok(filled)) if plain == filled => Ok(Self(template)),
            (Err(error), _) => Err(format!("is not one XML element: {error}")),
            (Ok(_), _) => Err("holds a placeholder that is not text or an attribute's value".to_owned()),
        }
    }

    /// The name of the element.
    pub(crate) fn local_name(&self) -> String {
        let plain = self.0.with("");
        let document = Document::parse(&plain, &Limits::default());
        document.map(|document| document.root().local().to_owned()).unwrap_or_default()
    }

    pub(crate) fn fill(&self, query: &Query) -> Result<String, RegistryError> {
        self.0.fill(&mut |slot| {
            let value = slot.text(query)?;
            if !write::is_text(&value) {
                return Err(RegistryError::Unsupported("a value holds a character that XML cannot carry"));
            }
            let mut escaped = String::with_capacity(value.len());
            write::attribute(&mut escaped, &value);
            Ok(escaped.replace('>', "&gt;").replace('\'', "&#x27;"))
        })
    }
}

fn shape(document: &Document<'_>) -> Vec<(String, usize)> {
    let root = document.root();
    let elements = std::iter::once(root).chain(root.descendants());
    elements.map(|element| (element.local().to_owned(), element.attributes().count())).collect()
}

impl PathTemplate {
    /// Reads a template.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let template = Template::parse(text)?;
        let filled = template.with("x");
        let is_path = filled.starts_with('/') && filled.parse::<http::uri::PathAndQuery>().is_ok();
        if is_path { Ok(Self(template)) } else { Err("is not a path from / on".to_owned()) }
    }

    pub(crate) fn fill(&self, query: &Query) -> Result<String, RegistryError> {
        self.0.fill(&mut |slot| {
            let value = percent_encoded(&slot.text(query)?);
            // A segment of dots would be another path.
            let is_dots = !value.is_empty() && value.bytes().all(|byte| byte == b'.');
            if is_dots { Err(RegistryError::Unsupported("a value cannot stand in a path")) } else { Ok(value) }
        })
    }
}

impl JsonTemplate {
    /// Reads a template.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text).map_err(|_| "is not JSON")?;
        map_texts(&value, &mut |text| Template::parse(text).map(|_| String::new()))?;
        Ok(Self(value))
    }

    pub(crate) fn fill(&self, query: &Query) -> Result<String, RegistryError> {
        let filled = map_texts(&self.0, &mut |text| {
            let template = Template::parse(text).map_err(|_| RegistryError::Invalid("the mapping file changed"))?;
            template.fill(&mut |slot| slot.text(query))
        });
        filled.map(|value| value.to_string())
    }
}

fn map_texts<E>(value: &Value, map: &mut dyn FnMut(&str) -> Result<String, E>) -> Result<Value, E> {
    Ok(match value {
        Value::String(text) => Value::String(map(text)?),
        Value::Array(items) => Value::Array(items.iter().map(|item| map_texts(item, map)).collect::<Result<_, E>>()?),
        Value::Object(members) => {
            let members = members.iter().map(|(name, item)| Ok((name.clone(), map_texts(item, map)?)));
            Value::Object(members.collect::<Result<_, E>>()?)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    })
}

#[cfg(test)]
mod tests {
    use mohur_soap::{Document, Limits};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn query(official: &str) -> Option<Query> {
        let opening = json!({
            "salt": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "id": "q-1", "caller": "AZ/GOV/MIA/id-cards",
            "service": "AZ/GOV/PPL/people/person/v1", "subject": { "fin": "5ABCDE1" }, "purpose": "issue-id-document",
            "official": official, "verb": "read", "fields": ["surname"],
        });
        Query::parse(opening.to_string().as_bytes()).ok()
    }

    #[test]
    fn placeholders_stand_only_where_content_stands() {
        for good in ["<a/>", "<a>{subject}</a>", "<a b=\"x {id} y\"><c>{{}} {case}</c></a>", "<a b='{official}'/>"] {
            assert!(XmlTemplate::parse(good).is_ok(), "{good}");
        }
        for wrong in [
            "",
            "text",
            "<a>",
            "<a/><b/>",
            "<{subject}/>",
            "<a {subject}=\"1\"/>",
            "<a b={subject}/>",
            "{subject}<a/>",
            "<a><!-- {subject} --></a>",
            "<a><![CDATA[{subject}]]></a>",
            "<a>{subject</a>",
            "<a>subject}</a>",
            "<a>{unknown}</a>",
            "<a>{value.Wrong}</a>",
            "<?pi {subject}?><a/>",
        ] {
            assert!(XmlTemplate::parse(wrong).is_err(), "{wrong}");
        }
        assert!(PathTemplate::parse("/a/{subject}?b={case}").is_ok());
        assert!(PathTemplate::parse("a/{subject}").is_err() && PathTemplate::parse("/a b").is_err());
        assert!(JsonTemplate::parse("{\"a\": [\"{subject}\", 1, null]}").is_ok());
        assert!(JsonTemplate::parse("{\"a\": {subject}}").is_err() && JsonTemplate::parse("[\"{x}\"]").is_err());
    }

    #[test]
    fn a_value_of_dots_is_no_path() {
        let template = PathTemplate::parse("/a/{official}/b").unwrap();
        assert_eq!(template.fill(&query("x/../y?z").unwrap()).unwrap(), "/a/x%2F..%2Fy%3Fz/b");
        assert!(template.fill(&query("..").unwrap()).is_err());
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_readers(text in "[<>a{}\"'/&; =.subject-]{0,40}") {
            let _ = XmlTemplate::parse(&text);
            let _ = PathTemplate::parse(&text);
            let _ = JsonTemplate::parse(&text);
        }

        #[test]
        fn a_value_is_content_and_nothing_else(official in "\\PC{1,40}") {
            let Some(query) = query(&official) else { return Ok(()) };
            let template = XmlTemplate::parse("<a b=\"{official}\"><c>{official}</c></a>").unwrap();
            if let Ok(xml) = template.fill(&query) {
                let document = Document::parse(&xml, &Limits::default()).unwrap();
                let root = document.root();
                prop_assert_eq!(root.attribute("", "b"), Some(official.as_str()));
                prop_assert_eq!(root.only("", "c").unwrap().text().unwrap(), official.as_str());
            }
            let json = JsonTemplate::parse("{\"a\":\"<{official}>\"}").unwrap().fill(&query).unwrap();
            let json: Value = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(&json["a"], &Value::String(format!("<{official}>")));
        }
    }
}
