//! The form for a password, where one is taken.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use okta_sso_host::axum::return_to;
use serde::Deserialize;

use super::company::{home, named};
use super::refusals::{choose, instead, not_taken, refuse, slow_down, wrong};
use super::{Draft, Failure, Ledgerline, NEVER_RETURN_TO, Visit};
use crate::accounts::{self, User};
use crate::domains::State as Standing;
use crate::operator_events::Code;
use crate::sign_in::entry::{Entry, PasswordRefusal};
use crate::web::address::ClientAddress;
use crate::web::guard::{self, Form};
use crate::web::throttle::{Door, Guess};
use crate::{password, token};

#[derive(Deserialize)]
pub(super) struct Credentials {
    email: String,
    password: String,
    #[serde(default)]
    tenant: String,
    #[serde(default)]
    return_to: String,
}

pub(super) async fn sign_in(
    State(ledgerline): State<Arc<Ledgerline>>,
    address: ClientAddress,
    visit: Visit,
    Form(form): Form<Credentials>,
) -> Result<Response, Failure> {
    let draft = Draft {
        tenant: named(&ledgerline, &form.tenant).await?,
        email: form.email.trim().to_owned(),
        return_to: form.return_to,
    };
    let door = draft.tenant.as_ref().map_or(Door::Common, Door::Company);
    let guess = Guess::new(address, &door, &draft.email);
    let throttles = &ledgerline.throttles;
    if let Err(spent) = throttles.take_password(&guess, ledgerline.now()) {
        let code = Code::TooManyPasswords;
        spent.tell(&ledgerline, code, address).await;
        return Ok(slow_down(&visit, &spent));
    }
    let within = draft.tenant.as_ref().map(|tenant| tenant.id.as_str());
    let tried = Tried::of(&ledgerline, &draft.email, &form.password, within).await?;
    // The password proved who asks: what else their e-mail's domain belongs to does not matter.
    if let [(user, hash)] = &*tried.taken {
        let refusal = match enter(&ledgerline, &visit, user, hash, &draft.return_to).await? {
            Ok(response) => {
                throttles.give_password_back(&guess);
                return Ok(response);
            }
            Err(refusal) => refusal,
        };
        return match refusal {
            PasswordRefusal::NotTaken(state) => {
                not_taken(&ledgerline, &draft, &visit, user, state).await
            }
            PasswordRefusal::NotTheirs => wrong(&ledgerline, &draft, &visit).await,
        };
    }
    if !tried.taken.is_empty() {
        let users = tried.taken.iter().map(|(user, _)| user);
        return choose(&ledgerline, &draft, &visit, users).await;
    }
    // By the domain alone, whether the account exists or not, and whatever the password was.
    if let Some((tenant, state)) = home(&ledgerline, &draft.email).await?
        && !state.accepts_passwords()
    {
        let code = "refused/password-not-accepted";
        refuse(&ledgerline, &tenant.id, code, &draft.email)?;
        return Ok(instead(&draft, &visit, &tenant, state));
    }
    // An account on a domain that nobody holds, of a company that signs in with Okta.
    if let Some((user, state)) = tried.not_taken.first() {
        return not_taken(&ledgerline, &draft, &visit, user, *state).await;
    }
    for user in &tried.wrong {
        let code = "refused/wrong-password";
        refuse(&ledgerline, &user.tenant, code, &user.email)?;
    }
    wrong(&ledgerline, &draft, &visit).await
}

/// What a password was worth for everybody with one e-mail.
#[derive(Default)]
struct Tried {
    /// Right, at a company that takes passwords; with the password's hash.
    taken: Vec<(User, String)>,
    /// Right, at a company that takes none.
    not_taken: Vec<(User, Standing)>,
    wrong: Vec<User>,
}

impl Tried {
    /// Works as long for nobody, for one account and for one at each of two companies, so that the time does not tell
    /// whether there is one.
    async fn of(
        ledgerline: &Ledgerline,
        email: &str,
        password: &str,
        within: Option<&str>,
    ) -> Result<Self, Failure> {
        let candidates = accounts::with_password(&ledgerline.db, email, within).await?;
        for _ in candidates.len()..2 {
            password::verify(password, None).await;
        }
        let mut tried = Self::default();
        for (user, hash) in candidates {
            if !password::verify(password, Some(hash.clone())).await {
                tried.wrong.push(user);
                continue;
            }
            let state = ledgerline.standings(&user.tenant).await?.state;
            if state.accepts_passwords() {
                tried.taken.push((user, hash));
            } else {
                tried.not_taken.push((user, state));
            }
        }
        Ok(tried)
    }
}

async fn enter(
    ledgerline: &Ledgerline,
    visit: &Visit,
    user: &User,
    hash: &str,
    asked: &str,
) -> Result<Result<Response, PasswordRefusal>, Failure> {
    let entry = Entry {
        seal: &ledgerline.seal,
        before: visit.cookie.as_deref(),
        correlation_id: &token::name()?,
        times: ledgerline.session_times(),
    };
    let entered = match entry.by_password(&ledgerline.db, user, hash).await? {
        Ok(entered) => entered,
        Err(refusal) => return Ok(Err(refusal)),
    };
    for event in &entered.events {
        ledgerline.announce(&entered.user.tenant, event);
    }
    let mut response = Redirect::to(return_to(asked, &NEVER_RETURN_TO)).into_response();
    guard::keep_session(ledgerline, &mut response, &entered.cookie);
    Ok(Ok(response))
}
