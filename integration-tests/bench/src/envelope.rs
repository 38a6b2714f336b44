//! One SOAP envelope for everybody: signed by us, and unsigned in the forms that the others sign.

use std::fmt::Write;

const WSU: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
const WSSE: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
const EXC_C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

/// An answer as registers give it: so many bytes of fields of a hundred bytes each. Its text is canonical.
pub(crate) fn payload(bytes: usize) -> String {
    let mut text = "<m:answer xmlns:m=\"urn:mohur:exchange:1\"><m:fields>".to_owned();
    let end = "</m:fields></m:answer>";
    for number in 0.. {
        if text.len() + end.len() >= bytes {
            break;
        }
        // A string takes whatever is written into it.
        let _written = write!(
            text,
            "<m:field name=\"field{number}\" type=\"text\">Küçə {number}, ev 7, mənzil 12, Bakı AZ1000</m:field>"
        );
    }
    text + end
}

/// The envelope with everything but its signature, which stands where `signature` says.
fn unsigned(payload: &str, signature: &str) -> String {
    format!(
        "<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:wsu=\"{WSU}\"><soap:Header>\
         <wsse:Security xmlns:wsse=\"{WSSE}\"><wsu:Timestamp wsu:Id=\"timestamp\"><wsu:Created>2026-11-22T12:00:00Z\
         </wsu:Created><wsu:Expires>2026-11-22T12:01:00Z</wsu:Expires></wsu:Timestamp>{signature}</wsse:Security>\
         </soap:Header><soap:Body wsu:Id=\"body\">{payload}</soap:Body></soap:Envelope>"
    )
}

/// What Santuario signs, which makes its Signature itself.
pub(crate) fn plain(payload: &str) -> String {
    unsigned(payload, "")
}

/// What libxmlsec1 signs: with a Signature whose values are empty.
pub(crate) fn template(payload: &str) -> String {
    let reference = |id: &str| {
        format!(
            "<ds:Reference URI=\"#{id}\"><ds:Transforms><ds:Transform Algorithm=\"{EXC_C14N}\"/></ds:Transforms>\
             <ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/><ds:DigestValue/></ds:Reference>"
        )
    };
    let signature = format!(
        "<ds:Signature xmlns:ds=\"{DS}\"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm=\"{EXC_C14N}\"/>\
         <ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256\"/>{}{}</ds:SignedInfo>\
         <ds:SignatureValue/></ds:Signature>",
        reference("body"),
        reference("timestamp")
    );
    unsigned(payload, &signature)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_has_the_size_that_is_asked_for() {
        for size in [2048, 20 << 10] {
            let length = payload(size).len();
            assert!((size..size + 120).contains(&length), "{length}");
        }
    }
}
