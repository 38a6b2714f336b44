//! The elements of an envelope by their ids: `wsu:Id`, `xml:id` and the `Id` of no namespace are one space of names.

use std::collections::HashMap;

use mohur_soap::{Element, ns};
use mohur_wire::{Refusal, RefusalCode};

/// Every element that has an id. None has an id of another.
pub(super) struct Ids<'d>(HashMap<&'d str, Element<'d>>);

impl<'d> Ids<'d> {
    /// Reads the ids of an element and of all that is in it.
    pub(super) fn of(root: Element<'d>) -> Result<Self, Refusal> {
        let mut ids = HashMap::with_capacity(8);
        let mut signed_infos = 0;
        for element in core::iter::once(root).chain(root.descendants()) {
            for id in ids_of(element) {
                if ids.insert(id, element).is_some() {
                    let (line, column) = element.position();
                    return Err(refused(&format!(
                        "an id stands twice, the second time at line {line}, column {column}: wsu:Id, xml:id and Id share one \
                         space of names, and each is used once"
                    )));
                }
            }
            signed_infos += usize::from(element.is(ns::DS, "SignedInfo"));
        }
        if signed_infos > 1 {
            return Err(refused(
                "the envelope holds several ds:SignedInfo: sign once, and put no signature into another",
            ));
        }
        Ok(Self(ids))
    }

    /// The element of that id.
    pub(super) fn find(&self, id: &str) -> Option<Element<'d>> {
        self.0.get(id).copied()
    }
}

/// The ids that an element has.
pub(super) fn ids_of(element: Element<'_>) -> impl Iterator<Item = &str> {
    element
        .attributes()
        .filter(|attribute| match attribute.local() {
            "Id" => matches!(attribute.namespace(), "" | ns::WSU),
            "id" => attribute.namespace() == ns::XML,
            _ => false,
        })
        .map(|attribute| attribute.value())
}

fn refused(detail: &str) -> Refusal {
    Refusal::new(RefusalCode::XmlRefused, detail)
}
