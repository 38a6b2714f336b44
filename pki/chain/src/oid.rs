//! Object identifiers of the profiles, as DER content octets.
//!
//! Our own arc is `2.25.168881632066891434156959818910932949201`, from a UUID (ITU-T X.667), which needs no registration.

/// `.1`: the certificate policy of seals.
pub const SEAL_POLICY: &[u8] = &[
    0x69, 0x81, 0xfe, 0x8d, 0xb5, 0xd4, 0xcb, 0xc1, 0xf2, 0xb0, 0xf3, 0x9a, 0xb2, 0x8f, 0xc3, 0xf6, 0xd0, 0xb1, 0xb1,
    0x51, 0x01,
];

/// `.3`: the certificate policy of officers, who approve.
pub const OFFICER_POLICY: &[u8] = &[
    0x69, 0x81, 0xfe, 0x8d, 0xb5, 0xd4, 0xcb, 0xc1, 0xf2, 0xb0, 0xf3, 0x9a, 0xb2, 0x8f, 0xc3, 0xf6, 0xd0, 0xb1, 0xb1,
    0x51, 0x03,
];

/// `2.999.142`, of the arc for examples: the critical extension that marks what a dry run of a ceremony made. Whoever keeps to
/// RFC 5280 refuses it.
pub const DRY_RUN: &[u8] = &[0x88, 0x37, 0x81, 0x0e];
/// The same by its numbers.
pub const DRY_RUN_ARCS: &[u64] = &[2, 999, 142];

/// `id-kp-serverAuth` (RFC 5280).
pub const SERVER_AUTH: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];
/// `id-kp-clientAuth` (RFC 5280).
pub const CLIENT_AUTH: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02];
/// `id-kp-timeStamping` (RFC 5280, RFC 3161).
pub const TIME_STAMPING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08];
/// `id-kp-OCSPSigning` (RFC 6960 §4.2.2.2).
pub const OCSP_SIGNING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x09];
/// `id-kp-documentSigning` (RFC 9336).
pub const DOCUMENT_SIGNING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x24];

/// `id-pkix-ocsp-nocheck` (RFC 6960 §4.2.2.2.1).
pub const OCSP_NO_CHECK: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x05];
/// `id-pkix-ocsp-nocheck` by its numbers.
pub const OCSP_NO_CHECK_ARCS: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 48, 1, 5];

/// `id-kp-documentSigning` by its numbers.
pub const DOCUMENT_SIGNING_ARCS: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 3, 36];

/// The DER value of a `certificatePolicies` extension (RFC 5280 §4.2.1.4) with this one policy.
///
/// `None` when the identifier is longer than any of ours.
pub fn policies_extension(policy: &[u8]) -> Option<Vec<u8>> {
    let length = u8::try_from(policy.len()).ok().filter(|length| *length < 100)?;
    let mut out = vec![0x30, length + 4, 0x30, length + 2, 0x06, length];
    out.extend_from_slice(policy);
    Some(out)
}
