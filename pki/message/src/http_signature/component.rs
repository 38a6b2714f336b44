//! Component identifiers (RFC 9421 §2): a name, and the flags that say how its value is taken.

use mohur_wire::{Refusal, RefusalCode};
use sfv::{BareItem, FieldType, Item};

/// The derived components that are understood (RFC 9421 §2.2).
const DERIVED: &[&str] = &[
    "@method",
    "@target-uri",
    "@authority",
    "@scheme",
    "@request-target",
    "@path",
    "@query",
    "@query-param",
    "@status",
];

/// One covered component, with its identifier exactly as the signer wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    identifier: String,
    /// Of the name.
    length: usize,
    flags: Flags,
}

/// What stands behind the name of a component.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Flags {
    /// `sf`: the field is a structured field, written in its canonical form.
    pub(super) structured: bool,
    /// `bs`: each field line as a byte sequence.
    pub(super) bytes: bool,
    /// `req`: taken from the request that a response answers.
    pub(super) request: bool,
    /// `key`: one member of a dictionary.
    pub(super) key: Option<String>,
    /// `name`: of a query parameter.
    pub(super) name: Option<String>,
}

impl Component {
    /// A component without flags.
    pub(super) fn plain(name: &str) -> Self {
        Self { identifier: format!("\"{name}\""), length: name.len(), flags: Flags::default() }
    }

    /// A component of the request, covered by the signature of its response.
    pub(super) fn of_request(name: &str) -> Self {
        Self {
            identifier: format!("\"{name}\";req"),
            length: name.len(),
            flags: Flags { request: true, ..Flags::default() },
        }
    }

    /// One dictionary member of a request's field. `key` is a structured-field key: it needs no escapes.
    pub(super) fn member_of_request(name: &str, key: &str) -> Self {
        let flags = Flags { request: true, key: Some(key.to_owned()), ..Flags::default() };
        Self { identifier: format!("\"{name}\";req;key=\"{key}\""), length: name.len(), flags }
    }

    pub(super) fn read(item: &Item) -> Result<Self, Refusal> {
        let BareItem::String(name) = &item.bare_item else {
            return Err(malformed("every covered component is a string, e.g. \"@method\""));
        };
        let name = name.as_str();
        check_name(name)?;
        let flags = Flags::read(name, &item.params)?;
        let identifier = if item.params.is_empty() { format!("\"{name}\"") } else { item.serialize() };
        Ok(Self { identifier, length: name.len(), flags })
    }

    /// The identifier as it stands in the signature base, quotes and flags included.
    pub fn identifier(&self) -> &str {
        &self.identifier
    }

    /// The name alone.
    pub fn name(&self) -> &str {
        // INVARIANT: an identifier begins with the quoted name, which holds neither quotes nor escapes.
        self.identifier.get(1..=self.length).unwrap_or_default()
    }

    pub(super) const fn flags(&self) -> &Flags {
        &self.flags
    }

    /// Whether it is this name without any flag.
    pub(super) fn is_plain(&self, name: &str) -> bool {
        self.name() == name && self.flags == Flags::default()
    }

    /// Whether both name the same thing; the order of the flags does not matter (RFC 9421 §2).
    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        self.name() == other.name() && self.flags == other.flags
    }
}

impl Flags {
    fn read(name: &str, parameters: &sfv::Parameters) -> Result<Self, Refusal> {
        let mut flags = Self::default();
        for (parameter, value) in parameters {
            match (parameter.as_str(), value) {
                ("sf", BareItem::Boolean(true)) => flags.structured = true,
                ("bs", BareItem::Boolean(true)) => flags.bytes = true,
                ("req", BareItem::Boolean(true)) => flags.request = true,
                ("key", BareItem::String(key)) => flags.key = Some(key.as_str().to_owned()),
                ("name", BareItem::String(value)) if name == "@query-param" => {
                    flags.name = Some(value.as_str().to_owned());
                }
                ("tr", _) => {
                    return Err(malformed("trailers are not accepted here: cover header fields only, without ;tr"));
                }
                _ => {
                    return Err(malformed(&format!(
                        "a parameter of component \"{name}\" is not understood: only sf, bs, req, key=\"…\" and, for @query-param, name=\"…\""
                    )));
                }
            }
        }
        let of_field = flags.structured || flags.bytes || flags.key.is_some();
        if name.starts_with('@') && of_field {
            return Err(malformed(&format!("\"{name}\" is a derived component: it takes neither sf, bs nor key")));
        }
        if flags.bytes && (flags.structured || flags.key.is_some()) {
            return Err(malformed(&format!(
                "\"{name}\" is covered with bs together with sf or key: RFC 9421 section 2.1 excludes it"
            )));
        }
        if (name == "@query-param") != flags.name.is_some() {
            return Err(malformed("\"@query-param\" takes the parameter's name: \"@query-param\";name=\"…\""));
        }
        Ok(flags)
    }
}

fn check_name(name: &str) -> Result<(), Refusal> {
    if name.starts_with('@') {
        return if DERIVED.contains(&name) {
            Ok(())
        } else {
            Err(malformed(&format!("derived components are {}; another one is covered", DERIVED.join(" "))))
        };
    }
    let is_field = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(&b);
    if name.is_empty() || name.len() > 100 || !name.bytes().all(is_field) {
        return Err(malformed("field names are covered in lower case, e.g. \"content-digest\""));
    }
    Ok(())
}

pub(super) fn malformed(detail: &str) -> Refusal {
    Refusal::new(RefusalCode::Malformed, format!("Signature-Input: {detail}"))
}
