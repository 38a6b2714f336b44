//! Fields: where each stands in a reply, of which type it is, and how it is compared.

use std::collections::BTreeMap;
use std::str::FromStr;

use jiff::civil::Date;
use mohur_config::Table;
use mohur_contract::RegistryError;
use mohur_soap::{Element, XPath, XPathError};
use mohur_wire::{FieldName, Predicate, Value, Verdict, names_match};

use crate::namespaces::Namespaces;

/// One field of a service.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: FieldName,
    path: XPath,
    when: Option<XPath>,
    kind: Kind,
    compare: Compare,
    missing: Verdict,
    codes: BTreeMap<String, String>,
}

/// The type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Flag,
    Date,
}

/// How a text is compared. Numbers, flags and dates are the same or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compare {
    Exact,
    Name,
}

impl FromStr for Kind {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "text" => Ok(Self::Text),
            "number" => Ok(Self::Number),
            "flag" => Ok(Self::Flag),
            "date" => Ok(Self::Date),
            _ => Err("choose one of text, number, flag, date"),
        }
    }
}

impl FromStr for Compare {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "exact" => Ok(Self::Exact),
            "name" => Ok(Self::Name),
            _ => Err("choose one of exact, name"),
        }
    }
}

/// What the verdict is on a field that the reply does not hold.
struct Missing(Verdict);

impl FromStr for Missing {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "unknown" => Ok(Self(Verdict::Unknown)),
            "mismatch" => Ok(Self(Verdict::Mismatch)),
            _ => Err("choose one of unknown, mismatch"),
        }
    }
}

const OTHER_TYPE: RegistryError = RegistryError::Unsupported("a value is not of its field's type");

impl Field {
    /// Reads a `[[service.field]]`.
    pub(crate) fn read(mut table: Table, namespaces: &Namespaces) -> Option<Self> {
        let (name, kind) = (table.required("name"), table.optional("type").or(Some(Kind::Text)));
        let (path, when) = (namespaces.path(&mut table, "path"), namespaces.optional_path(&mut table, "when"));
        let compare = table.optional("compare");
        if compare == Some(Compare::Name) && kind.is_some_and(|kind| kind != Kind::Text) {
            table.error("compare", "fits a text only", "take it out: other types are the same or not");
        }
        let missing = table.optional::<Missing>("missing").map_or(Verdict::Unknown, |missing| missing.0);
        let mut codes = BTreeMap::new();
        if let Some(mut known) = table.optional_table("codes") {
            for code in known.names() {
                codes.extend(known.required::<String>(&code).map(|text| (code, text)));
            }
            if kind.is_some_and(|kind| kind != Kind::Text) {
                table.error("codes", "fit a text only", "leave the type out");
            }
        }
        let compare = compare.unwrap_or(Compare::Exact);
        Some(Self { name: name?, path: path?, when: when?, kind: kind?, compare, missing, codes })
    }

    /// The value in a record; `None` if the record does not hold it.
    pub(crate) fn value(&self, record: Element<'_>) -> Result<Option<Value>, RegistryError> {
        if let Some(when) = &self.when
            && !exists(when, record)?
        {
            return Ok(None);
        }
        let text = text_of(&self.path, record)?.filter(|text| !text.is_empty());
        text.map(|text| self.convert(&text)).transpose()
    }

    fn convert(&self, text: &str) -> Result<Value, RegistryError> {
        let value = match self.kind {
            Kind::Text if self.codes.is_empty() => Some(Value::text(text)),
            Kind::Text => self.codes.get(text).map(Value::text),
            Kind::Number => text.strip_prefix('+').unwrap_or(text).parse().ok().map(Value::Number),
            Kind::Flag => match text {
                "true" | "1" => Some(Value::Flag(true)),
                "false" | "0" => Some(Value::Flag(false)),
                _ => None,
            },
            Kind::Date => date(text).map(|date| Value::text(date.to_string())),
        };
        value.ok_or(RegistryError::Invalid("a field is not of the type, or has not one of the codes, of the mapping"))
    }

    /// Whether the value held is the one given.
    pub(crate) fn compared(&self, held: Option<&Value>, given: &Value) -> Verdict {
        let Some(held) = held else { return self.missing };
        let same = match (self.compare, held.as_text(), given.as_text()) {
            (Compare::Name, Some(held), Some(given)) => names_match(held, given),
            (Compare::Name | Compare::Exact, _, _) => held == given,
        };
        Verdict::of_match(same)
    }

    /// Whether the predicate holds for the value.
    pub(crate) fn verified(&self, held: Option<&Value>, predicate: &Predicate) -> Verdict {
        let Some(held) = held else { return self.missing };
        match (predicate, held) {
            (Predicate::AtLeast(least), Value::Number(number)) => Verdict::of_match(number >= least),
            (Predicate::AtMost(most), Value::Number(number)) => Verdict::of_match(number <= most),
            // `takes_predicate` lets these two through for numbers only, and a number's value is one.
            (Predicate::AtLeast(_) | Predicate::AtMost(_), Value::Text(_) | Value::Flag(_)) => Verdict::Unknown,
            (Predicate::OneOf(choices), held) => {
                let any = choices.iter().any(|choice| self.compared(Some(held), choice) == Verdict::Match);
                Verdict::of_match(any)
            }
        }
    }

    /// Refuses a value of another type before anybody is asked.
    pub(crate) fn takes(&self, given: &Value) -> Result<(), RegistryError> {
        let fits = match (self.kind, given) {
            (Kind::Text, Value::Text(_)) | (Kind::Number, Value::Number(_)) | (Kind::Flag, Value::Flag(_)) => true,
            (Kind::Date, Value::Text(text)) => text.len() == 10 && date(text).is_some(),
            (Kind::Text | Kind::Number | Kind::Flag | Kind::Date, _) => false,
        };
        if fits { Ok(()) } else { Err(OTHER_TYPE) }
    }

    /// Refuses a predicate that does not fit the type.
    pub(crate) fn takes_predicate(&self, predicate: &Predicate) -> Result<(), RegistryError> {
        match predicate {
            Predicate::AtLeast(_) | Predicate::AtMost(_) if self.kind == Kind::Number => Ok(()),
            Predicate::AtLeast(_) | Predicate::AtMost(_) => Err(OTHER_TYPE),
            Predicate::OneOf(choices) => choices.iter().try_for_each(|choice| self.takes(choice)),
        }
    }
}

/// `xs:date` or `xs:dateTime`: the day, whatever the time zone (XML Schema part 2, sections 3.2.7 and 3.2.9).
fn date(text: &str) -> Option<Date> {
    let (day, rest) = text.split_at_checked(10)?;
    let is_rest = rest.is_empty() || rest.starts_with(['T', 'Z', '+', '-']);
    day.parse().ok().filter(|_| is_rest)
}

const UNREADABLE: RegistryError = RegistryError::Invalid("what the mapping points at is not one text");

/// Whether a path selects anything.
pub(crate) fn exists(path: &XPath, from: Element<'_>) -> Result<bool, RegistryError> {
    match path.select(from) {
        Ok(nodes) => Ok(!nodes.is_empty()),
        Err(XPathError::NotElements) => path.text(from).map(|text| text.is_some()).map_err(|_| UNREADABLE),
        Err(_) => Err(UNREADABLE),
    }
}

/// The text of the one node that a path selects, without white space around it; `None` if it selects none.
pub(crate) fn text_of(path: &XPath, from: Element<'_>) -> Result<Option<String>, RegistryError> {
    match path.select(from) {
        Ok(nodes) if nodes.len() > 1 => {
            return Err(RegistryError::Invalid("what the mapping points at stands more than once"));
        }
        Ok(_) | Err(XPathError::NotElements) => {}
        Err(_) => return Err(UNREADABLE),
    }
    let text = path.text(from).map_err(|_| UNREADABLE)?;
    Ok(text.map(|text| text.trim().to_owned()))
}
