//! TLS 1.3 between members, and nothing older: both sides show a certificate of the TLS profile that names exactly one
//! member, under our TLS CA, not revoked by a fresh list and not denied by the directory.
//!
//! The identity of a peer is always derived from its certificate by [`Peers::identify`], on resumed connections too, and
//! held against time, revocation and denial again for each message by [`Peers::admits`].
//!
//! On the inside leg, to a ministry's own systems, the other end is known by pinned certificates ([`InsideServer`],
//! [`InsideClient`]); TLS 1.2 is allowed there. A service of the domain itself, which is asked before one is a member, is
//! known by its certificate under the root ([`service_server`], [`service_client`]).

mod configuration;
mod inside;
mod material;
mod peers;
mod pinned;
mod renewal;
mod service;
mod verifier;

pub use configuration::{client_config, server_config};
pub use inside::{
    CertificatePin, InsideClient, InsideClientFiles, InsideError, InsideKeyFiles, InsideMaterial, InsideServer,
    InsideServerFiles, Pins,
};
pub use material::{MaterialError, TlsMaterial};
pub use peers::{PeerError, Peers};
pub use renewal::Renewal;
pub use service::{
    ServiceError, ServiceIdentity, ServiceMaterial, service_client, service_client_under, service_server,
};
