use super::*;

#[test]
fn the_receipt_is_found_by_its_element_and_document_types_are_refused() {
    let document = "<?xml version=\"1.0\"?><a:Document xmlns:a=\"x\"><a:OrgnlEndToEndId> DR-1 </a:OrgnlEndToEndId><b/></a:Document>";
    assert_eq!(text_of(document, "OrgnlEndToEndId").as_deref(), Some("DR-1"));
    assert_eq!(text_of(document, "EndToEndId"), None);
    assert_eq!(text_of("<!DOCTYPE a [<!ENTITY b \"c\">]><a><EndToEndId>DR-1</EndToEndId></a>", "EndToEndId"), None);
    assert_eq!(text_of("<a><EndToEndId>DR-1", "EndToEndId"), None);
}

#[test]
fn amounts_are_manat_with_two_digits_and_unbooked_payments_have_no_entry() {
    let country = Country::default();
    let payment = country.clear_citizen().payment.clone().unwrap();
    let at = mohur_wire::Timestamp::constant(1_780_000_000, 5_000_000);
    let report = |payment| message::Report { receipt: "DR-1", payment, at, extra: false };
    let booked = message::notification(&report(Some(&payment)));
    assert!(booked.contains("<Amt Ccy=\"AZN\">30.00</Amt>") && booked.contains("<Sts><Cd>BOOK</Cd></Sts>"));
    assert!(!message::notification(&report(None)).contains("<Ntry>"));
    assert!(message::status(&report(None)).contains("<Cd>NOOR</Cd>"));
}
