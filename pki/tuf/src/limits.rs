//! Bounds on what is read and walked.

/// How much is read before it is verified, and how far is walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// New roots in one update.
    pub rotations: u64,
    /// Bytes of a root.
    pub root: u64,
    /// Bytes of a timestamp.
    pub timestamp: u64,
    /// Bytes of a snapshot whose length the timestamp does not name.
    pub snapshot: u64,
    /// Bytes of targets metadata whose length the snapshot does not name.
    pub targets: u64,
    /// Roles.
    pub roles: u64,
    /// Bytes of all files together.
    pub files: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rotations: 256,
            root: 512 << 10,
            timestamp: 16 << 10,
            snapshot: 2 << 20,
            targets: 5 << 20,
            roles: 4096,
            files: 64 << 20,
        }
    }
}
