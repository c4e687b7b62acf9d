//! Stable codes, as `wit/messages.wit` spells them.

use std::convert::Infallible;

use crate::contract::{
    Check, Correction, CorrectionCode, DenialHint, EmailMatch, Endpoint, Fault, Finding,
    LoginError, LogoutError, Misbehaviour, Problem, ProblemCode, TokenProblem, TokenRejection,
};

/// Has a code that `messages.explain` knows.
pub trait Coded {
    /// The code, such as `login/token-rejected/expired`.
    fn code(&self) -> String;
}

impl Coded for Infallible {
    fn code(&self) -> String {
        match *self {}
    }
}

macro_rules! coded {
    ($($type:ty),+) => {
        $(impl Coded for $type {
            fn code(&self) -> String {
                Self::code(self)
            }
        })+
    };
}
coded!(LoginError, LogoutError, Problem, TokenRejection);

impl Coded for Vec<Problem> {
    /// All codes, with commas between.
    fn code(&self) -> String {
        self.iter().map(Problem::code).collect::<Vec<_>>().join(",")
    }
}

impl LoginError {
    /// The code, such as `login/provider-misbehaved/keys/not-json`.
    #[must_use]
    pub fn code(&self) -> String {
        let rest = match self {
            Self::ProviderDenied(denial) => {
                format!("provider-denied/{}", denial_hint(denial.hint))
            }
            Self::ProviderUnavailable(place) => {
                format!("provider-unavailable/{}", endpoint(*place))
            }
            Self::ProviderMisbehaved(what) => misbehaviour(what),
            Self::TokenRejected(rejection) => token_rejected(rejection),
            Self::CallbackMalformed => "callback-malformed".to_owned(),
            Self::TransactionNotFound => "transaction-not-found".to_owned(),
            Self::ConnectionChanged => "connection-changed".to_owned(),
            Self::ResponseIssuerMissing => "response-issuer-missing".to_owned(),
            Self::ResponseIssuerMismatch => "response-issuer-mismatch".to_owned(),
            Self::LoginRequired => "login-required".to_owned(),
            Self::ProviderBusy(_) => "provider-busy".to_owned(),
            Self::ClientRejected => "client-rejected".to_owned(),
            Self::CodeRejected => "code-rejected".to_owned(),
            Self::EmailMissing => "email-missing".to_owned(),
            Self::EmailMalformed(_) => "email-malformed".to_owned(),
            Self::EmailUnverified(_) => "email-unverified".to_owned(),
            Self::EmailDomainNotApproved(_) => "email-domain-not-approved".to_owned(),
            Self::StorageUnavailable => "storage-unavailable".to_owned(),
            Self::RandomnessUnavailable => "randomness-unavailable".to_owned(),
            Self::ConnectionInvalid => "connection-invalid".to_owned(),
        };
        format!("login/{rest}")
    }
}

impl LogoutError {
    /// The code, such as `logout/token-rejected/expired`.
    #[must_use]
    pub fn code(&self) -> String {
        let rest = match self {
            Self::ProviderUnavailable(place) => {
                format!("provider-unavailable/{}", endpoint(*place))
            }
            Self::ProviderMisbehaved(what) => misbehaviour(what),
            Self::TokenRejected(rejection) => token_rejected(rejection),
            Self::Unsupported => "unsupported".to_owned(),
            Self::RequestMalformed => "request-malformed".to_owned(),
            Self::Replayed => "replayed".to_owned(),
            Self::ProviderBusy(_) => "provider-busy".to_owned(),
            Self::StorageUnavailable => "storage-unavailable".to_owned(),
            Self::ConnectionInvalid => "connection-invalid".to_owned(),
        };
        format!("logout/{rest}")
    }
}

impl TokenRejection {
    /// The code under `login`, such as `login/token-rejected/expired`.
    #[must_use]
    pub fn code(&self) -> String {
        format!("login/{}", token_rejected(self))
    }
}

impl Endpoint {
    /// The contract's own spelling, such as `user-info`.
    #[must_use]
    pub fn name(self) -> &'static str {
        endpoint(self)
    }
}

impl Problem {
    /// The code, such as `config/not-https`.
    #[must_use]
    pub fn code(&self) -> String {
        format!("config/{}", problem_code(self.code))
    }
}

impl Correction {
    /// The code, such as `config/trailing-slash`.
    #[must_use]
    pub fn code(&self) -> String {
        format!("config/{}", correction_code(self.code))
    }
}

impl Finding {
    /// The code of what was looked at, such as `check/metadata`; why it failed is in `reason`.
    #[must_use]
    pub fn code(&self) -> String {
        format!("check/{}", check(self.check))
    }
}

impl EmailMatch {
    /// The code, such as `email-match/differs-in-case`.
    #[must_use]
    pub fn code(self) -> String {
        format!("email-match/{}", email_match(self))
    }
}

fn misbehaviour(what: &Misbehaviour) -> String {
    format!(
        "provider-misbehaved/{}/{}",
        endpoint(what.endpoint),
        fault(what.fault)
    )
}

fn token_rejected(rejection: &TokenRejection) -> String {
    format!("token-rejected/{}", token_problem(rejection.problem))
}

/// The contract's own spelling of each case; a new case breaks the build here.
macro_rules! names {
    ($($function:ident($type:ident) { $($case:ident = $name:literal,)+ })+) => {
        $(fn $function(value: $type) -> &'static str {
            match value {
                $($type::$case => $name,)+
            }
        })+
    };
}

names! {
    endpoint(Endpoint) {
        Metadata = "metadata",
        Keys = "keys",
        Authorization = "authorization",
        PushedAuthorization = "pushed-authorization",
        Token = "token",
        UserInfo = "user-info",
        EndSession = "end-session",
    }
    denial_hint(DenialHint) {
        UserNotAssigned = "user-not-assigned",
        Policy = "policy",
        Consent = "consent",
        Authentication = "authentication",
        Scope = "scope",
        ClientConfiguration = "client-configuration",
        ProviderTrouble = "provider-trouble",
        Unknown = "unknown",
    }
    fault(Fault) {
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
    token_problem(TokenProblem) {
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
    problem_code(ProblemCode) {
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
    correction_code(CorrectionCode) {
        MetadataUrl = "metadata-url",
        MetadataDocument = "metadata-document",
        TrailingSlash = "trailing-slash",
        Quotes = "quotes",
        BareHost = "bare-host",
        SurroundingSpace = "surrounding-space",
        LetterCase = "letter-case",
    }
    check(Check) {
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
    email_match(EmailMatch) {
        Equal = "equal",
        DiffersInCase = "differs-in-case",
        DiffersInWhiteSpace = "differs-in-white-space",
        DiffersInTag = "differs-in-tag",
        LookAlike = "look-alike",
        Malformed = "malformed",
        Different = "different",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::ProviderDenial;

    #[test]
    fn codes_are_spelled_as_the_contract_says() {
        let denial = ProviderDenial {
            error: "access_denied".to_owned(),
            hint: DenialHint::UserNotAssigned,
        };
        let what = Misbehaviour {
            endpoint: Endpoint::Keys,
            fault: Fault::NotJson,
            expected: None,
            found: None,
        };
        let expired = TokenRejection {
            problem: TokenProblem::Expired,
            expected: None,
            found: None,
        };
        for (error, code) in [
            (
                LoginError::TransactionNotFound,
                "login/transaction-not-found",
            ),
            (
                LoginError::ProviderDenied(denial),
                "login/provider-denied/user-not-assigned",
            ),
            (
                LoginError::ProviderUnavailable(Endpoint::Token),
                "login/provider-unavailable/token",
            ),
            (LoginError::ProviderBusy(Some(3)), "login/provider-busy"),
            (
                LoginError::ProviderMisbehaved(what.clone()),
                "login/provider-misbehaved/keys/not-json",
            ),
            (
                LoginError::TokenRejected(expired.clone()),
                "login/token-rejected/expired",
            ),
        ] {
            assert_eq!(error.code(), code);
        }
        assert_eq!(
            LogoutError::TokenRejected(expired).code(),
            "logout/token-rejected/expired"
        );
        assert_eq!(
            EmailMatch::DiffersInCase.code(),
            "email-match/differs-in-case"
        );
    }
}
