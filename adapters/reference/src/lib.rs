//! Embedded reference registers: the native protocols over real HTTP, about people who do not exist.
//!
//! They are what a first run and the tests ask instead of the ministries' own registers. Adapters never link this
//! crate: they reach it over the network, as they would the real one.

mod database;
mod fhir;
mod fin;
mod interpol;
mod iso20022;
mod osia;
mod real_estate;
mod register;
mod soap;
mod token;
mod web;

pub use database::{DATABASES, Database};
pub use mohur_country as country;
pub use mohur_country::{Address, Citizen, Country, Dwelling, HoldingKind, Mark, Oddity};
pub use mohur_identity as identity;
pub use register::{Adjudication, Faults, Kind, Register, RegisterError};
