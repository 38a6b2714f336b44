//! Every text type: no panic, and one way to write it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mohur_wire::subject::{BirthDate, DocumentNumber, PersonName, Pin, Plate, ReceiptNumber, StateCode, Vin};
use mohur_wire::{CaseReference, FieldName, Fin, MemberId, MessageId, Official, Purpose, ServiceId};

fn canonical<T: std::str::FromStr + ToString>(text: &str) {
    let Ok(value) = text.parse::<T>() else { return };
    assert!(text.eq_ignore_ascii_case(&value.to_string()));
    assert!(value.to_string().parse::<T>().is_ok());
}

fuzz_target!(|text: &str| {
    canonical::<Fin>(text);
    canonical::<MemberId>(text);
    canonical::<ServiceId>(text);
    canonical::<MessageId>(text);
    canonical::<Purpose>(text);
    canonical::<CaseReference>(text);
    canonical::<Official>(text);
    canonical::<FieldName>(text);
    canonical::<Pin>(text);
    canonical::<Plate>(text);
    canonical::<Vin>(text);
    canonical::<ReceiptNumber>(text);
    canonical::<StateCode>(text);
    canonical::<DocumentNumber>(text);
    canonical::<PersonName>(text);
    canonical::<BirthDate>(text);
    let _ = MemberId::from_uri(text);
});
