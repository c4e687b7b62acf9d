//! Who is there, and whether a form comes from our own pages.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRef, FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use okta_sso_host::axum::{Cookies, set_cookie};
use serde::de::DeserializeOwned;
use sqlx::{Any, AnyPool, Transaction};
use url::form_urlencoded;

use super::page::Failure;
use crate::activation::Cause;
use crate::database;
use crate::ledgerline::Ledgerline;
use crate::operators;
use crate::sessions::{self, Session};
use crate::token::{self, NoRandomness};

/// Somebody's session at a tenant.
pub(crate) const SESSION: &str = "__Host-session";
/// An operator's session.
pub(crate) const OPERATOR: &str = "__Host-operator";
/// What a form's proof is made of; lives as long as the browser is open.
const FORM: &str = "__Host-form";
/// The proof's field.
const PROOF: &str = "proof";

/// What a browser brought along: to be had in every handler, signed in or not.
pub(crate) struct Visit {
    pub(crate) session: Option<Session>,
    /// The session cookie's value, when it stands for `session`.
    pub(crate) cookie: Option<String>,
    form: String,
    fresh: bool,
    pub(super) form_proof: String,
}

impl Visit {
    /// Reads the cookies of a request. An unknown session cookie is nobody's.
    pub(super) async fn of(ledgerline: &Ledgerline, headers: &HeaderMap) -> Result<Self, Failure> {
        let cookies = Cookies::read(headers);
        let cookie = cookies.one(SESSION).map(str::to_owned);
        let session = match &cookie {
            Some(cookie) => {
                sessions::find(&ledgerline.db, cookie, ledgerline.session_times()).await?
            }
            None => None,
        };
        let form = cookies.one(FORM).filter(|form| form.len() == 43);
        let (form, fresh) = match form {
            Some(form) => (form.to_owned(), false),
            None => (token::secret()?, true),
        };
        let proof = ledgerline.seal.form_proof(&bound_to(&cookies, &form));
        Ok(Self {
            cookie: cookie.filter(|_| session.is_some()),
            session,
            form_proof: URL_SAFE_NO_PAD.encode(proof),
            form,
            fresh,
        })
    }

    /// The cookie behind the forms of the page that is about to be sent, when the browser has none yet.
    pub(super) fn form_cookie(&self) -> Option<HeaderValue> {
        let cookie = format!(
            "{FORM}={}; Path=/; Secure; HttpOnly; SameSite=Lax",
            self.form
        );
        self.fresh
            .then(|| HeaderValue::try_from(cookie).ok())
            .flatten()
    }
}

/// What a form belongs to: the browser, and whoever is signed in there, so that a form that was drawn for one person is
/// not carried out as another who signed in since.
fn bound_to<'a>(cookies: &Cookies<'a>, form: &'a str) -> [&'a str; 3] {
    let held = |name| cookies.one(name).unwrap_or_default();
    [form, held(SESSION), held(OPERATOR)]
}

/// Adds the session's cookie to an answer.
pub(super) fn keep_session(ledgerline: &Ledgerline, response: &mut Response, cookie: &str) {
    let most = ledgerline.lifetimes.most.unsigned_abs();
    append(response, set_cookie(SESSION, cookie, most));
}

/// Takes a cookie away from the browser.
pub(super) fn forget(response: &mut Response, name: &str) {
    append(response, set_cookie(name, "", 0));
}

/// Adds a `Set-Cookie`.
pub(super) fn append(response: &mut Response, cookie: Option<HeaderValue>) {
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

impl<S> FromRequestParts<S> for Visit
where
    S: Send + Sync,
    Arc<Ledgerline>: FromRef<S>,
{
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        Self::of(&Arc::from_ref(state), &parts.headers).await
    }
}

/// A person who is signed in. Everybody else goes to the sign-in page first.
pub(crate) struct SignedIn {
    pub(crate) session: Session,
    pub(crate) visit: Visit,
}

impl<S> FromRequestParts<S> for SignedIn
where
    S: Send + Sync,
    Arc<Ledgerline>: FromRef<S>,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let visit = Visit::from_request_parts(parts, state)
            .await
            .map_err(IntoResponse::into_response)?;
        match visit.session.clone() {
            Some(session) => Ok(Self { session, visit }),
            None => Err(sign_in_first("/login", parts)),
        }
    }
}

/// An administrator of a tenant who is signed in.
pub(crate) struct Administrator {
    pub(crate) session: Session,
    pub(crate) visit: Visit,
}

impl<S> FromRequestParts<S> for Administrator
where
    S: Send + Sync,
    Arc<Ledgerline>: FromRef<S>,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let SignedIn { session, visit } = SignedIn::from_request_parts(parts, state).await?;
        if session.user.administrator {
            Ok(Self { session, visit })
        } else {
            Err(Failure::AdministratorsOnly.into_response())
        }
    }
}

impl Administrator {
    /// As [`write`].
    pub(super) async fn write(
        &self,
        ledgerline: &Ledgerline,
    ) -> Result<Transaction<'static, Any>, Failure> {
        write(&ledgerline.db, &self.session).await
    }

    /// Who stands behind a change that is made now.
    pub(super) fn author(&self, ledgerline: &Ledgerline) -> Result<Author<'_>, NoRandomness> {
        Ok(Author {
            email: &self.session.user.email,
            correlation_id: token::name()?,
            now: ledgerline.now(),
        })
    }
}

/// The one write lock, for whatever an administrator's right is used for. Refused when the session or the right was taken
/// away since the request came in.
pub(super) async fn write(
    db: &AnyPool,
    session: &Session,
) -> Result<Transaction<'static, Any>, Failure> {
    let mut write = database::write(db).await?;
    if sessions::is_of_administrator(&mut *write, session).await? {
        Ok(write)
    } else {
        Err(Failure::AdministratorsOnly)
    }
}

/// Who made one change, when, and the reference under which the history has all that came of it.
pub(super) struct Author<'a> {
    email: &'a str,
    correlation_id: String,
    now: i64,
}

impl Author<'_> {
    pub(super) fn cause(&self) -> Cause<'_> {
        Cause {
            actor: self.email,
            correlation_id: &self.correlation_id,
            now: self.now,
        }
    }
}

/// An operator who is signed in. Everybody else goes to the operators' own sign-in page.
pub(crate) struct Operator {
    pub(crate) operator: operators::Operator,
    pub(crate) visit: Visit,
}

impl<S> FromRequestParts<S> for Operator
where
    S: Send + Sync,
    Arc<Ledgerline>: FromRef<S>,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let visit = Visit::from_request_parts(parts, state)
            .await
            .map_err(IntoResponse::into_response)?;
        let ledgerline = Arc::<Ledgerline>::from_ref(state);
        let found = match Cookies::read(&parts.headers).one(OPERATOR) {
            Some(cookie) => operators::find_session(&ledgerline.db, cookie, ledgerline.now())
                .await
                .map_err(|error| Failure::from(error).into_response())?,
            None => None,
        };
        match found {
            Some(operator) => Ok(Self { operator, visit }),
            None => Err(sign_in_first("/operator/login", parts)),
        }
    }
}

/// To a sign-in page, and from there back to the page that was asked for.
fn sign_in_first(page: &str, parts: &Parts) -> Response {
    let asked = parts
        .uri
        .path_and_query()
        .map_or("/", |asked| asked.as_str());
    if parts.method != Method::GET || asked == "/" {
        return Redirect::to(page).into_response();
    }
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("return_to", asked)
        .finish();
    Redirect::to(&format!("{page}?{query}")).into_response()
}

/// A form that one of our own pages sent from this browser.
///
/// Two independent proofs: the browser's word about where the request comes from, where it gives one
/// (`Sec-Fetch-Site`, else `Origin`), and the field `proof`, which only our pages could draw.
pub(crate) struct Form<T>(pub(crate) T);

impl<T, S> FromRequest<S> for Form<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
    Arc<Ledgerline>: FromRef<S>,
{
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let ledgerline = Arc::<Ledgerline>::from_ref(state);
        let (parts, body) = request.into_parts();
        if comes_from_elsewhere(&parts.headers, ledgerline.public_url.origin()) {
            return Err(Failure::FormFromElsewhere);
        }
        let request = Request::from_parts(parts.clone(), body);
        let body = Bytes::from_request(request, state)
            .await
            .map_err(|_| Failure::FormUnreadable)?;
        if form_urlencoded::parse(&body).any(|(name, value)| has_nul(&name) || has_nul(&value)) {
            return Err(Failure::FormUnreadable);
        }
        let mut proofs = form_urlencoded::parse(&body).filter(|(name, _)| name == PROOF);
        let (Some((_, proof)), None) = (proofs.next(), proofs.next()) else {
            return Err(Failure::FormExpired);
        };
        let proof = URL_SAFE_NO_PAD
            .decode(proof.as_bytes())
            .map_err(|_| Failure::FormExpired)?;
        let cookies = Cookies::read(&parts.headers);
        let form = cookies.one(FORM).ok_or(Failure::FormExpired)?;
        if !ledgerline
            .seal
            .is_form_proof(&bound_to(&cookies, form), &proof)
        {
            return Err(Failure::FormExpired);
        }
        let request = Request::from_parts(parts, body.into());
        let axum::Form(form) = axum::Form::<T>::from_request(request, state)
            .await
            .map_err(|_| Failure::FormUnreadable)?;
        Ok(Self(form))
    }
}

/// Nothing that this product knows has a NUL in it, and PostgreSQL takes none in a text.
fn has_nul(text: &str) -> bool {
    text.contains('\0')
}

/// An address with a NUL in it leads nowhere. Only the callback is asked all the same: what came from a provider is judged
/// by the plugin, and every refusal of it is one of an attempt.
pub(super) async fn refuse_nul(request: Request, next: Next) -> Response {
    let uri = request.uri();
    let spelled = |part: &str| part.contains("%00");
    if (spelled(uri.path()) || uri.query().is_some_and(spelled))
        && uri.path() != "/sso/okta/callback"
    {
        return Failure::NotFound.into_response();
    }
    next.run(request).await
}

/// What the browser says about the page that sent the form. Programs that are no browser say nothing.
fn comes_from_elsewhere(headers: &HeaderMap, own: &str) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site != "same-origin";
    }
    headers
        .get(header::ORIGIN)
        .is_some_and(|origin| origin != own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_of_another_site_is_seen() {
        let own = "https://ledgerline.example";
        let from = |name: &'static str, value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_static(value));
            comes_from_elsewhere(&headers, own)
        };
        assert!(!from("sec-fetch-site", "same-origin"));
        assert!(!from("origin", own));
        for site in ["cross-site", "same-site", "none", ""] {
            assert!(from("sec-fetch-site", site), "{site}");
        }
        for origin in [
            "null",
            "https://ledgerline.example.evil.com",
            "http://ledgerline.example",
        ] {
            assert!(from("origin", origin), "{origin}");
        }
        assert!(!comes_from_elsewhere(&HeaderMap::new(), own));
    }
}
