//! One record of a segment: a batch of entries with the checkpoint that covers them.
//!
//! A record begins on a page and is padded to the next: no page that holds acknowledged bytes is ever written again.
//! Header: magic, payload length, index of the first entry, number of entries, id of the segment, and 24 bytes of the SHA-256
//! over all of that and the payload. Payload: the checkpoint, then the entries, each with a 16-bit length.

use mohur_crypto::digest::sha256_parts;
use mohur_transparency::tile::{decode_entries, push_entry};

/// Records are aligned to this.
pub(crate) const PAGE: usize = 4096;
const HEADER: usize = 64;
const SUMMED: usize = 40;
const MAGIC: &[u8; 8] = b"mohurrec";

/// A batch as it was written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) first: u64,
    pub(crate) checkpoint: String,
    pub(crate) entries: Vec<String>,
}

/// What stands on a page.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// A whole record, and how many bytes it takes with its padding.
    Record(Box<Record>, usize),
    /// Nothing was ever written here.
    Nothing,
    /// Something that is no record: torn or damaged.
    Rubbish,
}

/// Writes a record into `out`. `false` if an entry is too long for one.
#[must_use]
pub(crate) fn encode<T: AsRef<str>>(
    segment: &[u8; 16],
    first: u64,
    checkpoint: &str,
    entries: &[T],
    out: &mut Vec<u8>,
) -> bool {
    let (Ok(count), true) = (u32::try_from(entries.len()), checkpoint.len() <= usize::from(u16::MAX)) else {
        return false;
    };
    out.clear();
    out.resize(HEADER, 0);
    let fits = push_entry(out, checkpoint.as_bytes())
        && entries.iter().all(|entry| push_entry(out, entry.as_ref().as_bytes()));
    let Ok(length) = u32::try_from(out.len() - HEADER) else { return false };
    let mut summed = Vec::with_capacity(SUMMED);
    summed.extend_from_slice(MAGIC);
    summed.extend_from_slice(&length.to_le_bytes());
    summed.extend_from_slice(&count.to_le_bytes());
    summed.extend_from_slice(&first.to_le_bytes());
    summed.extend_from_slice(segment);
    let (header, payload) = out.split_at_mut(HEADER);
    let sum = sha256_parts(&[&summed, payload]);
    header.iter_mut().zip(summed.iter().chain(&sum.0)).for_each(|(to, from)| *to = *from);
    out.resize(out.len().next_multiple_of(PAGE), 0);
    fits
}

/// Reads what stands at the beginning of `bytes`.
pub(crate) fn decode(segment: &[u8; 16], bytes: &[u8]) -> Found {
    let Some((header, rest)) = bytes.split_first_chunk::<HEADER>() else {
        return if bytes.iter().all(|byte| *byte == 0) { Found::Nothing } else { Found::Rubbish };
    };
    if header.iter().all(|byte| *byte == 0) {
        return Found::Nothing;
    }
    parse(segment, header, rest).map_or(Found::Rubbish, |(record, length)| {
        Found::Record(Box::new(record), (HEADER + length).next_multiple_of(PAGE))
    })
}

fn parse(segment: &[u8; 16], header: &[u8; HEADER], rest: &[u8]) -> Option<(Record, usize)> {
    let (summed, sum) = header.split_at_checked(SUMMED)?;
    let (magic, numbers) = summed.split_first_chunk::<8>()?;
    let (length, numbers) = numbers.split_first_chunk::<4>()?;
    let (count, numbers) = numbers.split_first_chunk::<4>()?;
    let (first, id) = numbers.split_first_chunk::<8>()?;
    if magic != MAGIC || id != segment {
        return None;
    }
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let payload = rest.get(..length)?;
    if sum != sha256_parts(&[summed, payload]).0.get(..HEADER - SUMMED)? {
        return None;
    }
    let count = usize::try_from(u32::from_le_bytes(*count)).ok()?;
    let mut texts = decode_entries(payload, count.checked_add(1)?)
        .ok()?
        .into_iter()
        .map(|text| String::from_utf8(text.to_vec()).ok())
        .collect::<Option<Vec<_>>>()?;
    let entries = texts.split_off(1);
    Some((Record { first: u64::from_le_bytes(*first), checkpoint: texts.pop()?, entries }, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_back_whole_or_not_at_all() {
        let id = [7; 16];
        let entries: Vec<String> = (0..9).map(|n| "x".repeat(n * 200)).collect();
        let mut bytes = Vec::new();
        assert!(encode(&id, 42, "checkpoint\n", &entries, &mut bytes));
        assert_eq!(bytes.len() % PAGE, 0);
        let record = Record { first: 42, checkpoint: "checkpoint\n".into(), entries };
        assert_eq!(decode(&id, &bytes), Found::Record(Box::new(record), bytes.len()));
        assert_eq!(decode(&[8; 16], &bytes), Found::Rubbish);
        assert_eq!(decode(&id, &[0; PAGE]), Found::Nothing);

        let end = bytes.iter().rposition(|byte| *byte != 0).unwrap();
        for place in 0..=end {
            let mut bent = bytes.clone();
            bent[place] ^= 0x20;
            assert_eq!(decode(&id, &bent), Found::Rubbish, "{place}");
            assert_ne!(
                std::mem::discriminant(&decode(&id, &bytes[..place])),
                std::mem::discriminant(&decode(&id, &bytes))
            );
        }
    }
}
