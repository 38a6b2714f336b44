//! The workspace as it is, and as the document draws it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// One crate of ours.
pub(crate) struct Room {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    /// Names of what it depends on, tests aside.
    pub(crate) needs: BTreeSet<String>,
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// Every crate of the workspace, from `cargo metadata`.
pub(crate) fn rooms() -> Vec<Room> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["metadata", "--format-version=1", "--no-deps", "--offline"];
    let output = Command::new(cargo).args(arguments).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    packages
        .iter()
        .map(|package| {
            let manifest = PathBuf::from(package["manifest_path"].as_str().unwrap());
            let dependencies = package["dependencies"].as_array().unwrap();
            let needs = dependencies.iter().filter(|needed| needed["kind"] != "dev");
            Room {
                name: package["name"].as_str().unwrap().to_owned(),
                folder: manifest.parent().unwrap().strip_prefix(root()).unwrap().to_owned(),
                needs: needs.map(|needed| needed["name"].as_str().unwrap().to_owned()).collect(),
            }
        })
        .collect()
}

/// A row of the document's table.
pub(crate) struct Row {
    pub(crate) folder: PathBuf,
    pub(crate) allowed: Allowed,
}

pub(crate) enum Allowed {
    These(BTreeSet<String>),
    AnythingButTests,
    Anything,
}

/// The table of `docs/architecture.md`.
pub(crate) fn drawn() -> BTreeMap<String, Row> {
    let document = std::fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let rows = document.lines().filter_map(|line| line.strip_prefix("| `")).map(|line| {
        let cells: Vec<_> = line.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        let [name, folder, allowed, _what, ""] = cells[..] else { panic!("not a row: {line}") };
        let allowed = match allowed {
            "–" => Allowed::These(BTreeSet::new()),
            "anything" => Allowed::Anything,
            "anything but tests" => Allowed::AnythingButTests,
            names => Allowed::These(names.split(", ").map(|name| format!("mohur-{name}")).collect()),
        };
        (name.to_owned(), Row { folder: folder.into(), allowed })
    });
    rows.collect()
}

/// The files below a folder, relative to it; without what tools leave behind.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap_or_default();
            if !path.is_dir() {
                found.push(path);
            } else if !matches!(
                name,
                "target" | ".git" | "node_modules" | "__pycache__" | "corpus" | ".venv" | "mutants.out"
            ) {
                folders.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The Rust files of a crate that are not tests, each cut before its own tests.
pub(crate) fn sources(room: &Room) -> Vec<(PathBuf, String)> {
    let files: Vec<_> = files(&root().join(&room.folder).join("src"))
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| (std::fs::read_to_string(&path).unwrap(), path))
        .collect();
    let tests: BTreeSet<PathBuf> = files.iter().flat_map(|(text, path)| test_modules(text, path)).collect();
    let is_code = |path: &Path| !path.ancestors().any(|above| tests.contains(&above.with_extension("")));
    files.into_iter().filter(|(_, path)| is_code(path)).map(|(text, path)| (path, without_tests(&text))).collect()
}

/// The paths (without `.rs`) of the modules that a file declares for tests only.
fn test_modules(text: &str, path: &Path) -> Vec<PathBuf> {
    let stem = path.file_stem().unwrap();
    let inside = if stem == "lib" || stem == "main" || stem == "mod" {
        path.parent().unwrap().to_owned()
    } else {
        path.with_extension("")
    };
    let mut lines = text.lines().map(str::trim);
    let mut modules = Vec::new();
    while let Some(line) = lines.next() {
        if !matches!(line, "#[cfg(test)]" | "#[cfg(doctest)]") {
            continue;
        }
        let declared = lines.by_ref().find(|line| !line.starts_with("#[")).unwrap_or_default();
        let name = declared.trim_start_matches("pub(crate) ").strip_prefix("mod ");
        if let Some(name) = name.and_then(|name| name.strip_suffix(';').or(name.strip_suffix(" {"))) {
            modules.push(inside.join(name));
        }
    }
    modules
}

fn without_tests(text: &str) -> String {
    match text.find("\n#[cfg(test)]\nmod tests {") {
        Some(at) => text[..at].to_owned(),
        None => text.to_owned(),
    }
}
