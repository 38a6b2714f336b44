//! Answers as the client expects them: XML or JSON written once, with places for the fields.
//!
//! A place is `{field}`. `{field?}`, as the only content of an XML element or as the only content of a JSON string, takes the
//! element or the member away where the owner released nothing. Values are escaped where they are put in, so that no value
//! can become markup.

use std::collections::BTreeSet;

use mohur_soap::{Document, Element, Limits};
use mohur_wire::Value;
use serde_json::Value as Json;

use crate::soap::escaped;

/// A template.
#[derive(Clone, Debug)]
pub enum Template {
    /// XML, in pieces.
    Xml(Vec<Piece>),
    /// JSON, with the places in its strings.
    Json(Json),
}

/// A piece of XML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// As it is.
    Literal(String),
    /// A value, escaped; nothing where there is none.
    Place(String),
    /// An element that is there only with a value.
    Optional {
        /// Its start tag.
        start: String,
        /// The value.
        place: String,
        /// Its end tag.
        end: String,
    },
}

/// Why a text is not a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// Not XML.
    #[error("is not XML: {0}")]
    Xml(String),
    /// Not JSON.
    #[error("is not JSON: {0}")]
    Json(String),
    /// Comments, instructions, CDATA.
    #[error("holds a comment, a processing instruction or a CDATA section")]
    Markup,
    /// A place where none can be.
    #[error("has a place outside of texts and attribute values, or a {{?}} beside other content")]
    Misplaced,
    /// A brace that begins no place.
    #[error("has a brace that is not a place like {{familyName}}")]
    Brace,
}

impl Template {
    /// Reads XML.
    pub fn xml(text: &str) -> Result<Self, TemplateError> {
        let text = text.trim();
        let wrong = |error: mohur_soap::XmlError| TemplateError::Xml(error.to_string());
        let document = Document::parse(text, &Limits::default()).map_err(wrong)?;
        let root = document.root();
        if root.has_comments() || root.has_processing_instructions() || text.contains("<![CDATA[") {
            return Err(TemplateError::Markup);
        }
        let places = places_in(root)?;
        let pieces = pieces(root)?;
        // What is not in a text or an attribute's value would change the markup.
        if places != pieces.iter().filter(|piece| !matches!(piece, Piece::Literal(_))).count() {
            return Err(TemplateError::Misplaced);
        }
        Ok(Self::Xml(pieces))
    }

    /// Reads JSON.
    pub fn json(text: &str) -> Result<Self, TemplateError> {
        let json: Json = serde_json::from_str(text).map_err(|error| TemplateError::Json(error.to_string()))?;
        check_json(&json)?;
        Ok(Self::Json(json))
    }

    /// The names of its places.
    pub fn names(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        match self {
            Self::Xml(pieces) => names.extend(pieces.iter().filter_map(|piece| match piece {
                Piece::Literal(_) => None,
                Piece::Place(place) | Piece::Optional { place, .. } => Some(place.clone()),
            })),
            Self::Json(json) => json_names(json, &mut names),
        }
        names
    }

    /// The template with its values.
    pub fn render(&self, value: &dyn Fn(&str) -> Option<Value>) -> String {
        match self {
            Self::Xml(pieces) => {
                let text = |place: &str| value(place).map(|value| escaped(&value.to_string()));
                pieces
                    .iter()
                    .map(|piece| match piece {
                        Piece::Literal(literal) => literal.clone(),
                        Piece::Place(place) => text(place).unwrap_or_default(),
                        Piece::Optional { start, place, end } => {
                            text(place).map(|text| format!("{start}{text}{end}")).unwrap_or_default()
                        }
                    })
                    .collect()
            }
            Self::Json(json) => rendered(json, value).unwrap_or(Json::Null).to_string(),
        }
    }
}

/// How many places the texts and attribute values of a tree have.
fn places_in(root: Element<'_>) -> Result<usize, TemplateError> {
    let mut count = 0;
    for element in std::iter::once(root).chain(root.descendants()) {
        for attribute in element.attributes() {
            count += split(attribute.value())?.iter().filter(|part| part.is_place()).count();
        }
        if element.children().next().is_none() {
            let text = element.text().map_err(|error| TemplateError::Xml(error.to_string()))?;
            let parts = split(&text)?;
            if parts.iter().any(Part::is_optional) && parts.len() > 1 {
                return Err(TemplateError::Misplaced);
            }
            count += parts.iter().filter(|part| part.is_place()).count();
        }
    }
    Ok(count)
}

/// The source of a tree, cut at its places.
fn pieces(root: Element<'_>) -> Result<Vec<Piece>, TemplateError> {
    let (source, offset) = (root.source(), root.range().start);
    let mut pieces = Vec::new();
    let mut done = 0;
    for element in std::iter::once(root).chain(root.descendants()) {
        let Some(optional) = optional_piece(element)? else { continue };
        let range = element.range();
        let before = source.get(done..range.start - offset).unwrap_or_default();
        pieces.extend(literal_pieces(before)?);
        pieces.push(optional);
        done = range.end - offset;
    }
    pieces.extend(literal_pieces(source.get(done..).unwrap_or_default())?);
    Ok(pieces)
}

/// An element whose only content is `{field?}`.
fn optional_piece(element: Element<'_>) -> Result<Option<Piece>, TemplateError> {
    if element.children().next().is_some() {
        return Ok(None);
    }
    let text = element.text().map_err(|error| TemplateError::Xml(error.to_string()))?;
    let parts = split(&text)?;
    let [Part::Optional(place)] = parts.as_slice() else { return Ok(None) };
    let source = element.source();
    let written = format!("{{{place}?}}");
    let (start, end) = source.split_once(&written).ok_or(TemplateError::Misplaced)?;
    // A place in its start tag would need a value of its own.
    if start.contains('{') {
        return Err(TemplateError::Misplaced);
    }
    Ok(Some(Piece::Optional { start: start.to_owned(), place: place.clone(), end: end.to_owned() }))
}

fn literal_pieces(source: &str) -> Result<Vec<Piece>, TemplateError> {
    let piece = |part| match part {
        Part::Literal(text) => Ok(Piece::Literal(text)),
        Part::Place(place) => Ok(Piece::Place(place)),
        Part::Optional(_) => Err(TemplateError::Misplaced),
    };
    split(source)?.into_iter().map(piece).collect()
}

#[derive(Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    Place(String),
    Optional(String),
}

impl Part {
    const fn is_place(&self) -> bool {
        !matches!(self, Self::Literal(_))
    }

    const fn is_optional(&self) -> bool {
        matches!(self, Self::Optional(_))
    }
}

/// Cuts a text at its places.
fn split(text: &str) -> Result<Vec<Part>, TemplateError> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (inner, after) = after.split_once('}').ok_or(TemplateError::Brace)?;
        let (name, is_optional) = inner.strip_suffix('?').map_or((inner, false), |name| (name, true));
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_name || before.contains('}') {
            return Err(TemplateError::Brace);
        }
        if !before.is_empty() {
            parts.push(Part::Literal(before.to_owned()));
        }
        parts.push(if is_optional { Part::Optional(name.to_owned()) } else { Part::Place(name.to_owned()) });
        rest = after;
    }
    if rest.contains('}') {
        return Err(TemplateError::Brace);
    }
    if !rest.is_empty() {
        parts.push(Part::Literal(rest.to_owned()));
    }
    Ok(parts)
}

fn check_json(json: &Json) -> Result<(), TemplateError> {
    match json {
        Json::String(text) => {
            let parts = split(text)?;
            if parts.iter().any(Part::is_optional) && parts.len() > 1 { Err(TemplateError::Misplaced) } else { Ok(()) }
        }
        Json::Array(items) => items.iter().try_for_each(check_json),
        Json::Object(members) => {
            if members.keys().any(|name| name.contains(['{', '}'])) {
                return Err(TemplateError::Misplaced);
            }
            members.values().try_for_each(check_json)
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => Ok(()),
    }
}

fn json_names(json: &Json, names: &mut BTreeSet<String>) {
    match json {
        Json::String(text) => names.extend(split(text).unwrap_or_default().into_iter().filter_map(|part| match part {
            Part::Literal(_) => None,
            Part::Place(name) | Part::Optional(name) => Some(name),
        })),
        Json::Array(items) => items.iter().for_each(|item| json_names(item, names)),
        Json::Object(members) => members.values().for_each(|member| json_names(member, names)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

/// `None` where an optional place has no value: its member or item goes.
fn rendered(json: &Json, value: &dyn Fn(&str) -> Option<Value>) -> Option<Json> {
    Some(match json {
        Json::String(text) => match split(text).unwrap_or_default().as_slice() {
            [Part::Optional(name)] => typed(&value(name)?),
            [Part::Place(name)] => value(name).map_or(Json::Null, |value| typed(&value)),
            parts => Json::String(parts.iter().map(|part| joined(part, value)).collect()),
        },
        Json::Array(items) => Json::Array(items.iter().filter_map(|item| rendered(item, value)).collect()),
        Json::Object(members) => Json::Object(
            members.iter().filter_map(|(name, member)| Some((name.clone(), rendered(member, value)?))).collect(),
        ),
        Json::Null | Json::Bool(_) | Json::Number(_) => json.clone(),
    })
}

fn joined(part: &Part, value: &dyn Fn(&str) -> Option<Value>) -> String {
    match part {
        Part::Literal(text) => text.clone(),
        Part::Place(name) | Part::Optional(name) => value(name).map(|value| value.to_string()).unwrap_or_default(),
    }
}

fn typed(value: &Value) -> Json {
    match value {
        Value::Flag(flag) => Json::Bool(*flag),
        Value::Number(number) => Json::Number((*number).into()),
        Value::Text(text) => Json::String(text.clone()),
    }
}
