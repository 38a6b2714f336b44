//! `Signature-Input` (RFC 9421 §4.1) and `Signature` (§4.2): exactly one of each.

use http::HeaderMap;
use mohur_wire::{Refusal, RefusalCode};
use sfv::{BareItem, Dictionary, FieldType, InnerList, Item, List, ListEntry, ListSerializer, Parser};

use super::component::{Component, malformed};
use super::header;

/// Most bytes of `Signature-Input`.
const MAX_INPUT: usize = 4096;
/// Most bytes of `Signature`.
const MAX_SIGNATURE: usize = 2048;
/// Most components of one signature.
const MAX_COMPONENTS: usize = 32;

/// What one signature covers, as its signer wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureInput {
    label: String,
    text: String,
    components: Vec<Component>,
    parameters: Parameters,
}

/// The parameters of a signature (RFC 9421 §2.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    /// Seconds since 1970.
    pub created: Option<i64>,
    /// Seconds since 1970.
    pub expires: Option<i64>,
    /// The SHA-256 of the seal certificate, in hexadecimal digits.
    pub key_id: Option<String>,
    /// Fresh for every message.
    pub nonce: Option<String>,
    /// The algorithm, if the signer names it.
    pub algorithm: Option<String>,
}

impl SignatureInput {
    /// Reads the one signature that a message carries.
    pub fn from_headers(headers: &HeaderMap) -> Result<Self, Refusal> {
        let value = one_line(headers, header::SIGNATURE_INPUT, MAX_INPUT)?;
        let dictionary: Dictionary =
            Parser::new(value).parse().map_err(|error| malformed(&format!("not a dictionary of RFC 8941: {error}")))?;
        let Some((label, ListEntry::InnerList(list))) = dictionary.first() else {
            return Err(malformed("the value of a label is a list in parentheses, e.g. sig1=(\"@method\");created=…"));
        };
        if dictionary.len() > 1 {
            return Err(malformed("send exactly one signature: several labels are refused"));
        }
        let Some((_, text)) = value.split_once('=') else {
            return Err(malformed("a label, '=', and a list in parentheses"));
        };
        Self::read(label.as_str(), text, list)
    }

    /// Reads what stands behind the label, or behind `"@signature-params": ` in a signature base.
    pub fn from_text(label: &str, text: &str) -> Result<Self, Refusal> {
        if text.len() > MAX_INPUT {
            return Err(too_large(header::SIGNATURE_INPUT, MAX_INPUT));
        }
        let list: List = Parser::new(text).parse().map_err(|error| malformed(&format!("not a list: {error}")))?;
        match list.as_slice() {
            [ListEntry::InnerList(list)] => Self::read(label, text, list),
            _ => Err(malformed("exactly one list in parentheses")),
        }
    }

    fn read(label: &str, text: &str, list: &InnerList) -> Result<Self, Refusal> {
        // The base takes the text as received. In any spelling but the canonical one two verifiers could see two bases,
        // and a repeated parameter would hide behind its last value: so there is one spelling.
        if canonical(list) != text {
            return Err(malformed(
                "write it in the canonical form of RFC 8941 section 4.1: single blanks between components, none around ; = , and each parameter once",
            ));
        }
        if list.items.len() > MAX_COMPONENTS {
            return Err(malformed(&format!("at most {MAX_COMPONENTS} components")));
        }
        let mut components: Vec<Component> = Vec::with_capacity(list.items.len());
        for item in &list.items {
            let component = Component::read(item)?;
            if components.iter().any(|other| other.is_same_as(&component)) {
                return Err(malformed(&format!(
                    "{} is covered twice: name each component once",
                    component.identifier()
                )));
            }
            components.push(component);
        }
        let parameters = Parameters::read(list)?;
        Ok(Self { label: label.to_owned(), text: text.to_owned(), components, parameters })
    }

    /// Writes a new one.
    pub(super) fn compose(label: &str, components: Vec<Component>, parameters: Parameters) -> Self {
        let identifiers: Vec<&str> = components.iter().map(Component::identifier).collect();
        let mut text = format!("({})", identifiers.join(" "));
        for (name, seconds) in [("created", parameters.created), ("expires", parameters.expires)] {
            if let Some(seconds) = seconds {
                text.push_str(&format!(";{name}={seconds}"));
            }
        }
        for (name, value) in
            [("keyid", &parameters.key_id), ("alg", &parameters.algorithm), ("nonce", &parameters.nonce)]
        {
            if let Some(value) = value {
                // INVARIANT: hexadecimal digits, base64url or a name of the registry, none of which needs an escape.
                text.push_str(&format!(";{name}=\"{value}\""));
            }
        }
        Self { label: label.to_owned(), text, components, parameters }
    }

    /// The signature's label.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The text behind the label, as received: the value of `"@signature-params"`.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What is covered, in order.
    pub fn components(&self) -> &[Component] {
        &self.components
    }

    /// The parameters.
    pub const fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Whether the component is covered without flags.
    pub fn covers(&self, name: &str) -> bool {
        self.components.iter().any(|component| component.is_plain(name))
    }

    pub(super) fn covers_component(&self, wanted: &Component) -> bool {
        self.components.iter().any(|component| component.is_same_as(wanted))
    }
}

impl Parameters {
    fn read(list: &InnerList) -> Result<Self, Refusal> {
        let mut parameters = Self::default();
        for (name, value) in &list.params {
            match (name.as_str(), value) {
                ("created", BareItem::Integer(seconds)) => parameters.created = Some(i64::from(*seconds)),
                ("expires", BareItem::Integer(seconds)) => parameters.expires = Some(i64::from(*seconds)),
                ("keyid", BareItem::String(text)) => parameters.key_id = Some(text.as_str().to_owned()),
                ("nonce", BareItem::String(text)) => parameters.nonce = Some(text.as_str().to_owned()),
                ("alg", BareItem::String(text)) => parameters.algorithm = Some(text.as_str().to_owned()),
                ("created" | "expires", _) => {
                    return Err(malformed("created and expires are whole seconds since 1970"));
                }
                ("keyid" | "nonce" | "alg", _) => return Err(malformed("keyid, nonce and alg are strings in quotes")),
                // `tag` and whatever a signer adds is part of the base as received and means nothing here.
                _ => {}
            }
        }
        Ok(parameters)
    }
}

/// The bytes of the signature under `label`, the only one there may be.
pub fn read_signature(headers: &HeaderMap, label: &str) -> Result<Vec<u8>, Refusal> {
    let wrong = |detail: &str| Refusal::new(RefusalCode::Malformed, format!("Signature: {detail}"));
    let value = one_line(headers, header::SIGNATURE, MAX_SIGNATURE)?;
    let mut dictionary: Dictionary =
        Parser::new(value).parse().map_err(|error| wrong(&format!("not a dictionary of RFC 8941: {error}")))?;
    // The canonical spelling only: a repeated label and the unused bits of base64 would hide otherwise.
    if dictionary.len() != 1 || dictionary.serialize().as_deref() != Some(value) {
        return Err(wrong("send exactly one signature, under one label, in canonical base64"));
    }
    match dictionary.pop() {
        Some((name, ListEntry::Item(Item { bare_item: BareItem::ByteSequence(bytes), params })))
            if name.as_str() == label && params.is_empty() =>
        {
            Ok(bytes)
        }
        _ => Err(wrong("its label is the one in Signature-Input, its value the signature between colons in base64")),
    }
}

/// The label of the one signature that a request carries, if it carries one.
pub(super) fn signature_label(headers: &HeaderMap) -> Option<String> {
    let value = one_line(headers, header::SIGNATURE, MAX_SIGNATURE).ok()?;
    let dictionary: Dictionary = Parser::new(value).parse().ok()?;
    match dictionary.first() {
        Some((label, ListEntry::Item(item)))
            if dictionary.len() == 1 && item.bare_item.as_byte_sequence().is_some() =>
        {
            Some(label.as_str().to_owned())
        }
        _ => None,
    }
}

fn canonical(list: &InnerList) -> String {
    let mut serializer = ListSerializer::new();
    let mut inner = serializer.inner_list();
    inner.items(&list.items);
    inner.finish().parameters(&list.params);
    // A list of one member: it is never empty, so there is always a text.
    serializer.finish().unwrap_or_default()
}

fn one_line<'a>(headers: &'a HeaderMap, name: &str, most: usize) -> Result<&'a str, Refusal> {
    let mut lines = headers.get_all(name).iter();
    let Some(line) = lines.next() else {
        return Err(Refusal::new(
            RefusalCode::SignatureMissing,
            format!("{name} is missing: sign the message as RFC 9421 describes; docs/errors.md lists what to cover"),
        ));
    };
    if lines.next().is_some() {
        return Err(Refusal::new(RefusalCode::Malformed, format!("{name} stands twice: send exactly one signature")));
    }
    if line.len() > most {
        return Err(too_large(name, most));
    }
    let text = line.to_str().map_err(|_| Refusal::new(RefusalCode::Malformed, format!("{name} is not plain ASCII")))?;
    Ok(text.trim_matches([' ', '\t']))
}

fn too_large(name: &str, most: usize) -> Refusal {
    Refusal::new(RefusalCode::TooLarge, format!("{name} has more than {most} bytes"))
}
