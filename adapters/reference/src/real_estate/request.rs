//! `GetRights`, read as its schema says: these elements, in this order, with nothing beside them.

use mohur_soap::Element;
use mohur_wire::Fin;

use super::{NAMESPACE, Refusal, UnitKey};
use crate::Address;
use crate::soap::{children, text};

pub(super) fn read(payload: Element<'_>) -> Result<(Fin, UnitKey), Refusal> {
    if !payload.is(NAMESPACE, "GetRights") {
        return Err(Refusal::Invalid("the operation is not GetRights"));
    }
    let [party, unit] = children(NAMESPACE, payload, ["LA_Party", "LA_LegalSpaceBuildingUnit"])?;
    let [number] = children(NAMESPACE, party, ["extPID"])?;
    let fin = text(number)?;
    // The schema's pattern has capitals only, though a FIN is read in any.
    let fin = fin.parse().ok().filter(|parsed: &Fin| parsed.as_str() == fin);
    Ok((fin.ok_or(Refusal::Invalid("extPID is not a FIN"))?, unit_key(unit)?))
}

fn unit_key(unit: Element<'_>) -> Result<UnitKey, Refusal> {
    if let Ok([number]) = children(NAMESPACE, unit, ["suID"]) {
        let number = text(number)?;
        return if is_oid(&number) { Ok(UnitKey::Number(number)) } else { Err(Refusal::Invalid("suID is not an Oid")) };
    }
    let [address] = children(NAMESPACE, unit, ["extAddressID"])?;
    let (city, street, building, flat) = match children(NAMESPACE, address, ["city", "streetName", "buildingNumber"]) {
        Ok([city, street, building]) => (city, street, building, None),
        Err(_) => {
            let [city, street, building, flat] =
                children(NAMESPACE, address, ["city", "streetName", "buildingNumber", "unitNumber"])?;
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

/// `[A-Z0-9][A-Z0-9\-]{0,39}`
fn is_oid(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    text.len() <= 40 && text.bytes().next().is_some_and(letter) && text.bytes().all(|byte| letter(byte) || byte == b'-')
}
