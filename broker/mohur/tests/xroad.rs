//! `mohur xroad check`: what it says of good files, and all that it says of wrong ones.

#![allow(clippy::unwrap_used, reason = "all of it is test code")]

use std::path::Path;
use std::process::{Command, Output};

fn samples() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/samples")
}

/// The sample in a folder of its own, without a provider side; `change` may spoil a file.
fn check(change: impl Fn(&str, String) -> String, arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mappings = folder.path().join("xroad-mappings");
    std::fs::create_dir(&mappings).unwrap();
    for entry in std::fs::read_dir(samples().join("xroad-mappings")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(mappings.join(&name), change(&name, text)).unwrap();
    }
    let text = std::fs::read_to_string(samples().join("xroad.toml")).unwrap();
    let (text, _provider) = text.split_once("# The ministry's own X-Road providers").unwrap();
    let file = folder.path().join("xroad.toml");
    std::fs::write(&file, change("xroad.toml", text.to_owned())).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_mohur"));
    command.args(arguments).args(["xroad", "check", "--config"]).arg(&file).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn good_files_are_counted() {
    let good = check(|_, text| text, &[]);
    assert!(good.status.success(), "{}", text(&good.stderr));
    assert!(text(&good.stdout).contains("4 mappings pass their tests"), "{}", text(&good.stdout));
    let json = check(|_, text| text, &["--json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((&json["mappings"], &json["member"]), (&4.into(), &"AZ/GOV/MIA/id-cards".into()));
}

#[test]
fn every_error_of_every_mapping_file_is_said_at_once() {
    let wrong = check(
        |name, text| match name {
            "birth.toml" => text.replace("verb = \"read\"", "verb = \"write\""),
            "vitals.toml" => text.replace("path = \"fin\"", "path = \"pin\""),
            _ => text,
        },
        &[],
    );
    assert_eq!(wrong.status.code(), Some(2));
    let said = text(&wrong.stderr);
    assert!(said.contains("birth.toml:") && said.contains("verb: is not known"), "{said}");
    assert!(said.contains("vitals.toml:") && said.contains("has no segment for path pin"), "{said}");
}

#[test]
fn a_mapping_that_fails_its_own_test_is_an_error() {
    let wrong = check(|_, text| text.replace("\"case\": \"ID-9\"", "\"case\": \"ID-8\""), &["--json"]);
    assert_eq!(wrong.status.code(), Some(2));
    let said: serde_json::Value = serde_json::from_slice(&wrong.stderr).unwrap();
    assert!(said["error"].as_str().unwrap().contains("birth-match.toml"), "{said}");
}
