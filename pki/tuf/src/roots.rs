//! The chain of roots (specification, §5.3).

use crate::envelope::Envelope;
use crate::error::TufError;
use crate::metadata::Root;

/// The chain of roots from the pinned one: each signed by the one before and by itself.
pub(crate) fn follow(roots: &[Vec<u8>]) -> Result<Envelope<Root>, TufError> {
    let mut chain = roots.iter();
    let pinned = chain.next().ok_or_else(|| TufError::malformed("root", "there is none"))?;
    let mut root = Envelope::<Root>::parse("root", pinned)?;
    verify_root(&root, &root)?;
    for bytes in chain {
        root = successor(&root, bytes)?;
    }
    Ok(root)
}

fn verify_root(root: &Envelope<Root>, by: &Envelope<Root>) -> Result<(), TufError> {
    let signed = by.signed();
    root.verify("root", &signed.role("root"), &signed.keys)
}

pub(crate) fn successor(root: &Envelope<Root>, bytes: &[u8]) -> Result<Envelope<Root>, TufError> {
    let next = Envelope::<Root>::parse("root", bytes)?;
    verify_root(&next, root)?;
    verify_root(&next, &next)?;
    let (found, seen) = (next.signed().version, root.signed().version);
    if found != seen.saturating_add(1) {
        return Err(TufError::Rollback { role: "root".to_owned(), found, seen });
    }
    if !next.signed().consistent_snapshot {
        return Err(TufError::malformed("root", "the repository has no consistent snapshots"));
    }
    Ok(next)
}
