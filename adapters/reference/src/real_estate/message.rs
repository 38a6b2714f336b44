//! What the register sends.

use std::fmt::Write as _;

use mohur_wire::Fin;
use quick_xml::escape::escape;

use super::{NAMESPACE, Refusal};
use crate::Country;
use crate::country::{Dwelling, Holding};
use crate::soap::envelope;

/// The rights and restrictions of that person in that dwelling, those that ended too.
pub(super) fn rights(country: &Country, fin: Fin, dwelling: &Dwelling, extra: bool) -> String {
    let mut party = leaf("extPID", fin.as_str());
    let act = country.citizen(fin).and_then(|citizen| citizen.birth.as_ref());
    if let Some(act) = act.filter(|_| extra) {
        party.push_str(&leaf("name", &format!("{} {}", act.family_name, act.given_name)));
    }
    let address = &dwelling.address;
    let names = ["city", "streetName", "buildingNumber", "unitNumber"];
    let parts: String = names.iter().zip(address.parts()).map(|(name, part)| leaf(name, part)).collect();
    let unit = format!(
        "{}{}{}",
        leaf("suID", &dwelling.unit),
        element("extAddressID", &parts),
        leaf("type", if address.flat.is_some() { "individual" } else { "shared" }),
    );
    let own = dwelling.holdings.iter().filter(|held| held.holder == fin);
    let mut title = format!("{}{}", leaf("uID", &dwelling.title), element("LA_LegalSpaceBuildingUnit", &unit));
    title.extend(own.map(holding));
    let body = format!("{}{}", element("LA_Party", &party), element("LA_BAUnit", &title));
    envelope(&format!("<re:GetRightsResponse xmlns:re=\"{NAMESPACE}\">{body}</re:GetRightsResponse>"))
}

fn holding(held: &Holding) -> String {
    let share =
        format!("{}{}", leaf("numerator", &held.share.0.to_string()), leaf("denominator", &held.share.1.to_string()));
    let mut content = format!("{}{}", leaf("rID", &held.id), element("share", &share));
    content.push_str(&leaf("beginLifespanVersion", &held.since.to_string()));
    if let Some(until) = held.until {
        content.push_str(&leaf("endLifespanVersion", &until.to_string()));
    }
    content.push_str(&leaf("type", held.kind.as_str()));
    element(if held.kind.is_right() { "LA_Right" } else { "LA_Restriction" }, &content)
}

/// SOAP 1.1, section 4.4: the parts of a fault are in no namespace, and a fault about the header has no detail.
pub(super) fn fault(refusal: Refusal) -> String {
    let (code, said, detail) = match refusal {
        Refusal::UnknownUnit => ("Client", "there is no such dwelling", Some("UnknownUnit")),
        Refusal::Invalid(what) => ("Client", what, Some("InvalidRequest")),
        Refusal::Version => ("VersionMismatch", "this register speaks SOAP 1.1", None),
        Refusal::NotUnderstood => ("MustUnderstand", "this register knows no header that must be understood", None),
    };
    let mut content = format!("<faultcode>soap:{code}</faultcode><faultstring>{}</faultstring>", escape(said));
    if let Some(detail) = detail {
        let detail = leaf("code", detail);
        let _ = write!(
            content,
            "<detail><re:GetRightsFault xmlns:re=\"{NAMESPACE}\">{detail}</re:GetRightsFault></detail>"
        );
    }
    envelope(&format!("<soap:Fault>{content}</soap:Fault>"))
}

fn element(name: &str, content: &str) -> String {
    format!("<re:{name}>{content}</re:{name}>")
}

fn leaf(name: &str, text: &str) -> String {
    element(name, &escape(text))
}
