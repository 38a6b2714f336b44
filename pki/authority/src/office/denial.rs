//! Why the office says no.

use crate::AuthorityError;

/// A refusal, with what the caller may know of it.
#[derive(Debug, thiserror::Error)]
pub enum Denial {
    /// There is no such token, or it was withdrawn.
    #[error("there is no such invitation; ask the operator for a new one")]
    TokenUnknown,
    /// The token's time is over.
    #[error("the invitation has expired; ask the operator for a new one")]
    TokenExpired,
    /// The token was used with another key.
    #[error("the invitation was used already, with another key; if that was not you, tell the operator at once")]
    TokenUsed,
    /// The invitation is for something else.
    #[error("the invitation is not for this profile")]
    NotInvited,
    /// The request cannot be used.
    #[error("the certificate request: {0}")]
    RequestRefused(String),
    /// The key cannot be used.
    #[error("the key: {0}")]
    KeyRefused(String),
    /// The request names another member.
    #[error("the certificate request names {named}, and this is for {member}")]
    OtherMember {
        /// In the request.
        named: String,
        /// By right.
        member: String,
    },
    /// The certificate that was shown opens nothing here.
    #[error("the certificate that you show: {0}")]
    CertificateRefused(String),
    /// The caller may not do that.
    #[error("{0}")]
    NotAllowed(String),
    /// Nothing of that name.
    #[error("{0}")]
    Unknown(String),
    /// Officers said no, or nobody said yes in time.
    #[error("the application was not approved: {0}; make a new key and apply again")]
    Rejected(String),
    /// The signed decision cannot be used.
    #[error("the signed decision: {0}")]
    StatementRefused(String),
    /// The authority itself failed.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
}

impl Denial {
    /// A stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TokenUnknown => "token-unknown",
            Self::TokenExpired => "token-expired",
            Self::TokenUsed => "token-used",
            Self::NotInvited => "not-invited",
            Self::RequestRefused(_) => "request-refused",
            Self::KeyRefused(_) => "key-refused",
            Self::OtherMember { .. } => "other-member",
            Self::CertificateRefused(_) => "certificate-refused",
            Self::NotAllowed(_) => "not-allowed",
            Self::Unknown(_) => "unknown",
            Self::Rejected(_) => "rejected",
            Self::StatementRefused(_) => "statement-refused",
            Self::Authority(_) => "internal",
        }
    }

    /// The status of its answer over HTTP.
    pub const fn status(&self) -> u16 {
        match self {
            Self::TokenUnknown | Self::TokenExpired | Self::CertificateRefused(_) => 401,
            Self::TokenUsed | Self::NotInvited | Self::OtherMember { .. } | Self::NotAllowed(_) => 403,
            Self::Unknown(_) => 404,
            Self::Rejected(_) => 410,
            Self::RequestRefused(_) | Self::KeyRefused(_) | Self::StatementRefused(_) => 422,
            Self::Authority(_) => 500,
        }
    }

    /// What the caller is told. The inner workings of the authority stay in its own log.
    pub fn detail(&self) -> String {
        match self {
            Self::Authority(_) => "the authority could not do it; its operator sees why".to_owned(),
            told @ (Self::TokenUnknown
            | Self::TokenExpired
            | Self::TokenUsed
            | Self::NotInvited
            | Self::RequestRefused(_)
            | Self::KeyRefused(_)
            | Self::OtherMember { .. }
            | Self::CertificateRefused(_)
            | Self::NotAllowed(_)
            | Self::Unknown(_)
            | Self::Rejected(_)
            | Self::StatementRefused(_)) => told.to_string(),
        }
    }

    /// The operator is told everything.
    pub(crate) fn of_operator(error: AuthorityError) -> Self {
        Self::NotAllowed(error.to_string())
    }

    /// What was looked for and not found is the caller's to correct.
    #[expect(clippy::wildcard_enum_match_arm, reason = "everything else is the authority's own trouble")]
    pub(crate) fn of_lookup(error: AuthorityError) -> Self {
        match error {
            AuthorityError::Unknown(_) | AuthorityError::Ambiguous(_) | AuthorityError::AlreadyRevoked(_) => {
                Self::Unknown(error.to_string())
            }
            other => Self::Authority(other),
        }
    }
}
