//! `…/authorize` and `…/par`.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use openidconnect::core::{CoreAuthErrorResponseType, CoreErrorResponseType};
use serde_json::json;
use url::form_urlencoded;

use super::{
    Person,
    change::Change,
    client_auth::authenticate,
    issuer::Server,
    org::{Grant, Org, PUSHED_LIFETIME, Session, SignIn, Then},
    page::{self, found},
    parameters::Parameters,
    refusal::{Refusal, forbid_storing},
    token::require_form,
};

/// Okta: of all scopes together.
const MAX_SCOPE: usize = 1024;

const PUSHED: &str = "urn:okta:";

/// A request that may be answered at its redirect URI.
#[derive(Clone)]
pub(super) struct AuthorizeRequest {
    pub(super) server: Server,
    /// What the ID token will name: Okta fixes it here, and not when the code is redeemed.
    pub(super) issuer: String,
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) state: String,
    pub(super) scopes: Vec<String>,
    pub(super) nonce: Option<String>,
    /// Of method S256.
    pub(super) code_challenge: String,
    pub(super) prompt: Prompt,
    pub(super) max_age: Option<u64>,
    pub(super) login_hint: Option<String>,
}

/// OIDC Core 3.1.2.1, as far as it makes a difference here.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Prompt {
    AsNeeded,
    Login,
    None,
}

impl AuthorizeRequest {
    pub(super) fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|found| found == scope)
    }

    /// Whether somebody who signed in at `session` has to do so again.
    fn wants_sign_in(&self, now: u64, session: &Session) -> bool {
        self.prompt == Prompt::Login
            || self
                .max_age
                .is_some_and(|age| now.saturating_sub(session.since) > age)
    }

    fn refused(&self, error: CoreAuthErrorResponseType, description: &'static str) -> Unanswerable {
        Unanswerable::AtClient {
            redirect_uri: self.redirect_uri.clone(),
            state: Some(self.state.clone()),
            error,
            description,
        }
    }
}

/// Why a request is not granted, and where that is said.
pub(super) enum Unanswerable {
    /// Okta: with an unacceptable client or redirect URI, on its own page; the client hears nothing.
    Here(&'static str, &'static str),
    /// RFC 6749 4.1.2.1.
    AtClient {
        redirect_uri: String,
        state: Option<String>,
        error: CoreAuthErrorResponseType,
        description: &'static str,
    },
}

/// Grants a code to whoever is signed in, or shows the sign-in page.
pub(super) async fn authorize(
    State(org): State<Arc<Org>>,
    server: Server,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let parameters = Parameters::parse(query.unwrap_or_default().as_bytes());
    let at = (server, org.address(&headers));
    let request = match request_of(&org, at, &parameters) {
        Ok(request) => request,
        Err(unanswerable) => return refuse(&org, unanswerable),
    };
    let now = org.now();
    let session = org.session(&headers);
    let session = session.filter(|session| !request.wants_sign_in(now, session));
    match session.and_then(|session| Some((org.person(&session.login)?, session))) {
        Some((person, session)) => grant(&org, request, person, session),
        None if request.prompt == Prompt::None => {
            let refused = request.refused(
                CoreAuthErrorResponseType::LoginRequired,
                "The client specified not to prompt, but the user is not logged in.",
            );
            refuse(&org, refused)
        }
        None => {
            let sign_in = SignIn {
                login: None,
                then: Then::Authorize(Box::new(request)),
            };
            let name = org.state().sign_ins.hold(now, sign_in);
            found(&format!("/signin?token={name}"))
        }
    }
}

/// Takes a request ahead of the browser (RFC 9126).
pub(super) async fn push(
    State(org): State<Arc<Org>>,
    server: Server,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    require_form(&headers)?;
    let form = Parameters::parse(&body);
    let client = authenticate(&org, &headers, &form, "par").await?;
    if form
        .get("client_id")
        .is_some_and(|id| id != client.client_id)
    {
        return Err(Refusal::invalid_request(
            "The 'client_id' parameter is invalid.",
        ));
    }
    let at = (server, org.address(&headers));
    let request = read(&org, at, &client.client_id, &form).map_err(|unanswerable| {
        let (error, description) = match unanswerable {
            Unanswerable::Here(error, description) => (error.to_owned(), description),
            Unanswerable::AtClient {
                error, description, ..
            } => (error.as_ref().to_owned(), description),
        };
        let error = CoreErrorResponseType::Extension(error);
        Refusal::OAuth(StatusCode::BAD_REQUEST, error, description)
    })?;
    let now = org.now();
    let name = org.state().pushed.hold(now, request);
    let body = json!({ "request_uri": format!("{PUSHED}{name}"), "expires_in": PUSHED_LIFETIME });
    let mut response = (StatusCode::CREATED, Json(body)).into_response();
    forbid_storing(&mut response);
    Ok(response)
}

/// Sends the browser back with a code, unless the application is not the person's or no policy lets them in.
pub(super) fn grant(
    org: &Org,
    request: AuthorizeRequest,
    person: &Person,
    session: Session,
) -> Response {
    if !org.is_assigned(&request.client_id, person) {
        let refused = request.refused(
            CoreAuthErrorResponseType::AccessDenied,
            "User is not assigned to the client application.",
        );
        return refuse(org, refused);
    }
    if request.server == Server::Default && !org.state().has_policy {
        let refused = request.refused(
            CoreAuthErrorResponseType::AccessDenied,
            "Policy evaluation failed for this request, please check the policy configurations.",
        );
        return refuse(org, refused);
    }
    let (redirect_uri, state) = (request.redirect_uri.clone(), request.state.clone());
    let now = org.now();
    let code = org.state().codes.hold(now, Grant { request, session });
    to_client(org, &redirect_uri, &[("code", &code), ("state", &state)])
}

fn refuse(org: &Org, unanswerable: Unanswerable) -> Response {
    match unanswerable {
        Unanswerable::Here(error, description) => {
            page::failure(org, StatusCode::BAD_REQUEST, error, description)
        }
        Unanswerable::AtClient {
            redirect_uri,
            state,
            error,
            description,
        } => {
            let mut answer = vec![
                ("error", error.as_ref()),
                ("error_description", description),
            ];
            if let Some(state) = &state {
                answer.push(("state", state));
            }
            to_client(org, &redirect_uri, &answer)
        }
    }
}

fn to_client(org: &Org, redirect_uri: &str, answer: &[(&str, &str)]) -> Response {
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let mut pairs = answer.iter().map(pair).collect();
    for change in org.switches.changes() {
        if let Change::Callback(change) = change {
            change(&mut pairs);
        }
    }
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    let separator = if redirect_uri.contains('?') { '&' } else { '?' };
    let location = format!("{redirect_uri}{separator}{query}");
    let mut response = (StatusCode::FOUND, [(header::LOCATION, location)]).into_response();
    forbid_storing(&mut response);
    response
}

/// The request in the query, or the pushed one that the query names.
fn request_of(
    org: &Org,
    at: (Server, &str),
    parameters: &Parameters,
) -> Result<AuthorizeRequest, Unanswerable> {
    let client_id = parameters
        .get("client_id")
        .filter(|id| org.client(id).is_some())
        .ok_or(Unanswerable::Here(
            "invalid_client",
            "Invalid value for 'client_id' parameter.",
        ))?;
    let Some(request_uri) = parameters.get("request_uri") else {
        return read(org, at, client_id, parameters);
    };
    let now = org.now();
    request_uri
        .strip_prefix(PUSHED)
        .and_then(|name| org.state().pushed.read(now, name))
        .filter(|request| request.client_id == client_id && request.server == at.0)
        .ok_or(Unanswerable::Here(
            "invalid_request_uri",
            "The 'request_uri' parameter is invalid or has expired.",
        ))
}

/// Checks a request in Okta's order: first whether it can be answered at all, then the rest.
fn read(
    org: &Org,
    (server, address): (Server, &str),
    client_id: &str,
    parameters: &Parameters,
) -> Result<AuthorizeRequest, Unanswerable> {
    use CoreAuthErrorResponseType::{Extension, InvalidRequest, InvalidScope};

    let redirect_uri = parameters
        .get("redirect_uri")
        .filter(|uri| {
            org.client(client_id)
                .is_some_and(|client| client.redirect_uris.iter().any(|known| known == uri))
        })
        .ok_or(Unanswerable::Here(
            "illegal_redirect_uri",
            "The 'redirect_uri' parameter must be a Login redirect URI in the client app \
             settings.",
        ))?;
    let state = parameters.get("state").filter(|state| is_state(state));
    let refused = |error, description| Unanswerable::AtClient {
        redirect_uri: redirect_uri.to_owned(),
        state: state.map(str::to_owned),
        error,
        description,
    };
    let one = |name| {
        parameters.one(name).map_err(|_| {
            refused(
                InvalidRequest,
                "The request contains a parameter more than once.",
            )
        })
    };

    // Okta: state is required, and its alphabet is narrow.
    let state = state.ok_or_else(|| {
        refused(
            InvalidRequest,
            "The authentication request has an invalid 'state' parameter.",
        )
    })?;
    if one("response_type")? != Some("code") {
        return Err(refused(
            CoreAuthErrorResponseType::UnsupportedResponseType,
            "The response type is not supported by the authorization server. Valid response \
             types: [code].",
        ));
    }
    if one("response_mode")?.is_some_and(|mode| mode != "query") {
        return Err(refused(
            Extension("unsupported_response_mode".to_owned()),
            "The response mode is not supported by this development server. Valid response \
             modes: [query].",
        ));
    }
    let scope = one("scope")?.unwrap_or_default();
    let scopes = scope
        .split_ascii_whitespace()
        .map(str::to_owned)
        .collect::<Vec<_>>();
    let known = ["openid", "email", "profile", "address", "phone"];
    if scope.len() > MAX_SCOPE
        || !scopes.iter().any(|scope| scope == "openid")
        || !scopes.iter().all(|scope| known.contains(&scope.as_str()))
    {
        return Err(refused(
            InvalidScope,
            "One or more scopes are not configured for the authorization server resource.",
        ));
    }
    let code_challenge = one("code_challenge")?.ok_or_else(|| {
        refused(
            InvalidRequest,
            "PKCE code challenge is required by the application.",
        )
    })?;
    if one("code_challenge_method")? != Some("S256") {
        return Err(refused(
            InvalidRequest,
            "The 'code_challenge_method' is not supported. Supported methods: [S256].",
        ));
    }
    let prompt = match one("prompt")? {
        None | Some("consent") => Prompt::AsNeeded,
        Some("login" | "login consent" | "consent login") => Prompt::Login,
        Some("none") => Prompt::None,
        Some(_) => {
            return Err(refused(
                InvalidRequest,
                "The authentication request has an invalid 'prompt' parameter.",
            ));
        }
    };
    let max_age = one("max_age")?
        .map(|age| age.parse::<u32>().map(u64::from))
        .transpose()
        .ok()
        .filter(|age| !(prompt == Prompt::None && *age == Some(0)))
        .ok_or_else(|| {
            refused(
                InvalidRequest,
                "The authentication request has an invalid 'max_age' parameter.",
            )
        })?;
    Ok(AuthorizeRequest {
        server,
        issuer: org.issuer(server, Some(client_id), address),
        client_id: client_id.to_owned(),
        redirect_uri: redirect_uri.to_owned(),
        state: state.to_owned(),
        scopes,
        nonce: one("nonce")?.map(str::to_owned),
        code_challenge: code_challenge.to_owned(),
        prompt,
        max_age,
        login_hint: one("login_hint")?.map(str::to_owned),
    })
}

/// Okta: letters, digits, comma, period, underscore, hyphen.
fn is_state(state: &str) -> bool {
    state
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b",._-".contains(&byte))
}
