//! *Test connection* and *Test sign-in*, with the settings as they were saved last, in use or not.

use std::sync::Arc;

use askama::Template;
use axum::extract::{self, Path};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use okta_sso_host::CallError;
use okta_sso_host::axum::SignIn;
use okta_sso_host::contract::{
    self, Check, Connection, EmailMatch, EmailRule, Identity, Rehearsal,
};

use super::{
    Administrator, Failure, Layout, Ledgerline, Line, Missing, Moment, Saved, Situation, Standing,
    TenantState as State, activation, check_list, domain_requests, domains, drafts, page, trials,
};
use crate::accounts;
use crate::activation::Cause;
use crate::database::WRITE;
use crate::trials::{Entry, Outcome};
use crate::web::guard::Visit;
use crate::web::okta::Okta;
use crate::{connections, history, ledgerline, link_moves};

/// Asks Okta about the tenant's settings and keeps what was found.
pub(super) async fn probe(ledgerline: &Ledgerline, tenant: &str) -> Result<(), Failure> {
    let situation = Situation::of(ledgerline, tenant).await?;
    let Some(settings) = situation.settings().filter(|saved| is_complete(saved)) else {
        return Ok(());
    };
    ask(ledgerline, settings).await
}

/// The same for the connection in use, whatever is drafted.
pub(in crate::web) async fn probe_in_use(
    ledgerline: &Ledgerline,
    tenant: &str,
) -> Result<(), Failure> {
    match connections::of_tenant(&ledgerline.db, tenant).await? {
        Some(saved) => ask(ledgerline, &saved).await,
        None => Ok(()),
    }
}

async fn ask(ledgerline: &Ledgerline, settings: &Saved) -> Result<(), Failure> {
    let connection = connection(ledgerline, settings).await?;
    let findings = ledgerline.plugin.probe(&connection).await;
    let findings = findings.map_err(|error| Failure::Fault(error.to_string()))?;
    let entries: Vec<Entry> = findings.iter().map(Entry::from).collect();
    trials::keep_probe(&ledgerline.db, settings, &entries, ledgerline.now()).await?;
    Ok(())
}

fn is_complete(settings: &Saved) -> bool {
    !settings.issuer.is_empty() && !settings.client_id.is_empty()
}

/// The connection that a trial is made with: domains that were asked for count like those that are approved, so that
/// the trial goes to its end.
async fn connection(
    ledgerline: &Ledgerline,
    settings: &Saved,
) -> Result<Connection, ledgerline::ConnectError> {
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
    ledgerline.connect_with(settings, domains).await
}

/// The connection of the draft with this id, for a test sign-in that comes back.
pub(in crate::web) async fn connection_of_draft(
    ledgerline: &Ledgerline,
    id: &str,
) -> Option<Connection> {
    let settings = match drafts::find(&ledgerline.db, id).await {
        Ok(draft) => draft?.settings,
        Err(error) => {
            tracing::error!(%error, "a draft could not be read");
            return None;
        }
    };
    connection(ledgerline, &settings).await.ok()
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
}

/// `GET /settings/sso/test`: what is going to happen, before anyone leaves for Okta.
pub(super) async fn before(
    extract::State(ledgerline): extract::State<Arc<Ledgerline>>,
    administrator: Administrator,
) -> Result<Response, Failure> {
    let user = &administrator.session.user;
    let situation = Situation::of(&ledgerline, &user.tenant).await?;
    let Some(draft) = &situation.draft else {
        // What is in use proves itself with every sign-in.
        return Ok(Redirect::to("/settings/sso").into_response());
    };
    let asked = situation
        .requests
        .iter()
        .any(|request| request.refused.is_none());
    let page = BeforePage {
        layout: Layout::of(&administrator.visit),
        tenant: &administrator.session.tenant_name,
        email: &user.email,
        incomplete: !draft.is_complete(),
        no_domain: situation.domains.is_empty() && !asked,
        activates: situation.missing() == Some(Missing::Test),
        in_use: !situation.live_state().accepts_passwords(),
        issuer: &draft.settings.issuer,
    };
    Ok(page::show(&administrator.visit, StatusCode::OK, &page))
}

/// `GET /settings/sso/test/start`: off to Okta. A link and no form, for a browser applies `form-action` to the redirects
/// after a form. It begins an attempt, and changes nothing else.
pub(super) async fn start(
    extract::State(ledgerline): extract::State<Arc<Ledgerline>>,
    extract::State(sign_in): extract::State<Arc<SignIn<Okta>>>,
    administrator: Administrator,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let user = &administrator.session.user;
    let draft = drafts::of_tenant(&ledgerline.db, &user.tenant).await?;
    let Some(draft) = draft.filter(drafts::Draft::is_complete) else {
        return Ok(Redirect::to("/settings/sso/test").into_response());
    };
    let connection = connection(&ledgerline, &draft.settings).await?;
    match sign_in.rehearse(&headers, &connection).await {
        Ok((handle, response)) => {
            let now = ledgerline.now();
            trials::begin_rehearsal(&ledgerline.db, &handle, &user.id, &draft.settings, now)
                .await?;
            Ok(response)
        }
        Err(CallError::Answer(error)) => {
            // It did not come as far as Okta's page: the same list, told at once.
            let handle = crate::token::name()?;
            let now = ledgerline.now();
            trials::begin_rehearsal(&ledgerline.db, &handle, &user.id, &draft.settings, now)
                .await?;
            let entry = Entry {
                check: "check/provider-answer".to_owned(),
                outcome: Outcome::Fail,
                reason: Some(error.code()),
                expected: None,
                found: None,
            };
            let mut write = ledgerline.db.begin_with(WRITE).await?;
            trials::end_rehearsal(&mut write, &handle, &[entry], now).await?;
            write.commit().await?;
            Ok(Redirect::to(&format!("/settings/sso/test/{handle}")).into_response())
        }
        Err(fault) => Err(Failure::Fault(fault.to_string())),
    }
}

/// A test sign-in came back from Okta: its check list is kept, and when nothing failed the settings may be used.
pub(in crate::web) async fn finish(
    ledgerline: &Ledgerline,
    visit: &Visit,
    handle: &str,
    rehearsal: &Rehearsal,
) -> Result<Response, Failure> {
    let Some(begun) = trials::rehearsal(&ledgerline.db, handle).await? else {
        return Err(Failure::NotFound);
    };
    let list = Redirect::to(&format!("/settings/sso/test/{handle}")).into_response();
    // Whoever came by the address of somebody's callback does not end that person's test.
    let own = visit.session.as_ref().is_some_and(|session| {
        session.user.tenant == begun.tenant && session.user.id == begun.user_id
    });
    let unbound = rehearsal.checks.iter().any(|finding| {
        finding.check == Check::Transaction && finding.outcome != contract::Outcome::Pass
    });
    if unbound && !own {
        return Ok(list);
    }
    let mut entries: Vec<Entry> = rehearsal.checks.iter().map(Entry::from).collect();
    let Some(administrator) = accounts::find(&ledgerline.db, &begun.tenant, &begun.user_id).await?
    else {
        return Err(Failure::NotFound);
    };
    let draft = drafts::of_tenant(&ledgerline.db, &begun.tenant).await?;
    let domain = rehearsal.identity.as_ref().and_then(|identity| {
        let (_, domain) = identity.email.rsplit_once('@')?;
        Some(domain.to_ascii_lowercase())
    });
    let domain = domain.unwrap_or_default();
    if let (Some(identity), Some(draft)) = (&rehearsal.identity, &draft) {
        await_domain(ledgerline, &draft.settings, &domain, &mut entries).await?;
        entries.push(maps(ledgerline, &draft.settings, identity, &administrator).await?);
    } else {
        entries.push(Entry {
            check: "own/administrator".to_owned(),
            outcome: Outcome::Skipped,
            reason: None,
            expected: None,
            found: None,
        });
    }
    let passed = trials::passed(&entries);
    let cause = Cause {
        actor: &administrator.email,
        correlation_id: handle,
        now: ledgerline.now(),
    };
    let mut write = ledgerline.db.begin_with(WRITE).await?;
    if trials::end_rehearsal(&mut write, handle, &entries, cause.now).await? {
        let code = if passed {
            "settings/test-passed"
        } else {
            "settings/test-failed"
        };
        let failed = entries.iter().find(|entry| entry.outcome == Outcome::Fail);
        let detail = failed
            .and_then(|entry| entry.reason.as_deref())
            .unwrap_or_default();
        history::record_in(&mut *write, &begun.tenant, &cause.event(code, detail)).await?;
        let tested = (&*begun.settings, &*domain);
        if passed && drafts::pass(&mut write, &begun.tenant, tested).await? {
            activation::advance(&mut write, &ledgerline.seal, &begun.tenant, cause).await?;
        }
    }
    write.commit().await?;
    Ok(list)
}

/// The address is on a domain that the tenant asked for: a pass only when it is approved.
async fn await_domain(
    ledgerline: &Ledgerline,
    settings: &Saved,
    domain: &str,
    entries: &mut [Entry],
) -> Result<(), Failure> {
    let domains = domains::of_tenant(&ledgerline.db, &settings.tenant).await?;
    let approved = domains
        .iter()
        .any(|one| one.domain == domain && one.standing(settings) == Standing::Approved);
    if approved {
        return Ok(());
    }
    if let Some(entry) = entries
        .iter_mut()
        .find(|entry| entry.check == "check/email-domain")
    {
        entry.outcome = Outcome::Warn;
        entry.reason = Some("own/domain-waiting".to_owned());
        entry.found = Some(domain.to_owned());
    }
    Ok(())
}

/// Whom the person at Okta would be here. Only the administrator who tests, or another one, is good enough: else nobody
/// could repair anything once passwords stop.
async fn maps(
    ledgerline: &Ledgerline,
    settings: &Saved,
    identity: &Identity,
    administrator: &accounts::User,
) -> Result<Entry, Failure> {
    let rule = settings.email_rule;
    let compare = async |on_file: &str| {
        let compared = ledgerline
            .plugin
            .compare_email(rule, &identity.email, on_file)
            .await;
        compared.map_err(|error| Failure::Fault(error.to_string()))
    };
    let entry = |outcome, reason: Option<String>| Entry {
        check: "own/administrator".to_owned(),
        outcome,
        reason,
        expected: Some(administrator.email.clone()),
        found: Some(identity.email.clone()),
    };
    let own = compare(&administrator.email).await?;
    if own == EmailMatch::Equal {
        return Ok(match tied_elsewhere(ledgerline, settings).await? {
            None => entry(Outcome::Pass, None),
            Some(issuer) => Entry {
                expected: Some(settings.issuer.clone()),
                found: Some(issuer),
                ..entry(Outcome::Warn, Some("own/tied-elsewhere".to_owned()))
            },
        });
    }
    let colleagues = accounts::of_tenant(&ledgerline.db, &administrator.tenant).await?;
    let colleague = colleagues.iter().map(|one| &one.user).find(|user| {
        !user.disabled
            && (user.email == identity.email
                || (rule == EmailRule::AsciiCaseInsensitive
                    && user.email.eq_ignore_ascii_case(&identity.email)))
    });
    if let Some(colleague) = colleague {
        // Some administrator must be able to come in and repair things.
        let outcome = if colleague.administrator {
            Outcome::Warn
        } else {
            Outcome::Fail
        };
        return Ok(entry(outcome, Some("own/somebody-else".to_owned())));
    }
    let reason = match own {
        EmailMatch::Different => "own/nobody".to_owned(),
        near => near.code(),
    };
    Ok(entry(Outcome::Fail, Some(reason)))
}

/// Another issuer that accounts are tied to: whoever is cannot come in by these settings until the operator has moved
/// the ties.
async fn tied_elsewhere(
    ledgerline: &Ledgerline,
    settings: &Saved,
) -> Result<Option<String>, sqlx::Error> {
    let issuers = link_moves::issuers(&ledgerline.db, &settings.tenant).await?;
    let mut issuers = issuers.into_iter().map(|(issuer, _)| issuer);
    Ok(issuers.find(|issuer| *issuer != settings.issuer))
}

#[derive(Template)]
#[template(path = "settings/tested.html")]
struct AfterPage<'a> {
    layout: Layout,
    tenant: &'a str,
    handle: &'a str,
    ended: Option<Moment>,
    result: Tested,
    lines: Vec<Line>,
}

/// What a test sign-in has come to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tested {
    /// The person is still at Okta.
    Unfinished,
    Failed,
    /// Passed, and the settings are in use since.
    InUse,
    /// Passed, and the settings wait for the operator.
    AwaitingDomain,
    /// Passed, and the settings were changed or switched off since.
    Passed,
}

impl Tested {
    fn of(rehearsal: &trials::Rehearsal, situation: &Situation) -> Self {
        let current = situation.draft.as_ref().is_some_and(|draft| {
            draft.has_passed() && drafts::fingerprint(&draft.settings) == rehearsal.settings
        });
        if rehearsal.ended_at.is_none() {
            Self::Unfinished
        } else if !trials::passed(&rehearsal.entries) {
            Self::Failed
        } else if situation.draft.is_none() && situation.live_state() == State::Active {
            Self::InUse
        } else if current && situation.missing() == Some(Missing::Domain) {
            Self::AwaitingDomain
        } else {
            Self::Passed
        }
    }
}

/// `GET /settings/sso/test/{handle}`: the check list.
pub(super) async fn after(
    extract::State(ledgerline): extract::State<Arc<Ledgerline>>,
    administrator: Administrator,
    Path(handle): Path<String>,
) -> Result<Response, Failure> {
    let tenant = &administrator.session.user.tenant;
    let found = trials::rehearsal(&ledgerline.db, &handle).await?;
    let rehearsal = found
        .filter(|rehearsal| rehearsal.tenant == *tenant)
        .ok_or(Failure::NotFound)?;
    let situation = Situation::of(&ledgerline, tenant).await?;
    let page = AfterPage {
        layout: Layout::of(&administrator.visit),
        tenant: &administrator.session.tenant_name,
        handle: &handle,
        ended: rehearsal.ended_at.map(Moment),
        result: Tested::of(&rehearsal, &situation),
        lines: check_list::lines(&ledgerline, &rehearsal.entries).await,
    };
    Ok(page::show(&administrator.visit, StatusCode::OK, &page))
}
