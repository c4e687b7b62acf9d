//! Putting settings into use that wait for the toggle alone: asked once more, with what it means.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use super::draft::Empty;
use super::{Administrator, Failure, Layout, Ledgerline, Saved, activation, drafts, page};
use crate::activation::Cause;
use crate::database;
use crate::web::guard::{self, Form};
use crate::{history, token};

#[derive(Template)]
#[template(path = "settings/on.html")]
struct OnPage<'a> {
    layout: Layout,
    tenant: &'a str,
    issuer: &'a str,
    client_id: &'a str,
    /// Other settings are in use.
    in_use: bool,
}

/// The question.
pub(super) fn confirm(administrator: &Administrator, settings: &Saved, in_use: bool) -> Response {
    let page = OnPage {
        layout: Layout::of(&administrator.visit),
        tenant: &administrator.session.tenant_name,
        issuer: &settings.issuer,
        client_id: &settings.client_id,
        in_use,
    };
    page::show(&administrator.visit, StatusCode::OK, &page)
}

/// The answer yes.
pub(super) async fn switch_on(
    State(ledgerline): State<Arc<Ledgerline>>,
    administrator: Administrator,
    Form(Empty {}): Form<Empty>,
) -> Result<Response, Failure> {
    let user = &administrator.session.user;
    let correlation_id = token::name()?;
    let cause = Cause {
        actor: &user.email,
        correlation_id: &correlation_id,
        now: ledgerline.now(),
    };
    let mut write = database::write(&ledgerline.db).await?;
    guard::reaffirm(&mut write, &administrator.session).await?;
    let Some(mut draft) = drafts::of_tenant(&mut *write, &user.tenant).await? else {
        return Ok(Redirect::to("/settings/sso").into_response());
    };
    draft.settings.enabled = true;
    drafts::put(&mut write, &draft).await?;
    let event = cause.event("settings/switched-on", "");
    history::record_in(&mut write, &user.tenant, &event).await?;
    let active = activation::advance(&mut write, &ledgerline.seal, &user.tenant, cause).await?;
    write.commit().await?;
    let done = if active { "active" } else { "draft" };
    Ok(Redirect::to(&format!("/settings/sso?done={done}")).into_response())
}
