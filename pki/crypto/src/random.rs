//! Random bytes from the operating system's generator.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};

/// `N` fresh random bytes.
///
/// # Panics
/// When the operating system gives no randomness: nothing may go on without it.
#[expect(
    clippy::expect_used,
    reason = "by INVARIANT on a running kernel: getrandom(2) does not fail once it is seeded"
)]
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut out = [0; N];
    SystemRandom::new().fill(&mut out).expect("the operating system gives random bytes");
    out
}
