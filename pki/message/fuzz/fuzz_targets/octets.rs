//! What a broker says that a SOAP caller signed, parts between zero octets: SignedInfo, Timestamp, Body. Nothing of it is
//! proved, whichever way it is put together.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mohur_message::{SentOpening, SoapEvidence, prove_query};
use mohur_message_fuzz::AnyKey;

fuzz_target!(|input: &[u8]| {
    let mut parts = input.splitn(3, |octet| *octet == 0).map(<[u8]>::to_vec);
    let [signed_info, timestamp, body] = core::array::from_fn(|_| parts.next().unwrap_or_default());
    let evidence = SoapEvidence {
        signed_info,
        timestamp,
        body: None,
        signature: vec![1; 64],
        certificate: Vec::new(),
        algorithm: "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256".to_owned(),
    };
    let home = |_: &mohur_wire::MemberId| Some("broker".to_owned());
    let alone = SentOpening::of_soap_body(body.clone().into());
    let _ = alone.query();
    assert!(prove_query(&alone, &evidence.clone().into(), &AnyKey, &home).is_err());
    if let Ok(leg) = SentOpening::of_leg("e30".to_owned()) {
        assert!(prove_query(&leg, &SoapEvidence { body: Some(body), ..evidence }.into(), &AnyKey, &home).is_err());
    }
});
