//! The population register's adapter: everything that the State Programme has it hold (chapter II), over OSIA Data Access
//! ([`mohur_osia`]).
//!
//! One service, so that a question about several facts is one question; which of them an agency may match, and which it may
//! read, stands in the owner's policy, group by group.

use mohur_contract::{BoxFuture, Context, Registry, RegistryError};
use mohur_osia::{DataAccess, Field, Kind, Service};
use mohur_wire::{Answer, Query};

pub use mohur_osia::{ConnectionError, Settings};

/// Most bytes of a name or an address.
const NAME: Kind = Kind::Text(400);

const SERVICES: &[Service] = &[Service {
    name: "person/v1",
    fields: &[
        Field { name: "familyName", attribute: "lastName", kind: NAME },
        Field { name: "givenName", attribute: "firstName", kind: NAME },
        Field { name: "patronymic", attribute: "patronymic", kind: NAME },
        Field { name: "birthDate", attribute: "dateOfBirth", kind: Kind::Date },
        Field { name: "birthPlace", attribute: "placeOfBirth", kind: NAME },
        Field { name: "sex", attribute: "gender", kind: Kind::Code(&["M", "F"]) },
        Field { name: "age", attribute: "dateOfBirth", kind: Kind::Age },
        // A three-letter code of ICAO 9303 part 3, section 5.
        Field { name: "citizenship", attribute: "nationality", kind: Kind::Text(3) },
        Field {
            name: "maritalStatus",
            attribute: "maritalStatus",
            kind: Kind::Code(&["single", "married", "divorced", "widowed"]),
        },
        Field { name: "residence", attribute: "residence", kind: NAME },
        Field { name: "cardNumber", attribute: "cardNumber", kind: Kind::Text(20) },
        // PNG or JPEG in base64; a portrait after ISO/IEC 19794-5 has 10 to 60 KiB.
        Field { name: "photo", attribute: "photo", kind: Kind::Text(256 * 1024) },
        Field {
            name: "bloodGroup",
            attribute: "bloodGroup",
            kind: Kind::Code(&["0+", "0-", "A+", "A-", "B+", "B-", "AB+", "AB-"]),
        },
        Field {
            name: "eyeColour",
            attribute: "eyeColour",
            kind: Kind::Code(&["BLK", "BLU", "BRO", "GRN", "GRY", "HAZ", "MAR", "MUL", "PNK", "XXX"]),
        },
        Field { name: "height", attribute: "height", kind: Kind::Number(20, 280) },
    ],
}];

/// The adapter.
#[derive(Debug)]
pub struct PopulationRegister {
    register: DataAccess,
}

impl PopulationRegister {
    /// An adapter for the register at that address.
    pub fn new(settings: &Settings) -> Result<Self, ConnectionError> {
        Ok(Self { register: DataAccess::open(settings, SERVICES)? })
    }
}

impl Registry for PopulationRegister {
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
