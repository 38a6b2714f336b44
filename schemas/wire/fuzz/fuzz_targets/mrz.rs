//! Machine-readable zones: what is read is written as the same characters.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mohur_wire::Mrz;

fuzz_target!(|text: &str| {
    if let Ok(mrz) = Mrz::parse(text) {
        let lines = mrz.to_lines().expect("what was read can be written");
        assert_eq!(Mrz::parse(&lines).expect("what was written can be read"), mrz);
    }
});
