//! Numbers that look random and are the same for the same seed: SplitMix64 (Steele, Lea, Flood 2014). For synthetic
//! people only; nothing secret is made with it.

const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

const fn mixed(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A stream of numbers from a seed.
pub(crate) struct Stream(u64);

impl Stream {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The stream of one topic in one district: what a district holds does not depend on how many others there are.
    pub(crate) const fn of(seed: u64, district: u32, topic: u64) -> Self {
        Self(mixed(mixed(seed) ^ mixed((district as u64) << 32 | topic)))
    }

    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mixed(self.0)
    }

    /// A number below `bound`; 0 if `bound` is 0.
    pub(crate) const fn below(&mut self, bound: u32) -> u32 {
        // Multiply-shift: the high word of a 32×32 product is below `bound`.
        let high = (self.next() >> 32) * bound as u64;
        (high >> 32) as u32
    }

    /// A number from `low` to `high`, both included.
    pub(crate) const fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high - low + 1)
    }

    /// Whether an event of that many per cent happens.
    pub(crate) const fn percent(&mut self, chance: u32) -> bool {
        self.below(100) < chance
    }

    /// A whole number of 64 bits, e.g. to colour a picture with.
    pub(crate) const fn word(&mut self) -> u64 {
        self.next()
    }

    /// One of the items; the default if there is none.
    pub(crate) fn pick<T: Copy + Default>(&mut self, items: &[T]) -> T {
        let count = u32::try_from(items.len()).unwrap_or(u32::MAX);
        items.get(self.below(count) as usize).copied().unwrap_or_default()
    }
}

/// The numbers below a size, each once, in an order that the seed decides: a Feistel network of six rounds over the
/// smallest even number of bits that holds the size, walked until it is back inside (Black and Rogaway 2002, "cycle
/// walking"). So the n-th number is known without the ones before it, and no two are the same.
#[derive(Clone, Copy)]
pub(crate) struct Permutation {
    key: u64,
    half: u32,
    size: u64,
}

impl Permutation {
    /// INVARIANT: `size` is above 1 and below 2^62.
    pub(crate) const fn new(seed: u64, topic: u64, size: u64) -> Self {
        let bits = 64 - (size - 1).leading_zeros();
        Self { key: mixed(mixed(seed) ^ topic), half: bits.div_ceil(2), size }
    }

    /// What stands at that place; places from `size` on begin again.
    pub(crate) const fn at(self, place: u64) -> u64 {
        let mut number = self.round_trip(place % self.size);
        while number >= self.size {
            number = self.round_trip(number);
        }
        number
    }

    const fn round_trip(self, number: u64) -> u64 {
        let mask = (1 << self.half) - 1;
        let (mut left, mut right) = (number >> self.half, number & mask);
        let mut round = 0;
        while round < 6 {
            (left, right) = (right, left ^ (mixed(self.key ^ right.wrapping_add(STEP.wrapping_mul(round + 1))) & mask));
            round += 1;
        }
        left << self.half | right
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permutation_gives_each_number_once() {
        for size in [2, 3, 34, 1_000, 4_096, 4_097] {
            let permutation = Permutation::new(2007, 1, size);
            let mut numbers: Vec<_> = (0..size).map(|place| permutation.at(place)).collect();
            assert!(size < 34 || numbers.windows(2).any(|pair| pair[0] > pair[1]), "it is in order");
            numbers.sort_unstable();
            assert!(numbers.into_iter().eq(0..size), "{size}");
        }
    }

    #[test]
    fn topics_and_districts_have_streams_of_their_own() {
        let first = |district, topic| Stream::of(7, district, topic).next();
        assert_ne!(first(0, 1), first(1, 1));
        assert_ne!(first(0, 1), first(0, 2));
        assert_ne!(first(1, 0), first(0, 1));
    }

    #[test]
    fn the_stream_is_splitmix64() {
        let mut stream = Stream::new(1_234_567);
        assert_eq!(stream.next(), 6_457_827_717_110_365_317);
        assert_eq!(stream.next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn numbers_stay_in_their_range() {
        let mut stream = Stream::new(7);
        assert!((0..10_000).all(|_| (3..=9).contains(&stream.between(3, 9))));
        assert_eq!(stream.below(0), 0);
    }
}
