//! A tree that grows: it keeps only the tiles on its right edge, 16 KiB a level.

use mohur_crypto::Digest;

use crate::merkle::{Nodes, empty_root, node_hash, peaks};

/// Leaves of a full tile (C2SP tlog-tiles).
pub const TILE_WIDTH: usize = 256;
/// Levels of the tree that one tile spans.
const TILE_HEIGHT: u32 = 8;

/// A node that is not at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the tree does not hold node {index} of level {level}")]
pub struct MissingNode {
    /// Level of the node.
    pub level: u32,
    /// Index within the level.
    pub index: u64,
}

/// The hashes of a tile and all complete nodes above them, below the tile's own root.
#[derive(Clone, Debug, Default)]
pub struct Tile {
    rows: [Vec<Digest>; TILE_HEIGHT as usize],
}

impl Tile {
    /// The tile over these hashes: at most 256, else `None`.
    pub fn of(hashes: &[Digest]) -> Option<Self> {
        let mut tile = Self::default();
        for hash in hashes {
            if tile.width() == TILE_WIDTH {
                return None;
            }
            tile.push(*hash);
        }
        Some(tile)
    }

    /// The bottom row: what a tile file holds.
    pub fn hashes(&self) -> &[Digest] {
        let [bottom, ..] = &self.rows;
        bottom
    }

    /// How many hashes it has.
    pub fn width(&self) -> usize {
        self.hashes().len()
    }

    /// Adds a hash; the 256th gives the tile's root.
    fn push(&mut self, hash: Digest) -> Option<Digest> {
        let mut carry = hash;
        for row in &mut self.rows {
            row.push(carry);
            let [.., left, right] = row.as_slice() else { return None };
            if row.len() % 2 == 1 {
                return None;
            }
            carry = node_hash(left, right);
        }
        Some(carry)
    }

    /// The node `within` the row at `height`.
    pub fn node(&self, height: u32, within: usize) -> Option<Digest> {
        self.rows.get(height as usize)?.get(within).copied()
    }
}

/// Splits a node's address: the tile's level and index, and row and place within the tile.
pub const fn locate(level: u32, index: u64) -> (u32, u64, u32, usize) {
    let height = level % TILE_HEIGHT;
    let width = TILE_HEIGHT - height;
    #[expect(clippy::cast_possible_truncation, reason = "masked to less than 256")]
    let within = (index & ((1 << width) - 1)) as usize;
    (level / TILE_HEIGHT, index >> width, height, within)
}

/// Index of the tile that grows at tile level `level` in a tree of `size` leaves.
fn growing(size: u64, level: usize) -> u64 {
    u32::try_from(level).ok().and_then(|level| size.checked_shr(TILE_HEIGHT * (level + 1))).unwrap_or(0)
}

/// A tile that has just become full.
#[derive(Clone, Debug)]
pub struct Finished {
    /// Tile level: 0 holds leaf hashes.
    pub level: u32,
    /// Index within the level.
    pub index: u64,
    /// Its hashes.
    pub tile: Tile,
}

/// An append-only tree. Of the nodes it holds the right edge, and what has become full since [`Tree::take_finished`].
#[derive(Clone, Debug, Default)]
pub struct Tree {
    size: u64,
    edge: Vec<Tile>,
    finished: Vec<Finished>,
}

impl Tree {
    /// The tree of `size` leaves whose partial tiles, from level 0 up, hold `edge`. `None` if their widths do not fit.
    pub fn restore(size: u64, edge: &[Vec<Digest>]) -> Option<Self> {
        let mut levels = 0;
        while size.checked_shr(TILE_HEIGHT * levels).unwrap_or(0) > 0 {
            levels += 1;
        }
        if edge.len() != levels as usize {
            return None;
        }
        let mut tiles = Vec::new();
        for (level, hashes) in (0u32..).zip(edge) {
            if (size >> (TILE_HEIGHT * level)) % TILE_WIDTH as u64 != hashes.len() as u64 {
                return None;
            }
            tiles.push(Tile::of(hashes)?);
        }
        Some(Self { size, edge: tiles, finished: Vec::new() })
    }

    /// How many leaves there are.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The partial tiles, from level 0 up; some may be empty.
    pub fn edge(&self) -> &[Tile] {
        &self.edge
    }

    /// Adds a leaf by its hash; gives its index.
    pub fn push(&mut self, leaf: Digest) -> u64 {
        let index = self.size;
        let mut carry = Some(leaf);
        for level in 0.. {
            let Some(hash) = carry else { break };
            if self.edge.len() == level {
                self.edge.push(Tile::default());
            }
            let Some(tile) = self.edge.get_mut(level) else { break };
            carry = tile.push(hash);
            if carry.is_some() {
                let tile = std::mem::take(tile);
                #[expect(clippy::cast_possible_truncation, reason = "a tree has at most eight tile levels")]
                self.finished.push(Finished { level: level as u32, index: growing(index, level), tile });
            }
        }
        self.size += 1;
        index
    }

    /// Hands over the tiles that have become full; their nodes can then no longer be had from the tree.
    pub fn take_finished(&mut self) -> Vec<Finished> {
        std::mem::take(&mut self.finished)
    }

    /// Root and right edge, from which proofs are made.
    pub fn head(&self) -> Result<Head, MissingNode> {
        Head::new(self, self.size)
    }
}

impl Nodes for Tree {
    type Error = MissingNode;

    fn node(&self, level: u32, index: u64) -> Result<Digest, MissingNode> {
        let (tile_level, tile_index, height, within) = locate(level, index);
        let place = tile_level as usize;
        let tile = if growing(self.size, place) == tile_index {
            self.edge.get(place)
        } else {
            let is_it = |finished: &&Finished| finished.level == tile_level && finished.index == tile_index;
            self.finished.iter().find(is_it).map(|finished| &finished.tile)
        };
        tile.and_then(|tile| tile.node(height, within)).ok_or(MissingNode { level, index })
    }
}

/// A tree of one size: its complete subtrees from left to right, and what they fold to from the right.
#[derive(Clone, Debug)]
pub struct Head {
    size: u64,
    peaks: Vec<Peak>,
}

#[derive(Clone, Debug)]
struct Peak {
    level: u32,
    index: u64,
    hash: Digest,
    /// The hash over this peak and all to its right.
    folded: Digest,
}

impl Head {
    /// The head of the first `size` leaves.
    pub fn new<N: Nodes + ?Sized>(nodes: &N, size: u64) -> Result<Self, N::Error> {
        let mut found = Vec::new();
        for (level, index) in peaks(0, size) {
            let hash = nodes.node(level, index)?;
            found.push(Peak { level, index, hash, folded: hash });
        }
        let mut right: Option<Digest> = None;
        for peak in found.iter_mut().rev() {
            peak.folded = right.map_or(peak.hash, |right| node_hash(&peak.hash, &right));
            right = Some(peak.folded);
        }
        Ok(Self { size, peaks: found })
    }

    /// How many leaves there are.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root.
    pub fn root(&self) -> Digest {
        self.peaks.first().map_or_else(empty_root, |peak| peak.folded)
    }

    /// The inclusion proof of the leaf at `index` (RFC 9162 §2.1.3.1); empty beyond the end.
    pub fn inclusion<N: Nodes + ?Sized>(&self, nodes: &N, index: u64) -> Result<Vec<Digest>, N::Error> {
        let holds = |peak: &Peak| index >> peak.level == peak.index;
        let Some(place) = self.peaks.iter().position(holds) else { return Ok(Vec::new()) };
        let (left, right) = self.peaks.split_at(place);
        let levels = right.first().map_or(0, |peak| peak.level);
        let mut proof = Vec::with_capacity(levels as usize + 1 + left.len());
        for level in 0..levels {
            proof.push(nodes.node(level, (index >> level) ^ 1)?);
        }
        proof.extend(right.get(1).map(|peak| peak.folded));
        proof.extend(left.iter().rev().map(|peak| peak.hash));
        Ok(proof)
    }
}
