//! X-Road's headers beside a SOAP message of ours. They are not signed, and nothing is read from them; a client that sends
//! them must not see them ignored either, so each says what the signed Body says.

use mohur_soap::envelope::xroad::{Identifier, RepresentedParty, XRoadHeaders};
use mohur_soap::message::Payload;
use mohur_wire::{CaseReference, MemberId, Query, Refusal, RefusalCode};

/// Refuses headers that differ from the Body.
pub(crate) fn check(headers: &XRoadHeaders<'_>, payload: &Payload) -> Result<(), Refusal> {
    if headers.is_empty() {
        return Ok(());
    }
    let query = match payload {
        Payload::Query(query) => Some(&**query),
        Payload::Bundle(_) | Payload::Poll(_) => None,
    };
    let said = |text: &Option<String>, signed: Option<&str>| text.as_deref().is_none_or(|text| signed == Some(text));
    let named = |id: &Option<Identifier<'_>>, signed: Option<&str>| said(&id.as_ref().map(Identifier::joined), signed);
    let version = headers.protocol_version.as_deref().is_none_or(|version| version.starts_with("4."));
    let equal = [
        ("protocolVersion", "4.0", version),
        ("client", "caller", named(&headers.client, Some(super::soap::caller(payload).as_str()))),
        ("id", "id", said(&headers.id, Some(payload.id().as_str()))),
        ("service", "service", named(&headers.service, query.map(|query| query.service.as_str()))),
        ("userId", "official", said(&headers.user_id, query.map(|query| query.official.as_str()))),
        ("issue", "case", said(&headers.issue, query.and_then(|query| query.case.as_ref()).map(CaseReference::as_str))),
        ("representedParty", "onBehalfOf", is_represented(headers.represented_party.as_ref(), query)),
    ];
    match equal.into_iter().find(|(_, _, equal)| !equal) {
        None => Ok(()),
        Some((header, element, _)) => {
            let detail = format!(
                "The X-Road header {header} differs from the Body's `{element}`, which is signed: send the same, or leave it out."
            );
            Err(Refusal::new(RefusalCode::Malformed, detail))
        }
    }
}

/// The party is the member that the query acts for; its class may be left out.
fn is_represented(party: Option<&RepresentedParty>, query: Option<&Query>) -> bool {
    let Some(party) = party else { return true };
    query.and_then(|query| query.on_behalf_of.as_ref()).is_some_and(|body: &MemberId| {
        let class = party.party_class.as_deref();
        party.party_code == body.member_code() && class.is_none_or(|class| class == body.member_class())
    })
}
