//! Debian's WSS4J, under the JDK's own HTTP client, calls a running broker and verifies what it says: every way in which it
//! names a key, with RSA and EC keys, SOAP 1.1 and 1.2; its payloads and ours are valid under the served schema.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "all of it is test code")]

mod soap;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use soap::{Stage, codes, here, is_there, only_the_untouched, run, told};

/// Debian's packages libwss4j-java and libxml-security-java, with what they need.
const JARS: &[&str] = &["wss4j", "xmlsec", "slf4j-api", "slf4j-nop", "commons-logging", "commons-codec", "stax2-api"];

fn class_path(classes: &Path) -> String {
    let jars = JARS.iter().map(|jar| format!("/usr/share/java/{jar}.jar"));
    jars.chain([classes.display().to_string()]).collect::<Vec<_>>().join(":")
}

/// Compiles the client into a folder.
fn compiled(folder: &Path) -> PathBuf {
    let mut command = Command::new("javac");
    command.args(["-nowarn", "-cp", &class_path(folder), "-d"]).arg(folder);
    run(command.arg(here("java/SoapClient.java")).arg(here("java/SoapScenes.java")));
    folder.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn wss4j_asks_and_verifies_and_is_refused_like_anyone() {
    if !is_there(Path::new("/usr/share/java/wss4j.jar")) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let classes = compiled(folder.path());
    let stage = Stage::set().await;
    let mut command = Command::new("java");
    command.args(["-cp", &class_path(&classes), "SoapScenes"]).args(stage.words());
    let told = told(command).await;

    let answered = told["answered"].as_object().unwrap();
    // Five ways to name a key, two versions of SOAP, two kinds of key.
    assert_eq!(answered.len(), 20);
    for (scene, fields) in answered {
        assert_eq!(*fields, stage.card(), "{scene}");
    }
    assert_eq!(
        codes(&told["refused"]),
        json!({
            "nobody": "not-available",
            "SHA-1": "algorithm-refused",
            "changed": "digest-mismatch",
            "repeated": "replayed",
        })
    );
    only_the_untouched(&told["forged"]);
}
