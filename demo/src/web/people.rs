//! *People*: invited and removed by administrators of the tenant; nobody gets here by signing in.

mod near_miss;
mod remove;

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use okta_sso_host::contract::{EmailMatch, EmailRule};
use serde::Deserialize;
use sqlx::AnyPool;
use url::form_urlencoded;

use self::near_miss::NearMiss;
use super::Web;
use super::guard::{self, Administrator, Form};
use super::page::{self, Failure, Layout};
use crate::accounts::{self, Listed, User};
use crate::activation::Cause;
use crate::domains::State as Standing;
use crate::ledgerline::{Ledgerline, Standings};
use crate::moment::Moment;
use crate::sessions::Session;
use crate::{history, invitations, token};

pub(super) fn router() -> Router<Web> {
    Router::new()
        .route("/people", get(show))
        .route("/people/invite", post(invite))
        .route("/people/mend", post(near_miss::mend))
        .route("/people/change", post(change))
        .route("/people/remove/{id}", get(remove::confirm))
}

/// One person as the page lists them.
struct Row<'a> {
    id: &'a str,
    name: &'a str,
    email: &'a str,
    administrator: bool,
    badge: &'static str,
    words: &'static str,
    text: String,
    /// The administrator who looks at the page: cannot lock themselves out here.
    own: bool,
    disabled: bool,
    linked: bool,
    /// Whether another invitation would do something.
    invitable: bool,
}

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage<'a> {
    layout: Layout,
    rows: Vec<Row<'a>>,
    near_misses: Vec<NearMiss>,
    notice: Option<&'static str>,
    form: InviteForm,
    problem: Option<&'static str>,
    /// The field that the problem is about.
    wrong: Option<&'static str>,
    domains: Vec<String>,
}

/// Why nobody was invited.
struct Problem {
    /// The field that it is about; none when no other value of one would help.
    field: Option<&'static str>,
    text: &'static str,
}

#[derive(Default, Deserialize)]
struct InviteForm {
    name: String,
    email: String,
    administrator: Option<String>,
}

async fn show(
    State(ledgerline): State<Arc<Ledgerline>>,
    administrator: Administrator,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let query = query.unwrap_or_default();
    let state = ledgerline
        .standings(&administrator.session.user.tenant)
        .await?
        .state;
    let notice = form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "done")
        .and_then(|(_, word)| done(&word, state));
    draw(
        &ledgerline,
        &administrator,
        notice,
        (InviteForm::default(), None),
    )
    .await
}

fn done(word: &str, state: Standing) -> Option<&'static str> {
    Some(match word {
        "invited" if state.accepts_passwords() => {
            "Invited. The invitation is of use once your company signs in with Okta, and ends in 30 days."
        }
        "invited" => "Invited. Tell the person to sign in; they have 30 days.",
        "invited-outside" => {
            "Invited, but kept out: the address is on none of your SSO domains. Ask for its domain in the settings."
        }
        "deactivate" => "Deactivated. Their sessions have ended.",
        "activate" => "Activated. They can sign in again.",
        "activate-not-yet" => {
            "Activated, but they cannot sign in yet. What is missing stands under their name."
        }
        "remove" => "Removed, with everything that tied them to Okta.",
        "unlink" => {
            "Unlinked. Invite the person again, and their next sign-in ties the account anew."
        }
        "mended" => {
            "The address is corrected and the invitation is open. Ask the person to sign in again."
        }
        _ => return None,
    })
}

async fn draw(
    ledgerline: &Ledgerline,
    administrator: &Administrator,
    notice: Option<&'static str>,
    (form, problem): (InviteForm, Option<Problem>),
) -> Result<Response, Failure> {
    let own = &administrator.session.user;
    let people = accounts::of_tenant(&ledgerline.db, &own.tenant).await?;
    let standings = ledgerline.standings(&own.tenant).await?;
    let now = ledgerline.now();
    let rows = people.iter();
    let rows = rows.map(|one| row(one, &own.id, standings.keeps_out(&one.user.email), now));
    let page = PeoplePage {
        layout: Layout::of(&administrator.visit),
        rows: rows.collect(),
        near_misses: near_miss::of(ledgerline, &own.tenant, &people).await?,
        notice,
        form,
        problem: problem.as_ref().map(|problem| problem.text),
        wrong: problem.as_ref().and_then(|problem| problem.field),
        domains: standings
            .domains
            .into_iter()
            .map(|domain| domain.domain)
            .collect(),
    };
    let status = if page.problem.is_some() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    Ok(page::show(&administrator.visit, status, &page))
}

/// `outside`: single sign-on is active, and not for this person's address.
fn row<'a>(listed: &'a Listed, own: &str, outside: bool, now: i64) -> Row<'a> {
    let user = &listed.user;
    let (badge, words, text) = if user.disabled {
        ("bad", "Deactivated", "Cannot sign in.".to_owned())
    } else if listed.linked {
        (
            "good",
            "Signs in with Okta",
            "Tied to one Okta account.".to_owned(),
        )
    } else if outside {
        (
            "warn",
            "Other domain",
            "Cannot sign in: the address is on none of your SSO domains.".to_owned(),
        )
    } else {
        match listed.invited_until {
            Some(until) if until > now => (
                "info",
                "Invited",
                format!("Can be tied to their Okta account until {}.", Moment(until)),
            ),
            Some(until) => (
                "warn",
                "Invitation expired",
                format!("It expired on {}. Invite again.", Moment(until)),
            ),
            None if listed.has_password => ("", "Password", "Signs in with a password.".to_owned()),
            None => (
                "warn",
                "Not invited",
                "Cannot sign in until invited.".to_owned(),
            ),
        }
    };
    Row {
        id: &user.id,
        name: &user.name,
        email: &user.email,
        administrator: user.administrator,
        badge,
        words,
        text,
        own: user.id == own,
        disabled: user.disabled,
        linked: listed.linked,
        invitable: !listed.linked && !user.disabled,
    }
}

/// `POST /people/invite`: a new person.
async fn invite(
    State(ledgerline): State<Arc<Ledgerline>>,
    administrator: Administrator,
    Form(form): Form<InviteForm>,
) -> Result<Response, Failure> {
    // The address is taken as typed, or refused: it has to equal the one at Okta.
    let (name, email) = (form.name.trim().to_owned(), form.email.clone());
    if name.is_empty() || name.chars().count() > 100 {
        let text = "Enter the person’s name, at most 100 characters.";
        return not_invited(&ledgerline, &administrator, form, Some("name"), text).await;
    }
    if !is_taken(&ledgerline, &email).await? {
        let text = "This is not an e-mail address that we can take. Enter it exactly as in Okta, without spaces, such as anna@company.com.";
        return not_invited(&ledgerline, &administrator, form, Some("email"), text).await;
    }
    let by = &administrator.session.user;
    let user = User {
        id: token::name()?,
        tenant: by.tenant.clone(),
        email,
        name,
        administrator: form.administrator.is_some(),
        disabled: false,
    };
    let author = administrator.author(&ledgerline)?;
    let cause = author.cause();
    let mut write = administrator.write(&ledgerline).await?;
    if accounts::count(&mut *write, &by.tenant).await? >= accounts::MOST {
        drop(write);
        let text = "Your company has as many people here as there can be. Remove somebody who has left, then invite again.";
        return not_invited(&ledgerline, &administrator, form, None, text).await;
    }
    if !accounts::add(&mut *write, &user, None).await? {
        drop(write);
        let text = "Somebody here has this e-mail address already.";
        return not_invited(&ledgerline, &administrator, form, Some("email"), text).await;
    }
    invitations::open(&mut *write, &user.id, cause.now + invitations::LIFETIME).await?;
    let event = cause.event("people/invited", &user.email);
    history::record_in(&mut write, &by.tenant, &event).await?;
    write.commit().await?;
    let standings = ledgerline.standings(&by.tenant).await?;
    let done = invited(&standings, &user.email);
    Ok(Redirect::to(&format!("/people?done={done}")).into_response())
}

/// The word of `done` for somebody who was invited, anew or again.
fn invited(standings: &Standings, email: &str) -> &'static str {
    if standings.keeps_out(email) {
        "invited-outside"
    } else {
        "invited"
    }
}

/// Whether somebody who is not deactivated can sign in at all.
fn comes_in(one: &Listed, standings: &Standings, now: i64) -> bool {
    let invited = one.invited_until.is_some_and(|until| until > now);
    match standings.state {
        Standing::Active => one.linked || invited && !standings.keeps_out(&one.user.email),
        Standing::Suspended => false,
        Standing::Off | Standing::AwaitingDomain => one.has_password,
    }
}

/// Whether the plugin takes an address: one that it does not take is equal to nothing, not even to itself.
async fn is_taken(ledgerline: &Ledgerline, address: &str) -> Result<bool, Failure> {
    let compared = ledgerline
        .plugin
        .compare_email(EmailRule::Exact, address, address)
        .await;
    let compared = compared.map_err(|error| Failure::Fault(error.to_string()))?;
    Ok(compared == EmailMatch::Equal)
}

/// The page again, with what was typed.
async fn not_invited(
    ledgerline: &Ledgerline,
    administrator: &Administrator,
    form: InviteForm,
    field: Option<&'static str>,
    text: &'static str,
) -> Result<Response, Failure> {
    let problem = Some(Problem { field, text });
    draw(ledgerline, administrator, None, (form, problem)).await
}

/// What can be done to a person.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Action {
    Invite,
    Deactivate,
    Activate,
    Unlink,
    Remove,
}

impl Action {
    /// The word of `done`, and the event.
    fn told(self) -> (&'static str, &'static str) {
        match self {
            Self::Invite => ("invited", "people/invited"),
            Self::Deactivate => ("deactivate", "people/disabled"),
            Self::Activate => ("activate", "people/enabled"),
            Self::Unlink => ("unlink", "people/unlinked"),
            Self::Remove => ("remove", "people/removed"),
        }
    }
}

#[derive(Deserialize)]
struct ChangeForm {
    id: String,
    action: Action,
}

/// `POST /people/change`: one thing, to one person of the administrator's own tenant.
async fn change(
    State(ledgerline): State<Arc<Ledgerline>>,
    administrator: Administrator,
    Form(form): Form<ChangeForm>,
) -> Result<Response, Failure> {
    let author = administrator.author(&ledgerline)?;
    let (db, session) = (&ledgerline.db, &administrator.session);
    let (done, user) = carry_out(db, session, &form, author.cause()).await?;
    let standings = ledgerline.standings(&user.tenant).await?;
    let done = match form.action {
        Action::Invite => invited(&standings, &user.email),
        Action::Activate => {
            let people = accounts::of_tenant(db, &user.tenant).await?;
            let mut people = people.iter().filter(|one| one.user.id == user.id);
            match people.next() {
                Some(one) if !comes_in(one, &standings, ledgerline.now()) => "activate-not-yet",
                _ => done,
            }
        }
        Action::Deactivate | Action::Unlink | Action::Remove => done,
    };
    Ok(Redirect::to(&format!("/people?done={done}")).into_response())
}

/// The word of `done`, and to whom. Of two administrators who take each other's right away at once, one does.
async fn carry_out(
    db: &AnyPool,
    session: &Session,
    form: &ChangeForm,
    cause: Cause<'_>,
) -> Result<(&'static str, User), Failure> {
    let by = &session.user;
    // Nobody takes their own way in away: another administrator has to.
    if form.id == by.id && form.action != Action::Invite {
        return Err(Failure::NotFound);
    }
    let mut write = guard::write(db, session).await?;
    let user = accounts::find(&mut *write, &by.tenant, &form.id).await?;
    let user = user.ok_or(Failure::NotFound)?;
    match form.action {
        Action::Invite => {
            invitations::renew(&mut *write, &user.id, cause.now + invitations::LIFETIME).await?;
        }
        Action::Deactivate | Action::Activate => {
            let disabled = form.action == Action::Deactivate;
            accounts::set_disabled(&mut write, &user, disabled).await?;
        }
        Action::Unlink => accounts::unlink(&mut write, &user).await?,
        Action::Remove => accounts::remove(&mut *write, &user).await?,
    }
    let (done, code) = form.action.told();
    history::record_in(&mut write, &by.tenant, &cause.event(code, &user.email)).await?;
    write.commit().await?;
    Ok((done, user))
}

#[cfg(test)]
mod tests;
