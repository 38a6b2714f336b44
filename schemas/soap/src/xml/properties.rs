//! What holds for every input: nothing panics, a tree that is written is read again, a canonical form is its own, and no
//! limit refuses what is within it.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use super::{Document, Element, XmlProblem};
use crate::{Limits, c14n};

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Tree(Tree),
    Text(String),
}

/// An element as it is meant: its namespace's number, its attributes by namespace and name.
#[derive(Clone, Debug, PartialEq)]
struct Tree {
    namespace: Option<u8>,
    local: String,
    attributes: BTreeMap<(Option<u8>, String), String>,
    pieces: Vec<Piece>,
}

fn names() -> impl Strategy<Value = String> {
    "[A-Za-z_é漢][A-Za-z0-9_.é·-]{0,6}".prop_filter("reserved", |name| name != "xmlns")
}

fn values() -> impl Strategy<Value = String> {
    "([ -~]|[\t\n\ré\u{85}\u{2028}漢\u{FFFD}\u{10FFFF}]){0,80}"
}

fn trees() -> impl Strategy<Value = Tree> {
    let element = |pieces: BoxedStrategy<Vec<Piece>>| {
        let attributes = btree_map((option::of(0..3_u8), names()), values(), 0..4);
        (option::of(0..3_u8), names(), attributes, pieces).prop_map(|(namespace, local, attributes, pieces)| Tree {
            namespace,
            local,
            attributes,
            pieces,
        })
    };
    let leaf = values().prop_map(|text| if text.is_empty() { vec![] } else { vec![Piece::Text(text)] });
    element(leaf.boxed()).prop_recursive(6, 60, 5, move |inner| {
        // Text between two elements at most: what stands side by side would be one.
        let pieces = vec((values(), inner), 0..5).prop_map(|pairs| {
            let both = pairs.into_iter().flat_map(|(text, tree)| [Piece::Text(text), Piece::Tree(tree)]);
            both.filter(|piece| *piece != Piece::Text(String::new())).collect()
        });
        element(pieces.boxed())
    })
}

fn uri(namespace: Option<u8>) -> String {
    namespace.map_or_else(String::new, |number| format!("urn:n{number}"))
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        match character {
            '&' | '<' | '>' | '"' | '\'' | '\t' | '\n' | '\r' => out += &format!("&#x{:X};", u32::from(character)),
            _ => out.push(character),
        }
    }
    out
}

fn written(tree: &Tree, out: &mut String) {
    let prefix = |namespace: Option<u8>| namespace.map_or_else(String::new, |number| format!("p{number}:"));
    let name = format!("{}{}", prefix(tree.namespace), tree.local);
    *out += &format!("<{name}");
    for number in 0..3 {
        *out += &format!(" xmlns:p{number}='urn:n{number}'");
    }
    for ((namespace, local), value) in &tree.attributes {
        *out += &format!(" {}{local}='{}'", prefix(*namespace), escaped(value));
    }
    out.push('>');
    for piece in &tree.pieces {
        match piece {
            Piece::Tree(tree) => written(tree, out),
            Piece::Text(text) => *out += &escaped(text),
        }
    }
    *out += &format!("</{name}>");
}

fn assert_is(element: Element<'_>, tree: &Tree) {
    assert_eq!((element.namespace(), element.local()), (uri(tree.namespace).as_str(), tree.local.as_str()));
    assert_eq!(element.attributes().count(), tree.attributes.len());
    for ((namespace, local), value) in &tree.attributes {
        assert_eq!(element.attribute(&uri(*namespace), local), Some(value.as_str()));
    }
    let below: Vec<&Tree> = tree
        .pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Tree(tree) => Some(tree),
            Piece::Text(_) => None,
        })
        .collect();
    assert_eq!(element.children().count(), below.len());
    for (child, tree) in element.children().zip(&below) {
        assert_eq!(child.parent(), Some(element));
        assert_is(child, tree);
    }
    match tree.pieces.as_slice() {
        [] => assert_eq!(element.text().unwrap(), ""),
        [Piece::Text(text)] => assert_eq!(element.text().unwrap(), text.as_str()),
        _ => assert!(element.text().is_err()),
    }
}

/// What a document needs, and not one more of anything.
fn needed(text: &str, root: Element<'_>) -> Limits {
    let all = || core::iter::once(root).chain(root.descendants());
    let depth = |element: Element<'_>| element.ancestors().count() + 1;
    Limits {
        bytes: text.len(),
        depth: u32::try_from(all().map(depth).max().unwrap()).unwrap(),
        elements: all().count(),
        attributes: all().map(|element| element.attributes().count() + 3).max().unwrap(),
        namespaces: all().map(depth).max().unwrap() * 3,
        name: 64,
        canonical: c14n::exclusive(root, &[]).unwrap().len(),
        references: 0,
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>(), markup in "[<>/!?a:x='\"& ;#\\[\\]-]{0,60}", octets in vec(any::<u8>(), 0..60)) {
        for text in [&text, &markup, &format!("<a {text}>"), &format!("<a>{markup}</a>"), &format!("<a b='{text}'>{text}</a>")] {
            match Document::parse(text, &Limits::default()) {
                Ok(document) => prop_assert!(c14n::exclusive(document.root(), &["x", "#default"]).is_ok()),
                Err(wrong) => prop_assert!(wrong.line > 0 && wrong.column > 0),
            }
        }
        let _ = Document::from_utf8(&octets, &Limits::default());
    }

    #[test]
    fn what_is_written_is_read(tree in trees()) {
        let mut text = String::new();
        written(&tree, &mut text);
        let document = Document::parse(&text, &Limits::default()).unwrap();
        assert_is(document.root(), &tree);
        let form = c14n::exclusive(document.root(), &[]).unwrap();
        let again = Document::from_utf8(&form, &Limits::default()).unwrap();
        assert_is(again.root(), &tree);
        prop_assert_eq!(c14n::exclusive(again.root(), &[]).unwrap(), form);
        // The form of a part does not depend on where it stands, unless prefixes are inclusive.
        for element in document.root().descendants() {
            let form = c14n::exclusive(element, &[]).unwrap();
            let alone = Document::from_utf8(&form, &Limits::default()).unwrap();
            prop_assert_eq!(c14n::exclusive(alone.root(), &[]).unwrap(), form);
        }
    }

    #[test]
    fn limits_refuse_what_is_over_them_and_nothing_else(tree in trees()) {
        let mut text = String::new();
        written(&tree, &mut text);
        let document = Document::parse(&text, &Limits::default()).unwrap();
        let limits = needed(&text, document.root());
        let exact = Document::parse(&text, &limits).unwrap();
        prop_assert!(c14n::exclusive(exact.root(), &[]).is_ok());
        for (less, problem) in [
            (Limits { bytes: limits.bytes - 1, ..limits }, XmlProblem::TooLarge),
            (Limits { depth: limits.depth - 1, ..limits }, XmlProblem::TooDeep),
            (Limits { elements: limits.elements - 1, ..limits }, XmlProblem::TooManyElements),
            (Limits { attributes: limits.attributes - 1, ..limits }, XmlProblem::TooManyAttributes),
            (Limits { namespaces: limits.namespaces - 1, ..limits }, XmlProblem::TooManyNamespaces),
        ] {
            prop_assert_eq!(Document::parse(&text, &less).unwrap_err().problem, problem);
        }
        let less = Limits { canonical: limits.canonical - 1, ..limits };
        let document = Document::parse(&text, &less).unwrap();
        prop_assert_eq!(c14n::exclusive(document.root(), &[]).unwrap_err().problem, XmlProblem::CanonicalTooLarge);
    }
}
