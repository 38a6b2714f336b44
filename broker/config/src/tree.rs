//! A parsed file: values, each with its line.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use crate::Lines;

/// A value and the line where it (or its key) stands.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) line: usize,
    pub(crate) value: Value,
}

#[derive(Debug)]
pub(crate) enum Value {
    Text(String),
    /// `None`: a number that does not fit 64 bits.
    Integer(Option<i64>),
    Flag(bool),
    List(Vec<Node>),
    Table(BTreeMap<String, Node>),
    /// A kind that no setting has: a float or a date.
    Other(&'static str),
}

impl Value {
    /// The kind, for a person.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Integer(_) => "a whole number",
            Self::Flag(_) => "true or false",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Other(kind) => kind,
        }
    }
}

/// Takes over a table, with the lines of its keys.
pub(crate) fn table(table: &DeTable<'_>, lines: &Lines) -> BTreeMap<String, Node> {
    let entry = |(key, value): (&toml::Spanned<_>, &toml::Spanned<DeValue<'_>>)| {
        let name: &std::borrow::Cow<'_, str> = key.get_ref();
        (name.clone().into_owned(), Node { line: lines.line(key.span().start), value: convert(value.get_ref(), lines) })
    };
    table.iter().map(entry).collect()
}

fn convert(value: &DeValue<'_>, lines: &Lines) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.clone().into_owned()),
        DeValue::Integer(number) => Value::Integer(i64::from_str_radix(number.as_str(), number.radix()).ok()),
        DeValue::Boolean(flag) => Value::Flag(*flag),
        DeValue::Float(_) => Value::Other("a number with a fraction"),
        DeValue::Datetime(_) => Value::Other("a date"),
        DeValue::Table(inner) => Value::Table(table(inner, lines)),
        DeValue::Array(items) => Value::List(
            items
                .iter()
                .map(|item| Node { line: lines.line(item.span().start), value: convert(item.get_ref(), lines) })
                .collect(),
        ),
    }
}
