//! How long a file and a function may be.

use crate::house::{rooms, root, sources};

const FILE: usize = 400;
const FUNCTION: usize = 60;
const PIPELINE: usize = 120;

#[test]
fn files_are_short() {
    let mut wrong = Vec::new();
    for room in rooms() {
        for (path, text) in sources(&room) {
            let lines = text.lines().count();
            if lines > FILE {
                wrong.push(format!("{}: {lines}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "more than {FILE} lines: {wrong:#?}");
}

#[test]
fn functions_are_short() {
    let mut wrong = Vec::new();
    for room in rooms() {
        for (path, text) in sources(&room) {
            for (name, lines) in functions(&text) {
                if lines > FUNCTION {
                    wrong.push(format!("{}: {name}: {lines}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "more than {FUNCTION} lines: {wrong:#?}");
}

#[test]
fn the_pipeline_is_read_at_a_glance() {
    let pipeline = std::fs::read_to_string(root().join("broker/exchange/src/pipeline.rs")).unwrap();
    let lines = pipeline.lines().count();
    assert!(lines <= PIPELINE, "{lines} lines");
}

/// Names and lengths of functions, from the way rustfmt lays them out: the end stands below the beginning.
fn functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let indent = line.len() - code.len();
        let Some(name) = function_name(code) else { continue };
        let end = format!("{}}}", " ".repeat(indent));
        let signature_ends = |line: &&str| line.ends_with('{') || line.ends_with(';') || line.ends_with('}');
        let Some(open) = lines[start..].iter().position(signature_ends).map(|at| start + at) else {
            continue;
        };
        if lines[open].ends_with('{') {
            let length = lines[open..].iter().position(|line| **line == end).map_or(0, |at| open + at - start + 1);
            found.push((name.to_owned(), length));
        }
    }
    found
}

fn function_name(code: &str) -> Option<&str> {
    let mut words = code.split(' ').skip_while(|word| {
        matches!(*word, "pub" | "const" | "async" | "extern") || (word.starts_with("pub(") && word.ends_with(')'))
    });
    if words.next()? != "fn" {
        return None;
    }
    words.next()?.split(['(', '<']).next()
}

#[test]
fn functions_are_measured() {
    let text = "pub(crate) async fn long(\n    a: u8,\n) -> u8 {\n    1\n}\n\nimpl A {\n    fn short(&self) { 1 }\n\n    const fn two(&self) -> u8 {\n        2\n    }\n}\n";
    assert_eq!(functions(text), [("long".to_owned(), 5), ("two".to_owned(), 3)]);
}
