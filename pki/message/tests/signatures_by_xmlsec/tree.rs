//! A message as it is written: names with their prefixes, attributes in their order and quotes, and everything that is no
//! element as it stands. It can be bent in ways that no tree of XML's information can.

#[derive(Clone)]
pub(crate) struct Tree {
    pub(crate) before: String,
    pub(crate) root: Element,
    pub(crate) after: String,
}

#[derive(Clone)]
pub(crate) enum Node {
    Element(Element),
    /// Text, a CDATA section, a comment or a processing instruction, as written.
    Raw(String),
}

#[derive(Clone)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) children: Vec<Node>,
    /// Whether `<a/>` is written where there are no children.
    pub(crate) is_short: bool,
}

#[derive(Clone)]
pub(crate) struct Attribute {
    pub(crate) before: String,
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) quote: char,
}

impl Attribute {
    pub(crate) fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { before: " ".to_owned(), name: name.into(), value: value.into(), quote: '"' }
    }
}

impl Tree {
    /// Reads a well-formed text; None where this simple reader loses its way.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut reader = Reader { text, at: 0 };
        let mut before = String::new();
        while let Some(raw) = reader.raw() {
            before += raw;
        }
        let root = reader.element(0)?;
        Some(Self { before, root, after: reader.rest().to_owned() })
    }

    pub(crate) fn text(&self) -> String {
        let mut out = self.before.clone();
        self.root.write(&mut out);
        out + &self.after
    }

    /// The element of that number in document order.
    pub(crate) fn nth(&mut self, number: usize) -> &mut Element {
        if number == 0 {
            return &mut self.root;
        }
        let (parent, at) = self.place(number);
        match &mut parent.children[at] {
            Node::Element(element) => element,
            Node::Raw(_) => panic!("a place is an element's"),
        }
    }

    /// The parent of the element of that number, and where it stands among its children.
    pub(crate) fn place(&mut self, number: usize) -> (&mut Element, usize) {
        self.root.place(number).unwrap()
    }

    /// The numbers of the elements of which this is true.
    pub(crate) fn numbers(&self, is_meant: impl Fn(&Element) -> bool) -> Vec<usize> {
        let mut all = Vec::new();
        self.root.list(&mut all);
        all.into_iter().enumerate().filter(|(_, element)| is_meant(element)).map(|(number, _)| number).collect()
    }
}

impl Element {
    pub(crate) fn local(&self) -> &str {
        self.name.rsplit_once(':').map_or(&self.name, |(_, local)| local)
    }

    pub(crate) fn prefix(&self) -> &str {
        self.name.rsplit_once(':').map_or("", |(prefix, _)| prefix)
    }

    /// How many elements it is, with those in it.
    pub(crate) fn size(&self) -> usize {
        let in_it = self.children.iter().map(|child| match child {
            Node::Element(element) => element.size(),
            Node::Raw(_) => 0,
        });
        1 + in_it.sum::<usize>()
    }

    fn list<'e>(&'e self, all: &mut Vec<&'e Self>) {
        all.push(self);
        for child in &self.children {
            if let Node::Element(element) = child {
                element.list(all);
            }
        }
    }

    fn place(&mut self, mut number: usize) -> Option<(&mut Self, usize)> {
        let mut within = None;
        for (at, child) in self.children.iter().enumerate() {
            let Node::Element(element) = child else { continue };
            let size = element.size();
            if number <= size {
                within = Some(at);
                break;
            }
            number -= size;
        }
        let at = within?;
        if number == 1 {
            return Some((self, at));
        }
        match &mut self.children[at] {
            Node::Element(element) => element.place(number - 1),
            Node::Raw(_) => None,
        }
    }

    fn write(&self, out: &mut String) {
        out.push('<');
        *out += &self.name;
        for Attribute { before, name, value, quote } in &self.attributes {
            *out += &format!("{before}{name}={quote}{value}{quote}");
        }
        if self.is_short && self.children.is_empty() {
            *out += "/>";
            return;
        }
        out.push('>');
        for child in &self.children {
            match child {
                Node::Element(element) => element.write(out),
                Node::Raw(text) => *out += text,
            }
        }
        *out += &format!("</{}>", self.name);
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn take(&mut self, length: usize) -> &'t str {
        let taken = &self.rest()[..length];
        self.at += length;
        taken
    }

    /// Text up to the next `<`, or one comment, CDATA section or processing instruction.
    fn raw(&mut self) -> Option<&'t str> {
        let rest = self.rest();
        for (opening, closing) in [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")] {
            if let Some(within) = rest.strip_prefix(opening) {
                let end = within.find(closing)? + opening.len() + closing.len();
                return Some(self.take(end));
            }
        }
        match rest.find('<').unwrap_or(rest.len()) {
            0 => None,
            length => Some(self.take(length)),
        }
    }

    fn element(&mut self, depth: usize) -> Option<Element> {
        if !self.rest().starts_with('<') || depth > 100 {
            return None;
        }
        self.take(1);
        let name = self.take(self.rest().find(|c: char| c.is_ascii_whitespace() || "/>".contains(c))?).to_owned();
        let mut element = Element { name, attributes: Vec::new(), children: Vec::new(), is_short: false };
        loop {
            let space = self.rest().len() - self.rest().trim_ascii_start().len();
            let before = self.take(space).to_owned();
            if self.rest().starts_with("/>") {
                self.take(2);
                element.is_short = true;
                return Some(element);
            }
            if self.rest().starts_with('>') {
                self.take(1);
                break;
            }
            let name = self.take(self.rest().find('=')?).trim().to_owned();
            self.take(1);
            let space = self.rest().len() - self.rest().trim_ascii_start().len();
            self.take(space);
            let quote = self.rest().chars().next().filter(|quote| ['"', '\''].contains(quote))?;
            self.take(1);
            let value = self.take(self.rest().find(quote)?).to_owned();
            self.take(1);
            element.attributes.push(Attribute { before, name, value, quote });
        }
        while !self.rest().starts_with("</") {
            let child = match self.raw() {
                Some(raw) => Node::Raw(raw.to_owned()),
                None => Node::Element(self.element(depth + 1)?),
            };
            element.children.push(child);
        }
        self.take(self.rest().find('>')? + 1);
        Some(element)
    }
}
