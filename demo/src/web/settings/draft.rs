//! Saving what an administrator typed: always as a draft, which is put into use when nothing is missing any more.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use okta_sso_host::CallError;
use okta_sso_host::contract::{Checked, ClientAuth, Field, Problem as Found, ProblemCode};
use serde::Deserialize;
use sqlx::AnyConnection;

use super::secret::Secret;
use super::{
    Administrator, Draft, Failure, Ledgerline, Problem, Remarks, Saved, Situation, SsoForm,
    activation, connections, corrections, domain_requests, domains, drafts, key, on, secret, trial,
};
use crate::activation::Cause;
use crate::domains::Standing;
use crate::history;
use crate::seal::SealingKey;
use crate::web::guard::Form;
use crate::web::login::with_query;

/// Sound values in the place of fields that are still empty, so that the plugin checks the others.
pub(super) const STAND_IN_CLIENT_ID: &str = "0oa0000000000000000";
pub(super) const STAND_IN_ISSUER: &str = "https://unset.okta.com";

/// What the form sends. A toggle that is off sends nothing.
#[derive(Deserialize)]
pub(super) struct Typed {
    enabled: Option<String>,
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    client_secret: String,
    #[serde(default)]
    client_auth: String,
    #[serde(default)]
    issuer: String,
    #[serde(default)]
    email_rule: String,
    /// What to do after saving.
    #[serde(default)]
    then: String,
}

impl Typed {
    pub(super) fn settings(&self, ledgerline: &Ledgerline) -> okta_sso_host::contract::Settings {
        let or = |typed: &str, stand_in: &str| {
            if typed.trim().is_empty() {
                stand_in.to_owned()
            } else {
                typed.to_owned()
            }
        };
        let mut settings = ledgerline.settings(
            "settings-form",
            &or(&self.client_id, STAND_IN_CLIENT_ID),
            &or(&self.issuer, STAND_IN_ISSUER),
            activation::email_rule(&self.email_rule),
        );
        if self.is_by_key() {
            settings.policy.client_auth = ClientAuth::PrivateKeyJwt;
        }
        settings.client_secret = Some(self.client_secret.clone()).filter(|typed| !typed.is_empty());
        settings
    }

    /// *Public key / Private key* in the place of the client secret.
    fn is_by_key(&self) -> bool {
        self.client_auth == "private-key"
    }

    /// What was typed, as the plugin corrected it; empty fields stay empty.
    fn corrected(&self, checked: &Checked) -> (String, String) {
        let or = |typed: &str, corrected: &str| {
            if typed.trim().is_empty() {
                String::new()
            } else {
                corrected.to_owned()
            }
        };
        (
            or(&self.client_id, &checked.connection.client_id),
            or(&self.issuer, &checked.connection.issuer),
        )
    }
}

/// `POST /settings/sso`: the whole form.
pub(super) async fn save(
    State(ledgerline): State<Arc<Ledgerline>>,
    administrator: Administrator,
    Form(typed): Form<Typed>,
) -> Result<Response, Failure> {
    let checked = match ledgerline.plugin.check(&typed.settings(&ledgerline)).await {
        Ok(checked) => checked,
        Err(CallError::Answer(problems)) => {
            return refuse(&ledgerline, &administrator, &typed, &problems).await;
        }
        Err(fault) => return Err(Failure::Fault(fault.to_string())),
    };
    let user = &administrator.session.user;
    let tenant = &user.tenant;
    let author = administrator.author(&ledgerline)?;
    let cause = author.cause();
    let (client_id, issuer) = typed.corrected(&checked);
    let mut write = administrator.write(&ledgerline).await?;
    let live = connections::of_tenant(&mut *write, tenant).await?;
    if typed.enabled.is_none() && live.is_some() {
        // Off while in use: that is a step of its own, with its consequences said first.
        write.rollback().await?;
        return super::off::confirm(&ledgerline, &administrator).await;
    }
    let sealing = ledgerline.seal.current(&mut write).await?;
    let mut draft = begin(&mut write, sealing, live.as_ref(), tenant).await?;
    let before = draft.settings.clone();
    draft.settings.enabled = typed.enabled.is_some();
    draft.settings.client_id = client_id;
    draft.settings.issuer = issuer;
    draft.settings.email_rule = activation::email_rule(&typed.email_rule);
    draft.settings.client_key = if typed.is_by_key() {
        let settings = (&draft.settings, live.as_ref());
        Some(key::choose(&mut write, sealing, settings, cause).await?)
    } else {
        None
    };
    let new_secret = !typed.client_secret.is_empty();
    if new_secret {
        secret::replace(sealing, &mut draft, &typed.client_secret, cause.now)?;
    } else {
        let kept = secret::keep(sealing, &before, live.as_ref(), &mut draft.settings);
        kept.map_err(|error| Failure::Fault(error.to_string()))?;
    }
    if !new_secret
        && live
            .as_ref()
            .is_some_and(|live| same(live, &draft.settings))
    {
        if drafts::discard(&mut *write, tenant).await? {
            let event = cause.event("settings/discarded", "");
            history::record_in(&mut write, tenant, &event).await?;
        }
        write.commit().await?;
        return next(&ledgerline, &administrator, &typed, &checked, "unchanged").await;
    }
    // When the toggle was all that was missing, it stays off until its consequences were read.
    let domains = domains::of_tenant(&mut *write, tenant).await?;
    let last_step = activation::missing(&draft, &domains).is_none();
    draft.settings.enabled &= !last_step;
    drafts::put(&mut write, &draft).await?;
    let secret = match (before.secret.is_set(), draft.settings.secret.is_set()) {
        _ if new_secret => Secret::Replaced,
        (true, false) if !draft.settings.has_credential() => Secret::Dropped,
        _ => Secret::Kept,
    };
    let settings = (&before, &draft.settings);
    note(&mut write, settings, live.as_ref(), secret, cause).await?;
    ask_again(&mut write, &draft.settings, cause).await?;
    write.commit().await?;
    if last_step {
        let in_use = live.is_some();
        let names = corrections::names(&checked.corrections);
        let corrected = corrections::told(&ledgerline, names).await;
        let settings = &draft.settings;
        return Ok(on::confirm(&administrator, settings, corrected, in_use));
    }
    let done = if secret == Secret::Dropped {
        "secret-dropped"
    } else {
        "draft"
    };
    next(&ledgerline, &administrator, &typed, &checked, done).await
}

/// The draft to go on with: the one there is, a copy of what is in use, or an empty one.
pub(super) async fn begin(
    db: &mut AnyConnection,
    sealing: SealingKey<'_>,
    live: Option<&Saved>,
    tenant: &str,
) -> Result<Draft, Failure> {
    if let Some(draft) = drafts::of_tenant(db, tenant).await? {
        return Ok(draft);
    }
    match live {
        Some(live) => {
            let copy = live.clone().copied_to(Draft::id_of(tenant), sealing);
            Ok(Draft::of(
                copy.map_err(|error| Failure::Fault(error.to_string()))?,
            ))
        }
        None => Ok(Draft::empty(tenant)),
    }
}

fn same(one: &Saved, other: &Saved) -> bool {
    let key = |saved: &Saved| {
        (
            saved.issuer.clone(),
            saved.client_id.clone(),
            saved.rule_name(),
            saved.client_key.clone(),
        )
    };
    key(one) == key(other) && one.secret_set_at == other.secret_set_at
}

/// The history of what was changed.
async fn note(
    db: &mut AnyConnection,
    (before, after): (&Saved, &Saved),
    live: Option<&Saved>,
    secret: Secret,
    cause: Cause<'_>,
) -> Result<(), sqlx::Error> {
    let changed = live
        .is_some_and(|live| (&live.issuer, &live.client_id) != (&after.issuer, &after.client_id));
    let events = [
        (true, "settings/saved", ""),
        (after.enabled && !before.enabled, "settings/switched-on", ""),
        (secret == Secret::Replaced, "settings/secret-replaced", ""),
        (secret == Secret::Dropped, "settings/secret-dropped", ""),
        (
            before.client_key.is_some() != after.client_key.is_some(),
            "settings/client-authentication-changed",
            "",
        ),
        (
            changed,
            "settings/connection-changed",
            after.issuer.as_str(),
        ),
    ];
    for (happened, code, detail) in events {
        if happened {
            history::record_in(&mut *db, &after.tenant, &cause.event(code, detail)).await?;
        }
    }
    Ok(())
}

/// Domains that were approved for other settings are asked for again, for these.
async fn ask_again(
    db: &mut AnyConnection,
    settings: &Saved,
    cause: Cause<'_>,
) -> Result<(), sqlx::Error> {
    if settings.issuer.is_empty() || settings.client_id.is_empty() {
        return Ok(());
    }
    let domains = domains::of_tenant(&mut *db, &settings.tenant).await?;
    for domain in &domains {
        let covered = domains.iter().any(|other| {
            other.domain == domain.domain && other.standing(settings) != Standing::Outdated
        });
        if !covered {
            let tenant = &settings.tenant;
            domain_requests::make(&mut *db, tenant, &domain.domain, cause.actor, cause.now).await?;
        }
    }
    Ok(())
}

/// Where the button that was pressed leads.
async fn next(
    ledgerline: &Ledgerline,
    administrator: &Administrator,
    typed: &Typed,
    checked: &Checked,
    done: &str,
) -> Result<Response, Failure> {
    let secret_dropped = done == "secret-dropped";
    let settings = "/settings/sso";
    let (page, done) = match typed.then.as_str() {
        "test-connection" => {
            let tested = trial::probe(ledgerline, &administrator.session.user.tenant).await?;
            (settings, if tested { "tested" } else { "untested" })
        }
        "test-sign-in" if done == "draft" => ("/settings/sso/test", ""),
        "test-sign-in" if done == "unchanged" => (settings, "in-use"),
        _ if secret_dropped => (settings, "draft"),
        _ => (settings, done),
    };
    let again = if secret_dropped { "client-secret" } else { "" };
    let corrected: Vec<_> = corrections::names(&checked.corrections).collect();
    let mut query = vec![("done", done), ("again", again)];
    query.extend(corrected.iter().map(|named| ("corrected", named.as_str())));
    let anchor = if done == "tested" { "#connection" } else { "" };
    let address = with_query(page, &query);
    Ok(Redirect::to(&format!("{address}{anchor}")).into_response())
}

/// The fields that people fill in.
pub(super) const FIELDS: [Field; 3] = [Field::ClientId, Field::ClientSecret, Field::Issuer];

/// The same, as addresses name them.
pub(super) fn name(field: Field) -> Option<&'static str> {
    match field {
        Field::ClientId => Some("client-id"),
        Field::ClientSecret => Some("client-secret"),
        Field::Issuer => Some("issuer"),
        _ => None,
    }
}

/// The form again with what is wrong, field by field. What was typed stays; a secret that is sound in itself is kept
/// sealed in the draft, since a page never shows one.
async fn refuse(
    ledgerline: &Ledgerline,
    administrator: &Administrator,
    typed: &Typed,
    found: &[Found],
) -> Result<Response, Failure> {
    let tenant = &administrator.session.user.tenant;
    let about_secret = |problem: &Found| {
        problem.field == Field::ClientSecret || problem.code == ProblemCode::Swapped
    };
    if !found.iter().any(about_secret) && !typed.client_secret.is_empty() {
        let mut write = administrator.write(ledgerline).await?;
        let live = connections::of_tenant(&mut *write, tenant).await?;
        let sealing = ledgerline.seal.current(&mut write).await?;
        let mut draft = begin(&mut write, sealing, live.as_ref(), tenant).await?;
        secret::replace(sealing, &mut draft, &typed.client_secret, ledgerline.now())?;
        drafts::put(&mut write, &draft).await?;
        write.commit().await?;
    }
    let described = super::describe(ledgerline).await?;
    let situation = Situation::of(ledgerline, tenant).await?;
    let mut form = SsoForm::new(&described, situation.settings());
    form.enabled = typed.enabled.is_some();
    form.client_id.value.clone_from(&typed.client_id);
    form.issuer.value.clone_from(&typed.issuer);
    form.by_key = typed.is_by_key();
    form.ignore_case = typed.email_rule == "ascii-case-insensitive";
    for problem in found {
        let explained = explained(ledgerline, problem).await;
        match form.field(problem.field) {
            Some(field) => field.problems.push(explained),
            None => tracing::error!(
                code = problem.code(),
                "our own part of a connection is refused"
            ),
        }
    }
    let remarks = Remarks {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        form: Some(form),
        ..Remarks::default()
    };
    super::draw(ledgerline, administrator, &described, &situation, remarks).await
}

/// A problem in the plugin's words.
pub(super) async fn explained(ledgerline: &Ledgerline, problem: &Found) -> Problem {
    let explanation = ledgerline.explain(&problem.code()).await;
    Problem {
        text: explanation.for_administrator,
        next_step: explanation.next_step,
        expected: problem.expected.clone(),
    }
}

#[derive(Deserialize)]
pub(super) struct Empty {}
