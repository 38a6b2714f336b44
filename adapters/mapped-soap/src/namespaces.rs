//! The prefixes of a mapping file: `[namespaces]`.

use mohur_config::Table;
use mohur_soap::{XPath, ns};

/// Prefixes with what they stand for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Namespaces(Vec<(String, String)>);

impl Namespaces {
    /// Reads `[namespaces]`.
    pub(crate) fn read(mut table: Table) -> Self {
        let mut namespaces = Vec::new();
        for prefix in table.names() {
            let Some(uri) = table.required::<String>(&prefix) else { continue };
            if !is_prefix(&prefix) {
                table.error(&prefix, "is not a prefix", "take letters, digits, - _ and ., the first one a letter");
            } else if !is_uri(&uri) {
                table.error(&prefix, "is not a namespace", "write the absolute URI of the service's schema");
            } else {
                namespaces.push((prefix, uri));
            }
        }
        Self(namespaces)
    }

    /// Every prefix with its URI.
    pub(crate) fn pairs(&self) -> Vec<(&str, &str)> {
        self.0.iter().map(|(prefix, uri)| (prefix.as_str(), uri.as_str())).collect()
    }

    /// How a name of that namespace is written; `None` if no prefix stands for it.
    pub(crate) fn qualified(&self, namespace: &str, local: &str) -> Option<String> {
        if namespace.is_empty() {
            return Some(local.to_owned());
        }
        if namespace == ns::XML {
            return Some(format!("xml:{local}"));
        }
        let (prefix, _) = self.0.iter().find(|(_, uri)| uri == namespace)?;
        Some(format!("{prefix}:{local}"))
    }

    /// The XPath at a key that must be there.
    pub(crate) fn path(&self, table: &mut Table, key: &str) -> Option<XPath> {
        let expression: String = table.required(key)?;
        self.parse(table, key, &expression)
    }

    /// The XPath at a key that may be there. The outer `None` is an error that was noted.
    pub(crate) fn optional_path(&self, table: &mut Table, key: &str) -> Option<Option<XPath>> {
        if !table.has(key) {
            // Asked for all the same, so that a misspelt key is told what it might have been.
            let _ = table.optional::<String>(key);
            return Some(None);
        }
        let expression: String = table.optional(key)?;
        self.parse(table, key, &expression).map(Some)
    }

    fn parse(&self, table: &Table, key: &str, expression: &str) -> Option<XPath> {
        match XPath::parse(expression, &self.pairs()) {
            Ok(path) => Some(path),
            Err(error) => {
                table.error(key, error.to_string(), "prefixes stand under [namespaces]; see docs/registries.md");
                None
            }
        }
    }
}

/// Absolute, in the characters of RFC 3986, section 2; deprecated relative ones are refused by the XML reader as well.
fn is_uri(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte);
    text.bytes().all(allowed)
        && text.split_once(':').is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty())
}

/// ASCII suffices for a prefix, which is ours to choose. `xml…` is reserved (Namespaces in XML, section 3).
fn is_prefix(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        && !text.to_ascii_lowercase().starts_with("xml")
}
