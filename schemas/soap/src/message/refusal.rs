//! `m:refusal`, inside a fault.

use mohur_wire::{Refusal, RefusalCode};

use super::children::{Children, one_of};
use crate::Element;
use crate::envelope::EnvelopeError;
use crate::fault::Told;

/// Reads `m:refusal`. The sentences and the remedy are the code's own, so they are not kept.
pub(crate) fn refusal(holder: Element<'_>) -> Result<Told, EnvelopeError> {
    let mut children = Children::of(holder, &[])?;
    let code = children.next("code")?;
    let code = one_of(code, RefusalCode::ALL, RefusalCode::as_str, "a code of docs/errors.md")?;
    while children.next_if("title").is_some() {}
    let detail = children.next("detail")?.text()?.into_owned();
    children.next("remedy")?;
    let id = children.next_if("id").map(|id| id.text().map(std::borrow::Cow::into_owned)).transpose()?;
    children.end()?;
    Ok(Told { refusal: Refusal { code, detail }, id })
}
