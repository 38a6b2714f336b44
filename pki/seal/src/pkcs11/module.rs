//! The vendors' libraries: each loaded and initialised once a process, and never given back. Another seal may use it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};

use crate::SealError;

static LOADED: Mutex<BTreeMap<PathBuf, Pkcs11>> = Mutex::new(BTreeMap::new());

/// The library of that file, ready to use.
pub(super) fn load(path: &Path) -> Result<Pkcs11, SealError> {
    let path = path.canonicalize().map_err(SealError::io(path))?;
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(library) = loaded.get(&path) {
        return Ok(library.clone());
    }
    let failed = |error: Error| SealError::Module { path: path.clone(), what: error.to_string() };
    let library = Pkcs11::new(&path).map_err(failed)?;
    initialise(&library).map_err(failed)?;
    loaded.insert(path.clone(), library.clone());
    Ok(library)
}

/// `C_Initialize`, for many threads. That somebody else was faster is as good.
pub(super) fn initialise(library: &Pkcs11) -> Result<(), Error> {
    match library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(()),
        Err(error) => Err(error),
    }
}
