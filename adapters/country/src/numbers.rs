//! The numbers of people, permits and papers. Each comes from its owner's place in the country, so that no two are the
//! same and nothing needs to be remembered.

use mohur_wire::Fin;
use mohur_wire::subject::Pin;

use crate::random::Permutation;

/// Places that nobody ever has.
const NOBODY: u64 = 1 << 35;
/// 34⁷ personal numbers.
const FINS: u64 = 52_523_350_144;
const PIN_ALPHABET: &[u8; 36] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
/// 36⁶ numbers of residence permits.
const PINS: u64 = 2_176_782_336;
/// Seven digits.
const SERIALS: u64 = 10_000_000;

/// The numbers of one seed.
#[derive(Clone, Copy)]
pub(crate) struct Numbers {
    fins: Permutation,
    pins: Permutation,
    serials: Permutation,
}

impl Numbers {
    pub(crate) const fn new(seed: u64) -> Self {
        Self {
            fins: Permutation::new(seed, 1, FINS),
            pins: Permutation::new(seed, 2, PINS),
            serials: Permutation::new(seed, 3, SERIALS),
        }
    }

    /// The personal number of the person at that place.
    pub(crate) fn fin(self, place: u64) -> Fin {
        let text = written::<7>(self.fins.at(place), Fin::ALPHABET);
        #[expect(clippy::expect_used, reason = "by INVARIANT: seven characters of Fin::ALPHABET are a FIN")]
        text.parse().expect("characters of the alphabet are a FIN")
    }

    /// A personal number that nobody has.
    pub(crate) fn unused_fin(self) -> Fin {
        self.fin(NOBODY)
    }

    /// The number of a foreigner's residence permit.
    pub(crate) fn pin(self, place: u64) -> Pin {
        let text = written::<6>(self.pins.at(place), PIN_ALPHABET);
        #[expect(clippy::expect_used, reason = "by INVARIANT: six capital letters and digits are a PIN")]
        text.parse().expect("capital letters and digits are a PIN")
    }

    /// A serial number of that many letters and seven digits: those of one first letter are ten million times 26^(letters - 1).
    pub(crate) fn serial(self, first: char, letters: usize, place: u64) -> String {
        let (mut series, digits) = (place / SERIALS, self.serials.at(place % SERIALS));
        let mut behind = Vec::new();
        for _ in 1..letters {
            behind.push(letter(series % 26));
            series /= 26;
        }
        behind.reverse();
        format!("{first}{}{digits:07}", behind.into_iter().collect::<String>())
    }
}

fn letter(number: u64) -> char {
    u8::try_from(number % 26).map_or('A', |number| char::from(b'A' + number))
}

fn written<const WIDTH: usize>(mut number: u64, alphabet: &[u8]) -> String {
    let base = alphabet.len() as u64;
    let mut text = [b'A'; WIDTH];
    for place in text.iter_mut().rev() {
        let digit = usize::try_from(number % base).unwrap_or_default();
        *place = alphabet.get(digit).copied().unwrap_or(b'A');
        number /= base;
    }
    text.iter().copied().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn numbers_are_unique_and_not_in_a_row() {
        let numbers = Numbers::new(2007);
        let fins: BTreeSet<_> = (0..20_000).map(|place| numbers.fin(place)).collect();
        assert_eq!(fins.len(), 20_000);
        assert!(!fins.contains(&numbers.unused_fin()));
        let starts: BTreeSet<_> = fins.iter().map(|fin| fin.as_str().as_bytes()[0]).collect();
        assert_eq!(starts.len(), 34, "every character begins some number");
        assert_eq!((0..5_000).map(|place| numbers.pin(place)).collect::<BTreeSet<_>>().len(), 5_000);
    }

    #[test]
    fn serials_go_on_with_the_next_letter() {
        let numbers = Numbers::new(1);
        let (one, next) = (numbers.serial('A', 2, 5), numbers.serial('A', 2, 5 + SERIALS));
        assert!(one.starts_with("AA") && next.starts_with("AB") && one[2..] == next[2..], "{one} {next}");
        assert_eq!(one.len(), 9);
    }
}
