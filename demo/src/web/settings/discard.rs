//! Throwing the changes away that wait beside the settings in use: asked once more, for nothing brings them back.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use super::draft::Empty;
use super::{Administrator, Failure, Layout, Ledgerline, Saved, connections, drafts, page};
use crate::history;
use crate::web::guard::Form;

#[derive(Template)]
#[template(path = "settings/discard.html")]
struct DiscardPage<'a> {
    layout: Layout,
    live: &'a Saved,
    changes: &'a Saved,
}

/// `GET /settings/sso/discard`: the question, where there is something to throw away and something that stays.
pub(super) async fn confirm(
    State(ledgerline): State<Arc<Ledgerline>>,
    administrator: Administrator,
) -> Result<Response, Failure> {
    let tenant = &administrator.session.user.tenant;
    let live = connections::of_tenant(&ledgerline.db, tenant).await?;
    let draft = drafts::of_tenant(&ledgerline.db, tenant).await?;
    let (Some(live), Some(draft)) = (live, draft) else {
        return Ok(Redirect::to("/settings/sso").into_response());
    };
    let page = DiscardPage {
        layout: Layout::of(&administrator.visit),
        live: &live,
        changes: &draft.settings,
    };
    Ok(page::show(&administrator.visit, StatusCode::OK, &page))
}

/// `POST /settings/sso/discard`: the answer yes. What is in use stays, what was drafted goes.
pub(super) async fn discard(
    State(ledgerline): State<Arc<Ledgerline>>,
    administrator: Administrator,
    Form(Empty {}): Form<Empty>,
) -> Result<Response, Failure> {
    let user = &administrator.session.user;
    let author = administrator.author(&ledgerline)?;
    let cause = author.cause();
    let mut write = administrator.write(&ledgerline).await?;
    if drafts::discard(&mut *write, &user.tenant).await? {
        let event = cause.event("settings/discarded", "");
        history::record_in(&mut write, &user.tenant, &event).await?;
    }
    write.commit().await?;
    Ok(Redirect::to("/settings/sso?done=discarded").into_response())
}
