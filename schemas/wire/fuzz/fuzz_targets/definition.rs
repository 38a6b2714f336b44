//! Bundle definitions, and the rule for verdicts.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::collections::BTreeMap;

use mohur_wire::bundle::{Definition, Outcome, leg_verdict};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(definition) = serde_json::from_slice::<Definition>(bytes) {
        definition.problems();
        let verdicts = BTreeMap::new();
        assert_eq!(definition.outcome(&verdicts), Outcome::Incomplete);
        for leg in &definition.legs {
            leg_verdict(leg, Some(&BTreeMap::new()));
        }
    }
});
