//! The provider's answer through the browser (RFC 6749 section 4.1.2, RFC 9207), read strictly.

use std::borrow::Cow;

use crate::base64url;
use crate::contract::exports::sso::provider::login::{DenialHint, LoginError, ProviderDenial};
use crate::form;
use crate::transaction::Transaction;

const MAX_QUERY: usize = 8 * 1024;
const MAX_CODE: usize = 4 * 1024;
const MAX_ISSUER: usize = 512;

/// A callback whose parameters are well formed; nothing says yet that it is genuine.
pub struct Callback<'a> {
    /// 32 bytes of base64url.
    pub state: Cow<'a, str>,
    /// `iss` of RFC 9207.
    pub issuer: Option<Cow<'a, str>>,
    /// `code`.
    pub code: Option<Cow<'a, str>>,
    /// `error`.
    pub error: Option<Cow<'a, str>>,
    /// `error_description`: good for a hint, never for a decision.
    pub description: Option<Cow<'a, str>>,
}

/// What a genuine callback brings.
pub enum Outcome<'a> {
    /// An authorization code.
    Code(&'a str),
    /// The provider's refusal.
    Denied(LoginError),
}

/// Reads the raw query. Parameters of other names are ignored, such as Okta's `session_state`.
///
/// # Errors
/// `callback-malformed`.
pub fn parse(query: &str) -> Result<Callback<'_>, LoginError> {
    read(query).ok_or(LoginError::CallbackMalformed)
}

fn read(query: &str) -> Option<Callback<'_>> {
    if query.len() > MAX_QUERY {
        return None;
    }
    let (mut state, mut issuer, mut code, mut error) = (None, None, None, None);
    let (mut description, mut uri) = (None, None);
    for (name, value) in form::decode(query)? {
        // `code[]` is how some frameworks spell a second `code`.
        let plain = name.split('[').next().unwrap_or_default();
        let slot = match plain {
            "state" => &mut state,
            "iss" => &mut issuer,
            "code" => &mut code,
            "error" => &mut error,
            "error_description" => &mut description,
            "error_uri" => &mut uri,
            _ => continue,
        };
        // RFC 6749 section 3.1: parameters must not be given more than once.
        if plain.len() != name.len() || slot.replace(value).is_some() {
            return None;
        }
    }
    let graphic = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
    };
    let callback = Callback {
        state: state?,
        issuer,
        code,
        error,
        description,
    };
    let sound = base64url::is_32_bytes(&callback.state)
        && callback
            .issuer
            .as_deref()
            .is_none_or(|issuer| graphic(issuer, MAX_ISSUER))
        && callback
            .code
            .as_deref()
            .is_none_or(|code| graphic(code, MAX_CODE))
        && callback
            .error
            .as_deref()
            .is_none_or(|error| !error.is_empty())
        && (callback.code.is_some() || callback.error.is_some());
    sound.then_some(callback)
}

impl Callback<'_> {
    /// Checks the callback against the transaction that it belongs to.
    ///
    /// # Errors
    /// `response-issuer-missing`, `response-issuer-mismatch`; `callback-malformed` for code and error together.
    pub fn outcome(
        &self,
        transaction: &Transaction,
        issuer: &str,
    ) -> Result<Outcome<'_>, LoginError> {
        // RFC 9207 section 2.4: compared as strings; required when announced, never ignored when there.
        match self.issuer.as_deref() {
            None if transaction.response_issuer => return Err(LoginError::ResponseIssuerMissing),
            Some(found) if found != issuer => return Err(LoginError::ResponseIssuerMismatch),
            _ => (),
        }
        match (self.code.as_deref(), self.error.as_deref()) {
            (Some(code), None) => Ok(Outcome::Code(code)),
            (None, Some(error)) => Ok(Outcome::Denied(denial(
                error,
                self.description.as_deref().unwrap_or_default(),
                transaction.silent,
            ))),
            _ => Err(LoginError::CallbackMalformed),
        }
    }
}

fn denial(error: &str, description: &str, silent: bool) -> LoginError {
    const NEEDS_PERSON: [&str; 4] = [
        "login_required",
        "interaction_required",
        "consent_required",
        "account_selection_required",
    ];
    if silent && NEEDS_PERSON.contains(&error) {
        return LoginError::LoginRequired;
    }
    let hint = match error {
        "access_denied" => {
            // Okta: the one error stands for many causes; the sentence gives a hint and decides nothing.
            if description.contains("not assigned") {
                DenialHint::UserNotAssigned
            } else if description.contains("olicy") || description.contains("network zone") {
                DenialHint::Policy
            } else if description.contains("scopes") {
                DenialHint::Scope
            } else {
                DenialHint::Unknown
            }
        }
        "login_required"
        | "interaction_required"
        | "account_selection_required"
        | "unmet_authentication_requirements" => DenialHint::Authentication,
        "consent_required" => DenialHint::Consent,
        "invalid_scope" => DenialHint::Scope,
        "invalid_request"
        | "unauthorized_client"
        | "unsupported_response_type"
        | "invalid_request_uri"
        | "invalid_request_object"
        | "request_not_supported"
        | "request_uri_not_supported"
        | "registration_not_supported" => DenialHint::ClientConfiguration,
        "server_error" | "temporarily_unavailable" => DenialHint::ProviderTrouble,
        _ => {
            return LoginError::ProviderDenied(ProviderDenial {
                error: "unknown".to_owned(),
                hint: DenialHint::Unknown,
            });
        }
    };
    LoginError::ProviderDenied(ProviderDenial {
        error: error.to_owned(),
        hint,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATE: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";

    fn query(rest: &str) -> String {
        format!("state={STATE}{rest}")
    }

    #[test]
    fn parameters_are_read_once_and_strictly() {
        for refused in [
            "code=c".to_owned(),
            "code=c&state=".to_owned(),
            format!("code=c&state={}", STATE.replace('A', "=")),
            query(""),
            query("&code="),
            query("&code=a&code=a"),
            query("&code=a&code[]=b"),
            query(&format!("&code=a&state={STATE}")),
            query("&code=a&iss="),
            query("&code=a&iss=x&iss=x"),
            query("&code=a%0d%0ab"),
            query("&code=a%00"),
            query("&code=%C3%A9"),
            query("&code=a&x=%ff"),
            query(&format!("&code={}", "c".repeat(10_000))),
            query("&error="),
        ] {
            assert!(parse(&refused).is_err(), "BI-002 to BI-014: {refused}");
        }
        for accepted in [
            query("&code=a"),
            query("&code=a&session_state=x&email=y"),
            query("&error=access_denied&error_description=a+b"),
            query(&format!("&code={}", "c".repeat(MAX_CODE))),
        ] {
            assert!(parse(&accepted).is_ok(), "{accepted}");
        }
    }
}
