//! A file being read.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use toml::de::DeTable;

use crate::table::File;
use crate::{ConfigError, ConfigErrors, Lines, Table, tree};

/// The largest configuration file that is read.
const MAX_BYTES: u64 = 4 << 20;

/// A file being read: its top-level table, and at the end everything that was wrong.
#[derive(Debug)]
pub struct Reader {
    root: Table,
    file: Arc<File>,
}

impl Reader {
    /// Reads a file.
    pub fn load(path: &Path) -> Result<Self, ConfigErrors> {
        let fail = |what: String, remedy: &str| one(path, what, remedy);
        let size = std::fs::metadata(path).map_err(|e| fail(format!("cannot be read: {e}"), "check the path"))?.len();
        if size > MAX_BYTES {
            return Err(fail(format!("is larger than {MAX_BYTES} bytes"), "is it the right file?"));
        }
        let text = std::fs::read_to_string(path).map_err(|e| fail(format!("cannot be read: {e}"), "check the path"))?;
        Self::parse(path, &text)
    }

    /// Reads a text; `path` names it in errors, and paths in it are relative to `path`'s folder.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigErrors> {
        let lines = Lines::of(text);
        let (document, errors) = DeTable::parse_recoverable(text);
        let errors = errors
            .iter()
            .map(|error| ConfigError {
                file: path.to_owned(),
                line: error.span().map_or(1, |span| lines.line(span.start)),
                key: String::new(),
                what: format!("not TOML: {}", error.message()),
                remedy: "see https://toml.io".to_owned(),
            })
            .collect();
        if let Some(errors) = ConfigErrors::of(errors) {
            return Err(errors);
        }
        let file = Arc::new(File { path: path.to_owned(), errors: Mutex::default() });
        let root = Table::new(Arc::clone(&file), String::new(), 1, tree::table(document.get_ref(), &lines));
        Ok(Self { root, file })
    }

    /// The file that is read.
    pub fn file(&self) -> PathBuf {
        self.file.path.clone()
    }

    /// The end: refuses keys that nobody asked for, and reports everything that was wrong.
    pub fn finish(self) -> Result<(), ConfigErrors> {
        let Self { root, file } = self;
        drop(root);
        let mut errors = file.errors.lock().unwrap_or_else(PoisonError::into_inner);
        if Arc::strong_count(&file) > 1 {
            // Its unknown keys would go unnoticed.
            errors.push(file.error(1, String::new(), "a table is still being read".to_owned(), "report this as a bug"));
        }
        ConfigErrors::of(std::mem::take(&mut *errors)).map_or(Ok(()), Err)
    }
}

impl std::ops::Deref for Reader {
    type Target = Table;

    fn deref(&self) -> &Table {
        &self.root
    }
}

impl std::ops::DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut Table {
        &mut self.root
    }
}

fn one(path: &Path, what: String, remedy: &str) -> ConfigErrors {
    let error = ConfigError { file: path.to_owned(), line: 0, key: String::new(), what, remedy: remedy.to_owned() };
    error.into()
}

/// Reads a file into a `T`. `read` returns `None` when it noted an error.
pub fn load<T>(path: &Path, read: impl FnOnce(&mut Table) -> Option<T>) -> Result<T, ConfigErrors> {
    complete(Reader::load(path)?, read)
}

/// Reads a text into a `T`. `read` returns `None` when it noted an error.
pub fn parse<T>(path: &Path, text: &str, read: impl FnOnce(&mut Table) -> Option<T>) -> Result<T, ConfigErrors> {
    complete(Reader::parse(path, text)?, read)
}

fn complete<T>(mut reader: Reader, read: impl FnOnce(&mut Table) -> Option<T>) -> Result<T, ConfigErrors> {
    let value = read(&mut reader);
    let path = reader.file();
    reader.finish()?;
    value.ok_or_else(|| one(&path, "is not complete".to_owned(), "compare it with the sample in docs/samples"))
}
