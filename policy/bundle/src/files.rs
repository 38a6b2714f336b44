//! What lies in a folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mohur_policy::{Problem, Source};

use crate::errors::whole;

/// The name of the folder with the rules above all agencies.
pub const GOVERNANCE: &str = "GOVERNANCE";

pub(crate) const MANIFEST: &str = "manifest.toml";
pub(crate) const PURPOSES: &str = "purposes.toml";
pub(crate) const RELEASE: &str = "release.toml";
pub(crate) const SCHEMA: &str = "schema.cedarschema";
const MAX_BYTES: u64 = 4 << 20;

/// A folder's files, read once: what is checked is what is digested.
pub(crate) struct Files {
    pub(crate) folder: PathBuf,
    /// The folder's own name, e.g. `MOH`.
    pub(crate) name: String,
    /// Text by name within the folder, e.g. `tests/vitals.toml`.
    pub(crate) texts: BTreeMap<String, String>,
}

impl Files {
    /// Reads every file; what cannot be read, or does not belong there, goes to `problems`.
    pub(crate) fn read(folder: &Path, problems: &mut Vec<Problem>) -> Self {
        let real = folder.canonicalize();
        let name = real.ok().as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
        let mut files = Self { folder: folder.to_owned(), name: name.unwrap_or_default(), texts: BTreeMap::new() };
        files.read_folder("", problems);
        files
    }

    fn read_folder(&mut self, inside: &str, problems: &mut Vec<Problem>) {
        let folder = self.folder.join(inside);
        let entries = match list(&folder) {
            Ok(entries) => entries,
            Err(error) => {
                problems.push(whole(&folder, format!("cannot be read: {error}; check the path")));
                return;
            }
        };
        for name in entries.iter().filter(|name| !name.starts_with('.')) {
            let path = folder.join(name);
            match (inside, path.is_dir()) {
                ("", true) if name == "tests" || name == "bundles" => self.read_folder(&format!("{name}/"), problems),
                (_, false) if belongs(inside, name) => match read(&path) {
                    Ok(text) => _ = self.texts.insert(format!("{inside}{name}"), text),
                    Err(what) => problems.push(whole(&path, what)),
                },
                ("", false) if name == "README.md" => {}
                _ => problems.push(whole(&path, "is not read as policy; rename it or move it out of the folder")),
            }
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The files of one kind: (name within the folder, text).
    pub(crate) fn in_folder<'a>(&'a self, inside: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.texts
            .iter()
            .filter(move |(name, _)| name.starts_with(inside))
            .map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// The files of rules.
    pub(crate) fn rules(&self) -> Vec<Source> {
        let source = |(name, text): (&String, &String)| Source {
            path: self.path(name).display().to_string(),
            name: format!("{}/{name}", self.name),
            text: text.clone(),
        };
        self.texts.iter().filter(|(name, _)| name.ends_with(".cedar")).map(source).collect()
    }

    /// The files that decide: those that the digest covers. The schema is derived from them, the tests try them.
    pub(crate) fn deciding(&self) -> impl Iterator<Item = (&String, &String)> {
        self.texts.iter().filter(|(name, _)| *name != MANIFEST && *name != SCHEMA && !name.starts_with("tests/"))
    }
}

fn list(folder: &Path) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

fn belongs(inside: &str, name: &str) -> bool {
    match inside {
        "" => [MANIFEST, PURPOSES, RELEASE, SCHEMA].contains(&name) || has_extension(name, "cedar"),
        _ => has_extension(name, "toml"),
    }
}

fn has_extension(name: &str, extension: &str) -> bool {
    Path::new(name).extension().is_some_and(|found| found == extension)
}

fn read(path: &Path) -> Result<String, String> {
    let size = std::fs::metadata(path).map_err(|error| format!("cannot be read: {error}; check the file"))?.len();
    if size > MAX_BYTES {
        return Err(format!("is larger than {MAX_BYTES} bytes; is it a policy file?"));
    }
    std::fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}; it must be UTF-8 text"))
}

/// Whether the folder is one agency's (or the governance's), not the one around them.
pub fn is_agency_folder(folder: &Path) -> bool {
    folder.join(MANIFEST).is_file()
}

/// The agencies' folders in `root`, the governance's among them, in the order of their names.
pub fn agency_folders(root: &Path) -> std::io::Result<Vec<PathBuf>> {
    let folders = list(root)?.into_iter().filter(|name| !name.starts_with('.')).map(|name| root.join(name));
    Ok(folders.filter(|path| path.is_dir()).collect())
}
