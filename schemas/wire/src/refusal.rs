//! The closed list of refusals. A refusal never means "no": it means that nothing was said.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where the `type` of a problem document points.
pub const ERRORS_DOCUMENT: &str = "docs/errors.md";

/// What stands beside a code: shown to callers, mapped to each protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefusalText {
    /// HTTP status of the problem document (RFC 9457).
    pub status: u16,
    /// SOAP fault code: `Client` (the caller can mend it), `Server`, or `MustUnderstand`.
    pub soap: SoapFault,
    /// X-Road's CamelCase code (Security Server up to 7.7).
    pub xroad_legacy: &'static str,
    /// X-Road's snake_case code (from 7.8).
    pub xroad: &'static str,
    /// One sentence for the caller.
    pub english: &'static str,
    /// The same in Azerbaijani.
    pub azerbaijani: &'static str,
    /// What to do next.
    pub remedy: &'static str,
}

/// Whose fault a SOAP fault is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SoapFault {
    /// `soap:Client` (SOAP 1.2: `Sender`).
    Client,
    /// `soap:Server` (SOAP 1.2: `Receiver`).
    Server,
    /// `soap:MustUnderstand`, in both versions.
    MustUnderstand,
}

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident, $code:literal, $status:literal, $soap:ident, $legacy:literal, $xroad:literal,
        $english:literal, $azerbaijani:literal, $remedy:literal;)*) => {
        /// A reason why nothing was said.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum RefusalCode {
            $(#[doc = $english] #[serde(rename = $code)] $name,)*
        }

        impl RefusalCode {
            /// Every code there is.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code on the wire, and the anchor in `docs/errors.md`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// Status, fault codes and sentences.
            pub const fn text(self) -> RefusalText {
                match self {
                    $(Self::$name => RefusalText {
                        status: $status, soap: SoapFault::$soap, xroad_legacy: $legacy, xroad: $xroad,
                        english: $english, azerbaijani: $azerbaijani, remedy: $remedy,
                    },)*
                }
            }
        }
    };
}

refusals! {
    Malformed, "malformed", 400, Client, "InvalidRequest", "invalid_request",
        "The message is not well formed.", "Mesaj düzgün tərtib edilməyib.",
        "Compare the message with the contract, /openapi.json or /soap?wsdl; the detail names the place.";
    XmlRefused, "xml-refused", 400, Client, "InvalidRequest", "invalid_xml",
        "The message uses XML that is not accepted here.", "Mesajda qəbul edilməyən XML quruluşu var.",
        "Leave out what the detail names; document types, processing instructions and repeated Ids are never accepted.";
    NotUnderstood, "not-understood", 400, MustUnderstand, "InvalidRequest", "header_not_understood",
        "A header that must be understood is not.", "Mütləq başa düşülməli olan başlıq tanınmır.",
        "Leave out the header that the detail names, or send it without mustUnderstand.";
    TooLarge, "too-large", 413, Client, "InvalidRequest", "request_too_large",
        "The message is larger than the limit.", "Mesaj icazə verilən həcmdən böyükdür.",
        "Send a smaller message; the limit stands in the detail.";
    UnsupportedMediaType, "unsupported-media-type", 415, Client, "InvalidContentType", "invalid_content_type",
        "The content type is not accepted here.", "Bu məzmun növü qəbul edilmir.",
        "Send application/json; to /soap send text/xml, application/soap+xml or multipart/related.";
    NoSuchEndpoint, "no-such-endpoint", 404, Client, "InvalidRequest", "invalid_path",
        "There is nothing at this address.", "Bu ünvanda heç nə yoxdur.",
        "The contract at /openapi.json lists the addresses; SOAP has one, /soap.";
    MethodNotAllowed, "method-not-allowed", 405, Client, "InvalidHttpMethod", "invalid_http_method",
        "The address does not take this method.", "Bu ünvan həmin metodu qəbul etmir.",
        "The contract at /openapi.json lists the methods.";
    RequestTimeout, "request-timeout", 408, Client, "NetworkError", "request_timeout",
        "The message did not arrive in time.", "Mesaj vaxtında çatdırılmadı.",
        "Send the whole message without pauses.";
    SignatureMissing, "signature-missing", 401, Client, "MissingSignature", "missing_signature",
        "The message carries no signature.", "Mesaj imzalanmayıb.",
        "Sign the message with your seal key (RFC 9421 or WS-Security); docs/errors.md shows what must be covered.";
    SignatureInvalid, "signature-invalid", 401, Client, "InvalidSignatureValue", "invalid_signature_value",
        "The signature does not verify.", "İmza təsdiqlənmədi.",
        "Sign exactly what is sent, with the key of the certificate that the signature names.";
    ComponentUncovered, "component-uncovered", 401, Client, "InvalidSignatureValue", "component_not_covered",
        "The signature leaves out something that it must cover.", "İmza mütləq hissələrdən birini əhatə etmir.",
        "Cover every component that the detail names.";
    DigestMismatch, "digest-mismatch", 400, Client, "InvalidSignatureValue", "digest_mismatch",
        "What arrived is not what the digest was computed over.", "Gələn mesaj göstərilən digest dəyərinə uyğun deyil.",
        "Compute the digest (SHA-256, SHA-384 over SOAP, or SHA-512) over what is sent, after the last change to it.";
    AlgorithmRefused, "algorithm-refused", 401, Client, "InvalidSignatureValue", "algorithm_not_allowed",
        "The signature algorithm is not one for this key.", "İmza alqoritmi bu açar üçün qəbul edilmir.",
        "Use the algorithm that the directory pins to your key; the detail names what is accepted.";
    KeyUnknown, "key-unknown", 401, Client, "CertValidation", "unknown_key",
        "The directory does not know this key.", "Bu açar kataloqda yoxdur.",
        "Name your seal certificate (keyid is its SHA-256; WS-Security has a token), and have it in the directory.";
    CertificateRefused, "certificate-refused", 401, Client, "CertValidation", "certificate_refused",
        "The certificate is not one that may be used for this.", "Sertifikat bu məqsəd üçün istifadə edilə bilməz.",
        "Use a certificate of the right profile: TLS to connect, seal to sign.";
    CertificateExpired, "certificate-expired", 401, Client, "CertValidation", "certificate_expired",
        "The certificate is not valid now.", "Sertifikatın etibarlılıq müddəti uyğun deyil.",
        "Renew the certificate.";
    CertificateRevoked, "certificate-revoked", 401, Client, "CertValidation", "certificate_revoked",
        "The certificate has been revoked.", "Sertifikat ləğv edilib.",
        "Ask your operator for a new certificate.";
    IdentityMismatch, "identity-mismatch", 403, Client, "InvalidClientIdentifier", "identity_mismatch",
        "The signer is not the one who opened the connection.", "İmzalayan tərəf bağlantını açan tərəf deyil.",
        "Sign with the seal key of the agency whose TLS certificate you connect with.";
    WrongBroker, "wrong-broker", 421, Client, "InvalidRequest", "wrong_broker",
        "This broker is not the home of the caller.", "Bu broker sorğu göndərənin ev brokeri deyil.",
        "Send the message to the broker that the directory names for you.";
    Stale, "stale", 401, Client, "InvalidRequest", "message_stale",
        "The signature was made too long ago.", "İmza çox əvvəl yaradılıb.",
        "Set the clock, and sign again just before sending.";
    Future, "future", 401, Client, "InvalidRequest", "message_from_future",
        "The signature was made in the future.", "İmza gələcək zamanla yaradılıb.",
        "Set the clock.";
    Replayed, "replayed", 409, Client, "InvalidRequest", "message_replayed",
        "A message with this id has been answered already.", "Bu identifikatorlu mesaj artıq cavablandırılıb.",
        "Send a new query with a new id; the receipt of the first one is in Mohur-Receipt.";
    InProgress, "in-progress", 409, Client, "InvalidRequest", "message_in_progress",
        "A message with this id is being answered.", "Bu identifikatorlu mesaj hazırda cavablandırılır.",
        "Wait for the answer of the first one.";
    UnknownMember, "unknown-member", 403, Client, "UnknownMember", "unknown_member",
        "The directory does not know this member.", "Bu iştirakçı kataloqda yoxdur.",
        "Check the identifier; ask the operator to enrol the member.";
    UnknownService, "unknown-service", 404, Client, "UnknownService", "unknown_service",
        "The directory does not know this service.", "Bu xidmət kataloqda yoxdur.",
        "Check the identifier and the version of the service.";
    NotMapped, "not-mapped", 404, Client, "UnknownService", "service_not_mapped",
        "The X-Road door has no mapping for this service.", "X-Road qapısında bu xidmət üçün uyğunlaşdırma yoxdur.",
        "Have the door's operator write a mapping, or the owner release the field message to you.";
    Denied, "denied", 403, Client, "AccessDenied", "access_denied",
        "The owner's policy does not allow this.", "Məlumat sahibinin qaydaları buna icazə vermir.",
        "Ask your security officer which purpose and fields are granted to you.";
    NotAvailable, "not-available", 404, Client, "AccessDenied", "not_available",
        "There is nothing here that can be given to you.", "Sizə verilə biləcək məlumat yoxdur.",
        "Check the key; if you are sure of it, ask your security officer.";
    RateLimited, "rate-limited", 429, Client, "AccessDenied", "rate_limited",
        "The agency sends more than its share.", "Qurum ona ayrılmış sorğu həddini aşır.",
        "Wait as long as Retry-After says.";
    BundleUnknown, "bundle-unknown", 404, Client, "UnknownService", "unknown_bundle",
        "There is no such bundle.", "Belə bir paket yoxdur.",
        "Fetch the definitions from /v1/definitions.";
    BundleStale, "bundle-stale", 409, Client, "InvalidRequest", "bundle_stale",
        "The bundle was built from another version of the definition.", "Paket başqa versiyaya əsasən qurulub.",
        "Fetch the definition again and build the legs from it.";
    ProviderUnavailable, "provider-unavailable", 503, Server, "NetworkError", "provider_unavailable",
        "The register cannot be reached.", "Reyestrə qoşulmaq mümkün olmadı.",
        "Try again later with a new id.";
    ProviderTimeout, "provider-timeout", 504, Server, "NetworkError", "provider_timeout",
        "The register did not answer in time.", "Reyestr vaxtında cavab vermədi.",
        "Try again later with a new id.";
    ProviderInvalid, "provider-invalid", 502, Server, "InconsistentResponse", "provider_invalid",
        "The register's answer was not one that can be passed on.", "Reyestrin cavabı ötürülə bilməz.",
        "Tell the operator; the answer was dropped and logged.";
    SubjectMismatch, "subject-mismatch", 502, Server, "InconsistentResponse", "subject_mismatch",
        "The register answered about something else; the answer was dropped.",
        "Reyestr başqa sorğuya aid cavab verdi; cavab ləğv edildi.",
        "Tell the operator.";
    SettlementRefused, "settlement-refused", 409, Client, "ServiceFailed", "settlement_refused",
        "The reservation cannot be settled like this.", "Rezervasiya bu cür tamamlana bilməz.",
        "A reservation is settled once, by the caller that made it.";
    DirectoryStale, "directory-stale", 503, Server, "OutdatedGlobalConf", "directory_stale",
        "The member directory has expired.", "İştirakçı kataloqunun müddəti bitib.",
        "Tell the operator: a current directory must be published.";
    PolicyUnavailable, "policy-unavailable", 503, Server, "InternalError", "policy_unavailable",
        "The policy could not be evaluated, so nothing is released.",
        "Qaydalar yoxlanıla bilmədi, ona görə heç nə verilmir.",
        "Tell the operator.";
    JournalUnavailable, "journal-unavailable", 503, Server, "LoggingFailed", "logging_failed",
        "The log cannot be written, so nothing is released.", "Jurnala yazmaq mümkün deyil, ona görə heç nə verilmir.",
        "Try again later with a new id.";
    Overloaded, "overloaded", 503, Server, "ServiceFailed", "overloaded",
        "There is more work than the broker takes.", "Broker hazırda həddən artıq yüklənib.",
        "Wait as long as Retry-After says, then send a new query.";
    ShuttingDown, "shutting-down", 503, Server, "ServiceFailed", "shutting_down",
        "The broker is being stopped.", "Broker dayandırılır.",
        "Try again in a moment with a new id.";
    Internal, "internal", 500, Server, "InternalError", "internal_error",
        "Something is broken on our side; nothing was released.", "Bizim tərəfdə xəta baş verdi; heç nə verilmədi.",
        "Tell the operator the id of the message.";
}

impl fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A refusal on its way to the caller: the code, and what may be said beyond the code's own sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct Refusal {
    /// Which one.
    pub code: RefusalCode,
    /// What, where and what to do. Never personal data, never a secret.
    pub detail: String,
}

impl Refusal {
    /// A refusal with a detail for the caller.
    pub fn new(code: RefusalCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

impl From<RefusalCode> for Refusal {
    fn from(code: RefusalCode) -> Self {
        Self { code, detail: code.text().remedy.to_owned() }
    }
}

/// A problem document (RFC 9457), the body of every refusal over REST.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// A stable address: `docs/errors.md#<code>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The sentence in English.
    pub title: String,
    /// The sentence in Azerbaijani.
    pub title_az: String,
    /// The HTTP status.
    pub status: u16,
    /// What, where and what to do.
    pub detail: String,
    /// The code.
    pub code: RefusalCode,
    /// The message's id, where it could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

impl Problem {
    /// The problem document of a refusal.
    pub fn new(refusal: &Refusal, id: Option<&str>) -> Self {
        let text = refusal.code.text();
        Self {
            kind: format!("{ERRORS_DOCUMENT}#{}", refusal.code),
            title: text.english.to_owned(),
            title_az: text.azerbaijani.to_owned(),
            status: text.status,
            detail: refusal.detail.clone(),
            code: refusal.code,
            id: id.map(str::to_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_every_one_is_fully_described() {
        let mut codes: Vec<_> = RefusalCode::ALL.iter().map(|code| code.as_str()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), RefusalCode::ALL.len());
        for code in RefusalCode::ALL {
            let text = code.text();
            assert!((400..600).contains(&text.status), "{code}");
            assert_eq!(text.status >= 500, text.soap == SoapFault::Server, "{code}");
            assert!(
                text.english.ends_with('.') && text.azerbaijani.ends_with('.') && text.remedy.ends_with('.'),
                "{code}"
            );
            assert!(text.xroad.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{code}");
            assert_eq!(serde_json::to_string(code).unwrap(), format!("\"{code}\""));
        }
    }

    /// `docs/errors.md` has one section for each code, which says what the code says; and no other section.
    #[test]
    fn every_code_is_explained_in_the_document() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../", "docs/errors.md");
        let document = std::fs::read_to_string(path).unwrap();
        let unwrapped = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut sections = document.split("\n## ");
        let table = sections.next().unwrap();
        let mut anchors = Vec::new();
        for section in sections {
            let (anchor, text) = section.split_once('\n').unwrap();
            let Some(code) = RefusalCode::ALL.iter().find(|code| code.as_str() == anchor) else {
                panic!("a section for {anchor}, which is not a code");
            };
            let told = code.text();
            let (status, soap) = (told.status, format!("{:?}", told.soap));
            for said in [
                format!("> {}\n", told.english),
                format!("> {}\n", told.azerbaijani),
                format!("HTTP {status} · SOAP `{soap}` · X-Road `{}`, `{}`\n", told.xroad_legacy, told.xroad),
            ] {
                assert!(text.contains(&said), "{anchor}: {said}");
            }
            assert!(unwrapped(text).contains(&format!("**What to do:** {}", told.remedy)), "{anchor}");
            let row = format!("| [{code}](#{code}) | {status} | {soap} | `{}` | `{}` |", told.xroad_legacy, told.xroad);
            assert!(table.contains(&row), "{row}");
            anchors.push(anchor);
        }
        let codes: Vec<_> = RefusalCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(anchors, codes);
    }
}
