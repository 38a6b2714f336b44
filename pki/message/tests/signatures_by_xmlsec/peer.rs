//! The peer: libxmlsec1 behind a pipe.

use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

const INSTALL: &str = "install it with `apt-get install build-essential pkg-config libxml2-dev libxmlsec1-dev \
    libxmlsec1-openssl`, as integration-tests/all does";

/// What libxmlsec1 says of a message.
#[derive(Debug)]
pub(crate) enum Verdict {
    NotXml,
    NoSignature,
    NotVerified,
    Verified(Verified),
}

/// What libxmlsec1 verified.
#[derive(Debug)]
pub(crate) struct Verified {
    /// The octets that the signature is over.
    pub(crate) signed_info: Vec<u8>,
    pub(crate) references: Vec<Reference>,
}

#[derive(Debug)]
pub(crate) struct Reference {
    /// The number in document order of the element that has the id.
    pub(crate) element: Option<usize>,
    /// The octets that the digest is over.
    pub(crate) octets: Vec<u8>,
}

/// libxmlsec1 as a process.
pub(crate) struct XmlSec {
    child: Child,
    requests: BufWriter<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl XmlSec {
    /// Compiles `reference.c` and starts it with these certificates.
    pub(crate) fn start(certificates: &[PathBuf]) -> Self {
        let flags = Command::new("pkg-config").args(["--cflags", "--libs", "xmlsec1-openssl"]).output();
        let flags = flags.unwrap_or_else(|error| panic!("`pkg-config` cannot be run ({error}): {INSTALL}"));
        assert!(flags.status.success(), "libxmlsec1 is not there: {INSTALL}");
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("xmlsec-reference-{}", std::process::id()));
        let output = Command::new("cc")
            .args(["-O2", "-Wall", "-o"])
            .arg(&program)
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/signatures_by_xmlsec/reference.c"))
            .args(String::from_utf8(flags.stdout).unwrap().split_whitespace())
            .output()
            .unwrap_or_else(|error| panic!("`cc` cannot be run ({error}): {INSTALL}"));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut child =
            Command::new(&program).args(certificates).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let requests = BufWriter::new(child.stdin.take().unwrap());
        let answers = BufReader::new(child.stdout.take().unwrap());
        std::fs::remove_file(&program).unwrap();
        Self { child, requests, answers }
    }

    /// What it says of a message, with the key of that certificate.
    pub(crate) fn ask(&mut self, certificate: usize, message: &[u8]) -> Verdict {
        for number in [certificate, message.len()] {
            self.requests.write_all(&u32::try_from(number).unwrap().to_le_bytes()).unwrap();
        }
        self.requests.write_all(message).unwrap();
        self.requests.flush().unwrap();
        let mut verdict = [0];
        self.answers.read_exact(&mut verdict).unwrap();
        match verdict {
            [0] => Verdict::NotXml,
            [1] => Verdict::NoSignature,
            [2] => Verdict::NotVerified,
            [3] => Verdict::Verified(self.verified()),
            other => panic!("the peer's answer begins with {other:?}"),
        }
    }

    fn verified(&mut self) -> Verified {
        let signed_info = self.octets();
        let count = self.number();
        let references = (0..count)
            .map(|_| {
                let element = Some(self.number()).filter(|number| *number != u32::MAX);
                Reference { element: element.map(|number| usize::try_from(number).unwrap()), octets: self.octets() }
            })
            .collect();
        Verified { signed_info, references }
    }

    fn number(&mut self) -> u32 {
        let mut number = [0; 4];
        self.answers.read_exact(&mut number).unwrap();
        u32::from_le_bytes(number)
    }

    fn octets(&mut self) -> Vec<u8> {
        let mut octets = vec![0; usize::try_from(self.number()).unwrap()];
        self.answers.read_exact(&mut octets).unwrap();
        octets
    }
}

impl Drop for XmlSec {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
