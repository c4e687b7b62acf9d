//! The sign-in page: a password, or the Okta button.
//!
//! Which company the button is for: the address says it (`?tenant=`), the browser remembers it, there is only one,
//! or a work e-mail finds it by its approved domain.

mod company;
mod password;
mod refusals;

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::get;
use okta_sso_host::axum::return_to;
use url::form_urlencoded;

use self::company::{named, usual, with_okta};
pub(super) use self::refusals::slow_down;
use super::guard::Visit;
use super::page::{self, Failure, Layout};
use super::{NEVER_RETURN_TO, Web};
use crate::ledgerline::Ledgerline;
use crate::tenants::Tenant;

/// The tenant that signed in with Okta here last.
pub(super) const REMEMBERED: &str = "__Host-tenant";

pub(super) fn router() -> Router<Web> {
    Router::new()
        .route("/login", get(show).post(password::sign_in))
        .route("/login/okta", get(company::ask).post(company::find))
}

/// What leads to the page. What an address names otherwise, or more than once, does not matter.
#[derive(Default)]
struct Asked {
    tenant: String,
    email: String,
    return_to: String,
}

impl Asked {
    fn read(query: Option<&str>) -> Self {
        let mut asked = Self::default();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match name.as_ref() {
                "tenant" => asked.tenant = value.into_owned(),
                "email" => asked.email = value.into_owned(),
                "return_to" => asked.return_to = value.into_owned(),
                _ => {}
            }
        }
        asked
    }
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage<'a> {
    layout: Layout,
    /// The company, when it is known and signs in with Okta.
    company: Option<&'a str>,
    /// Where the Okta button leads.
    okta: String,
    /// Whether the form for a password is there.
    with_password: bool,
    tenant: &'a str,
    email: &'a str,
    return_to: &'a str,
    problem: Option<&'a str>,
    /// It is about what was typed.
    wrong: bool,
}

async fn show(
    State(ledgerline): State<Arc<Ledgerline>>,
    visit: Visit,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let asked = Asked::read(query.as_deref());
    let draft = Draft {
        tenant: named(&ledgerline, &asked.tenant).await?,
        email: asked.email,
        return_to: asked.return_to,
    };
    let company = match &draft.tenant {
        Some(tenant) => with_okta(&ledgerline, tenant.clone()).await?,
        None => usual(&ledgerline, &headers).await?,
    };
    Ok(draft.page(&visit, StatusCode::OK, company.as_ref(), None))
}

/// The form as it is drawn again, so that nothing that was typed is lost but the password.
struct Draft {
    /// Named by the address.
    tenant: Option<Tenant>,
    email: String,
    return_to: String,
}

impl Draft {
    fn page(
        &self,
        visit: &Visit,
        status: StatusCode,
        company: Option<&Tenant>,
        problem: Option<&str>,
    ) -> Response {
        let return_to = return_to(&self.return_to, &NEVER_RETURN_TO);
        let asked_for_okta = self.tenant.is_some() && self.tenant.as_ref() == company;
        let page = LoginPage {
            layout: Layout::of(visit),
            company: company.map(|tenant| tenant.name.as_str()),
            okta: match company {
                Some(tenant) => start(&tenant.id, &self.email, return_to),
                None => with_query(
                    "/login/okta",
                    &[("email", &self.email), ("return_to", return_to)],
                ),
            },
            with_password: !asked_for_okta,
            tenant: self.tenant.as_ref().map_or("", |tenant| &tenant.id),
            email: &self.email,
            return_to,
            problem,
            wrong: problem == Some(refusals::WRONG),
        };
        page::show(visit, status, &page)
    }
}

/// The address that begins a sign-in with Okta.
fn start(tenant: &str, email: &str, return_to: &str) -> String {
    with_query(
        "/sso/okta/start",
        &[
            ("tenant", tenant),
            ("return_to", return_to),
            ("login_hint", email),
        ],
    )
}

/// Leaves out what is empty, and the `return_to` that is the default.
pub(super) fn with_query(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in pairs {
        if !value.is_empty() && (*name, *value) != ("return_to", "/") {
            query.append_pair(name, value);
        }
    }
    let query = query.finish();
    if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    }
}
