//! Finding the company whose Okta is to be asked.

use std::sync::Arc;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use okta_sso_host::axum::{Cookies, return_to};
use serde::Deserialize;

use super::{
    Asked, Failure, Layout, Ledgerline, NEVER_RETURN_TO, REMEMBERED, Tenant, Visit, page,
    with_query,
};
use crate::domains::{self, State as Standing};
use crate::web::guard::Form;
use crate::{accounts, tenants};

pub(super) async fn named(
    ledgerline: &Ledgerline,
    id: &str,
) -> Result<Option<Tenant>, sqlx::Error> {
    if tenants::is_id(id) {
        tenants::find(&ledgerline.db, id).await
    } else {
        Ok(None)
    }
}

/// The tenant, if its people sign in with Okta.
pub(super) async fn with_okta(
    ledgerline: &Ledgerline,
    tenant: Tenant,
) -> Result<Option<Tenant>, sqlx::Error> {
    let standings = ledgerline.standings(&tenant.id).await?;
    Ok((standings.state == Standing::Active).then_some(tenant))
}

/// The tenant that this browser remembers, or the only one that signs in with Okta.
pub(super) async fn usual(
    ledgerline: &Ledgerline,
    headers: &HeaderMap,
) -> Result<Option<Tenant>, sqlx::Error> {
    let remembered = Cookies::read(headers).one(REMEMBERED).unwrap_or_default();
    if let Some(tenant) = named(ledgerline, remembered).await?
        && let Some(tenant) = with_okta(ledgerline, tenant).await?
    {
        return Ok(Some(tenant));
    }
    let mut only = None;
    for id in domains::tenants_with_approval(&ledgerline.db).await? {
        let Some(tenant) = tenants::find(&ledgerline.db, &id).await? else {
            continue;
        };
        if let Some(tenant) = with_okta(ledgerline, tenant).await? {
            if only.is_some() {
                return Ok(None);
            }
            only = Some(tenant);
        }
    }
    Ok(only)
}

/// The tenant that holds the domain of this e-mail, with how it signs in.
pub(super) async fn home(
    ledgerline: &Ledgerline,
    email: &str,
) -> Result<Option<(Tenant, Standing)>, sqlx::Error> {
    let Some((_, domain)) = email.rsplit_once('@') else {
        return Ok(None);
    };
    let domain = domain.to_ascii_lowercase();
    let Some(held) = domains::find(&ledgerline.db, &domain).await? else {
        return Ok(None);
    };
    let Some(tenant) = tenants::find(&ledgerline.db, &held.tenant).await? else {
        return Ok(None);
    };
    let standings = ledgerline.standings(&tenant.id).await?;
    Ok(Some((tenant, standings.state)))
}

#[derive(Template)]
#[template(path = "login_okta.html")]
struct CompanyPage<'a> {
    layout: Layout,
    email: &'a str,
    return_to: &'a str,
    problem: Option<&'a str>,
}

pub(super) async fn ask(visit: Visit, RawQuery(query): RawQuery) -> Response {
    let asked = Asked::read(query.as_deref());
    company_page(&visit, StatusCode::OK, &asked.email, &asked.return_to, None)
}

fn company_page(
    visit: &Visit,
    status: StatusCode,
    email: &str,
    asked: &str,
    problem: Option<&str>,
) -> Response {
    let page = CompanyPage {
        layout: Layout::of(visit),
        email,
        return_to: return_to(asked, &NEVER_RETURN_TO),
        problem,
    };
    page::show(visit, status, &page)
}

#[derive(Deserialize)]
pub(super) struct WorkEmail {
    email: String,
    #[serde(default)]
    return_to: String,
}

/// A work e-mail finds its company. Says nothing about who exists: only the domain is looked up.
pub(super) async fn find(
    State(ledgerline): State<Arc<Ledgerline>>,
    visit: Visit,
    Form(form): Form<WorkEmail>,
) -> Result<Response, Failure> {
    let email = form.email.trim();
    match home(&ledgerline, email).await? {
        Some((tenant, Standing::Active)) => {
            let to = with_query(
                "/login",
                &[
                    ("tenant", &tenant.id),
                    ("email", email),
                    ("return_to", return_to(&form.return_to, &NEVER_RETURN_TO)),
                ],
            );
            Ok(Redirect::to(&to).into_response())
        }
        _ => {
            let problem = if accounts::is_email(email) {
                "No company signs in with Okta under this e-mail’s domain. Check the spelling, or sign in with your password."
            } else {
                "Enter your work e-mail, such as anna@company.com."
            };
            Ok(company_page(
                &visit,
                StatusCode::UNPROCESSABLE_ENTITY,
                email,
                &form.return_to,
                Some(problem),
            ))
        }
    }
}
