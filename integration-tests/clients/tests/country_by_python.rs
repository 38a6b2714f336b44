//! The synthetic country's documents, judged by PyPI `mrz`, as `mohur registry seed` writes them.

use std::path::{Path, PathBuf};
use std::process::Command;

use mohur_reference::country;

/// The Python of the virtual environment; a notice where there is none. The test command makes it.
fn python() -> Option<PathBuf> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let demanded = std::env::var_os("MOHUR_VENV").map(PathBuf::from);
    let python = demanded.clone().unwrap_or_else(|| root.join(".venv")).join("bin/python");
    if python.exists() {
        return Some(python);
    }
    assert!(demanded.is_none(), "MOHUR_VENV has no Python: run integration-tests/all");
    eprintln!("skipped: there is no .venv; integration-tests/all makes it");
    None
}

#[test]
fn every_machine_readable_zone_holds_for_pypi_mrz() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    country::seed(folder.path(), 7, 5_000, &mut |_| {}).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/python/country_documents.py");
    let judged = Command::new(python).arg(script).arg(folder.path().join("documents.csv")).output().unwrap();
    println!("{}", String::from_utf8_lossy(&judged.stdout));
    assert!(judged.status.success(), "{}", String::from_utf8_lossy(&judged.stderr));
}
