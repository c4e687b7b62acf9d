//! Putting settings into use that wait for the toggle alone: asked once more, with what it means.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use super::corrections::Corrected;
use super::draft::Empty;
use super::{Administrator, Failure, Layout, Ledgerline, Saved, activation, drafts, page};
use crate::history;
use crate::web::guard::Form;

#[derive(Template)]
#[template(path = "settings/on.html")]
struct OnPage<'a> {
    layout: Layout,
    tenant: &'a str,
    issuer: &'a str,
    client_id: &'a str,
    /// What saving has just put right.
    corrected: Vec<Corrected>,
    /// Other settings are in use.
    in_use: bool,
}

/// The question.
pub(super) fn confirm(
    administrator: &Administrator,
    settings: &Saved,
    corrected: Vec<Corrected>,
    in_use: bool,
) -> Response {
    let page = OnPage {
        layout: Layout::of(&administrator.visit),
        tenant: &administrator.session.tenant_name,
        issuer: &settings.issuer,
        client_id: &settings.client_id,
        corrected,
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
    let author = administrator.author(&ledgerline)?;
    let cause = author.cause();
    let mut write = administrator.write(&ledgerline).await?;
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
