//! The W3C's interoperability vectors of exclusive canonicalisation (Y1 to Y5), and those of Canonical XML 1.1, whose inputs
//! are read or refused as their DTD deserves. Where they are, `MOHUR_SUITES` says.

#![expect(clippy::unwrap_used, clippy::panic, reason = "all of it is test code")]

use std::path::{Path, PathBuf};

use mohur_soap::{Document, Element, Limits, XmlProblem, c14n, ns};

fn suite() -> Option<PathBuf> {
    let suites = std::env::var_os("MOHUR_SUITES").map(PathBuf::from);
    if suites.is_none() {
        println!("MOHUR_SUITES is not set: the vectors of canonicalisation are skipped");
    }
    suites.map(|suites| suites.join("c14n"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A reference's own prefix list.
fn prefixes<'d>(reference: Element<'d>) -> Vec<&'d str> {
    let list = reference.descendants().find(|element| element.is(ns::EXC_C14N, "InclusiveNamespaces"));
    list.map_or_else(Vec::new, |list| list.attribute("", "PrefixList").unwrap().split_whitespace().collect())
}

/// The file's element that a condition finds, canonicalised as the file's reference of that number says, against the file
/// `c14n-….txt` of that number.
fn assert_form(folder: &Path, file: &str, number: usize, is_wanted: impl Fn(&Element<'_>) -> bool) {
    assert_form_of(&read(&folder.join(file)), folder, number, is_wanted);
}

fn assert_form_of(text: &str, folder: &Path, number: usize, is_wanted: impl Fn(&Element<'_>) -> bool) {
    let document = Document::parse(text, &Limits::default()).unwrap();
    let root = document.root();
    let reference = root.descendants().filter(|element| element.is(ns::DS, "Reference")).nth(number);
    let prefixes = reference.map_or_else(Vec::new, prefixes);
    let element = core::iter::once(root).chain(root.descendants()).find(is_wanted).unwrap();
    let form = String::from_utf8(c14n::exclusive(element, &prefixes).unwrap()).unwrap();
    assert_eq!(form, read(&folder.join(format!("c14n-{number}.txt"))), "{}, reference {number}", folder.display());
}

#[test]
fn the_exclusive_forms_of_the_interoperability_vectors_are_right() {
    let Some(suite) = suite() else { return };
    let interop = suite.join("interop");
    for number in 0..2 {
        assert_form(&interop.join("Y1"), "exc-signature.xml", number, |element| {
            element.attribute("", "Id") == Some("to-be-signed")
        });
    }
    assert_form(&interop.join("Y1"), "exc-signature.xml", 4, |element| element.is(ns::DS, "SignedInfo"));
    // Y2's DTD is refused; what it declares, an attribute by default, is written out here.
    let dtd = "<!DOCTYPE doc [<!ATTLIST e9 attr CDATA 'default'>]>";
    let text = read(&interop.join("Y2/signature-joseph-exc.xml"));
    assert_eq!(Document::parse(&text, &Limits::default()).unwrap_err().problem, XmlProblem::Doctype);
    let text = text.replace(dtd, "").replace("<e9 ", "<e9 attr='default' ");
    for number in 1..3 {
        assert_form_of(&text, &interop.join("Y2"), number, |element| element.local() == "e6");
    }
    for (folder, file) in [
        ("Y4", "signature.xml"),
        ("Y4", "signature-manifest.xml"),
        ("Y5", "signature.xml"),
        ("Y5", "signatureCommented.xml"),
    ] {
        // Those that take the whole element; the others take parts of its node-set by XPath, which we refuse to do.
        for number in [9, 18] {
            assert_form(&interop.join(folder), file, number, |element| {
                element.is("http://example.org/bar", "Something")
            });
        }
    }
}

#[test]
fn every_input_is_read_or_has_a_dtd() {
    let Some(suite) = suite() else { return };
    let (mut documents, mut refused) = (0, 0);
    let mut folders = vec![suite];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.extension().is_none_or(|extension| extension != "xml") {
                continue;
            }
            let text = read(&path);
            documents += 1;
            match Document::parse(&text, &Limits::default()) {
                Ok(document) => {
                    assert!(!text.contains("<!DOCTYPE"), "{}", path.display());
                    let form = c14n::exclusive(document.root(), &[]).unwrap();
                    let again = Document::from_utf8(&form, &Limits::default()).unwrap();
                    assert_eq!(c14n::exclusive(again.root(), &[]).unwrap(), form, "{}", path.display());
                }
                Err(wrong) => {
                    assert_eq!(wrong.problem, XmlProblem::Doctype, "{}: {wrong}", path.display());
                    assert!(text.contains("<!DOCTYPE"), "{}", path.display());
                    refused += 1;
                }
            }
        }
    }
    println!("{documents} documents, {refused} of them refused for their DTD");
    assert!(documents > 100 && refused >= 2);
}
