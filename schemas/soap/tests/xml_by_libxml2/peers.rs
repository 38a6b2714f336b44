//! The peers: libxml2 behind a pipe, and the crate `xml`.

use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use xml::reader::{ParserConfig, XmlEvent};

const INSTALL: &str =
    "install it with `apt-get install build-essential pkg-config libxml2-dev`, as integration-tests/all does";

/// Which canonical form is asked for.
#[derive(Debug)]
pub(crate) struct Question {
    /// The number of the element in document order.
    pub(crate) element: usize,
    pub(crate) prefixes: Vec<String>,
}

/// How libxml2 reads a document.
pub(crate) struct Answer {
    pub(crate) listing: String,
    pub(crate) forms: Vec<Option<String>>,
}

/// libxml2 as a process.
pub(crate) struct LibXml2 {
    child: Child,
    requests: BufWriter<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl LibXml2 {
    /// Compiles `reference.c` and starts it.
    pub(crate) fn start() -> Self {
        let flags = Command::new("pkg-config").args(["--cflags", "--libs", "libxml-2.0"]).output();
        let flags = flags.unwrap_or_else(|error| panic!("`pkg-config` cannot be run ({error}): {INSTALL}"));
        assert!(flags.status.success(), "libxml2 is not there: {INSTALL}");
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("libxml2-reference-{}", std::process::id()));
        let output = Command::new("cc")
            .args(["-O2", "-Wall", "-o"])
            .arg(&program)
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/xml_by_libxml2/reference.c"))
            .args(String::from_utf8(flags.stdout).unwrap().split_whitespace())
            .output()
            .unwrap_or_else(|error| panic!("`cc` cannot be run ({error}): {INSTALL}"));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut child = Command::new(&program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        std::fs::remove_file(&program).unwrap();
        let requests = BufWriter::new(child.stdin.take().unwrap());
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self { child, requests, answers }
    }

    /// How libxml2 reads a document; None where it does not.
    pub(crate) fn ask(&mut self, octets: &[u8], questions: &[Question]) -> Option<Answer> {
        self.send(octets);
        self.requests.write_all(&u32::try_from(questions.len()).unwrap().to_le_bytes()).unwrap();
        for question in questions {
            self.requests.write_all(&u32::try_from(question.element).unwrap().to_le_bytes()).unwrap();
            self.send(question.prefixes.join(" ").as_bytes());
        }
        self.requests.flush().unwrap();
        let mut sound = [0];
        self.answers.read_exact(&mut sound).unwrap();
        if sound == [0] {
            return None;
        }
        let listing = self.receive().unwrap();
        let forms = questions.iter().map(|_| self.receive()).collect();
        Some(Answer { listing, forms })
    }

    fn send(&mut self, octets: &[u8]) {
        self.requests.write_all(&u32::try_from(octets.len()).unwrap().to_le_bytes()).unwrap();
        self.requests.write_all(octets).unwrap();
    }

    fn receive(&mut self) -> Option<String> {
        let mut length = [0; 4];
        self.answers.read_exact(&mut length).unwrap();
        let length = u32::from_le_bytes(length);
        if length == u32::MAX {
            return None;
        }
        let mut octets = vec![0; usize::try_from(length).unwrap()];
        self.answers.read_exact(&mut octets).unwrap();
        Some(String::from_utf8(octets).unwrap())
    }
}

impl Drop for LibXml2 {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn field(out: &mut String, text: &str) {
    *out += &format!("{}:{text}", text.len());
}

/// An open element: what it will say once it is known whether it has text only.
struct Open {
    head: String,
    text: Option<String>,
    /// What its child elements say.
    below: String,
}

/// How the crate `xml` reads a document, as `reference.c` writes it.
pub(crate) fn by_xml(octets: &[u8]) -> Result<String, String> {
    let mut config =
        ParserConfig::new().cdata_to_characters(true).whitespace_to_characters(true).ignore_comments(false);
    config.trim_whitespace = false;
    let mut open: Vec<Open> = Vec::new();
    let mut listing = String::new();
    for event in config.create_reader(octets) {
        match event.map_err(|wrong| wrong.to_string())? {
            XmlEvent::StartElement { name, attributes, .. } => {
                let mut head = format!("E{}", open.len());
                field(&mut head, name.namespace.as_deref().unwrap_or_default());
                field(&mut head, &name.local_name);
                let mut all: Vec<_> = attributes
                    .iter()
                    .map(|attribute| {
                        (
                            attribute.name.namespace.as_deref().unwrap_or_default(),
                            attribute.name.local_name.as_str(),
                            attribute.value.as_str(),
                        )
                    })
                    .collect();
                all.sort_unstable();
                for (namespace, local, value) in all {
                    head.push('A');
                    field(&mut head, namespace);
                    field(&mut head, local);
                    field(&mut head, value);
                }
                if let Some(parent) = open.last_mut() {
                    parent.text = None;
                }
                open.push(Open { head, text: Some(String::new()), below: String::new() });
            }
            XmlEvent::Characters(text) => {
                if let Some(known) = open.last_mut().and_then(|open| open.text.as_mut()) {
                    *known += &text;
                }
            }
            XmlEvent::Comment(_) | XmlEvent::ProcessingInstruction { .. } => {
                if let Some(parent) = open.last_mut() {
                    parent.text = None;
                }
            }
            XmlEvent::EndElement { .. } => {
                let Open { mut head, text, below } = open.pop().unwrap();
                if let Some(text) = text {
                    head.push('T');
                    field(&mut head, &text);
                }
                head += &below;
                match open.last_mut() {
                    Some(parent) => parent.below += &head,
                    None => listing += &head,
                }
            }
            XmlEvent::Doctype { .. } => return Err("a DOCTYPE".to_owned()),
            XmlEvent::CData(_) | XmlEvent::Whitespace(_) => panic!("these were to come as characters"),
            XmlEvent::StartDocument { .. } | XmlEvent::EndDocument => {}
        }
    }
    Ok(listing)
}
