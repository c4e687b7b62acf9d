//! UserInfo (OpenID Connect Core 1.0 section 5.3): where the e-mail is when the ID token is thin.

use crate::answer;
use crate::contract::exports::sso::provider::login::Fault;
use crate::contract::sso::provider::http::{Authorization, Method, Request, Response};
use crate::contract::sso::provider::types::{Connection, Endpoint};
use crate::discovery::Metadata;
use crate::error::ProviderError;
use crate::id_token::{self, IdToken, Profile};

/// The request, with the access token in the header.
#[must_use]
pub fn build_user_info_request(metadata: &Metadata, access_token: &str) -> Request {
    Request {
        endpoint: Endpoint::UserInfo,
        method: Method::Get,
        url: metadata.user_info.clone(),
        headers: vec![answer::accept_json()],
        body: Vec::new(),
        authorization: Authorization::Bearer(access_token.to_owned()),
    }
}

/// The claims of the person whom the ID token names.
///
/// # Errors
/// `status`, `content-type`, `not-json`, members, `subject-mismatch`, `issuer-mismatch`, `email-mismatch`.
pub fn process_user_info_response(
    connection: &Connection,
    id_token: &IdToken,
    response: &Response,
    now: u64,
) -> Result<Profile, ProviderError> {
    let endpoint = Endpoint::UserInfo;
    answer::check_available(endpoint, response, now)?;
    if response.status != 200 {
        // RFC 6750 section 3, and Okta: the reason is in the header alone.
        let challenge = answer::header(response, "www-authenticate").unwrap_or_default();
        let reason = ["invalid_token", "insufficient_scope", "invalid_request"]
            .into_iter()
            .find(|reason| challenge.contains(reason))
            .unwrap_or_default();
        let found = [&response.status.to_string(), " ", reason].concat();
        return Err(ProviderError::compared(
            endpoint,
            Fault::Status,
            "200",
            found.trim_end(),
        ));
    }
    let claims = answer::object(endpoint, response)?;
    let member = |error| ProviderError::member(endpoint, error);
    // OpenID Connect Core 5.3.2: the same subject exactly, or nothing of it is used.
    let subject = claims.string("sub").map_err(member)?;
    if subject != id_token.subject {
        return Err(ProviderError::compared(
            endpoint,
            Fault::SubjectMismatch,
            &id_token.subject,
            subject,
        ));
    }
    if let Some(issuer) = claims.optional_string("iss").map_err(member)?
        && issuer != connection.issuer
    {
        return Err(ProviderError::compared(
            endpoint,
            Fault::IssuerMismatch,
            &connection.issuer,
            issuer,
        ));
    }
    if claims.contains("aud") {
        let audience = id_token::audience(&claims).map_err(member)?;
        if audience != [connection.client_id.as_str()] {
            return Err(ProviderError::compared(
                endpoint,
                Fault::MistypedMember,
                &connection.client_id,
                &audience.join(" "),
            ));
        }
    }
    let profile = Profile::read(&claims);
    if let (Some(first), Some(second)) = (&id_token.profile.email, &profile.email)
        && first != second
    {
        return Err(ProviderError::compared(
            endpoint,
            Fault::EmailMismatch,
            first,
            second,
        ));
    }
    Ok(profile)
}
