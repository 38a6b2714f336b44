//! The published contracts, served as they stand. Only where the WSDL says where the service and the schema are, this
//! broker's own address is put: from the directory, never from what a request says about its host.

/// The contract of REST.
pub(crate) const OPENAPI: &str = include_str!("../../../schemas/contracts/openapi.json");
const WSDL: &str = include_str!("../../../schemas/contracts/mohur.wsdl");
const XSD: &str = include_str!("../../../schemas/contracts/mohur.xsd");

/// What a query string of the SOAP address asks for: `wsdl`, or `xsd=mohur.xsd`.
pub(crate) fn of_soap(query: &str, authority: Option<&str>) -> Option<String> {
    match query {
        "wsdl" | "WSDL" => Some(located(WSDL, authority?)),
        "xsd=mohur.xsd" => Some(XSD.to_owned()),
        _ => None,
    }
}

/// The WSDL with this broker's address in each `address` of its ports, and where it imports the schema.
fn located(wsdl: &str, authority: &str) -> String {
    let soap = format!("https://{authority}/soap");
    let addressed = replaced(wsdl, ":address location=\"", &soap);
    replaced(&addressed, " schemaLocation=\"", &format!("{soap}?xsd=mohur.xsd"))
}

/// The text with `value` as the value of each attribute that `before` leads to.
fn replaced(text: &str, before: &str, value: &str) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    let mut parts = text.split(before);
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let rest = part.split_once('"').map_or("", |(_, rest)| rest);
        out.extend([before, value, "\"", rest]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wsdl_names_this_broker_and_is_otherwise_as_published() {
        let served = of_soap("wsdl", Some("broker.example.az:8443")).unwrap();
        let places = served.matches("location=\"https://broker.example.az:8443/soap\"").count();
        assert_eq!(places, 2, "a port for SOAP 1.1, and one for 1.2");
        let schema = "schemaLocation=\"https://broker.example.az:8443/soap?xsd=mohur.xsd\"";
        assert_eq!(served.matches(schema).count(), 1);
        let is_located = |line: &&str| !line.contains(":address ") && !line.contains("schemaLocation");
        assert_eq!(
            served.lines().filter(is_located).collect::<Vec<_>>(),
            WSDL.lines().filter(is_located).collect::<Vec<_>>()
        );
        assert!(!served.contains(".invalid"));
        assert_eq!(of_soap("xsd=mohur.xsd", None).as_deref(), Some(XSD));
        for other in ["", "wsdl=2", "xsd=", "xsd=../openapi.json", "xsd=mohur.wsdl"] {
            assert_eq!(of_soap(other, Some("a:1")), None, "{other}");
        }
    }
}
