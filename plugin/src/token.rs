//! The token endpoint (RFC 6749 sections 4.1.3, 5.1 and 5.2; OpenID Connect Core 1.0 section 3.1.3).

use crate::answer;
use crate::contract::exports::sso::provider::login::{Fault, LoginError};
use crate::contract::sso::provider::http::{
    Authorization, ClientCredential, Header, Method, Request, Response,
};
use crate::contract::sso::provider::types::{Connection, Endpoint};
use crate::discovery::Metadata;
use crate::error::ProviderError;
use crate::form;
use crate::json::Object;

/// What the code was exchanged for. Holds secrets: never shown, never logged. A refresh token is not even read.
pub struct Tokens {
    /// Not believed yet.
    pub id_token: String,
    /// For UserInfo; opaque (Okta: its content may change at any time).
    pub access_token: String,
}

/// The token request. Sent once: a code is good once, and a repetition may revoke what it bought.
#[must_use]
pub fn build_token_request(
    connection: &Connection,
    metadata: &Metadata,
    code: &str,
    verifier: &str,
) -> Request {
    let body = form::encode(&[
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &connection.redirect_uri),
        ("code_verifier", verifier),
    ]);
    build_client_request(connection, Endpoint::Token, &metadata.token, body)
}

/// A request by the client itself; the host adds the credential.
#[must_use]
pub fn build_client_request(
    connection: &Connection,
    endpoint: Endpoint,
    url: &str,
    body: String,
) -> Request {
    Request {
        endpoint,
        method: Method::Post,
        url: url.to_owned(),
        headers: vec![
            answer::accept_json(),
            Header {
                name: "content-type".to_owned(),
                value: "application/x-www-form-urlencoded".to_owned(),
            },
        ],
        body: body.into_bytes(),
        authorization: Authorization::Client(ClientCredential {
            method: connection.policy.client_auth,
            client_id: connection.client_id.clone(),
            // Okta: `aud` is the URL of the endpoint that is asked.
            audience: url.to_owned(),
        }),
    }
}

/// The document of a success; refuses every other answer to a client's request.
///
/// # Errors
/// `client-rejected`, `code-rejected`, `provider-busy`, `provider-unavailable`, `provider-misbehaved`.
pub fn read_client_answer(
    endpoint: Endpoint,
    response: &Response,
    success: u16,
    now: u64,
) -> Result<Object<'_>, LoginError> {
    answer::check_available(endpoint, response, now)?;
    let document = answer::object(endpoint, response);
    // An error inside a success is still an error, so the content is looked at first.
    if let Ok(document) = &document
        && let Some(error) = error_code(document)
    {
        return Err(match error {
            "invalid_client" => LoginError::ClientRejected,
            "invalid_grant" if endpoint == Endpoint::Token => LoginError::CodeRejected,
            // Okta: its own code for too many requests, whatever the status.
            "E0000047" => LoginError::ProviderBusy(None),
            "temporarily_unavailable" => LoginError::ProviderUnavailable(endpoint),
            other => ProviderError::compared(
                endpoint,
                Fault::Status,
                &success.to_string(),
                &[&response.status.to_string(), " ", other].concat(),
            )
            .into(),
        });
    }
    answer::check_status(endpoint, response, success)?;
    Ok(document?)
}

/// `error` of RFC 6749 section 5.2, or `errorCode` of Okta's own envelope.
fn error_code<'a>(document: &'a Object<'_>) -> Option<&'a str> {
    let name = ["error", "errorCode"]
        .into_iter()
        .find(|name| document.contains(name))?;
    let code = document.get(name).and_then(crate::json::Json::as_str);
    Some(code.unwrap_or("unknown"))
}

/// The tokens of a success.
///
/// `expires_in` and `scope` are not read: nothing depends on them.
///
/// # Errors
/// Those of [`read_client_answer`]; `missing-member`, `mistyped-member`; `unsupported` for another token type.
pub fn process_token_response(response: &Response, now: u64) -> Result<Tokens, LoginError> {
    let endpoint = Endpoint::Token;
    let document = read_client_answer(endpoint, response, 200, now)?;
    let member = |error| ProviderError::member(endpoint, error);
    // RFC 6749 section 5.1: the type's name has no case.
    let token_type = document.string("token_type").map_err(member)?;
    if !token_type.eq_ignore_ascii_case("bearer") {
        return Err(
            ProviderError::compared(endpoint, Fault::Unsupported, "Bearer", token_type).into(),
        );
    }
    let access_token = document.string("access_token").map_err(member)?;
    // It becomes a header: RFC 6750 section 2.1 knows printable characters alone.
    if access_token.is_empty() || !access_token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(member(crate::json::MemberError::Mistyped("access_token")).into());
    }
    Ok(Tokens {
        id_token: document.string("id_token").map_err(member)?.to_owned(),
        access_token: access_token.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Result<Tokens, LoginError> {
        let response = Response {
            status,
            headers: vec![Header {
                name: "content-type".into(),
                value: "application/json; charset=utf-8".into(),
            }],
            body: body.into(),
        };
        process_token_response(&response, 1_000)
    }

    #[test]
    fn both_shapes_of_errors_are_read() {
        for (status, body, expected) in [
            (
                400,
                r#"{"error":"invalid_grant"}"#,
                LoginError::CodeRejected,
            ),
            (
                200,
                r#"{"error":"invalid_grant"}"#,
                LoginError::CodeRejected,
            ),
            (
                401,
                r#"{"error":"invalid_client"}"#,
                LoginError::ClientRejected,
            ),
            (
                401,
                r#"{"errorCode":"invalid_client","errorSummary":"x"}"#,
                LoginError::ClientRejected,
            ),
            (
                400,
                r#"{"errorCode":"E0000047"}"#,
                LoginError::ProviderBusy(None),
            ),
            (
                429,
                r#"{"error":"invalid_grant"}"#,
                LoginError::ProviderBusy(None),
            ),
            (503, "", LoginError::ProviderUnavailable(Endpoint::Token)),
        ] {
            assert_eq!(
                answer(status, body).err(),
                Some(expected),
                "BI-229: {status} {body}"
            );
        }
        let tokens = r#"{"token_type":"bearer","access_token":"a","id_token":"b"}"#;
        assert!(
            matches!(answer(400, tokens), Err(LoginError::ProviderMisbehaved(_))),
            "BI-229"
        );
        for name in ["bearer", "BEARER", "Bearer"] {
            assert!(
                answer(200, &tokens.replace("bearer", name)).is_ok(),
                "BI-230"
            );
        }
        assert!(
            answer(200, &tokens.replace("bearer", "MAC")).is_err(),
            "BI-230"
        );
    }
}
