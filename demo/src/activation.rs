//! From a draft to the connection that people sign in by, and back.
//!
//! A draft is put into use when everything that it waits for is there: the toggle, all fields, and a domain that the
//! operator approved for exactly these settings. From that moment passwords are refused at the tenant.

use okta_sso_host::contract::EmailRule;
use sqlx::AnyConnection;

use crate::connections::{self, MoveError, Saved};
use crate::domains::{self, Standing, State};
use crate::drafts::{self, Draft};
use crate::history::{self, Event};
use crate::seal::Seal;
use crate::second_secret::{self, SecondSecretError};
use crate::sign_in::{self, Decision, Vouched};
use crate::{invitations, sessions};

/// Why a draft could not be put into use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ActivationError {
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Secret(#[from] MoveError),
    #[error(transparent)]
    SecondSecret(#[from] SecondSecretError),
}

/// On whose word, when, and under which correlation id.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cause<'a> {
    pub(crate) actor: &'a str,
    pub(crate) correlation_id: &'a str,
    pub(crate) now: i64,
}

impl Cause<'_> {
    /// Something that this cause led to.
    pub(crate) fn event(&self, code: &str, detail: &str) -> Event {
        Event {
            at: self.now,
            code: code.to_owned(),
            correlation_id: self.correlation_id.to_owned(),
            actor: self.actor.to_owned(),
            detail: detail.to_owned(),
        }
    }
}

/// What a draft still waits for, in the order in which it is usually got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// The toggle is off.
    Toggle,
    /// Fields are empty.
    Fields,
    /// The operator has approved no domain for exactly these settings, or not the one that was tested: whoever tested
    /// could not come in.
    Domain,
    /// No test sign-in passed with exactly these settings.
    Test,
}

/// The first thing that a draft waits for; none when it can be put into use.
pub(crate) fn missing(draft: &Draft, domains: &[domains::Domain]) -> Option<Missing> {
    let test = draft.test();
    let tested = test.and_then(|test| sign_in::domain_of(&test.email));
    let approved = domains.iter().any(|domain| {
        domain.standing(&draft.settings) == Standing::Approved
            && tested
                .as_ref()
                .is_none_or(|tested| domain.domain == *tested)
    });
    if !draft.settings.enabled {
        Some(Missing::Toggle)
    } else if !draft.is_complete() {
        Some(Missing::Fields)
    } else if !approved {
        Some(Missing::Domain)
    } else if test.is_none() {
        Some(Missing::Test)
    } else {
        None
    }
}

/// Puts the tenant's draft into use if it waits for nothing, within the transaction of what came last; says whether it
/// did.
///
/// Whoever tested must still be able to come in: ties, invitations and accounts may have changed since the test. If they
/// could not, the test no longer counts.
///
/// Sessions that began under another issuer or client id end; under the same ones, the secret in use until now stays as the
/// second. People who had passwords are invited, so that each can be
/// tied to their Okta user.
pub(crate) async fn advance(
    db: &mut AnyConnection,
    seal: &Seal,
    tenant: &str,
    cause: Cause<'_>,
) -> Result<bool, ActivationError> {
    let Some(draft) = drafts::of_tenant(&mut *db, tenant).await? else {
        return Ok(false);
    };
    let domains = domains::of_tenant(&mut *db, tenant).await?;
    let (None, Some(test)) = (missing(&draft, &domains), draft.test().cloned()) else {
        return Ok(false);
    };
    if !lets_in(&mut *db, &draft, &test, cause.now).await? {
        drafts::forget_test(&mut *db, tenant).await?;
        let event = cause.event("settings/test-outdated", &test.email);
        history::record_in(&mut *db, tenant, &event).await?;
        return Ok(false);
    }
    let before = connections::of_tenant(&mut *db, tenant).await?;
    let key = seal.current(&mut *db).await?;
    let saved = draft.settings.moved_to(Saved::id_of(tenant), key)?;
    connections::put(&mut *db, &saved).await?;
    second_secret::keep(&mut *db, seal, before.as_ref(), &saved).await?;
    connections::note_tested(&mut *db, tenant, &test.settings).await?;
    domains::keep_only(&mut *db, &saved).await?;
    drafts::discard(&mut *db, tenant).await?;
    if before.is_some_and(|before| {
        (before.issuer, before.client_id) != (saved.issuer.clone(), saved.client_id.clone())
    }) {
        sessions::end_all_of_connection(&mut *db, &saved.id, None).await?;
    }
    invite_everybody(&mut *db, tenant, cause.now).await?;
    history::record_in(
        &mut *db,
        tenant,
        &cause.event("settings/active", &saved.issuer),
    )
    .await?;
    Ok(true)
}

/// Whether a draft in use would let in the administrator who tested it, as themselves.
async fn lets_in(
    db: &mut AnyConnection,
    draft: &Draft,
    test: &drafts::Passed,
    now: i64,
) -> Result<bool, sqlx::Error> {
    let vouched = Vouched {
        issuer: &draft.settings.issuer,
        subject: &test.subject,
        email: &test.email,
    };
    let (decision, _) = sign_in::foresee(db, &draft.settings, vouched, now).await?;
    Ok(match decision {
        Decision::Known { user, .. } | Decision::Pin { user } => {
            user.id == test.user_id && user.administrator
        }
        Decision::Refused(_) => false,
    })
}

/// What an approval does to a connection that was in use already or waited for nothing else, and then to the draft.
pub(crate) async fn after_approval(
    db: &mut AnyConnection,
    seal: &Seal,
    tenant: &str,
    cause: Cause<'_>,
) -> Result<(), ActivationError> {
    let saved = connections::of_tenant(&mut *db, tenant).await?;
    let domains = domains::of_tenant(&mut *db, tenant).await?;
    if State::of(saved.as_ref(), &domains) == State::Active {
        invite_everybody(&mut *db, tenant, cause.now).await?;
    }
    advance(db, seal, tenant, cause).await?;
    Ok(())
}

/// Takes the connection out of use: its settings become the draft, switched off and in the place of changes that waited
/// beside them, and the sessions that began with it end. `but` is spared, so that the administrator can go on.
pub(crate) async fn switch_off(
    db: &mut AnyConnection,
    seal: &Seal,
    tenant: &str,
    but: Option<&[u8]>,
) -> Result<(), ActivationError> {
    let draft = drafts::of_tenant(&mut *db, tenant).await?;
    let saved = connections::of_tenant(&mut *db, tenant).await?;
    let key = seal.current(&mut *db).await?;
    let mut draft = match (&saved, draft) {
        (Some(saved), _) => Draft::of(saved.clone().copied_to(Draft::id_of(tenant), key)?),
        (None, Some(draft)) => draft,
        (None, None) => return Ok(()),
    };
    draft.settings.enabled = false;
    drafts::put(&mut *db, &draft).await?;
    if let Some(saved) = saved {
        connections::remove(&mut *db, tenant).await?;
        sessions::end_all_of_connection(&mut *db, &saved.id, but).await?;
    }
    Ok(())
}

async fn invite_everybody(
    db: &mut AnyConnection,
    tenant: &str,
    now: i64,
) -> Result<(), sqlx::Error> {
    invitations::open_for_password_users(db, tenant, now + invitations::LIFETIME).await
}

/// The rule as the settings form spells it; `exact` for anything unknown.
pub(crate) fn email_rule(text: &str) -> EmailRule {
    match text {
        "ascii-case-insensitive" => EmailRule::AsciiCaseInsensitive,
        _ => EmailRule::Exact,
    }
}
