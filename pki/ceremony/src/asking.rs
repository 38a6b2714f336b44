//! What a ceremony asks of the people in the room.

use mohur_seal::Passphrase;

use crate::CeremonyError;

/// Whose passphrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom<'a> {
    /// An operator's, which opens the share.
    Operator(&'a str),
    /// The one under which the issuing authorities' keys are carried to the online machine.
    Carrying,
}

/// The people in the room, or a script in their place.
pub trait Ask {
    /// A new passphrase, which whoever types it has to know again later.
    fn new_passphrase(&mut self, whom: Whom<'_>) -> Result<Passphrase, CeremonyError>;

    /// The passphrase of an existing share. `again` when the last one did not open it; `None` ends the ceremony.
    fn passphrase(&mut self, whom: Whom<'_>, again: bool) -> Result<Option<Passphrase>, CeremonyError>;

    /// Says what was done.
    fn step(&mut self, what: &str);
}
