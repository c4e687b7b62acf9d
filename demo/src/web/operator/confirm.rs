//! What takes a company's domain or its single sign-on away: asked once more, with how many people it concerns.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::{Failure, Layout, Ledgerline, Operator, page};
use crate::accounts;
use crate::domains::State as TenantState;
use crate::ledgerline::Standings;
use crate::tenants::{self, Tenant};

#[derive(Template)]
#[template(path = "operator/confirm.html")]
struct ConfirmPage {
    layout: Layout,
    tenant: Tenant,
    /// The domain that goes; none where single sign-on alone is switched off.
    domain: Option<String>,
    /// Single sign-on is switched off by it.
    off: bool,
    people: usize,
    /// Who could not sign in afterwards.
    without_password: usize,
}

#[derive(Deserialize)]
pub(super) struct Held {
    tenant: String,
    domain: String,
}

/// `GET /operator/domains/release`: about a domain that a company holds.
pub(super) async fn release(
    State(ledgerline): State<Arc<Ledgerline>>,
    operator: Operator,
    Query(held): Query<Held>,
) -> Result<Response, Failure> {
    ask(&ledgerline, &operator, &held.tenant, Some(held.domain)).await
}

/// `GET /operator/tenants/{tenant}/off`: about a company that has a connection in use.
pub(super) async fn switch_off(
    State(ledgerline): State<Arc<Ledgerline>>,
    operator: Operator,
    Path(tenant): Path<String>,
) -> Result<Response, Failure> {
    ask(&ledgerline, &operator, &tenant, None).await
}

async fn ask(
    ledgerline: &Ledgerline,
    operator: &Operator,
    tenant: &str,
    domain: Option<String>,
) -> Result<Response, Failure> {
    let tenant = tenants::find(&ledgerline.db, tenant).await?;
    let tenant = tenant.ok_or(Failure::NotFound)?;
    let standings = ledgerline.standings(&tenant.id).await?;
    let off = match &domain {
        Some(domain) => {
            let held = &standings.domains;
            if !held.iter().any(|one| one.domain == *domain) {
                return Err(Failure::NotFound);
            }
            switches_off(&standings, domain)
        }
        None if standings.saved.is_none() => return Err(Failure::NotFound),
        None => true,
    };
    let people = accounts::of_tenant(&ledgerline.db, &tenant.id).await?;
    let page = ConfirmPage {
        layout: Layout::of(ledgerline, operator).await?,
        tenant,
        domain,
        off,
        people: people.len(),
        without_password: accounts::without_password(&people),
    };
    Ok(page::show(&operator.visit, StatusCode::OK, &page))
}

/// Whether the company signs in with Okta, and this domain is the last that it may do so for.
fn switches_off(standings: &Standings, domain: &str) -> bool {
    let mut left = standings.domains.clone();
    left.retain(|one| one.domain != domain);
    let after = TenantState::of(standings.saved.as_ref(), &left);
    !standings.state.accepts_passwords() && after == TenantState::AwaitingDomain
}
