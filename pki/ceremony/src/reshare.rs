//! New shares: after one was lost, or when other operators take over.

use std::fs;

use mohur_wire::Clock;

use crate::CeremonyError;
use crate::asking::{Ask, Whom};
use crate::later::Present;
use crate::plan::sharing_fault;
use crate::session::Session;
use crate::transcript::Purpose;

/// Among whom the root's key is shared from now on.
#[derive(Clone, Copy, Debug)]
pub struct Resharing<'a> {
    /// Who gets a share.
    pub operators: &'a [String],
    /// How many of them are needed.
    pub needed: u8,
}

/// Shares the root's key anew. Shares of different sharings do not fit together; but as many as were needed of the old ones open
/// an old copy of `root.sealed`: the old shares and copies have to be destroyed.
pub fn reshare(
    present: Present<'_>,
    new: Resharing<'_>,
    (ask, clock): (&mut dyn Ask, &dyn Clock),
) -> Result<(), CeremonyError> {
    if let Some(fault) = sharing_fault(new.operators, new.needed) {
        return Err(CeremonyError::Refused(fault.to_owned()));
    }
    let (mut session, root, pkcs8) = Session::later(present.folder, present.shares, Purpose::Reshare, (ask, clock))?;
    let mut passphrases = Vec::new();
    for operator in new.operators {
        passphrases.push(session.ask.new_passphrase(Whom::Operator(operator))?);
    }
    // Shares of the last sharing that still lay in the folder.
    for holder in &session.transcript.state.holders {
        let old = session.folder().share(&holder.operator);
        if old.exists() {
            fs::remove_file(&old).map_err(CeremonyError::io(&old))?;
        }
    }
    session.share((&root, &pkcs8), (new.operators, new.needed), &passphrases)?;
    session.close()
}
