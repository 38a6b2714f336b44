//! A caller with nothing but stock libraries: PyPI `requests` and `http-message-signatures` ask a running broker and verify
//! what it says; PyPI `sd-jwt` verifies the owners' seals. The same client is the README's first query from Python.

#![allow(clippy::unwrap_used, reason = "all of it is test code")]

use std::path::{Path, PathBuf};
use std::process::Command;

use mohur_federation::Federation;
use serde_json::{Value, json};

/// The virtual environment of the Python clients; a notice where there is none. The test command makes it.
fn python() -> Option<PathBuf> {
    let demanded = std::env::var_os("MOHUR_VENV").map(PathBuf::from);
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let python = demanded.clone().unwrap_or_else(|| root.join(".venv")).join("bin/python");
    if python.exists() {
        return Some(python);
    }
    assert!(demanded.is_none(), "MOHUR_VENV has no python: run integration-tests/all");
    eprintln!("skipped: there is no .venv; integration-tests/all makes it");
    None
}

/// What the script prints.
async fn run(python: &Path, script: &str, arguments: Vec<String>) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python").join(script);
    let mut command = Command::new(python);
    command.arg(script).args(arguments);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    out.into_owned()
}

fn config(federation: &Federation, caller: &str) -> String {
    federation.nation.path(&format!("callers/{caller}/client.toml")).display().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_libraries_ask_and_verify_and_are_refused_like_anyone() {
    let Some(python) = python() else { return };
    let federation = Federation::start().await;
    let citizen = federation.citizen();
    let card = citizen.health.as_ref().unwrap();
    let (fin, nobody) = (citizen.fin.to_string(), federation.country.unused_fin().to_string());
    let callers = ["passport-office", "bank"].map(|caller| config(&federation, caller));
    let told = run(&python, "rest_scenes.py", callers.into_iter().chain([fin, nobody]).collect()).await;
    let told: Value = serde_json::from_str(&told).unwrap();

    assert_eq!(
        told["answered"],
        json!({
            "code": "answered",
            "receipt": true,
            "finding": "found",
            "owner": "AZ/GOV/MOH/health-card",
            "bloodGroup": card.blood_group,
            "height": card.height,
            "readsTheSame": true,
        })
    );
    // The libraries' yes is worth something: they say no to every change of what was sealed.
    for (forgery, refused) in told["forged"].as_object().unwrap() {
        assert_eq!(refused, true, "{forgery}");
    }
    assert_eq!(told["forged"].as_object().unwrap().len(), 7);
    assert_eq!(
        told["refused"],
        json!({
            "tampered": "digest-mismatch",
            "unsigned": "signature-missing",
            "header": "signature-invalid",
            "uncovered": "component-uncovered",
            "repeated": "replayed",
            "foreign": "identity-mismatch",
            "withheld": "not-available",
            "absent": "not-available",
        })
    );
    assert_eq!(told["negative"], "absent");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_readmes_client_asks_its_first_query() {
    let Some(python) = python() else { return };
    let federation = Federation::start().await;
    let citizen = federation.citizen();
    let fin = citizen.fin.to_string();
    let arguments = [
        "AZ/GOV/MOH/health-card/vitals/v1",
        "--config",
        &config(&federation, "passport-office"),
        "--fin",
        &fin,
        "--read",
        "bloodGroup,height",
        "--purpose",
        "issue-id-document",
        "--case",
        "C-1",
    ];
    let told = run(&python, "query.py", arguments.map(str::to_owned).to_vec()).await;
    assert!(told.contains(&format!("height  {}", citizen.health.as_ref().unwrap().height.unwrap())), "{told}");
    assert!(told.contains("the signature of AZ/GOV/OPERATOR/hub on the answer"), "{told}");
}
