//! Fault messages (PR-MESS 2.5 and annex D.1).

use crate::vocabulary::{Vocabulary, XRoadError};

/// A SOAP 1.1 fault. `detail` is what the client tells whoever looks for the message in the logs: an id.
pub fn fault(error: &XRoadError, vocabulary: Vocabulary, detail: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <SOAP-ENV:Envelope xmlns:SOAP-ENV=\"http://schemas.xmlsoap.org/soap/envelope/\">\
         <SOAP-ENV:Body><SOAP-ENV:Fault>\
         <faultcode>{}</faultcode><faultstring>{}</faultstring><faultactor></faultactor>\
         <detail><faultDetail xmlns=\"\">{}</faultDetail></detail>\
         </SOAP-ENV:Fault></SOAP-ENV:Body></SOAP-ENV:Envelope>",
        escaped(&error.named(vocabulary)),
        escaped(&error.message),
        escaped(detail),
    )
}

/// Text as it may stand in an element or in an attribute's value.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            // As they are, a reader would turn them into line feeds or blanks (XML 1.0 §2.11, §3.3.3).
            '\t' | '\n' | '\r' => out.push_str(&format!("&#{};", u32::from(c))),
            // XML 1.0 §2.2 has no way to write these.
            c if c.is_control() && c < '\u{20}' || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::Code;

    #[test]
    fn a_fault_has_the_shape_of_annex_d() {
        let error = XRoadError::client(Code::MISSING_BODY, "a < b & \u{1}");
        let text = fault(&error, Vocabulary::CamelCase, "id-1");
        assert!(
            text.contains(
                "<faultcode>Client.MissingBody</faultcode><faultstring>a &lt; b &amp; \u{fffd}</faultstring>"
            )
        );
        assert!(text.contains("<faultactor></faultactor><detail><faultDetail xmlns=\"\">id-1</faultDetail></detail>"));
        assert!(fault(&error, Vocabulary::SnakeCase, "").contains("<faultcode>client.missing_body</faultcode>"));
    }
}
