//! How refusals are made: who is to blame, and what may be shown of the two sides.

use crate::contract::exports::sso::provider::login::{
    DenialHint, EmailRefusal, Fault, LoginError, Misbehaviour, TokenProblem, TokenRejection,
};
use crate::contract::exports::sso::provider::logout::LogoutError;
use crate::contract::sso::provider::http::Error as HttpError;
use crate::contract::sso::provider::types::Endpoint;
use crate::json::{JsonError, MemberError};
use crate::unseen::is_unseen;

/// The longest text of a provider's that is shown, in characters.
const SHOWN: usize = 128;
/// The same of an e-mail address, of which none that is well-formed is cut.
const SHOWN_EMAIL: usize = 256;

/// A text as it may be shown to an administrator: at most 128 characters, and U+FFFD for each that is not seen.
#[must_use]
pub fn shown(text: &str) -> String {
    harmless(text, SHOWN)
}

fn harmless(text: &str, most: usize) -> String {
    text.chars()
        .take(most)
        .map(|character| {
            if is_unseen(character) {
                char::REPLACEMENT_CHARACTER
            } else {
                character
            }
        })
        .collect()
}

/// The provider did not answer as it must.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProviderError {
    /// No usable answer in time; later may be better.
    Unavailable(Endpoint),
    /// Status 429, and how long to wait in seconds, when known: 1 to 60.
    Busy(Option<u32>),
    /// An answer that no correct provider gives.
    Misbehaved(Misbehaviour),
}

impl ProviderError {
    /// A fault without two sides to show.
    #[must_use]
    pub const fn fault(endpoint: Endpoint, fault: Fault) -> Self {
        Self::Misbehaved(Misbehaviour {
            endpoint,
            fault,
            expected: None,
            found: None,
        })
    }

    /// A fault with the two sides of the comparison.
    #[must_use]
    pub fn compared(endpoint: Endpoint, fault: Fault, expected: &str, found: &str) -> Self {
        Self::Misbehaved(Misbehaviour {
            endpoint,
            fault,
            expected: Some(shown(expected)),
            found: Some(shown(found)),
        })
    }

    /// A fault of one member of a document; the member is what was expected.
    #[must_use]
    pub fn member(endpoint: Endpoint, error: MemberError) -> Self {
        let (fault, name) = match error {
            MemberError::Missing(name) => (Fault::MissingMember, name),
            MemberError::Mistyped(name) => (Fault::MistypedMember, name),
        };
        Self::Misbehaved(Misbehaviour {
            endpoint,
            fault,
            expected: Some(name.to_owned()),
            found: None,
        })
    }

    /// Why there was no answer.
    #[must_use]
    pub const fn of_http(endpoint: Endpoint, error: HttpError) -> Self {
        match error {
            HttpError::TooLarge => Self::fault(endpoint, Fault::TooLarge),
            HttpError::Denied
            | HttpError::Unreachable
            | HttpError::Timeout
            | HttpError::BudgetExhausted => Self::Unavailable(endpoint),
        }
    }
}

impl From<ProviderError> for LoginError {
    fn from(error: ProviderError) -> Self {
        match error {
            ProviderError::Unavailable(endpoint) => Self::ProviderUnavailable(endpoint),
            ProviderError::Busy(wait) => Self::ProviderBusy(wait),
            ProviderError::Misbehaved(misbehaviour) => Self::ProviderMisbehaved(misbehaviour),
        }
    }
}

impl From<ProviderError> for LogoutError {
    fn from(error: ProviderError) -> Self {
        match error {
            ProviderError::Unavailable(endpoint) => Self::ProviderUnavailable(endpoint),
            ProviderError::Busy(wait) => Self::ProviderBusy(wait),
            ProviderError::Misbehaved(misbehaviour) => Self::ProviderMisbehaved(misbehaviour),
        }
    }
}

/// Why a token is not believed: the token's fault, or the provider's while its keys were fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// The token itself.
    Rejected(TokenRejection),
    /// Metadata or keys could not be had.
    Provider(ProviderError),
}

impl From<TokenRejection> for TokenError {
    fn from(rejection: TokenRejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl From<TokenProblem> for TokenError {
    fn from(problem: TokenProblem) -> Self {
        Self::Rejected(problem.into())
    }
}

impl From<ProviderError> for TokenError {
    fn from(error: ProviderError) -> Self {
        Self::Provider(error)
    }
}

impl From<TokenError> for LoginError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Rejected(rejection) => Self::TokenRejected(rejection),
            TokenError::Provider(error) => error.into(),
        }
    }
}

impl From<TokenError> for LogoutError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Rejected(rejection) => Self::TokenRejected(rejection),
            TokenError::Provider(error) => error.into(),
        }
    }
}

/// A rejection that shows nothing: for everything before the signature holds, and for secrets.
impl From<TokenProblem> for TokenRejection {
    fn from(problem: TokenProblem) -> Self {
        Self {
            problem,
            expected: None,
            found: None,
        }
    }
}

impl From<JsonError> for TokenProblem {
    fn from(error: JsonError) -> Self {
        match error {
            JsonError::TooLarge => Self::TooLarge,
            JsonError::DuplicateName => Self::DuplicateMember,
            JsonError::TooDeep | JsonError::Malformed => Self::Malformed,
        }
    }
}

/// The member's name is what was expected.
impl From<MemberError> for TokenRejection {
    fn from(error: MemberError) -> Self {
        let (problem, name) = match error {
            MemberError::Missing(name) => (TokenProblem::MemberMissing, name),
            MemberError::Mistyped(name) => (TokenProblem::MemberMistyped, name),
        };
        Self {
            problem,
            expected: Some(name.to_owned()),
            found: None,
        }
    }
}

/// The address that is not taken, as an administrator may see it.
#[must_use]
pub fn email_refusal(found: Option<&str>) -> EmailRefusal {
    EmailRefusal {
        found: found.map(|address| harmless(address, SHOWN_EMAIL)),
    }
}

/// A rejection with the two sides of the comparison, for claims of a token whose signature holds.
#[must_use]
pub fn compared(problem: TokenProblem, expected: &str, found: &str) -> TokenRejection {
    TokenRejection {
        problem,
        expected: Some(shown(expected)),
        found: Some(shown(found)),
    }
}

impl ProviderError {
    /// The code without its interface, as `messages` names it.
    #[must_use]
    pub fn code(&self) -> String {
        match self {
            Self::Unavailable(endpoint) => {
                ["provider-unavailable/", endpoint_name(*endpoint)].concat()
            }
            Self::Busy(_) => "provider-busy".to_owned(),
            Self::Misbehaved(misbehaviour) => misbehaviour_code(misbehaviour),
        }
    }
}

fn misbehaviour_code(misbehaviour: &Misbehaviour) -> String {
    [
        "provider-misbehaved/",
        endpoint_name(misbehaviour.endpoint),
        "/",
        fault_name(misbehaviour.fault),
    ]
    .concat()
}

/// The code of a refusal, as `messages.explain` knows it.
#[must_use]
pub fn login_code(error: &LoginError) -> String {
    let case = match error {
        LoginError::CallbackMalformed => "callback-malformed",
        LoginError::TransactionNotFound => "transaction-not-found",
        LoginError::ConnectionChanged => "connection-changed",
        LoginError::ResponseIssuerMissing => "response-issuer-missing",
        LoginError::ResponseIssuerMismatch => "response-issuer-mismatch",
        LoginError::ProviderDenied(denial) => {
            return ["login/provider-denied/", hint_name(denial.hint)].concat();
        }
        LoginError::LoginRequired => "login-required",
        LoginError::ProviderUnavailable(endpoint) => {
            return ["login/provider-unavailable/", endpoint_name(*endpoint)].concat();
        }
        LoginError::ProviderBusy(_) => "provider-busy",
        LoginError::ProviderMisbehaved(misbehaviour) => {
            return ["login/", &misbehaviour_code(misbehaviour)].concat();
        }
        LoginError::ClientRejected => "client-rejected",
        LoginError::CodeRejected => "code-rejected",
        LoginError::TokenRejected(rejection) => {
            return ["login/token-rejected/", problem_name(rejection.problem)].concat();
        }
        LoginError::EmailMissing => "email-missing",
        LoginError::EmailMalformed(_) => "email-malformed",
        LoginError::EmailUnverified(_) => "email-unverified",
        LoginError::EmailDomainNotApproved(_) => "email-domain-not-approved",
        LoginError::StorageUnavailable => "storage-unavailable",
        LoginError::RandomnessUnavailable => "randomness-unavailable",
        LoginError::ConnectionInvalid => "connection-invalid",
    };
    ["login/", case].concat()
}

/// The contract's name of an endpoint.
#[must_use]
pub const fn endpoint_name(value: Endpoint) -> &'static str {
    match value {
        Endpoint::Metadata => "metadata",
        Endpoint::Keys => "keys",
        Endpoint::Authorization => "authorization",
        Endpoint::PushedAuthorization => "pushed-authorization",
        Endpoint::Token => "token",
        Endpoint::UserInfo => "user-info",
        Endpoint::EndSession => "end-session",
    }
}

/// The contract's name of a fault.
#[must_use]
pub const fn fault_name(value: Fault) -> &'static str {
    match value {
        Fault::Status => "status",
        Fault::ContentType => "content-type",
        Fault::NotJson => "not-json",
        Fault::TooLarge => "too-large",
        Fault::MissingMember => "missing-member",
        Fault::MistypedMember => "mistyped-member",
        Fault::IssuerMismatch => "issuer-mismatch",
        Fault::EndpointOffHost => "endpoint-off-host",
        Fault::SubjectMismatch => "subject-mismatch",
        Fault::EmailMismatch => "email-mismatch",
        Fault::NoUsableKey => "no-usable-key",
        Fault::Unsupported => "unsupported",
    }
}

/// The contract's name of a token's problem.
#[must_use]
pub const fn problem_name(value: TokenProblem) -> &'static str {
    match value {
        TokenProblem::Malformed => "malformed",
        TokenProblem::TooLarge => "too-large",
        TokenProblem::Encrypted => "encrypted",
        TokenProblem::DuplicateMember => "duplicate-member",
        TokenProblem::AlgorithmNotAllowed => "algorithm-not-allowed",
        TokenProblem::CriticalHeader => "critical-header",
        TokenProblem::WrongType => "wrong-type",
        TokenProblem::KeyNotFound => "key-not-found",
        TokenProblem::KeyAmbiguous => "key-ambiguous",
        TokenProblem::KeyUnusable => "key-unusable",
        TokenProblem::SignatureMismatch => "signature-mismatch",
        TokenProblem::MemberMissing => "member-missing",
        TokenProblem::MemberMistyped => "member-mistyped",
        TokenProblem::IssuerMismatch => "issuer-mismatch",
        TokenProblem::AudienceMismatch => "audience-mismatch",
        TokenProblem::AuthorizedPartyMismatch => "authorized-party-mismatch",
        TokenProblem::Expired => "expired",
        TokenProblem::NotYetValid => "not-yet-valid",
        TokenProblem::IssuedAtUnacceptable => "issued-at-unacceptable",
        TokenProblem::LifetimeUnacceptable => "lifetime-unacceptable",
        TokenProblem::NonceMissing => "nonce-missing",
        TokenProblem::NonceMismatch => "nonce-mismatch",
        TokenProblem::AcrUnmet => "acr-unmet",
        TokenProblem::AuthTimeMissing => "auth-time-missing",
        TokenProblem::AuthenticationTooOld => "authentication-too-old",
        TokenProblem::AccessTokenHashMismatch => "access-token-hash-mismatch",
        TokenProblem::SubjectInvalid => "subject-invalid",
        TokenProblem::EventMissing => "event-missing",
        TokenProblem::NoncePresent => "nonce-present",
    }
}

/// The contract's name of a denial's hint.
#[must_use]
pub const fn hint_name(value: DenialHint) -> &'static str {
    match value {
        DenialHint::UserNotAssigned => "user-not-assigned",
        DenialHint::Policy => "policy",
        DenialHint::Consent => "consent",
        DenialHint::Authentication => "authentication",
        DenialHint::Scope => "scope",
        DenialHint::ClientConfiguration => "client-configuration",
        DenialHint::ProviderTrouble => "provider-trouble",
        DenialHint::Unknown => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_text_is_short_and_harmless() {
        assert_eq!(shown("https://acme.okta.com"), "https://acme.okta.com");
        assert_eq!(
            shown("a\r\n\u{1b}[31m\u{202e}"),
            "a\u{fffd}\u{fffd}\u{fffd}[31m\u{fffd}"
        );
        assert_eq!(shown(&"é".repeat(128)).chars().count(), 128);
        assert_eq!(shown(&"é".repeat(129)).chars().count(), 128);
    }

    #[test]
    fn a_refused_address_is_short_and_harmless() {
        let found = |address: &str| email_refusal(Some(address)).found.unwrap();
        assert_eq!(found("\u{430}nna@a.com \u{a0}"), "\u{430}nna@a.com \u{a0}");
        assert_eq!(found("anna@a.com\0\n"), "anna@a.com\u{fffd}\u{fffd}");
        assert_eq!(
            found("an\u{ad}na\u{e0041}@a.com"),
            "an\u{fffd}na\u{fffd}@a.com"
        );
        assert_eq!(found(&"é".repeat(256)), "é".repeat(256));
        assert_eq!(found(&"é".repeat(257)), "é".repeat(256));
        assert_eq!(email_refusal(None).found, None);
    }
}
