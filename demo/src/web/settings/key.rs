//! The client's own keys, in the place of a client secret: their public halves go to Okta, by an address or by hand.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use sqlx::AnyConnection;

use super::draft::{Empty, begin};
use super::{Administrator, Failure, Ledgerline, Moment, Saved, Situation, connections, drafts};
use crate::activation::Cause;
use crate::client_keys::{self, MakeError, StoredKey};
use crate::history;
use crate::seal::SealingKey;
use crate::web::guard::Form;

/// What the page says about keys, where there is one.
pub(super) struct Keys {
    /// Where Okta fetches the public halves.
    pub(super) address: String,
    pub(super) rows: Vec<KeyRow>,
    /// Another one may be made beside them.
    pub(super) room: bool,
}

/// One key as the page lists it.
pub(super) struct KeyRow {
    pub(super) id: String,
    pub(super) made: Moment,
    pub(super) used: Used,
    /// A JSON Web Key, to be pasted.
    pub(super) public: String,
}

/// What a key is used for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Used {
    InUse,
    InTheDraft,
    Not,
}

impl Keys {
    pub(super) fn of(ledgerline: &Ledgerline, tenant: &str, situation: &Situation) -> Option<Self> {
        let key = |settings: Option<&Saved>| settings.and_then(|saved| saved.client_key.clone());
        let live = key(situation.live.as_ref());
        let drafted = key(situation.draft.as_ref().map(|draft| &draft.settings));
        if situation.keys.is_empty() {
            return None;
        }
        let by_key = situation
            .settings()
            .is_some_and(|saved| saved.client_key.is_some());
        let row = |stored: &StoredKey| KeyRow {
            id: stored.id.clone(),
            made: Moment(stored.made_at),
            used: match Some(&stored.id) {
                id if id == live.as_ref() => Used::InUse,
                id if id == drafted.as_ref() => Used::InTheDraft,
                _ => Used::Not,
            },
            public: stored.public.clone(),
        };
        Some(Self {
            address: ledgerline.public_url.client_keys(&Saved::id_of(tenant)),
            rows: situation.keys.iter().map(row).collect(),
            room: by_key && situation.keys.len() < client_keys::MOST,
        })
    }
}

/// The key that a draft is to use from now on: its own, the one in use, another one that is there, or a new one.
pub(super) async fn choose(
    db: &mut AnyConnection,
    sealing: SealingKey<'_>,
    (draft, live): (&Saved, Option<&Saved>),
    cause: Cause<'_>,
) -> Result<String, Failure> {
    let used = draft.client_key.as_ref();
    if let Some(id) = used.or_else(|| live.and_then(|live| live.client_key.as_ref())) {
        return Ok(id.clone());
    }
    let tenant = &draft.tenant;
    match client_keys::of_tenant(&mut *db, tenant).await?.pop() {
        Some(stored) => Ok(stored.id),
        None => make(db, sealing, tenant, cause).await,
    }
}

async fn make(
    db: &mut AnyConnection,
    sealing: SealingKey<'_>,
    tenant: &str,
    cause: Cause<'_>,
) -> Result<String, Failure> {
    let made = client_keys::make(&mut *db, sealing, tenant, cause.now).await;
    let id = made.map_err(|error| match error {
        MakeError::Database(error) => error.into(),
        other => Failure::Fault(other.to_string()),
    })?;
    history::record_in(db, tenant, &cause.event("settings/key-made", &id)).await?;
    Ok(id)
}

/// `POST /settings/sso/key/new`: a key that Okta is given from now on, for a draft. What is in use goes on with its own.
pub(super) async fn make_new(
    State(ledgerline): State<Arc<Ledgerline>>,
    administrator: Administrator,
    Form(Empty {}): Form<Empty>,
) -> Result<Response, Failure> {
    let user = &administrator.session.user;
    let tenant = &user.tenant;
    let author = administrator.author(&ledgerline)?;
    let cause = author.cause();
    let mut write = administrator.write(&ledgerline).await?;
    let live = connections::of_tenant(&mut *write, tenant).await?;
    let sealing = ledgerline.seal.current(&mut write).await?;
    let mut draft = begin(&mut write, sealing, live.as_ref(), tenant).await?;
    let keys = client_keys::of_tenant(&mut *write, tenant).await?.len();
    let by_key = draft.settings.client_key.is_some();
    if !by_key || keys >= client_keys::MOST {
        return Ok(Redirect::to("/settings/sso").into_response());
    }
    draft.settings.client_key = Some(make(&mut write, sealing, tenant, cause).await?);
    drafts::put(&mut write, &draft).await?;
    write.commit().await?;
    Ok(Redirect::to("/settings/sso?done=key-made").into_response())
}

/// Which key is to go.
#[derive(Deserialize)]
pub(super) struct Removal {
    key: String,
}

/// `POST /settings/sso/key/remove`: a key that nothing uses.
pub(super) async fn remove(
    State(ledgerline): State<Arc<Ledgerline>>,
    administrator: Administrator,
    Form(removal): Form<Removal>,
) -> Result<Response, Failure> {
    let user = &administrator.session.user;
    let tenant = &user.tenant;
    let author = administrator.author(&ledgerline)?;
    let cause = author.cause();
    let mut write = administrator.write(&ledgerline).await?;
    let removed = client_keys::remove(&mut write, tenant, &removal.key).await?;
    if removed {
        let event = cause.event("settings/key-removed", &removal.key);
        history::record_in(&mut write, tenant, &event).await?;
    }
    write.commit().await?;
    let done = if removed { "?done=key-removed" } else { "" };
    Ok(Redirect::to(&format!("/settings/sso{done}")).into_response())
}

/// `GET /sso/keys/{connection}`: for Okta, which asks without a credential.
pub(super) async fn serve(
    State(ledgerline): State<Arc<Ledgerline>>,
    Path(connection): Path<String>,
) -> Result<Response, Failure> {
    let tenant = Saved::tenant_of(&connection).unwrap_or_default();
    let keys = client_keys::public_set(&ledgerline.db, tenant).await?;
    let kind = [(header::CONTENT_TYPE, "application/jwk-set+json")];
    Ok((kind, Json(keys)).into_response())
}
