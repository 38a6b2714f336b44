//! The codes of X-Road's errors, in both vocabularies, and whom they blame.

use std::fmt;
use std::str::FromStr;

use mohur_wire::{Refusal, RefusalCode};

/// How error codes are spelled. Existing clients compare them, so the configuration chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vocabulary {
    /// Security Servers up to 7.7: `Server.ServerProxy.AccessDenied`.
    CamelCase,
    /// From 7.8: `server.serverproxy.access_denied`.
    SnakeCase,
}

/// Whom an error blames. X-Road's clients read it from the code's beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The client's message is wrong.
    Client,
    /// The consumer's side: this door.
    ClientProxy,
    /// The provider's side: the broker, the owner's host, the register.
    ServerProxy,
}

/// An error of the protocol itself, with X-Road's two names for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// Up to 7.7.
    pub camel: &'static str,
    /// From 7.8.
    pub snake: &'static str,
}

/// What an X-Road client is told instead of an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", self.named(Vocabulary::SnakeCase))]
pub struct XRoadError {
    /// Whom it blames.
    pub blame: Blame,
    /// Its names.
    pub code: Code,
    /// What, where and what to do; never personal data.
    pub message: String,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident, $camel:literal, $snake:literal;)*) => {
        impl Code {
            $($(#[$doc])* pub const $name: Self = Self { camel: $camel, snake: $snake };)*
        }
    };
}

codes! {
    /// The REST request is not one of the protocol.
    BAD_REQUEST, "BadRequest", "bad_request";
    /// The message cannot become a question.
    INVALID_REQUEST, "InvalidRequest", "invalid_request";
    /// A seal or a receipt does not verify.
    INVALID_SIGNATURE, "InvalidSignatureValue", "invalid_signature_value";
    /// Not XML, or a construct of XML that is not accepted.
    INVALID_XML, "InvalidXml", "invalid_xml";
    /// Not a SOAP 1.1 envelope.
    INVALID_SOAP, "InvalidSoap", "invalid_soap";
    /// No SOAP header.
    MISSING_HEADER, "MissingHeader", "missing_header";
    /// A header field of the protocol is missing.
    MISSING_HEADER_FIELD, "MissingHeaderField", "missing_header_field";
    /// A header field stands there twice.
    DUPLICATE_HEADER_FIELD, "DuplicateHeaderField", "duplicate_header_field";
    /// There is no body.
    MISSING_BODY, "MissingBody", "missing_body";
    /// The body is not one element, or not the service's.
    INVALID_BODY, "InvalidBody", "invalid_body";
    /// Two headers do not go together.
    INCONSISTENT_HEADERS, "InconsistentHeaders", "inconsistent_headers";
    /// The provider's answer does not belong to the request.
    INCONSISTENT_RESPONSE, "InconsistentResponse", "inconsistent_response";
    /// Another version of the protocol.
    INVALID_PROTOCOL_VERSION, "InvalidProtocolVersion", "invalid_protocol_version";
    /// The content type is not accepted.
    INVALID_CONTENT_TYPE, "InvalidContentType", "invalid_content_type";
    /// The method is not accepted.
    INVALID_HTTP_METHOD, "InvalidHttpMethod", "invalid_http_method";
    /// The multipart message is broken.
    MIME_PARSING_FAILED, "MimeParsingFailed", "mime_parsing_failed";
    /// The header names a security server.
    INVALID_SECURITY_SERVER, "InvalidSecurityServer", "invalid_security_server";
    /// The client is not one of this door.
    UNKNOWN_MEMBER, "UnknownMember", "unknown_member";
    /// There is no such service.
    UNKNOWN_SERVICE, "UnknownService", "unknown_service";
    /// The certificate, or its lack, does not fit the client that is named.
    SSL_AUTH_FAILED, "SslAuthenticationFailed", "ssl_authentication_failed";
    /// There is nothing under that key.
    NOT_FOUND, "NotFound", "not_found";
    /// The other side cannot be reached.
    NETWORK_ERROR, "NetworkError", "network_error";
    /// Something is broken here.
    INTERNAL_ERROR, "InternalError", "internal_error";
}

impl Code {
    /// The name in a vocabulary.
    pub const fn named(self, vocabulary: Vocabulary) -> &'static str {
        match vocabulary {
            Vocabulary::CamelCase => self.camel,
            Vocabulary::SnakeCase => self.snake,
        }
    }
}

impl Blame {
    const fn prefix(self, vocabulary: Vocabulary) -> &'static str {
        match (self, vocabulary) {
            (Self::Client, Vocabulary::CamelCase) => "Client",
            (Self::ClientProxy, Vocabulary::CamelCase) => "Server.ClientProxy",
            (Self::ServerProxy, Vocabulary::CamelCase) => "Server.ServerProxy",
            (Self::Client, Vocabulary::SnakeCase) => "client",
            (Self::ClientProxy, Vocabulary::SnakeCase) => "server.clientproxy",
            (Self::ServerProxy, Vocabulary::SnakeCase) => "server.serverproxy",
        }
    }

    /// Whom a refusal blames, as X-Road would: what the consumer's side finds out about the client's message is the
    /// client's, what it cannot do is its own, and what broker, host and register say is the provider side's.
    pub const fn of(code: RefusalCode) -> Self {
        match code {
            RefusalCode::Malformed
            | RefusalCode::XmlRefused
            | RefusalCode::NotUnderstood
            | RefusalCode::TooLarge
            | RefusalCode::UnsupportedMediaType
            | RefusalCode::NoSuchEndpoint
            | RefusalCode::MethodNotAllowed
            | RefusalCode::RequestTimeout
            | RefusalCode::DigestMismatch => Self::Client,
            // The door signs and names itself: where that fails, the door is what must be mended.
            RefusalCode::SignatureMissing
            | RefusalCode::SignatureInvalid
            | RefusalCode::ComponentUncovered
            | RefusalCode::AlgorithmRefused
            | RefusalCode::KeyUnknown
            | RefusalCode::CertificateRefused
            | RefusalCode::CertificateExpired
            | RefusalCode::CertificateRevoked
            | RefusalCode::IdentityMismatch
            | RefusalCode::WrongBroker
            | RefusalCode::Stale
            | RefusalCode::Future
            | RefusalCode::Replayed
            | RefusalCode::InProgress
            | RefusalCode::UnknownMember
            | RefusalCode::NotMapped
            | RefusalCode::BundleUnknown
            | RefusalCode::BundleStale
            | RefusalCode::DirectoryStale => Self::ClientProxy,
            RefusalCode::UnknownService
            | RefusalCode::Denied
            | RefusalCode::NotAvailable
            | RefusalCode::RateLimited
            | RefusalCode::ProviderUnavailable
            | RefusalCode::ProviderTimeout
            | RefusalCode::ProviderInvalid
            | RefusalCode::SubjectMismatch
            | RefusalCode::SettlementRefused
            | RefusalCode::PolicyUnavailable
            | RefusalCode::JournalUnavailable
            | RefusalCode::Overloaded
            | RefusalCode::ShuttingDown
            | RefusalCode::Internal => Self::ServerProxy,
        }
    }
}

impl XRoadError {
    /// The client's message is wrong.
    pub fn client(code: Code, message: impl Into<String>) -> Self {
        Self { blame: Blame::Client, code, message: message.into() }
    }

    /// The door cannot do it.
    pub fn door(code: Code, message: impl Into<String>) -> Self {
        Self { blame: Blame::ClientProxy, code, message: message.into() }
    }

    /// The provider's side.
    pub fn provider(code: Code, message: impl Into<String>) -> Self {
        Self { blame: Blame::ServerProxy, code, message: message.into() }
    }

    /// The whole code, e.g. `server.serverproxy.access_denied`.
    pub fn named(&self, vocabulary: Vocabulary) -> String {
        format!("{}.{}", self.blame.prefix(vocabulary), self.code.named(vocabulary))
    }
}

impl From<Refusal> for XRoadError {
    fn from(refusal: Refusal) -> Self {
        let text = refusal.code.text();
        let code = Code { camel: text.xroad_legacy, snake: text.xroad };
        Self { blame: Blame::of(refusal.code), code, message: format!("{} {}", text.english, refusal.detail) }
    }
}

impl FromStr for Vocabulary {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "7.7" => Ok(Self::CamelCase),
            "7.8" => Ok(Self::SnakeCase),
            _ => Err(
                "write \"7.7\" for codes like Server.ServerProxy.AccessDenied, \"7.8\" for server.serverproxy.access_denied",
            ),
        }
    }
}

impl fmt::Display for Vocabulary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CamelCase => "7.7",
            Self::SnakeCase => "7.8",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_a_name_in_both_vocabularies() {
        let denied = XRoadError::from(Refusal::from(RefusalCode::Denied));
        assert_eq!(denied.named(Vocabulary::CamelCase), "Server.ServerProxy.AccessDenied");
        assert_eq!(denied.named(Vocabulary::SnakeCase), "server.serverproxy.access_denied");
        for code in RefusalCode::ALL {
            let error = XRoadError::from(Refusal::from(*code));
            let camel = error.named(Vocabulary::CamelCase);
            assert!(camel.split('.').all(|part| part.starts_with(|c: char| c.is_ascii_uppercase())), "{camel}");
            let snake = error.named(Vocabulary::SnakeCase);
            assert!(snake.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b == b'.'), "{snake}");
        }
        let wrong = XRoadError::client(Code::DUPLICATE_HEADER_FIELD, "");
        assert_eq!(wrong.named(Vocabulary::CamelCase), "Client.DuplicateHeaderField");
    }
}
