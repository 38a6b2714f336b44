//! Signed statements that outlive their moment: time stamps (RFC 3161) and answers about revocation (RFC 6960).
//!
//! Both sides of each, as functions from octets to octets: what is asked, how an authority answers, and what proves an
//! answer good. No sockets, no files, no clock. Only DER is read: whatever is written in two ways can be misread in two ways.

mod algorithm;
mod asn1;
pub mod ocsp;
pub mod timestamp;
