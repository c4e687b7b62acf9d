//! Removing a person for good: asked once more, for nothing brings the account back.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::{Administrator, Failure, Layout, Ledgerline, User, accounts, page};

#[derive(Template)]
#[template(path = "people_remove.html")]
struct RemovePage {
    layout: Layout,
    user: User,
}

/// `GET /people/remove/{id}`: the question, about whoever the administrator may remove.
pub(super) async fn confirm(
    State(ledgerline): State<Arc<Ledgerline>>,
    administrator: Administrator,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let own = &administrator.session.user;
    let user = accounts::find(&ledgerline.db, &own.tenant, &id).await?;
    let user = user.filter(|user| user.id != own.id);
    let page = RemovePage {
        layout: Layout::of(&administrator.visit),
        user: user.ok_or(Failure::NotFound)?,
    };
    Ok(page::show(&administrator.visit, StatusCode::OK, &page))
}
