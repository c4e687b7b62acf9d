//! The codes: the interface and the case in kebab case, then each enum that the case carries.

use std::fmt;

use crate::contract::exports::sso::provider::claims::EmailMatch;
use crate::contract::exports::sso::provider::config::{CorrectionCode, ProblemCode};
use crate::contract::exports::sso::provider::login::{
    DenialHint, Fault, LoginError, Misbehaviour, ProviderDenial, TokenProblem, TokenRejection,
};
use crate::contract::exports::sso::provider::logout::LogoutError;
use crate::contract::sso::provider::types::{Check, Endpoint};
use crate::error::email_refusal;

/// Something that can be explained; [`fmt::Display`] writes its code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// A sign-in that did not succeed; what it carries beyond enums is not part of the code.
    Login(LoginError),
    /// A sign-out that did not succeed.
    Logout(LogoutError),
    /// Why settings are refused.
    Problem(ProblemCode),
    /// What was put right in settings.
    Correction(CorrectionCode),
    /// One line of a check list.
    Check(Check),
    /// How two addresses compare.
    EmailMatch(EmailMatch),
    /// A refusal of the platform's own.
    Account(Account),
    /// `403 User performed OIDC single sign-on to app - failure: missing_initiate_login_uri`:
    /// happens wholly at the provider, so no call ever answers it; for help texts.
    TileLaunch,
}

/// Implements the kebab-case name and the list of all cases from one exhaustive list.
macro_rules! named {
    ($($type:ident { $($case:ident = $name:literal,)+ })+) => {
        $(impl Named for $type {
            const ALL: &'static [Self] = &[$(Self::$case),+];

            fn name(&self) -> &'static str {
                match self { $(Self::$case => $name),+ }
            }
        })+
    };
}

/// An enum of the contract under its own names.
trait Named: Sized + 'static {
    const ALL: &'static [Self];

    fn name(&self) -> &'static str;
}

/// The platform's own refusals after a good answer from the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// No open invitation for this e-mail.
    NotInvited,
    /// There was one, and its time has passed.
    InvitationExpired,
    /// The user or the tenant is switched off.
    Disabled,
    /// The invited user already signs in as another subject of the provider.
    LinkedToAnotherSubject,
    /// Another person than the one who is asked for.
    OtherAccount,
}

named! {
    Account {
        NotInvited = "not-invited",
        InvitationExpired = "invitation-expired",
        Disabled = "disabled",
        LinkedToAnotherSubject = "linked-to-another-subject",
        OtherAccount = "other-account",
    }
    Endpoint {
        Metadata = "metadata",
        Keys = "keys",
        Authorization = "authorization",
        PushedAuthorization = "pushed-authorization",
        Token = "token",
        UserInfo = "user-info",
        EndSession = "end-session",
    }
    DenialHint {
        UserNotAssigned = "user-not-assigned",
        Policy = "policy",
        Consent = "consent",
        Authentication = "authentication",
        Scope = "scope",
        ClientConfiguration = "client-configuration",
        ProviderTrouble = "provider-trouble",
        Unknown = "unknown",
    }
    Fault {
        Status = "status",
        ContentType = "content-type",
        NotJson = "not-json",
        TooLarge = "too-large",
        MissingMember = "missing-member",
        MistypedMember = "mistyped-member",
        IssuerMismatch = "issuer-mismatch",
        EndpointOffHost = "endpoint-off-host",
        SubjectMismatch = "subject-mismatch",
        EmailMismatch = "email-mismatch",
        NoUsableKey = "no-usable-key",
        Unsupported = "unsupported",
    }
    TokenProblem {
        Malformed = "malformed",
        TooLarge = "too-large",
        Encrypted = "encrypted",
        DuplicateMember = "duplicate-member",
        AlgorithmNotAllowed = "algorithm-not-allowed",
        CriticalHeader = "critical-header",
        WrongType = "wrong-type",
        KeyNotFound = "key-not-found",
        KeyAmbiguous = "key-ambiguous",
        KeyUnusable = "key-unusable",
        SignatureMismatch = "signature-mismatch",
        MemberMissing = "member-missing",
        MemberMistyped = "member-mistyped",
        IssuerMismatch = "issuer-mismatch",
        AudienceMismatch = "audience-mismatch",
        AuthorizedPartyMismatch = "authorized-party-mismatch",
        Expired = "expired",
        NotYetValid = "not-yet-valid",
        IssuedAtUnacceptable = "issued-at-unacceptable",
        LifetimeUnacceptable = "lifetime-unacceptable",
        NonceMissing = "nonce-missing",
        NonceMismatch = "nonce-mismatch",
        AcrUnmet = "acr-unmet",
        AuthTimeMissing = "auth-time-missing",
        AuthenticationTooOld = "authentication-too-old",
        AccessTokenHashMismatch = "access-token-hash-mismatch",
        SubjectInvalid = "subject-invalid",
        EventMissing = "event-missing",
        NoncePresent = "nonce-present",
    }
    ProblemCode {
        Missing = "missing",
        TooLong = "too-long",
        Placeholder = "placeholder",
        WhiteSpace = "white-space",
        NotAUrl = "not-a-url",
        NotHttps = "not-https",
        AdminHost = "admin-host",
        EndpointInsteadOfIssuer = "endpoint-instead-of-issuer",
        QueryOrFragment = "query-or-fragment",
        UserInfoInUrl = "user-info-in-url",
        AddressNotAllowed = "address-not-allowed",
        Swapped = "swapped",
        InvalidCharacter = "invalid-character",
        InvalidDomain = "invalid-domain",
        PublicMailDomain = "public-mail-domain",
        OutOfRange = "out-of-range",
    }
    CorrectionCode {
        MetadataUrl = "metadata-url",
        MetadataDocument = "metadata-document",
        TrailingSlash = "trailing-slash",
        Quotes = "quotes",
        BareHost = "bare-host",
        SurroundingSpace = "surrounding-space",
        LetterCase = "letter-case",
    }
    Check {
        Metadata = "metadata",
        Issuer = "issuer",
        Endpoints = "endpoints",
        CodeFlow = "code-flow",
        Pkce = "pkce",
        TokenAlgorithm = "token-algorithm",
        ClientAuthentication = "client-authentication",
        Scopes = "scopes",
        Keys = "keys",
        Clock = "clock",
        Callback = "callback",
        Transaction = "transaction",
        ProviderAnswer = "provider-answer",
        ClientCredentials = "client-credentials",
        IdToken = "id-token",
        UserInfo = "user-info",
        Email = "email",
        EmailDomain = "email-domain",
    }
    EmailMatch {
        Equal = "equal",
        DiffersInCase = "differs-in-case",
        DiffersInWhiteSpace = "differs-in-white-space",
        DiffersInTag = "differs-in-tag",
        LookAlike = "look-alike",
        Malformed = "malformed",
        Different = "different",
    }
}

impl Code {
    /// One value of every code.
    pub(super) fn all() -> Vec<Self> {
        let mut codes = Vec::new();
        codes.extend(logins().into_iter().map(Self::Login));
        codes.extend(logouts().into_iter().map(Self::Logout));
        codes.extend(ProblemCode::ALL.iter().copied().map(Self::Problem));
        codes.extend(CorrectionCode::ALL.iter().copied().map(Self::Correction));
        codes.extend(Check::ALL.iter().copied().map(Self::Check));
        codes.extend(EmailMatch::ALL.iter().copied().map(Self::EmailMatch));
        codes.extend(Account::ALL.iter().copied().map(Self::Account));
        codes.push(Self::TileLaunch);
        codes
    }
}

fn logins() -> Vec<LoginError> {
    let mut cases = vec![
        LoginError::CallbackMalformed,
        LoginError::TransactionNotFound,
        LoginError::ConnectionChanged,
        LoginError::ResponseIssuerMissing,
        LoginError::ResponseIssuerMismatch,
        LoginError::LoginRequired,
        LoginError::ProviderBusy(None),
        LoginError::ClientRejected,
        LoginError::CodeRejected,
        LoginError::EmailMissing,
        LoginError::EmailMalformed(email_refusal(None)),
        LoginError::EmailUnverified(email_refusal(None)),
        LoginError::EmailDomainNotApproved(email_refusal(None)),
        LoginError::StorageUnavailable,
        LoginError::RandomnessUnavailable,
        LoginError::ConnectionInvalid,
    ];
    cases.extend(DenialHint::ALL.iter().map(|hint| {
        LoginError::ProviderDenied(ProviderDenial {
            error: String::new(),
            hint: *hint,
        })
    }));
    cases.extend(
        Endpoint::ALL
            .iter()
            .copied()
            .map(LoginError::ProviderUnavailable),
    );
    cases.extend(misbehaviours().map(LoginError::ProviderMisbehaved));
    cases.extend(rejections().map(LoginError::TokenRejected));
    cases
}

fn logouts() -> Vec<LogoutError> {
    let mut cases = vec![
        LogoutError::Unsupported,
        LogoutError::RequestMalformed,
        LogoutError::Replayed,
        LogoutError::ProviderBusy(None),
        LogoutError::StorageUnavailable,
        LogoutError::ConnectionInvalid,
    ];
    cases.extend(
        Endpoint::ALL
            .iter()
            .copied()
            .map(LogoutError::ProviderUnavailable),
    );
    cases.extend(misbehaviours().map(LogoutError::ProviderMisbehaved));
    cases.extend(rejections().map(LogoutError::TokenRejected));
    cases
}

fn misbehaviours() -> impl Iterator<Item = Misbehaviour> {
    Endpoint::ALL.iter().flat_map(|endpoint| {
        Fault::ALL.iter().map(|fault| Misbehaviour {
            endpoint: *endpoint,
            fault: *fault,
            expected: None,
            found: None,
        })
    })
}

fn rejections() -> impl Iterator<Item = TokenRejection> {
    TokenProblem::ALL.iter().map(|problem| TokenRejection {
        problem: *problem,
        expected: None,
        found: None,
    })
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Login(error) => write!(formatter, "login/{}", login_name(error)),
            Self::Logout(error) => write!(formatter, "logout/{}", logout_name(error)),
            Self::Problem(code) => write!(formatter, "config/{}", code.name()),
            Self::Correction(code) => write!(formatter, "config/{}", code.name()),
            Self::Check(check) => write!(formatter, "check/{}", check.name()),
            Self::EmailMatch(result) => write!(formatter, "email-match/{}", result.name()),
            Self::Account(refusal) => write!(formatter, "account/{}", refusal.name()),
            Self::TileLaunch => formatter.write_str("provider/tile-launch"),
        }
    }
}

fn login_name(error: &LoginError) -> String {
    let name = match error {
        LoginError::CallbackMalformed => "callback-malformed",
        LoginError::TransactionNotFound => "transaction-not-found",
        LoginError::ConnectionChanged => "connection-changed",
        LoginError::ResponseIssuerMissing => "response-issuer-missing",
        LoginError::ResponseIssuerMismatch => "response-issuer-mismatch",
        LoginError::ProviderDenied(denial) => {
            return format!("provider-denied/{}", denial.hint.name());
        }
        LoginError::LoginRequired => "login-required",
        LoginError::ProviderUnavailable(endpoint) => return unavailable_name(endpoint),
        LoginError::ProviderBusy(_) => "provider-busy",
        LoginError::ProviderMisbehaved(misbehaviour) => return misbehaved_name(misbehaviour),
        LoginError::ClientRejected => "client-rejected",
        LoginError::CodeRejected => "code-rejected",
        LoginError::TokenRejected(rejection) => return rejected_name(rejection),
        LoginError::EmailMissing => "email-missing",
        LoginError::EmailMalformed(_) => "email-malformed",
        LoginError::EmailUnverified(_) => "email-unverified",
        LoginError::EmailDomainNotApproved(_) => "email-domain-not-approved",
        LoginError::StorageUnavailable => "storage-unavailable",
        LoginError::RandomnessUnavailable => "randomness-unavailable",
        LoginError::ConnectionInvalid => "connection-invalid",
    };
    name.to_owned()
}

fn logout_name(error: &LogoutError) -> String {
    let name = match error {
        LogoutError::Unsupported => "unsupported",
        LogoutError::RequestMalformed => "request-malformed",
        LogoutError::TokenRejected(rejection) => return rejected_name(rejection),
        LogoutError::Replayed => "replayed",
        LogoutError::ProviderUnavailable(endpoint) => return unavailable_name(endpoint),
        LogoutError::ProviderBusy(_) => "provider-busy",
        LogoutError::ProviderMisbehaved(misbehaviour) => return misbehaved_name(misbehaviour),
        LogoutError::StorageUnavailable => "storage-unavailable",
        LogoutError::ConnectionInvalid => "connection-invalid",
    };
    name.to_owned()
}

fn unavailable_name(endpoint: &Endpoint) -> String {
    format!("provider-unavailable/{}", endpoint.name())
}

fn misbehaved_name(misbehaviour: &Misbehaviour) -> String {
    format!(
        "provider-misbehaved/{}/{}",
        misbehaviour.endpoint.name(),
        misbehaviour.fault.name()
    )
}

fn rejected_name(rejection: &TokenRejection) -> String {
    format!("token-rejected/{}", rejection.problem.name())
}
