//! The stand-in of Interpol's databases, asked by PyPI `zeep` from the published WSDL: the contract is one that a stock client
//! can keep.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use mohur_http::SystemClock;
use mohur_reference::country::{Alert, Sought};
use mohur_reference::{Country, Kind, Register};
use serde_json::{Value as Json, json};

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The Python of the virtual environment; a notice where there is none. The test command makes it.
fn python() -> Option<PathBuf> {
    let demanded = std::env::var_os("MOHUR_VENV").map(PathBuf::from);
    let python = demanded.clone().unwrap_or_else(|| root().join(".venv")).join("bin/python");
    if python.exists() {
        return Some(python);
    }
    assert!(demanded.is_none(), "MOHUR_VENV has no Python: run integration-tests/all");
    eprintln!("skipped: there is no .venv; integration-tests/all makes it");
    None
}

fn described(alert: &Alert) -> Json {
    let key = match &alert.sought {
        Sought::Document { issuing_state, code, number } => {
            json!({ "Document": { "IssuingState": issuing_state, "Type": code, "Number": number } })
        }
        Sought::Person { family_name, given_name, birth_date, .. } => {
            json!({ "Person": { "Name": format!("{family_name} {given_name}"), "BirthDate": birth_date.to_string() } })
        }
        Sought::Vehicle { vin, .. } => json!({ "Vehicle": { "VIN": vin } }),
    };
    json!({ "key": key, "owner": alert.owner, "action": alert.action, "reason": alert.reason })
}

#[tokio::test(flavor = "multi_thread")]
async fn zeep_asks_in_two_steps_and_reports_a_document_from_the_wsdl() {
    let Some(python) = python() else { return };
    let country = Arc::new(Country::default());
    let address = "127.0.0.1:0".parse().unwrap();
    let register = Register::start(Kind::Interpol, address, Arc::clone(&country), Arc::new(SystemClock)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (token, alerts) = (folder.path().join("token"), folder.path().join("alerts.json"));
    std::fs::write(&token, register.token()).unwrap();
    let described: Vec<_> = country.alerts().iter().map(described).collect();
    std::fs::write(&alerts, json!(described).to_string()).unwrap();
    let script = root().join("integration-tests/clients/python/interpol_by_zeep.py");
    let output = Command::new(python).arg(script).arg(register.url()).arg(token).arg(alerts).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    println!("{out}");
}
