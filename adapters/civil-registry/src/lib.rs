//! The civil registry's adapter: births and marriages over OSIA Data Access ([`mohur_osia`]).

use mohur_contract::{BoxFuture, Context, Registry, RegistryError};
use mohur_osia::{DataAccess, Field, Kind, Service};
use mohur_wire::{Answer, Query};

pub use mohur_osia::{ConnectionError, Settings};

/// Most bytes of a name or a place.
const NAME: Kind = Kind::Text(200);

const SERVICES: &[Service] = &[
    Service {
        name: "birth/v1",
        fields: &[
            Field { name: "familyName", attribute: "lastName", kind: NAME },
            Field { name: "givenName", attribute: "firstName", kind: NAME },
            Field { name: "patronymic", attribute: "patronymic", kind: NAME },
            Field { name: "birthDate", attribute: "dateOfBirth", kind: Kind::Date },
            Field { name: "birthPlace", attribute: "placeOfBirth", kind: NAME },
            Field { name: "sex", attribute: "gender", kind: Kind::Code(&["M", "F"]) },
            Field { name: "age", attribute: "dateOfBirth", kind: Kind::Age },
        ],
    },
    Service {
        name: "marriage/v1",
        fields: &[
            Field {
                name: "maritalStatus",
                attribute: "maritalStatus",
                kind: Kind::Code(&["single", "married", "divorced", "widowed"]),
            },
            Field { name: "marriageDate", attribute: "marriageDate", kind: Kind::Date },
        ],
    },
];

/// The adapter.
#[derive(Debug)]
pub struct CivilRegistry {
    register: DataAccess,
}

impl CivilRegistry {
    /// An adapter for the register at that address.
    pub fn new(settings: &Settings) -> Result<Self, ConnectionError> {
        Ok(Self { register: DataAccess::open(settings, SERVICES)? })
    }
}

impl Registry for CivilRegistry {
    fn services(&self) -> Vec<String> {
        self.register.services()
    }

    fn answer<'a>(&'a self, query: &'a Query, context: &'a Context) -> BoxFuture<'a, Result<Answer, RegistryError>> {
        Box::pin(self.register.ask(query, context))
    }

    fn health<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<(), RegistryError>> {
        Box::pin(self.register.reach(context))
    }
}

#[cfg(test)]
mod tests;
