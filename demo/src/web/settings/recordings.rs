//! Recordings of failed sign-ins: whether the company agrees to them.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::{Administrator, Failure, Ledgerline, Moment};
use crate::history;
use crate::recordings::{self, Recordings};
use crate::web::guard::Form;

/// What the page says about them, where the deployment has any.
pub(super) struct Agreement {
    /// Since when the company agrees.
    pub(super) since: Option<Moment>,
    /// How many are kept at the moment.
    pub(super) kept: usize,
}

impl Agreement {
    /// None where the deployment has no recordings.
    pub(super) async fn of(ledgerline: &Ledgerline, tenant: &str) -> Result<Option<Self>, Failure> {
        let Some(recordings) = &ledgerline.recordings else {
            return Ok(None);
        };
        let since = recordings::since(&ledgerline.db, tenant).await?;
        Ok(Some(Self {
            since: since.map(Moment),
            kept: recordings.of_tenant(tenant).await.len(),
        }))
    }
}

#[derive(Deserialize)]
pub(super) struct Wish {
    record: Switch,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Switch {
    On,
    Off,
}

/// `POST /settings/sso/recordings`: from now on, or no longer and nothing is left.
pub(super) async fn change(
    State(ledgerline): State<Arc<Ledgerline>>,
    administrator: Administrator,
    Form(wish): Form<Wish>,
) -> Result<Response, Failure> {
    let recordings = ledgerline.recordings.as_ref().ok_or(Failure::NotFound)?;
    match wish.record {
        Switch::On => agree(&ledgerline, &administrator, true).await?,
        Switch::Off => end(&ledgerline, &administrator, recordings).await?,
    }
    Ok(Redirect::to("/settings/sso#recordings").into_response())
}

async fn end(
    ledgerline: &Ledgerline,
    administrator: &Administrator,
    recordings: &Recordings,
) -> Result<(), Failure> {
    agree(ledgerline, administrator, false).await?;
    let tenant = &administrator.session.user.tenant;
    recordings
        .forget(tenant)
        .await
        .map_err(|error| Failure::Fault(format!("the folder of recordings: {error}")))
}

/// Notes it, and who did, if it is not so already.
async fn agree(
    ledgerline: &Ledgerline,
    administrator: &Administrator,
    on: bool,
) -> Result<(), Failure> {
    let user = &administrator.session.user;
    let author = administrator.author(ledgerline)?;
    let cause = author.cause();
    let mut write = administrator.write(ledgerline).await?;
    let before = recordings::since(&mut *write, &user.tenant).await?;
    if before.is_some() == on {
        return Ok(());
    }
    let code = if on {
        "settings/recordings-on"
    } else {
        "settings/recordings-off"
    };
    recordings::agree(&mut *write, &user.tenant, on.then_some(cause.now)).await?;
    history::record_in(&mut write, &user.tenant, &cause.event(code, "")).await?;
    write.commit().await?;
    Ok(())
}
