//! Subject keys.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mohur_wire::SubjectKey;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(subject) = serde_json::from_slice::<SubjectKey>(bytes) {
        let json = serde_json::to_vec(&subject).expect("a subject has a JSON form");
        assert!(serde_json::from_slice::<SubjectKey>(&json).is_ok_and(|again| again == subject));
    }
});
