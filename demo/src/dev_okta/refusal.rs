//! The shapes in which Okta refuses a request that a program made.

use std::borrow::Cow;

use axum::{
    Json,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use openidconnect::{StandardErrorResponse, core::CoreErrorResponseType};
use serde_json::json;

use super::org::random;

/// An answer other than success.
#[derive(Debug)]
pub(super) enum Refusal {
    /// RFC 6749 5.2.
    OAuth(StatusCode, CoreErrorResponseType, &'static str),
    /// Okta: the error envelope of its management interfaces, which some OAuth errors come in.
    Envelope(StatusCode, &'static str, Cow<'static, str>),
    /// RFC 6750 3: the reason is in `WWW-Authenticate`. Okta: and nowhere else.
    Bearer(StatusCode, &'static str, &'static str),
}

impl Refusal {
    pub(super) fn envelope(
        status: StatusCode,
        code: &'static str,
        summary: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::Envelope(status, code, summary.into())
    }

    pub(super) fn invalid_client(description: &'static str) -> Self {
        Self::OAuth(
            StatusCode::UNAUTHORIZED,
            CoreErrorResponseType::InvalidClient,
            description,
        )
    }

    pub(super) fn invalid_grant(description: &'static str) -> Self {
        Self::OAuth(
            StatusCode::BAD_REQUEST,
            CoreErrorResponseType::InvalidGrant,
            description,
        )
    }

    pub(super) fn invalid_request(description: &'static str) -> Self {
        Self::OAuth(
            StatusCode::BAD_REQUEST,
            CoreErrorResponseType::InvalidRequest,
            description,
        )
    }

    pub(super) fn server_error(description: &'static str) -> Self {
        let error = CoreErrorResponseType::Extension("server_error".to_owned());
        Self::OAuth(StatusCode::INTERNAL_SERVER_ERROR, error, description)
    }

    pub(super) fn repeated() -> Self {
        Self::invalid_request("The request contains a parameter more than once.")
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = match self {
            Self::OAuth(status, error, description) => {
                let body = StandardErrorResponse::new(error, Some(description.to_owned()), None);
                (status, Json(body)).into_response()
            }
            Self::Envelope(status, code, summary) => {
                let body = json!({
                    "errorCode": code,
                    "errorSummary": summary,
                    "errorLink": code,
                    "errorId": format!("oae{}", BASE64_URL_SAFE_NO_PAD.encode(random::<15>())),
                    "errorCauses": [],
                });
                (status, Json(body)).into_response()
            }
            Self::Bearer(status, error, description) => {
                let challenge =
                    format!("Bearer error=\"{error}\", error_description=\"{description}\"");
                (status, [(header::WWW_AUTHENTICATE, challenge)]).into_response()
            }
        };
        forbid_storing(&mut response);
        response
    }
}

/// Answers that nobody may keep.
pub(super) fn forbid_storing(response: &mut Response) {
    const HEADERS: [(HeaderName, &str); 2] = [
        (header::CACHE_CONTROL, "no-cache, no-store"),
        (header::PRAGMA, "no-cache"),
    ];
    for (name, value) in HEADERS {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
}
