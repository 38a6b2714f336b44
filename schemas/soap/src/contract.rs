//! The published SOAP contract, as it is served.

/// The WSDL as it stands in `schemas/contracts`.
const WSDL: &str = include_str!("../../contracts/mohur.wsdl");
/// The schema that it imports.
const XSD: &str = include_str!("../../contracts/mohur.xsd");
/// The address in the WSDL, which nobody has.
const NOBODYS: &str = "https://broker.invalid/soap";

/// The WSDL for a broker whose SOAP address this is, e.g. `https://broker.example:8443/soap`: the ports are there, and
/// the schema is there at `?xsd=mohur.xsd`. Its address is absolute: libraries differ over relative ones that are a query
/// only.
#[must_use]
pub fn wsdl(address: &str) -> String {
    let mut escaped = String::with_capacity(address.len());
    crate::write::attribute(&mut escaped, address);
    let schema = format!("schemaLocation=\"{escaped}?xsd=mohur.xsd\"");
    WSDL.replace(NOBODYS, &escaped).replace("schemaLocation=\"mohur.xsd\"", &schema)
}

/// The schema of that name.
#[must_use]
pub fn xsd(name: &str) -> Option<&'static str> {
    (name == "mohur.xsd").then_some(XSD)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Document, Limits};

    #[test]
    fn the_wsdl_has_the_brokers_address_and_leads_to_the_schema() {
        let served = wsdl("https://broker.example:8443/soap");
        assert_eq!(served.matches("location=\"https://broker.example:8443/soap\"").count(), 2);
        assert!(!served.contains("invalid"));
        assert!(served.contains("schemaLocation=\"https://broker.example:8443/soap?xsd=mohur.xsd\""));
        Document::parse(&served, &Limits::default()).unwrap();
        Document::parse(xsd("mohur.xsd").unwrap(), &Limits::default()).unwrap();
        assert_eq!(xsd("other.xsd"), None);
    }

    #[test]
    fn nothing_is_fetched_from_elsewhere() {
        for text in [WSDL, XSD] {
            let locations: Vec<_> = text.split("schemaLocation=\"").skip(1).map(|rest| &rest[..9]).collect();
            assert!(locations.iter().all(|location| *location == "mohur.xsd"), "{locations:?}");
        }
    }
}
