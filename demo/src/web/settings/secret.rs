//! The client secret: typed, sealed, kept for the issuer and client ID that it was saved for, and never shown.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::{
    Administrator, Draft, Failure, Ledgerline, Moment, Problem, Saved, SsoForm, connections,
};
use crate::connections::{MoveError, Sealed};
use crate::seal::SealingKey;
use crate::token::NoRandomness;
use crate::web::guard::Form;
use crate::{history, second_secret};

/// What saving did to the client secret.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Secret {
    Kept,
    Replaced,
    Dropped,
}

/// A blank field keeps the stored secret, as long as it is for the issuer and client ID that it was saved for: of the
/// draft as it was before, or else of the connection in use. It goes to no other issuer, whoever types one.
pub(super) fn keep(
    sealing: SealingKey<'_>,
    before: &Saved,
    live: Option<&Saved>,
    settings: &mut Saved,
) -> Result<(), MoveError> {
    // A field that was still empty is filled in.
    let fits = |stored: &str, typed: &str| stored.is_empty() || stored == typed;
    let is_for = |saved: &Saved| {
        saved.secret.is_set()
            && fits(&saved.issuer, &settings.issuer)
            && fits(&saved.client_id, &settings.client_id)
    };
    if is_for(before) {
        return Ok(());
    }
    (settings.secret, settings.secret_set_at) = match live.filter(|live| is_for(live)) {
        Some(live) => {
            let copy = live.clone().moved_to(settings.id.clone(), sealing)?;
            (copy.secret, copy.secret_set_at)
        }
        None => (Sealed::none(), None),
    };
    Ok(())
}

/// Seals a secret that was typed, for the draft.
pub(super) fn replace(
    sealing: SealingKey<'_>,
    draft: &mut Draft,
    typed: &str,
    now: i64,
) -> Result<(), NoRandomness> {
    let settings = &mut draft.settings;
    settings.secret = Sealed::new(sealing, &settings.tenant, &settings.id, typed)?;
    settings.secret_set_at = Some(now);
    Ok(())
}

/// Says at its field that the stored secret is not kept, if there is none.
pub(super) fn ask_again(form: &mut SsoForm) {
    if form.secret_set.is_none() && form.client_secret.problems.is_empty() {
        form.client_secret.problems.push(Problem {
            text: "The secret that was stored is for another issuer or Client ID, so these settings do not use it."
                .to_owned(),
            next_step: "Enter the secret that Okta shows for these.".to_owned(),
            expected: None,
        });
    }
}

/// One of two secrets of a connection in use, as the page lists it.
pub(super) struct SecretRow {
    /// What the page calls it; tells nothing about it.
    pub(super) name: String,
    pub(super) set: Option<Moment>,
    /// Okta is asked with this one first.
    pub(super) first: bool,
}

/// Both secrets of a connection in use; empty when it has one alone, or uses a key.
pub(super) fn rows(live: Option<&Saved>, second: Option<&Saved>) -> Vec<SecretRow> {
    let (Some(live), Some(second)) = (live, second) else {
        return Vec::new();
    };
    if live.client_key.is_some() {
        return Vec::new();
    }
    let row = |saved: &Saved, first| SecretRow {
        name: second_secret::name(saved),
        set: saved.secret_set_at.map(Moment),
        first,
    };
    vec![row(live, true), row(second, false)]
}

/// Which of two secrets is to go.
#[derive(Deserialize)]
pub(super) struct Removal {
    secret: String,
}

/// `POST /settings/sso/secret/remove`: one of two secrets of the connection in use.
pub(super) async fn remove(
    State(ledgerline): State<Arc<Ledgerline>>,
    administrator: Administrator,
    Form(removal): Form<Removal>,
) -> Result<Response, Failure> {
    let user = &administrator.session.user;
    let author = administrator.author(&ledgerline)?;
    let cause = author.cause();
    let mut write = administrator.write(&ledgerline).await?;
    let live = connections::of_tenant(&mut *write, &user.tenant).await?;
    let removed = match &live {
        Some(live) => second_secret::remove(&mut write, live, &removal.secret).await?,
        None => false,
    };
    if removed {
        let event = cause.event("settings/secret-removed", "");
        history::record_in(&mut write, &user.tenant, &event).await?;
    }
    write.commit().await?;
    // A page that is behind: whichever it named is gone.
    let done = if removed { "?done=secret-removed" } else { "" };
    Ok(Redirect::to(&format!("/settings/sso{done}")).into_response())
}
