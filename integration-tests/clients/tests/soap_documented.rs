//! The code in `docs/soap.md` is the code that the tests run.

#![allow(clippy::unwrap_used, reason = "all of it is test code")]

use std::fs;
use std::path::Path;

/// The language of a block, and where its code stands.
const SOURCES: &[(&str, &[&str])] = &[
    ("python", &["python/soap_query.py", "python/soap_scenes.py"]),
    ("js", &["node/soap-query.mjs"]),
    ("java", &["java/SoapClient.java"]),
];

#[test]
fn the_code_in_the_guide_is_the_code_that_is_run() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let guide = fs::read_to_string(here.join("../../docs/soap.md")).unwrap();
    for (language, files) in SOURCES {
        let sources: Vec<_> = files.iter().map(|file| fs::read_to_string(here.join(file)).unwrap()).collect();
        let blocks: Vec<_> = guide.split(&format!("```{language}\n")).skip(1).collect();
        assert!(!blocks.is_empty(), "{language}");
        for block in blocks {
            let (code, _) = block.split_once("```").unwrap();
            assert!(sources.iter().any(|source| source.contains(code)), "not in {files:?}:\n{code}");
        }
    }
}
