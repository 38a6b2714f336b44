//! Openings: no panic, and what is read is written again with the same meaning.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mohur_wire::Query;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(query) = Query::parse(bytes) {
        assert_eq!(Query::parse(&query.to_opening()), Ok(query));
    }
});
