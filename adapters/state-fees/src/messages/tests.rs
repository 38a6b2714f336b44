use super::*;
use crate::xml::parse;

fn report(transaction: &str) -> Result<(ReceiptNumber, Status), RegistryError> {
    let text = format!(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pacs.002.001.10\"><FIToFIPmtStsRpt>\
         <TxInfAndSts>{transaction}</TxInfAndSts></FIToFIPmtStsRpt></Document>"
    );
    status_report(&parse(text.as_bytes()).unwrap())
}

fn entries(entries: &str) -> Result<Option<Booked>, RegistryError> {
    let text = format!(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.054.001.08\"><BkToCstmrDbtCdtNtfctn>\
         <Ntfctn>{entries}</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>"
    );
    notification(&parse(text.as_bytes()).unwrap(), &"DR-1".parse().unwrap())
}

fn entry(status: &str, indicator: &str, amount: &str) -> String {
    format!(
        "<Ntry><Amt Ccy=\"AZN\">{amount}</Amt><CdtDbtInd>{indicator}</CdtDbtInd><Sts><Cd>{status}</Cd></Sts><NtryDtls>\
         <TxDtls><Refs><EndToEndId>DR-1</EndToEndId></Refs><RltdPties><Dbtr><Pty><Id><PrvtId><Othr><Id>5ABCDE1</Id>\
         <SchmeNm><Prtry>FIN</Prtry></SchmeNm></Othr></PrvtId></Id></Pty></Dbtr></RltdPties></TxDtls></NtryDtls></Ntry>"
    )
}

#[test]
fn every_status_of_iso_20022_is_read_and_no_other() {
    let status = |code: &str| {
        report(&format!("<OrgnlEndToEndId>DR-1</OrgnlEndToEndId><TxSts>{code}</TxSts>")).map(|(_, status)| status)
    };
    for settled in ["ACCC", "ACSC"] {
        assert_eq!(status(settled), Ok(Status::Settled));
    }
    // Accepted for settlement is not settled.
    for pending in ["ACSP", "ACCP", "PDNG", "PART"] {
        assert_eq!(status(pending), Ok(Status::Pending));
    }
    assert_eq!(status("RJCT"), Ok(Status::Rejected));
    for wrong in ["", "accc", "PAID"] {
        assert!(status(wrong).is_err(), "{wrong}");
    }
    let unknown =
        "<OrgnlEndToEndId>X</OrgnlEndToEndId><TxSts>RJCT</TxSts><StsRsnInf><Rsn><Cd>NOOR</Cd></Rsn></StsRsnInf>";
    assert_eq!(report(unknown), Ok(("X".parse().unwrap(), Status::Unknown)));
    assert!(report("<TxSts>ACCC</TxSts>").is_err());
    let two = "<OrgnlEndToEndId>A</OrgnlEndToEndId><TxSts>ACCC</TxSts></TxInfAndSts><TxInfAndSts>";
    assert!(report(two).is_err());
}

#[test]
fn only_a_booked_credit_that_was_not_paid_back_counts() {
    let booked = Booked { amount: 3_000, payer: Some("5ABCDE1".parse().unwrap()) };
    assert_eq!(entries(&entry("BOOK", "CRDT", "30.00")), Ok(Some(booked)));
    assert_eq!(entries(&entry("PDNG", "CRDT", "30.00")), Ok(None));
    assert_eq!(entries(&entry("BOOK", "DBIT", "30.00")), Ok(None));
    let both = entry("BOOK", "CRDT", "30") + &entry("BOOK", "DBIT", "30");
    assert_eq!(entries(&both), Ok(None));
    let reversed = entry("BOOK", "CRDT", "30").replace("<Sts>", "<RvslInd>true</RvslInd><Sts>");
    assert_eq!(entries(&reversed), Ok(None));
    assert!(entries(&(entry("BOOK", "CRDT", "30") + &entry("BOOK", "CRDT", "30"))).is_err());
    assert_eq!(entries(&entry("BOOK", "CRDT", "30").replace("DR-1", "DR-2")), Ok(None));
    assert_eq!(entries(""), Ok(None));
    let nameless = entry("BOOK", "CRDT", "30").replace("FIN", "PASSPORT");
    assert_eq!(entries(&nameless), Ok(Some(Booked { amount: 3_000, payer: None })));
}

#[test]
fn amounts_are_exact() {
    for (text, qepik) in [("30", 3_000), ("30.0", 3_000), ("30.05", 3_005), ("30.050", 3_005), ("0.5", 50)] {
        let found = entries(&entry("BOOK", "CRDT", text)).unwrap().unwrap();
        assert_eq!(found.amount, qepik, "{text}");
    }
    for wrong in ["", ".5", "30.005", "-30", "+30", "3e1", "30,00", "99999999999999999999"] {
        assert!(entries(&entry("BOOK", "CRDT", wrong)).is_err(), "{wrong}");
    }
    assert!(entries(&entry("BOOK", "CRDT", "30").replace("AZN", "USD")).is_err());
}

#[test]
fn a_message_of_another_kind_is_invalid() {
    let other =
        parse(b"<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.001.001.09\"><FIToFIPmtStsRpt/></Document>");
    assert!(status_report(&other.unwrap()).is_err());
}
