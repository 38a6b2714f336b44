//! A client with a state folder: replays are refused after a restart too, and the last good set is there at once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use mohur_crypto::Digest;
use mohur_wire::Timestamp as Moment;

use crate::envelope::Envelope;
use crate::error::TufError;
use crate::limits::Limits;
use crate::metadata::{Role, Root};
use crate::source::Source;
use crate::store::Store;
use crate::verified::Verified;
use crate::walk::{rebuild, walk_with};

/// A client of one repository. Several processes may share its state folder.
#[derive(Clone, Debug)]
pub struct Client {
    store: Store,
    pinned: Vec<u8>,
    version: u64,
    limits: Limits,
}

impl Client {
    /// A client that trusts `pinned`, a root as a file, and remembers in the folder `state`. The folder need not exist yet.
    pub fn new(state: &Path, pinned: Vec<u8>, limits: Limits) -> Result<Self, TufError> {
        let root = Envelope::<Root>::parse("root", &pinned)?;
        root.verify("root", &root.signed().role("root"), &root.signed().keys)?;
        Ok(Self { store: Store::new(state), version: root.signed().version(), pinned, limits })
    }

    /// The state folder.
    pub fn folder(&self) -> &Path {
        self.store.folder()
    }

    /// Fetches the newest set and hands it to `accept`; what that accepts is current from then on, on disk when this returns.
    pub fn update<T, E: From<TufError>>(
        &self,
        source: &dyn Source,
        now: Moment,
        accept: impl FnOnce(&Verified) -> Result<T, E>,
    ) -> Result<T, E> {
        let _lock = self.store.lock()?;
        let mut memory = self.store.load(&self.pinned, self.version)?;
        let (verified, current) = walk_with(&mut memory, source, Some(&self.store), now, self.limits)?;
        let accepted = accept(&verified)?;
        let files: BTreeMap<Digest, &[u8]> =
            verified.files.values().map(|file| (file.digest, file.bytes.as_slice())).collect();
        let named: BTreeSet<Digest> = files.keys().copied().collect();
        self.store.save_current(&current, &files)?;
        self.store.forget_but(&named);
        Ok(accepted)
    }

    /// The set that was current last, verified again; `None` when there never was one.
    pub fn last(&self) -> Result<Option<Verified>, TufError> {
        let _lock = self.store.lock()?;
        let memory = self.store.load(&self.pinned, self.version)?;
        rebuild(&memory, |digest| self.store.read_file(digest))
    }
}
