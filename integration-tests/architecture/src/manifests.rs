//! What every manifest and every text of the house has in common.

use crate::house::{files, rooms, root, sources};

#[test]
fn every_crate_inherits_the_workspaces_lints_and_facts() {
    for room in rooms() {
        let manifest = std::fs::read_to_string(root().join(&room.folder).join("Cargo.toml")).unwrap();
        assert!(manifest.contains("\n[lints]\nworkspace = true\n"), "{}: lints", room.name);
        for fact in ["version", "edition", "rust-version", "license", "publish"] {
            assert!(manifest.contains(&format!("\n{fact}.workspace = true\n")), "{}: {fact}", room.name);
        }
    }
}

#[test]
fn dependencies_are_versioned_once() {
    for room in rooms() {
        let manifest = std::fs::read_to_string(root().join(&room.folder).join("Cargo.toml")).unwrap();
        let dependencies = manifest.lines().skip_while(|line| !line.contains("dependencies]"));
        for line in dependencies.filter(|line| line.contains(" = ") && !line.starts_with(['#', '['])) {
            let inherits = line.contains("workspace = true") || line.contains("path = \".\"") || line.contains("= []");
            let is_feature = line.contains("= [\"");
            assert!(inherits || is_feature, "{}: {line}", room.name);
        }
    }
}

#[test]
fn every_crate_says_what_it_is() {
    for room in rooms() {
        for entry in ["src/lib.rs", "src/main.rs"] {
            let Ok(text) = std::fs::read_to_string(root().join(&room.folder).join(entry)) else { continue };
            let first = text.lines().next().unwrap_or_default();
            assert!(first.starts_with("//! ") && !first.contains("to be written"), "{}: {first}", room.name);
        }
    }
}

#[test]
fn the_time_is_read_in_one_place() {
    for room in rooms().iter().filter(|room| !room.folder.starts_with("integration-tests")) {
        for (path, text) in sources(room) {
            let reads = text.contains("Timestamp::now()")
                || text.contains("SystemTime::now()")
                || text.contains("Zoned::now()");
            assert!(!reads || path.ends_with("broker/http/src/clock.rs"), "{}", path.display());
        }
    }
}

/// The repository stands on its own: nothing in it points to a place on somebody's machine.
#[test]
fn nothing_points_outside() {
    let outside =
        [concat!("/wo", "rk/"), concat!("shared/", "design"), concat!("/tmp/", "plan"), concat!("INTER", "FACES.md")];
    let texts = ["rs", "toml", "md", "json", "py", "sh", "yml", "yaml", "go", "js", "svg", "xml"];
    for path in files(&root()) {
        let is_text = path.extension().is_some_and(|extension| texts.iter().any(|text| extension == *text));
        if !is_text {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        for place in outside {
            assert!(!text.contains(place), "{} names {place}", path.display());
        }
    }
}

#[test]
fn the_top_level_is_fixed() {
    let known = [
        "Cargo.toml",
        "Cargo.lock",
        "broker",
        "adapters",
        "policy",
        "pki",
        "schemas",
        "integration-tests",
        "docs",
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "deny.toml",
        "target",
    ];
    for entry in std::fs::read_dir(root()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name.starts_with('.') || known.contains(&name.as_str()), "{name} does not belong at the top");
    }
}
