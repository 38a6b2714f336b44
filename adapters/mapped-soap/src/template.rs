//! What is sent: a tree of elements whose texts and attributes are fixed or a parameter.
//!
//! A template is read as XML once. Filling it never touches its text: the tree is written anew, and whatever a query says
//! is written as content. A parameter that a query does not have takes its element or attribute with it, and an element
//! in which nothing else stood.

use mohur_config::Table;
use mohur_connection::Xml;
use mohur_mapping::{Given, Parameter, SubjectKind};
use mohur_soap::{Document, Element, Limits, write};

use crate::namespaces::Namespaces;

/// The elements of a template.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    elements: Vec<Node>,
    declarations: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
struct Node {
    name: String,
    attributes: Vec<(String, Content)>,
    content: Content,
    children: Vec<Node>,
}

#[derive(Clone, Debug)]
enum Content {
    Fixed(String),
    Given(Parameter),
}

/// What is wrong with a template, and in which of its lines.
struct Wrong {
    what: String,
    line: u32,
}

impl Template {
    /// Reads the template at a key; notes an error if it is wrong.
    pub(crate) fn read(
        table: &Table,
        key: &str,
        text: &str,
        namespaces: &Namespaces,
        kind: SubjectKind,
    ) -> Option<Self> {
        match Self::parse(text, namespaces, kind) {
            Ok(template) => Some(template),
            Err(wrong) => {
                let what = format!("is not accepted: in its line {}, {}", wrong.line, wrong.what);
                table.error(key, what, "prefixes stand under [namespaces]; a parameter is a whole text, {subject}");
                None
            }
        }
    }

    fn parse(text: &str, namespaces: &Namespaces, kind: SubjectKind) -> Result<Self, Wrong> {
        // The prefixes are declared around it, in the same line, so that the lines stay those of the file.
        let mut whole = String::from("<template");
        for (prefix, uri) in namespaces.pairs() {
            whole.push_str(&format!(" xmlns:{prefix}=\""));
            write::attribute(&mut whole, uri);
            whole.push('"');
        }
        whole.push('>');
        whole.push_str(text);
        whole.push_str("</template>");
        let document = Document::parse(&whole, &Limits::default())
            .map_err(|error| Wrong { what: error.problem.to_string(), line: error.line })?;
        let root = document.root();
        if root.has_comments() || root.has_processing_instructions() {
            return Err(Wrong { what: "a comment or processing instruction would not be sent".to_owned(), line: 1 });
        }
        if root.has_own_text() || root.children().next().is_none() {
            return Err(Wrong { what: "there is text beside the elements, or no element at all".to_owned(), line: 1 });
        }
        let elements = root.children().map(|child| Node::read(child, namespaces, kind)).collect::<Result<_, _>>()?;
        let declarations = namespaces.pairs().into_iter();
        let declarations = declarations.map(|(prefix, uri)| (format!("xmlns:{prefix}"), uri.to_owned())).collect();
        Ok(Self { elements, declarations })
    }

    /// How many elements stand side by side.
    pub(crate) fn elements(&self) -> usize {
        self.elements.len()
    }

    /// Every parameter in it.
    pub(crate) fn parameters(&self) -> Vec<&Parameter> {
        let mut found = Vec::new();
        self.elements.iter().for_each(|node| node.parameters(&mut found));
        found
    }

    /// The template with what a query gives; `None` if nothing is left of it.
    pub(crate) fn fill(&self, given: &Given<'_>) -> Option<String> {
        let mut xml = Xml::new();
        let mut any = false;
        for node in self.elements.iter().filter(|node| node.stands(given)) {
            any = true;
            node.write(given, &self.declarations, &mut xml);
        }
        any.then(|| xml.finish())
    }
}

impl Node {
    fn read(element: Element<'_>, namespaces: &Namespaces, kind: SubjectKind) -> Result<Self, Wrong> {
        let (line, _) = element.position();
        let wrong = |what: String| Wrong { what, line };
        let undeclared = || wrong("a namespace has no prefix under [namespaces]".to_owned());
        let name = namespaces.qualified(element.namespace(), element.local()).ok_or_else(undeclared)?;
        let mut attributes = Vec::new();
        for attribute in element.attributes() {
            let name = namespaces.qualified(attribute.namespace(), attribute.local()).ok_or_else(undeclared)?;
            attributes.push((name, Content::read(attribute.value(), kind).map_err(wrong)?));
        }
        let children: Vec<_> =
            element.children().map(|child| Self::read(child, namespaces, kind)).collect::<Result<_, _>>()?;
        let content = if children.is_empty() {
            Content::read(&element.text().map_err(|error| wrong(error.problem.to_string()))?, kind).map_err(wrong)?
        } else if element.has_own_text() {
            return Err(wrong("an element has text beside its children".to_owned()));
        } else {
            Content::Fixed(String::new())
        };
        Ok(Self { name, attributes, content, children })
    }

    fn parameters<'a>(&'a self, found: &mut Vec<&'a Parameter>) {
        let contents = self.attributes.iter().map(|(_, content)| content).chain([&self.content]);
        found.extend(contents.filter_map(|content| match content {
            Content::Given(parameter) => Some(parameter),
            Content::Fixed(_) => None,
        }));
        self.children.iter().for_each(|child| child.parameters(found));
    }

    /// Whether anything of it is there: its parameter, or one of its children.
    fn stands(&self, given: &Given<'_>) -> bool {
        if self.children.is_empty() {
            self.content.text(given).is_some()
        } else {
            self.children.iter().any(|child| child.stands(given))
        }
    }

    fn write(&self, given: &Given<'_>, declarations: &[(String, String)], xml: &mut Xml) {
        let attributes = self.attributes.iter().filter_map(|(name, content)| Some((name, content.text(given)?)));
        let attributes: Vec<_> = attributes.collect();
        let declared = declarations.iter().map(|(name, uri)| (name.as_str(), uri.as_str()));
        let attributes = attributes.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        xml.open(&self.name, &declared.chain(attributes).collect::<Vec<_>>());
        xml.text(&self.content.text(given).unwrap_or_default());
        for child in self.children.iter().filter(|child| child.stands(given)) {
            child.write(given, &[], xml);
        }
        xml.close();
    }
}

impl Content {
    /// A text without braces, or a parameter and nothing else.
    fn read(text: &str, kind: SubjectKind) -> Result<Self, String> {
        let trimmed = text.trim();
        let inner = trimmed.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        match inner {
            Some(name) if !name.contains(['{', '}']) => Parameter::parse(name, kind).map(Self::Given),
            None if !text.contains(['{', '}']) => Ok(Self::Fixed(text.to_owned())),
            Some(_) | None => Err("a parameter stands beside other text".to_owned()),
        }
    }

    fn text(&self, given: &Given<'_>) -> Option<String> {
        match self {
            Self::Fixed(text) => Some(text.clone()),
            Self::Given(parameter) => given.text(parameter),
        }
    }
}
