//! `GetRights`, read as its schema says: these elements, in this order, with nothing beside them.

use mohur_soap::Element;
use mohur_wire::Fin;

use super::{NAMESPACE, Refusal, UnitKey};
use crate::Address;

pub(super) fn read(payload: Element<'_>) -> Result<(Fin, UnitKey), Refusal> {
    if !payload.is(NAMESPACE, "GetRights") {
        return Err(Refusal::Invalid("the operation is not GetRights"));
    }
    let [party, unit] = children(payload, ["LA_Party", "LA_LegalSpaceBuildingUnit"])?;
    let [number] = children(party, ["extPID"])?;
    let fin = text(number)?;
    // The schema's pattern has capitals only, though a FIN is read in any.
    let fin = fin.parse().ok().filter(|parsed: &Fin| parsed.as_str() == fin);
    Ok((fin.ok_or(Refusal::Invalid("extPID is not a FIN"))?, unit_key(unit)?))
}

fn unit_key(unit: Element<'_>) -> Result<UnitKey, Refusal> {
    if let Ok([number]) = children(unit, ["suID"]) {
        let number = text(number)?;
        return if is_oid(&number) { Ok(UnitKey::Number(number)) } else { Err(Refusal::Invalid("suID is not an Oid")) };
    }
    let [address] = children(unit, ["extAddressID"])?;
    let (city, street, building, flat) = match children(address, ["city", "streetName", "buildingNumber"]) {
        Ok([city, street, building]) => (city, street, building, None),
        Err(_) => {
            let [city, street, building, flat] =
                children(address, ["city", "streetName", "buildingNumber", "unitNumber"])?;
            (city, street, building, Some(flat))
        }
    };
    Ok(UnitKey::Address(Address {
        city: text(city)?,
        street: text(street)?,
        building: text(building)?,
        flat: flat.map(text).transpose()?,
    }))
}

/// Exactly these children, in this order; nothing else, no text between them, no attributes of anybody's own.
fn children<'d, const N: usize>(parent: Element<'d>, names: [&str; N]) -> Result<[Element<'d>; N], Refusal> {
    const OTHER: Refusal = Refusal::Invalid("the elements are not those of the schema");
    let found: Vec<_> = parent.children().collect();
    let found: [Element<'d>; N] = found.try_into().map_err(|_| OTHER)?;
    let fits = found.iter().zip(names).all(|(element, name)| element.is(NAMESPACE, name));
    if fits && !parent.has_own_text() && parent.attributes().next().is_none() { Ok(found) } else { Err(OTHER) }
}

/// A text of 1 to 200 characters, white space collapsed as `xs:token` wants it.
fn text(element: Element<'_>) -> Result<String, Refusal> {
    const WRONG: Refusal = Refusal::Invalid("a text is not one of the schema");
    if element.attributes().next().is_some() {
        return Err(WRONG);
    }
    let text = element.text().map_err(|_| WRONG)?;
    let text = text.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    if (1..=200).contains(&text.chars().count()) { Ok(text) } else { Err(WRONG) }
}

/// `[A-Z0-9][A-Z0-9\-]{0,39}`
fn is_oid(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    text.len() <= 40 && text.bytes().next().is_some_and(letter) && text.bytes().all(|byte| letter(byte) || byte == b'-')
}
