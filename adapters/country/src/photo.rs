//! A picture in the place of a photograph: eight by eight grey squares, alike on both sides, in PNG (ISO/IEC 15948).

use mohur_wire::Fin;

use crate::random::Stream;

/// Squares on a side.
const SIDE: usize = 8;

/// The picture of the person with that number. It shows nobody.
pub fn photo(fin: Fin) -> Vec<u8> {
    let seed = fin.as_str().bytes().fold(0, |seed: u64, byte| seed << 8 | u64::from(byte));
    let mut stream = Stream::new(seed);
    // One filter byte (0: none) before each row.
    let mut rows = Vec::with_capacity((SIDE + 1) * SIDE);
    for _ in 0..SIDE {
        let half = stream.word().to_be_bytes();
        rows.push(0);
        let half = half.get(..SIDE / 2).unwrap_or_default();
        rows.extend(half);
        rows.extend(half.iter().rev());
    }
    let side = u32::try_from(SIDE).unwrap_or_default().to_be_bytes();
    let mut header = [side, side].concat();
    // Eight bits, grey, deflate, adaptive filters, not interlaced.
    header.extend([8, 0, 0, 0, 0]);
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut png, *b"IHDR", &header);
    chunk(&mut png, *b"IDAT", &stored(&rows));
    chunk(&mut png, *b"IEND", &[]);
    png
}

fn chunk(png: &mut Vec<u8>, kind: [u8; 4], content: &[u8]) {
    png.extend(u32::try_from(content.len()).unwrap_or_default().to_be_bytes());
    let checked = [kind.as_slice(), content].concat();
    png.extend(&checked);
    png.extend(crc(&checked).to_be_bytes());
}

/// A zlib stream (RFC 1950) with one stored block (RFC 1951, section 3.2.4).
fn stored(content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap_or_default();
    let mut out = vec![0x78, 0x01, 0x01];
    out.extend(length.to_le_bytes());
    out.extend((!length).to_le_bytes());
    out.extend(content);
    let (mut one, mut two) = (1_u32, 0_u32);
    for byte in content {
        one = (one + u32::from(*byte)) % 65_521;
        two = (two + one) % 65_521;
    }
    out.extend((two << 16 | one).to_be_bytes());
    out
}

/// CRC-32 as PNG has it (ISO/IEC 15948, annex D).
fn crc(content: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { 0xEDB8_8320 ^ (crc >> 1) } else { crc >> 1 })
    };
    !content.iter().fold(u32::MAX, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_known_one() {
        assert_eq!(crc(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn a_person_has_one_picture_and_another_another() {
        let (one, two) = ("5ABCDE1".parse().unwrap(), "5ABCDE2".parse().unwrap());
        assert_eq!(photo(one), photo(one));
        assert_ne!(photo(one), photo(two));
        assert!(photo(one).starts_with(b"\x89PNG") && photo(one).len() < 200);
    }
}
