//! How much XML one message may be. Parsing stops at the first byte over a limit, so that what is refused costs no more
//! than what is accepted.

/// The bounds of one document. Every one is a setting of whoever accepts messages; [`Limits::default`] suits SOAP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Octets of the document as it came. Never more than 1 GiB, whatever is set.
    pub bytes: usize,
    /// Elements open at the same time.
    pub depth: u32,
    /// Elements, comments, processing instructions and CDATA sections, together.
    pub elements: usize,
    /// Attributes of one element, its namespace declarations among them.
    pub attributes: usize,
    /// Namespace declarations in scope at the same time.
    pub namespaces: usize,
    /// Octets of one name, or of one namespace's URI.
    pub name: usize,
    /// Octets of one canonical form: exclusive canonicalisation may repeat a namespace on every element.
    pub canonical: usize,
    /// References that one signature may list.
    pub references: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 2 << 20,
            depth: 64,
            elements: 20_000,
            attributes: 64,
            namespaces: 128,
            name: 1024,
            canonical: 8 << 20,
            references: 32,
        }
    }
}
