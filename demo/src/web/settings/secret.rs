//! The client secret: typed, sealed, kept for the issuer and client ID that it was saved for, and never shown.

use super::{Draft, Ledgerline, Problem, Saved, SsoForm};
use crate::connections::{MoveError, Sealed};
use crate::token::NoRandomness;

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
    ledgerline: &Ledgerline,
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
            let copy = live
                .clone()
                .moved_to(settings.id.clone(), &ledgerline.seal)?;
            (copy.secret, copy.secret_set_at)
        }
        None => (Sealed::none(), None),
    };
    Ok(())
}

/// Seals a secret that was typed, for the draft.
pub(super) fn replace(
    ledgerline: &Ledgerline,
    draft: &mut Draft,
    typed: &str,
    now: i64,
) -> Result<(), NoRandomness> {
    let settings = &mut draft.settings;
    settings.secret = Sealed::new(&ledgerline.seal, &settings.tenant, &settings.id, typed)?;
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
