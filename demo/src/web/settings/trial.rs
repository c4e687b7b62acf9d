//! *Test connection* and *Test sign-in*, with the settings as they were saved last, in use or not.

use std::sync::Arc;

use askama::Template;
use aws_lc_rs::constant_time;
use axum::extract::{self, RawQuery};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use okta_sso_host::CallError;
use okta_sso_host::axum::{SignIn, prompt};
use okta_sso_host::contract::Connection;
use url::form_urlencoded;

use super::corrections::{self, Corrected};
use super::{
    Administrator, Failure, Layout, Ledgerline, Missing, Saved, Situation, Standing,
    domain_requests, domains, drafts, page, trials,
};
use crate::accounts::{self, Listed};
use crate::activation::Cause;
use crate::database;
use crate::ledgerline::ConnectError;
use crate::operator_events::Code;
use crate::sign_in::domain_of;
use crate::trials::{Entry, Outcome};
use crate::web::address::ClientAddress;
use crate::web::login;
use crate::web::okta::{Okta, sides_of};
use crate::{connections, history, link_moves, token};

/// Asks Okta about the tenant's settings and keeps what was found; false when too little is filled in to ask.
pub(super) async fn probe(ledgerline: &Ledgerline, tenant: &str) -> Result<bool, Failure> {
    let situation = Situation::of(ledgerline, tenant).await?;
    let Some(settings) = situation.settings().filter(|saved| is_complete(saved)) else {
        return Ok(false);
    };
    ask(ledgerline, settings).await?;
    Ok(true)
}

/// The same for the connection in use, whatever is drafted.
pub(in crate::web) async fn probe_in_use(
    ledgerline: &Ledgerline,
    tenant: &str,
) -> Result<(), Failure> {
    match connections::of_tenant(&ledgerline.db, tenant).await? {
        Some(saved) => ask(ledgerline, &saved).await.map(drop),
        None => Ok(()),
    }
}

/// What Okta says of these settings, which is kept as their latest connection test.
pub(super) async fn ask(ledgerline: &Ledgerline, settings: &Saved) -> Result<Vec<Entry>, Failure> {
    let connection = connection(ledgerline, settings).await?;
    let findings = ledgerline.plugin.probe(&connection).await;
    let findings = findings.map_err(|error| Failure::Fault(error.to_string()))?;
    let entries: Vec<Entry> = findings.iter().map(Entry::from).collect();
    trials::keep_probe(&ledgerline.db, settings, &entries, ledgerline.now()).await?;
    Ok(entries)
}

fn is_complete(settings: &Saved) -> bool {
    !settings.issuer.is_empty() && !settings.client_id.is_empty()
}

/// The connection that a trial is made with: domains that were asked for count like those that are approved, so that
/// the trial goes to its end.
async fn connection(ledgerline: &Ledgerline, settings: &Saved) -> Result<Connection, ConnectError> {
    let domains = domains_of(ledgerline, settings).await?;
    ledgerline.connect_with(settings, domains).await
}

async fn domains_of(ledgerline: &Ledgerline, settings: &Saved) -> Result<Vec<String>, sqlx::Error> {
    let tenant = &settings.tenant;
    let approved = domains::of_tenant(&ledgerline.db, tenant).await?;
    let asked = domain_requests::of_tenant(&ledgerline.db, tenant).await?;
    let mut domains: Vec<String> = approved
        .into_iter()
        .filter(|domain| domain.standing(settings) != Standing::Suspended)
        .map(|domain| domain.domain)
        .chain(
            asked
                .into_iter()
                .filter(|request| request.refused.is_none())
                .map(|request| request.domain),
        )
        .collect();
    domains.sort();
    domains.dedup();
    Ok(domains)
}

/// The connection of the draft with this id, for a test sign-in that comes back.
pub(in crate::web) async fn connection_of_draft(
    ledgerline: &Ledgerline,
    id: &str,
) -> Result<Option<Connection>, ConnectError> {
    match drafts::find(&ledgerline.db, id).await? {
        Some(draft) => connection(ledgerline, &draft.settings).await.map(Some),
        None => Ok(None),
    }
}

#[derive(Template)]
#[template(path = "settings/test.html")]
struct BeforePage<'a> {
    layout: Layout,
    tenant: &'a str,
    email: &'a str,
    /// Something must be filled in first.
    incomplete: bool,
    /// No domain is approved or asked for, so the test cannot pass.
    no_domain: bool,
    /// Passing the test is all that is missing.
    activates: bool,
    /// Other settings are in use.
    in_use: bool,
    issuer: &'a str,
    /// What saving has just put right.
    corrected: Vec<Corrected>,
    /// Okta is to ask who is there, even if it knows.
    asks_anew: bool,
    /// Issuers that people are tied to instead, with how many each.
    tied: Vec<(String, i64)>,
    /// How many people have an address on none of the domains.
    outside: usize,
}

/// `GET /settings/sso/test`: what is going to happen, before anyone leaves for Okta. With `prompt=login` Okta is asked to
/// ask.
pub(super) async fn before(
    extract::State(ledgerline): extract::State<Arc<Ledgerline>>,
    administrator: Administrator,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let query = query.unwrap_or_default();
    let user = &administrator.session.user;
    let situation = Situation::of(&ledgerline, &user.tenant).await?;
    let Some(draft) = &situation.draft else {
        let settings = match situation.live {
            Some(_) => "/settings/sso?done=in-use",
            None => "/settings/sso",
        };
        return Ok(Redirect::to(settings).into_response());
    };
    let domains = domains_of(&ledgerline, &draft.settings).await?;
    let people = accounts::of_tenant(&ledgerline.db, &user.tenant).await?;
    let outside = |one: &&Listed| {
        !one.user.disabled && !domain_of(&one.user.email).is_some_and(|own| domains.contains(&own))
    };
    let page = BeforePage {
        layout: Layout::of(&administrator.visit),
        tenant: &administrator.session.tenant_name,
        email: &user.email,
        incomplete: !draft.is_complete(),
        no_domain: situation.domains.is_empty() && !situation.asks_for_domain(),
        activates: situation.missing() == Some(Missing::Test),
        in_use: !situation.live_state().accepts_passwords(),
        issuer: &draft.settings.issuer,
        corrected: corrections::in_query(&ledgerline, &query).await,
        asks_anew: prompt(&query).is_some(),
        tied: link_moves::other_issuers(&ledgerline.db, &user.tenant, &draft.settings.issuer)
            .await?,
        outside: people.iter().filter(outside).count(),
    };
    Ok(page::show(&administrator.visit, StatusCode::OK, &page))
}

/// `GET /settings/sso/test/start`: off to Okta. A link and no form, for a browser applies `form-action` to the redirects
/// after a form.
///
/// A test that passes may put the settings into use, so it begins on our own page, which says so: whoever comes by
/// another way is shown that page first.
pub(super) async fn start(
    extract::State(ledgerline): extract::State<Arc<Ledgerline>>,
    extract::State(sign_in): extract::State<Arc<SignIn<Okta>>>,
    administrator: Administrator,
    address: ClientAddress,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let query = query.unwrap_or_default();
    let user = &administrator.session.user;
    if !comes_from_our_page(&headers, &query, &administrator.visit.form_proof) {
        return Ok(Redirect::to("/settings/sso/test").into_response());
    }
    let draft = drafts::of_tenant(&ledgerline.db, &user.tenant).await?;
    let Some(draft) = draft.filter(drafts::Draft::is_complete) else {
        return Ok(Redirect::to("/settings/sso/test").into_response());
    };
    let (throttles, now) = (&ledgerline.throttles, ledgerline.now());
    if let Err(spent) = throttles.take_start(&address.key(), &user.tenant, now) {
        let code = Code::TooManyStarts;
        spent.tell(&ledgerline, code, address).await;
        return Ok(login::slow_down(&administrator.visit, &spent));
    }
    let connection = connection(&ledgerline, &draft.settings).await?;
    let begun = sign_in.rehearse(&headers, &connection, prompt(&query));
    match begun.await {
        Ok((handle, response)) => {
            let now = ledgerline.now();
            trials::begin_rehearsal(&ledgerline.db, &handle, &user.id, &draft.settings, now)
                .await?;
            Ok(response)
        }
        Err(CallError::Answer(error)) => {
            // It did not come as far as Okta's page: the same list, told at once.
            let handle = token::name()?;
            let cause = Cause {
                actor: &user.email,
                correlation_id: &handle,
                now: ledgerline.now(),
            };
            let (db, settings) = (&ledgerline.db, &draft.settings);
            trials::begin_rehearsal(db, &handle, &user.id, settings, cause.now).await?;
            let mut entries = ask(&ledgerline, settings).await?;
            let (expected, found) = sides_of(&error);
            entries.push(Entry {
                check: "check/provider-answer".to_owned(),
                outcome: Outcome::Fail,
                reason: Some(error.code()),
                expected: expected.map(str::to_owned),
                found: found.map(str::to_owned),
            });
            let mut write = database::write(db).await?;
            trials::end_rehearsal(&mut write, &handle, &entries, cause.now).await?;
            let event = cause.event(history::TEST_FAILED, trials::failure(&entries));
            history::record_in(&mut write, &user.tenant, &event).await?;
            write.commit().await?;
            Ok(Redirect::to(&format!("/settings/sso/test/{handle}")).into_response())
        }
        Err(fault) => Err(Failure::Fault(fault.to_string())),
    }
}

/// The same two proofs as for a form: the browser's word, where it gives one, and what only our page could draw.
fn comes_from_our_page(headers: &HeaderMap, query: &str, proof: &str) -> bool {
    let elsewhere = headers
        .get("sec-fetch-site")
        .is_some_and(|site| site != "same-origin");
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let given = pairs.find(|(name, _)| name == "proof");
    !elsewhere
        && given.is_some_and(|(_, given)| {
            constant_time::verify_slices_are_equal(given.as_bytes(), proof.as_bytes()).is_ok()
        })
}
