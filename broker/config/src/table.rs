//! One table of a file, read key by key.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::tree::{Node, Value};
use crate::{ConfigError, nearest, parse_duration};

/// A value of a kind that its writer chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// In quotes.
    Text(String),
    /// A whole number.
    Number(i64),
    /// True or false.
    Flag(bool),
}

/// What the tables of one file share.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) path: PathBuf,
    pub(crate) errors: Mutex<Vec<ConfigError>>,
}

impl File {
    pub(crate) fn error(&self, line: usize, key: String, what: String, remedy: &str) -> ConfigError {
        ConfigError { file: self.path.clone(), line, key, what, remedy: remedy.to_owned() }
    }

    fn note(&self, error: ConfigError) {
        self.errors.lock().unwrap_or_else(PoisonError::into_inner).push(error);
    }
}

/// A table. Keys are taken out as they are asked for; those left when it is dropped are noted as unknown.
#[derive(Debug)]
pub struct Table {
    file: Arc<File>,
    /// The tables around the keys, with a dot at the end; empty at the top level.
    prefix: String,
    line: usize,
    left: BTreeMap<String, Node>,
    /// Every key asked for, and the line it stands on.
    asked: BTreeMap<String, Option<usize>>,
}

impl Table {
    pub(crate) const fn new(file: Arc<File>, prefix: String, line: usize, left: BTreeMap<String, Node>) -> Self {
        Self { file, prefix, line, left, asked: BTreeMap::new() }
    }

    /// The line where the table begins.
    pub const fn line(&self) -> usize {
        self.line
    }

    /// The line of a key that was asked for, else that of the table.
    pub fn line_of(&self, key: &str) -> usize {
        self.asked.get(key).copied().flatten().unwrap_or(self.line)
    }

    /// Whether the key is there and was not asked for yet.
    pub fn has(&self, key: &str) -> bool {
        self.left.contains_key(key)
    }

    /// The keys that nobody asked for yet: for tables whose keys are names.
    pub fn names(&self) -> Vec<String> {
        self.left.keys().cloned().collect()
    }

    /// Notes an error about a key: what is wrong and what to do.
    pub fn error(&self, key: &str, what: impl Into<String>, remedy: &str) {
        let line = self.left.get(key).map_or_else(|| self.line_of(key), |node| node.line);
        self.note(line, key, what.into(), remedy);
    }

    fn note(&self, line: usize, key: &str, what: String, remedy: &str) {
        let key = if key.is_empty() { self.prefix.trim_end_matches('.').to_owned() } else { self.prefix.clone() + key };
        self.file.note(self.file.error(line, key, what, remedy));
    }

    fn take(&mut self, key: &str) -> Option<Node> {
        let node = self.left.remove(key);
        let line = node.as_ref().map(|node| node.line);
        let known = self.asked.entry(key.to_owned()).or_default();
        *known = line.or(*known);
        node
    }

    /// Takes a key and reads its value; notes an error if that fails.
    fn read<T>(&mut self, key: &str, read: impl FnOnce(&Value) -> Result<T, Wrong>) -> Option<T> {
        let node = self.take(key)?;
        match read(&node.value) {
            Ok(value) => Some(value),
            Err(Wrong { what, remedy }) => {
                self.note(node.line, key, what, &remedy);
                None
            }
        }
    }

    fn is_there(&mut self, key: &str) -> bool {
        let there = self.left.contains_key(key);
        if !there {
            self.take(key);
            self.note(self.line, key, "is missing".to_owned(), "add it");
        }
        there
    }

    /// A text that must be there, as a `T`.
    pub fn required<T: FromStr<Err: Display>>(&mut self, key: &str) -> Option<T> {
        if self.is_there(key) { self.optional(key) } else { None }
    }

    /// A text that may be there, as a `T`.
    pub fn optional<T: FromStr<Err: Display>>(&mut self, key: &str) -> Option<T> {
        self.read(key, from_text)
    }

    /// A list of texts, as `T`s; empty if the key is not there.
    pub fn list<T: FromStr<Err: Display>>(&mut self, key: &str) -> Vec<T> {
        let Some(items) = self.items(key) else { return Vec::new() };
        let read = |item: &Node| match from_text(&item.value) {
            Ok(value) => Some(value),
            Err(Wrong { what, remedy }) => {
                self.note(item.line, key, what, &remedy);
                None
            }
        };
        items.iter().filter_map(read).collect()
    }

    fn items(&mut self, key: &str) -> Option<Vec<Node>> {
        let node = self.take(key)?;
        if let Value::List(items) = node.value {
            return Some(items);
        }
        self.note(node.line, key, wrong_kind(&node.value).what, "write a list, [ … ]");
        None
    }

    /// True or false, if it is there.
    pub fn flag(&mut self, key: &str) -> Option<bool> {
        self.read(key, |value| {
            let Value::Flag(flag) = value else { return Err(wrong_kind(value).so("write true or false")) };
            Ok(*flag)
        })
    }

    /// A text, a whole number, or true or false, if it is there: for values whose kind says what they are.
    pub fn scalar(&mut self, key: &str) -> Option<Scalar> {
        self.read(key, |value| match value {
            Value::Text(text) => Ok(Scalar::Text(text.clone())),
            Value::Flag(flag) => Ok(Scalar::Flag(*flag)),
            Value::Integer(Some(number)) => Ok(Scalar::Number(*number)),
            Value::Integer(None) => Err(Wrong::new("is out of range").so("write a smaller number")),
            Value::List(_) | Value::Table(_) | Value::Other(_) => {
                Err(wrong_kind(value).so("write a text in quotes, a whole number, true or false"))
            }
        })
    }

    /// A whole number within a range, if it is there.
    pub fn number<N>(&mut self, key: &str, range: RangeInclusive<N>) -> Option<N>
    where
        N: TryFrom<i64> + PartialOrd + Display,
    {
        let expected = format!("write a whole number from {} to {}", range.start(), range.end());
        self.read(key, |value| {
            let Value::Integer(number) = value else { return Err(wrong_kind(value).so(&expected)) };
            number
                .and_then(|number| N::try_from(number).ok())
                .filter(|number| range.contains(number))
                .ok_or_else(|| Wrong::new("is out of range").so(&expected))
        })
    }

    /// A whole number within a range that must be there.
    pub fn required_number<N>(&mut self, key: &str, range: RangeInclusive<N>) -> Option<N>
    where
        N: TryFrom<i64> + PartialOrd + Display,
    {
        if self.is_there(key) { self.number(key, range) } else { None }
    }

    /// A duration such as `5s` or `250ms`, if it is there.
    pub fn duration(&mut self, key: &str) -> Option<Duration> {
        const EXPECTED: &str = "write a whole number with its unit: \"250ms\", \"5s\", \"2m\", \"1h\", \"7d\"";
        self.read(key, |value| {
            let Value::Text(text) = value else { return Err(wrong_kind(value).so(EXPECTED)) };
            parse_duration(text).ok_or_else(|| Wrong::new("is not a duration").so(EXPECTED))
        })
    }

    /// A path that must be there; a relative one starts at the file's folder.
    pub fn path(&mut self, key: &str) -> Option<PathBuf> {
        if self.is_there(key) { self.optional_path(key) } else { None }
    }

    /// A path that may be there; a relative one starts at the file's folder. One below systemd's
    /// `$CREDENTIALS_DIRECTORY` is left as it is for whoever opens it.
    pub fn optional_path(&mut self, key: &str) -> Option<PathBuf> {
        let folder = self.folder();
        self.read(key, |value| as_path(&folder, value))
    }

    /// A list of paths; empty if the key is not there. Relative ones start at the file's folder.
    pub fn paths(&mut self, key: &str) -> Vec<PathBuf> {
        let folder = self.folder();
        let Some(items) = self.items(key) else { return Vec::new() };
        let read = |item: &Node| match as_path(&folder, &item.value) {
            Ok(path) => Some(path),
            Err(Wrong { what, remedy }) => {
                self.note(item.line, key, what, &remedy);
                None
            }
        };
        items.iter().filter_map(read).collect()
    }

    fn folder(&self) -> PathBuf {
        self.file.path.parent().map(PathBuf::from).unwrap_or_default()
    }

    /// A table that must be there.
    pub fn table(&mut self, key: &str) -> Option<Self> {
        if self.is_there(key) { self.optional_table(key) } else { None }
    }

    /// A table that may be there.
    pub fn optional_table(&mut self, key: &str) -> Option<Self> {
        let node = self.take(key)?;
        self.inner(key, node, format!("{}{key}.", self.prefix))
    }

    /// An array of tables; empty if the key is not there.
    pub fn tables(&mut self, key: &str) -> Vec<Self> {
        let items = self.items(key).unwrap_or_default();
        let inner = |(index, node)| self.inner(key, node, format!("{}{key}[{index}].", self.prefix));
        items.into_iter().enumerate().filter_map(inner).collect()
    }

    fn inner(&self, key: &str, node: Node, prefix: String) -> Option<Self> {
        if let Value::Table(entries) = node.value {
            return Some(Self::new(Arc::clone(&self.file), prefix, node.line, entries));
        }
        self.note(node.line, key, wrong_kind(&node.value).what, "write a table, [name] or [[name]]");
        None
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        for (key, node) in std::mem::take(&mut self.left) {
            let remedy = nearest(&key, self.asked.keys().map(String::as_str))
                .map_or_else(|| "remove it".to_owned(), |name| format!("did you mean {name}?"));
            self.note(node.line, &key, "is not a known key".to_owned(), &remedy);
        }
    }
}

/// Why a value is not what was asked for.
struct Wrong {
    what: String,
    remedy: String,
}

impl Wrong {
    fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), remedy: String::new() }
    }

    fn so(mut self, remedy: &str) -> Self {
        remedy.clone_into(&mut self.remedy);
        self
    }
}

fn as_path(folder: &Path, value: &Value) -> Result<PathBuf, Wrong> {
    let Value::Text(text) = value else { return Err(wrong_kind(value).so("write a file's path")) };
    if text.is_empty() || text.contains('\0') {
        return Err(Wrong::new("is not a path").so("write a file's path"));
    }
    Ok(if text.starts_with("$CREDENTIALS_DIRECTORY/") { text.into() } else { folder.join(text) })
}

fn wrong_kind(value: &Value) -> Wrong {
    Wrong::new(format!("is {}", value.kind()))
}

fn from_text<T: FromStr<Err: Display>>(value: &Value) -> Result<T, Wrong> {
    let Value::Text(text) = value else { return Err(wrong_kind(value).so("write a text in quotes")) };
    text.parse().map_err(|error| Wrong::new(format!("is not accepted: {error}")))
}

#[cfg(test)]
mod tests;
