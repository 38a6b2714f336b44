//! What a token's refusals mean: try again with a new session, or give up.

use cryptoki::error::{Error, RvError};

/// Why a token did not do it.
#[derive(Debug)]
pub(super) enum Failure {
    /// Session or token have vanished; a new session may find them again.
    Gone {
        /// The token's own word for it.
        what: String,
        /// Whether the session's handle means nothing any more, so that it must not be closed: the number may be another's.
        handle_is_dead: bool,
        /// Whether the module must be initialised again.
        uninitialised: bool,
    },
    /// The PIN is wrong or locked. Never tried again: tokens lock after a few.
    Pin(String),
    /// It would be the same the next time.
    Final(String),
}

impl Failure {
    /// Judges what a function other than `C_Login` said.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the list of what is worth a new session is ours, the enum is not"
    )]
    pub(super) fn of(error: &Error) -> Self {
        use RvError as Rv;
        let what = describe(error);
        let gone = |handle_is_dead, uninitialised| Self::Gone { what: what.clone(), handle_is_dead, uninitialised };
        let Error::Pkcs11(code, _) = error else { return Self::Final(what) };
        match code {
            Rv::CryptokiNotInitialized => gone(true, true),
            Rv::SessionHandleInvalid | Rv::SessionClosed => gone(true, false),
            Rv::TokenNotPresent
            | Rv::TokenNotRecognized
            | Rv::DeviceError
            | Rv::DeviceRemoved
            | Rv::DeviceMemory
            | Rv::SlotIdInvalid
            | Rv::SessionCount
            | Rv::UserNotLoggedIn
            | Rv::KeyHandleInvalid
            | Rv::ObjectHandleInvalid
            | Rv::OperationActive
            | Rv::OperationNotInitialized
            | Rv::GeneralError
            | Rv::FunctionFailed
            | Rv::FunctionCanceled => gone(false, false),
            _ => Self::Final(what),
        }
    }

    /// Judges what `C_Login` said. Some tokens report a wrong PIN as a general failure, so that only what cannot have
    /// counted as a try is tried again.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the list of what is worth a new session is ours, the enum is not"
    )]
    pub(super) fn of_login(error: &Error) -> Self {
        use RvError as Rv;
        let Error::Pkcs11(code, _) = error else { return Self::Final(describe(error)) };
        match code {
            Rv::PinIncorrect
            | Rv::PinInvalid
            | Rv::PinLenRange
            | Rv::PinExpired
            | Rv::PinLocked
            | Rv::UserPinNotInitialized => Self::Pin(describe(error)),
            Rv::CryptokiNotInitialized
            | Rv::SessionHandleInvalid
            | Rv::SessionClosed
            | Rv::TokenNotPresent
            | Rv::DeviceRemoved
            | Rv::SlotIdInvalid => Self::of(error),
            _ => Self::Final(describe(error)),
        }
    }

    /// The token is not there.
    pub(super) const fn absent(what: String) -> Self {
        Self::Gone { what, handle_is_dead: false, uninitialised: false }
    }
}

/// The function and the code, as PKCS#11 spells them; the library's own message for a code is a paragraph of the standard.
fn describe(error: &Error) -> String {
    match error {
        Error::Pkcs11(code, function) => format!("{function:?} answers {code:?}"),
        Error::LibraryLoading(_)
        | Error::NotSupported
        | Error::TryFromInt(_)
        | Error::TryFromSlice(_)
        | Error::ParseInt(_)
        | Error::Utf8(_)
        | Error::NulError(_)
        | Error::NullFunctionPointer
        | Error::MissingSymbol(_)
        | Error::InvalidValue
        | Error::PinNotSet => error.to_string(),
        #[allow(unreachable_patterns, reason = "the enum is not ours and may grow")]
        _ => error.to_string(),
    }
}
