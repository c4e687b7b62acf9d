//! Switching single sign-on off while people sign in by it: asked once more, with what it means.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use super::draft::Empty;
use super::{Administrator, Failure, Layout, Ledgerline, activation, drafts, page};
use crate::accounts;
use crate::history;
use crate::web::guard::Form;

#[derive(Template)]
#[template(path = "settings/off.html")]
struct OffPage<'a> {
    layout: Layout,
    tenant: &'a str,
    people: usize,
    /// Who could not sign in afterwards.
    without_password: usize,
    /// The administrator who asks is one of them.
    locks_out: bool,
    /// Changes wait beside the settings in use.
    changes: bool,
}

/// The question.
pub(super) async fn confirm(
    ledgerline: &Ledgerline,
    administrator: &Administrator,
) -> Result<Response, Failure> {
    let user = &administrator.session.user;
    let people = accounts::of_tenant(&ledgerline.db, &user.tenant).await?;
    let page = OffPage {
        layout: Layout::of(&administrator.visit),
        tenant: &administrator.session.tenant_name,
        people: people.len(),
        without_password: accounts::without_password(&people),
        locks_out: people
            .iter()
            .any(|one| one.user.id == user.id && !one.has_password),
        changes: drafts::of_tenant(&ledgerline.db, &user.tenant)
            .await?
            .is_some(),
    };
    Ok(page::show(&administrator.visit, StatusCode::OK, &page))
}

/// The answer yes. Sessions that began with Okta end, but for this one.
pub(super) async fn switch_off(
    State(ledgerline): State<Arc<Ledgerline>>,
    administrator: Administrator,
    Form(Empty {}): Form<Empty>,
) -> Result<Response, Failure> {
    let session = &administrator.session;
    let tenant = &session.user.tenant;
    let author = administrator.author(&ledgerline)?;
    let cause = author.cause();
    let mut write = administrator.write(&ledgerline).await?;
    activation::switch_off(&mut write, &ledgerline.seal, tenant, Some(&session.id_hash)).await?;
    history::record_in(
        &mut write,
        tenant,
        &cause.event("settings/switched-off", ""),
    )
    .await?;
    write.commit().await?;
    Ok(Redirect::to("/settings/sso?done=off").into_response())
}
