//! The namespaces that a message of ours may speak of.

/// SOAP 1.1.
pub const SOAP11: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// SOAP 1.2.
pub const SOAP12: &str = "http://www.w3.org/2003/05/soap-envelope";
/// WS-Security 1.0: `Security`, `BinarySecurityToken`, `SecurityTokenReference`.
pub const WSSE: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
/// WS-Security 1.1: `SignatureConfirmation`.
pub const WSSE11: &str = "http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd";
/// WS-Security utilities: `Id`, `Timestamp`.
pub const WSU: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
/// XML Signature.
pub const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
/// Exclusive canonicalisation: the algorithm's name and the namespace of `InclusiveNamespaces`.
pub const EXC_C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
/// XML Encryption, whose namespace names some digest algorithms.
pub const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
/// XML-binary Optimized Packaging: `Include`.
pub const XOP: &str = "http://www.w3.org/2004/08/xop/include";
/// X-Road's message protocol.
pub const XROAD: &str = "http://x-road.eu/xsd/xroad.xsd";
/// X-Road's identifiers.
pub const XROAD_ID: &str = "http://x-road.eu/xsd/identifiers";
/// X-Road's extension for a represented party.
pub const XROAD_REP: &str = "http://x-road.eu/xsd/representation.xsd";
/// Our own messages.
pub const MOHUR: &str = "urn:mohur:exchange:1";
/// The namespace that the prefix `xml` always has (Namespaces in XML 1.0, section 3).
pub const XML: &str = "http://www.w3.org/XML/1998/namespace";
/// The namespace that the prefix `xmlns` always has, and that nothing may be in.
pub const XMLNS: &str = "http://www.w3.org/2000/xmlns/";
/// XML Schema's attributes in instances: `nil`, `type`.
pub const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
