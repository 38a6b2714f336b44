//! The transliteration table.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mohur_wire::names::{fold, names_match, to_mrz};

fuzz_target!(|names: (&str, &str)| {
    let (one, other) = names;
    assert_eq!(names_match(one, other), names_match(other, one));
    assert_eq!(names_match(one, one), !fold(one).0.is_empty());
    let _ = to_mrz(one);
});
