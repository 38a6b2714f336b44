//! The door for existing X-Road clients and providers, on a ministry's own premises.
//!
//! Inside it speaks X-Road's message protocols for SOAP (PR-MESS 4.0) and REST (PR-REST 1) and their metadata protocols
//! (PR-META, PR-MREST), so that a ministry's X-Road systems stay as they are; outside it asks like any other member, with a
//! seal, a purpose and one subject. X-Road's messages name no verb, purpose or fields: a mapping file for each client and
//! service does. Start reading at [`client`].

pub mod client;
pub mod config;
pub mod hash;
pub mod identifier;
pub mod mapping;
pub mod provider;
pub mod rest;
pub mod soap;
pub mod vocabulary;
pub mod whole;

pub use client::{Door, RunningDoor, StartError};
pub use config::Config;
pub use identifier::{ClientId, ServiceCode};
pub use provider::{Provider, ProviderFile};
pub use vocabulary::{Vocabulary, XRoadError};

#[cfg(test)]
mod properties;
