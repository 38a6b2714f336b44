//! Tiles and entry bundles (C2SP `tlog-tiles`): their paths and their bytes.

use mohur_crypto::Digest;

use crate::tree::TILE_WIDTH;

/// Longest entry: its length is a `u16` in a bundle.
pub const MAX_ENTRY: usize = u16::MAX as usize;

/// Why the bytes of a tile or a bundle are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// Not the number of hashes or entries that the path promises.
    #[error("it holds another number of hashes or entries than its name says")]
    Width,
    /// An entry's length points beyond the end.
    #[error("an entry's length points beyond the end of the bundle")]
    Length,
}

/// Path of the hash tile `index` at tile level `level` that has `width` hashes.
pub fn hash_path(level: u32, index: u64, width: usize) -> String {
    format!("tile/{level}/{}", numbered(index, width))
}

/// Path of the entry bundle `index` that has `width` entries.
pub fn entries_path(index: u64, width: usize) -> String {
    format!("tile/entries/{}", numbered(index, width))
}

fn numbered(index: u64, width: usize) -> String {
    let mut path = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    if width < TILE_WIDTH { format!("{path}.p/{width}") } else { path }
}

/// Width of tile `index` at tile level `level` in a tree of `size` leaves: 256 if it is full, 0 if it does not exist.
pub fn width(size: u64, level: u32, index: u64) -> usize {
    let hashes = size.checked_shr(8 * level).unwrap_or(0);
    let here = hashes.saturating_sub(index.saturating_mul(TILE_WIDTH as u64));
    usize::try_from(here).map_or(TILE_WIDTH, |here| here.min(TILE_WIDTH))
}

/// The bytes of a hash tile.
pub fn encode_hashes(hashes: &[Digest]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

/// Reads a hash tile of `width` hashes.
pub fn decode_hashes(bytes: &[u8], width: usize) -> Result<Vec<Digest>, TileError> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    if hashes.len() != width || !rest.is_empty() {
        return Err(TileError::Width);
    }
    Ok(hashes.iter().map(|hash| Digest(*hash)).collect())
}

/// Adds an entry to a bundle; `false`, and nothing added, if it is longer than [`MAX_ENTRY`].
#[must_use]
pub fn push_entry(bundle: &mut Vec<u8>, entry: &[u8]) -> bool {
    let Ok(length) = u16::try_from(entry.len()) else { return false };
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    true
}

/// Reads a bundle of `width` entries.
pub fn decode_entries(bytes: &[u8], width: usize) -> Result<Vec<&[u8]>, TileError> {
    let mut entries = Vec::with_capacity(width);
    let mut rest = bytes;
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let (entry, after) = after.split_at_checked(u16::from_be_bytes(*length).into()).ok_or(TileError::Length)?;
        entries.push(entry);
        rest = after;
    }
    match (rest.is_empty(), entries.len() == width) {
        (false, _) => Err(TileError::Length),
        (true, false) => Err(TileError::Width),
        (true, true) => Ok(entries),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_specification() {
        assert_eq!(hash_path(0, 1_234_067, 256), "tile/0/x001/x234/067");
        assert_eq!(hash_path(1, 0, 17), "tile/1/000.p/17");
        assert_eq!(entries_path(273, 112), "tile/entries/273.p/112");
        // "a tree of size 70,000 will be represented by …"
        assert_eq!([width(70_000, 0, 272), width(70_000, 0, 273), width(70_000, 0, 274)], [256, 112, 0]);
        assert_eq!([width(70_000, 1, 0), width(70_000, 1, 1), width(70_000, 2, 0)], [256, 17, 1]);
        assert_eq!([width(256, 0, 0), width(256, 1, 0), width(256, 2, 0)], [256, 1, 0]);
    }

    #[test]
    fn bundles_hold_exactly_what_they_promise() {
        let mut bundle = Vec::new();
        assert!(push_entry(&mut bundle, b"one") && push_entry(&mut bundle, b""));
        assert!(!push_entry(&mut bundle, &vec![0; MAX_ENTRY + 1]));
        assert_eq!(decode_entries(&bundle, 2).unwrap(), [b"one".as_slice(), b""]);
        assert_eq!(decode_entries(&bundle, 1), Err(TileError::Width));
        assert_eq!(decode_entries(&bundle[..bundle.len() - 1], 2), Err(TileError::Length));
        assert_eq!(decode_entries(&bundle[..4], 1), Err(TileError::Length));
        assert_eq!(decode_hashes(&[0; 33], 1), Err(TileError::Width));
    }
}
