//! Who does not come in by a password, and what they read: the same whether there is an account or not.

use std::sync::Arc;

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use okta_sso_host::axum::return_to;

use super::company::with_okta;
use super::{Draft, Failure, Layout, Ledgerline, NEVER_RETURN_TO, Tenant, Visit, page, with_query};
use crate::accounts::User;
use crate::domains::State as Standing;
use crate::history::Event;
use crate::web::page::Message;
use crate::web::throttle::Spent;
use crate::{tenants, token};

pub(super) const WRONG: &str = "E-mail or password is not right. Check both and try again. If your company uses Okta, sign in \
    with Okta instead.";
const OKTA_INSTEAD: &str = "Your company signs in with Okta. Sign in with Okta instead.";
const SUSPENDED: &str = "Your company’s single sign-on is being set up anew, so nobody can sign in at the moment. \
    Ask your administrator.";

pub(super) async fn wrong(
    ledgerline: &Ledgerline,
    draft: &Draft,
    visit: &Visit,
) -> Result<Response, Failure> {
    let company = match &draft.tenant {
        Some(tenant) => with_okta(ledgerline, tenant.clone()).await?,
        None => None,
    };
    Ok(draft.page(visit, StatusCode::FORBIDDEN, company.as_ref(), Some(WRONG)))
}

/// The password was right, and the company takes none.
pub(super) async fn not_taken(
    ledgerline: &Arc<Ledgerline>,
    draft: &Draft,
    visit: &Visit,
    user: &User,
    state: Standing,
) -> Result<Response, Failure> {
    let code = "refused/password-not-accepted";
    refuse(ledgerline, &user.tenant, code, &user.email)?;
    let tenant = tenants::find(&ledgerline.db, &user.tenant).await?;
    let tenant = tenant.ok_or(Failure::NotFound)?;
    Ok(instead(draft, visit, &tenant, state))
}

/// Without a password's help: the Okta button, or the reason why there is none.
pub(super) fn instead(draft: &Draft, visit: &Visit, tenant: &Tenant, state: Standing) -> Response {
    let draft = Draft {
        tenant: Some(tenant.clone()),
        email: draft.email.clone(),
        return_to: draft.return_to.clone(),
    };
    if state == Standing::Active {
        draft.page(
            visit,
            StatusCode::FORBIDDEN,
            Some(tenant),
            Some(OKTA_INSTEAD),
        )
    } else {
        draft.page(visit, StatusCode::FORBIDDEN, None, Some(SUSPENDED))
    }
}

/// Recorded beside the answer, so that its time does not tell whether there was something to record.
pub(super) fn refuse(
    ledgerline: &Arc<Ledgerline>,
    tenant: &str,
    code: &str,
    actor: &str,
) -> Result<(), Failure> {
    let event = Event {
        at: ledgerline.now(),
        code: code.to_owned(),
        correlation_id: token::name()?,
        actor: actor.chars().take(254).collect(),
        detail: String::new(),
    };
    let (ledgerline, tenant) = (Arc::clone(ledgerline), tenant.to_owned());
    tokio::spawn(async move { ledgerline.record(&tenant, &event).await });
    Ok(())
}

/// One person, one password, two companies. Their names are told: the password was right at each of them.
pub(super) async fn choose(
    ledgerline: &Ledgerline,
    draft: &Draft,
    visit: &Visit,
    users: impl Iterator<Item = &User>,
) -> Result<Response, Failure> {
    let mut companies = Vec::new();
    for user in users {
        if let Some(tenant) = tenants::find(&ledgerline.db, &user.tenant).await? {
            let to = with_query(
                "/login",
                &[
                    ("tenant", &tenant.id),
                    ("email", &draft.email),
                    ("return_to", return_to(&draft.return_to, &NEVER_RETURN_TO)),
                ],
            );
            companies.push((tenant.name, to));
        }
    }
    companies.sort();
    let page = WhichCompanyPage { companies };
    Ok(page::show(visit, StatusCode::CONFLICT, &page))
}

#[derive(Template)]
#[template(path = "login_which.html")]
struct WhichCompanyPage {
    /// The name of each, and its own sign-in page.
    companies: Vec<(String, String)>,
}

pub(in crate::web) fn slow_down(visit: &Visit, spent: &Spent) -> Response {
    let page = Message {
        layout: Layout::of(visit),
        title: "Too many tries",
        text: "There were too many tries to sign in from here, for this account, or at this company.",
        next_step: "Wait a minute, then try again.",
        link: ("/login", "Back to the sign-in page"),
        correlation_id: None,
    };
    let mut response = page::show(visit, StatusCode::TOO_MANY_REQUESTS, &page);
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from(spent.seconds));
    response
}
