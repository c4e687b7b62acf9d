//! Domains: what is asked for, and what is held.

use std::sync::Arc;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use sqlx::AnyConnection;
use url::form_urlencoded;

use super::{Act, Failure, Layout, Ledgerline, Operator, companies, page};
use crate::connections::{self, Saved};
use crate::database;
use crate::domain_requests::{self, Request};
use crate::domains::{self, Domain, State as TenantState};
use crate::moment::Moment;
use crate::resemblance::Warning;
use crate::tenants::Tenant;
use crate::web::guard::Form;
use crate::{activation, drafts, history, resemblance, sessions, tenants};

/// One request as the console lists it.
struct Asked {
    domain: String,
    tenant: Tenant,
    requested_by: String,
    at: Moment,
    /// What it would be approved for; none while the tenant's settings are not complete.
    settings: Option<(String, String)>,
    warnings: Vec<Warning>,
    /// Another tenant holds it.
    taken: bool,
    /// The tenant's domains that are suspended.
    suspended: Vec<String>,
    /// Typed to refuse it, and not taken.
    reason: Option<String>,
}

/// One held domain.
struct Held {
    domain: String,
    tenant: Tenant,
    /// The company's people sign in by the settings that it was approved for, or would if it were not suspended.
    in_use: bool,
    suspended: bool,
    /// The settings that it can be approved for again, where they still are there: issuer and client ID.
    again: Option<(String, String)>,
    words: &'static str,
    badge: &'static str,
    text: String,
}

#[derive(Template)]
#[template(path = "operator/domains.html")]
struct DomainsPage {
    layout: Layout,
    asked: Vec<Asked>,
    held: Vec<Held>,
    notice: Option<&'static str>,
    problem: Option<&'static str>,
}

/// `GET /operator`.
pub(super) async fn show(
    State(ledgerline): State<Arc<Ledgerline>>,
    operator: Operator,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let query = query.unwrap_or_default();
    let notice = form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "done")
        .and_then(|(_, word)| done(&word));
    draw(&ledgerline, &operator, notice, None).await
}

pub(super) fn done(word: &str) -> Option<&'static str> {
    Some(match word {
        "approve" => "Approved. It counts for exactly the issuer and client ID that were shown.",
        "refuse" => "Refused. The company’s administrators see the reason.",
        "suspend" => "Suspended. Sessions that began with Okta have ended.",
        "release" => {
            "Released. Another company can have it now; sessions that began with Okta have ended."
        }
        "release-last" => {
            "Released. It was the last domain of the company’s single sign-on, which is switched off now: passwords are taken again, and sessions that began with Okta have ended."
        }
        _ => return None,
    })
}

async fn draw(
    ledgerline: &Ledgerline,
    operator: &Operator,
    notice: Option<&'static str>,
    undone: Option<(&'static str, &DomainForm)>,
) -> Result<Response, Failure> {
    let tenants = tenants::all(&ledgerline.db).await?;
    let name = |id: &str| {
        let found = tenants.iter().find(|tenant| tenant.id == id);
        found.cloned().unwrap_or_else(|| Tenant {
            id: id.to_owned(),
            name: id.to_owned(),
        })
    };
    let holders = domains::held(&ledgerline.db).await?;
    let mut asked = Vec::new();
    for request in domain_requests::open(&ledgerline.db).await? {
        let settings = pending(ledgerline, &request.tenant).await?;
        let others = holders
            .iter()
            .filter(|(_, tenant)| *tenant != request.tenant);
        let others: Vec<&str> = others.map(|(domain, _)| domain.as_str()).collect();
        let own = domains::of_tenant(&ledgerline.db, &request.tenant).await?;
        let suspended = own.into_iter().filter(Domain::is_suspended);
        let mut suspended: Vec<String> = suspended.map(|one| one.domain).collect();
        suspended.dedup();
        let reason = undone
            .filter(|(_, form)| form.refuses(&request))
            .map(|(_, form)| form.reason.clone());
        asked.push(Asked {
            reason,
            taken: others.contains(&request.domain.as_str()),
            suspended,
            warnings: resemblance::warnings(&request.domain, &others),
            tenant: name(&request.tenant),
            requested_by: request.requested_by,
            at: Moment(request.requested_at),
            settings: settings.map(|saved| (saved.issuer, saved.client_id)),
            domain: request.domain,
        });
    }
    let mut held = Vec::new();
    for (domain, tenant) in &holders {
        held.push(standing(ledgerline, domain, name(tenant)).await?);
    }
    let page = DomainsPage {
        layout: Layout::of(ledgerline, operator).await?,
        asked,
        held,
        notice,
        problem: undone.map(|(problem, _)| problem),
    };
    let status = if undone.is_some() {
        StatusCode::CONFLICT
    } else {
        StatusCode::OK
    };
    Ok(page::show(&operator.visit, status, &page))
}

/// The settings that an approval would speak of: the draft where there is one, else the connection in use.
pub(super) async fn pending(
    ledgerline: &Ledgerline,
    tenant: &str,
) -> Result<Option<Saved>, sqlx::Error> {
    let draft = drafts::of_tenant(&ledgerline.db, tenant).await?;
    let saved = match draft {
        Some(draft) => Some(draft.settings),
        None => connections::of_tenant(&ledgerline.db, tenant).await?,
    };
    Ok(saved.filter(|saved| !saved.issuer.is_empty() && !saved.client_id.is_empty()))
}

async fn standing(
    ledgerline: &Ledgerline,
    domain: &str,
    tenant: Tenant,
) -> Result<Held, sqlx::Error> {
    let db = &ledgerline.db;
    let live = connections::of_tenant(db, &tenant.id).await?;
    let draft = drafts::of_tenant(db, &tenant.id).await?;
    let draft = draft.map(|draft| draft.settings);
    let approvals = domains::of_tenant(db, &tenant.id).await?;
    let approvals: Vec<_> = approvals
        .into_iter()
        .filter(|one| one.domain == domain)
        .collect();
    let for_these = |settings: &Option<Saved>| {
        let settings = settings.as_ref()?;
        approvals.iter().find(|one| one.is_for(settings))
    };
    // What is in use counts first, then what waits to be.
    let live = for_these(&live);
    let there = live.or_else(|| for_these(&draft));
    let approval = there.or_else(|| approvals.first());
    let (in_use, suspended) = (live.is_some(), approval.is_some_and(Domain::is_suspended));
    let again = there.filter(|_| suspended);
    let again = again.map(|one| (one.issuer.clone(), one.client_id.clone()));
    let (badge, words) = match (suspended, in_use) {
        (true, _) => ("bad", "Suspended"),
        (false, true) => ("good", "In use"),
        (false, false) => ("info", "Approved, not in use"),
    };
    let text = approval.map_or_else(String::new, |approval| {
        format!(
            "{} · client ID {} · approved by {} on {}",
            approval.issuer,
            approval.client_id,
            approval.approved_by,
            Moment(approval.approved_at)
        )
    });
    Ok(Held {
        domain: domain.to_owned(),
        tenant,
        in_use,
        suspended,
        again,
        words,
        badge,
        text,
    })
}

/// What the operator can do to a domain.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Action {
    Approve,
    Refuse,
    Suspend,
    Release,
}

/// What an approval rests on: it is given while that still is so, and not on the word of a page drawn before.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Basis {
    /// The operator's own knowledge.
    #[default]
    Own,
    /// The company's request.
    Request,
    /// An approval that was suspended.
    Suspension,
}

impl Basis {
    /// What is not so any more, if it is not.
    async fn gone(
        self,
        db: &mut AnyConnection,
        domain: &str,
        saved: &Saved,
    ) -> Result<Option<&'static str>, sqlx::Error> {
        let there = match self {
            Self::Own => true,
            Self::Request => domain_requests::is_open(db, &saved.tenant, domain).await?,
            Self::Suspension => domains::of_tenant(db, &saved.tenant)
                .await?
                .iter()
                .any(|one| one.domain == domain && one.is_for(saved) && one.is_suspended()),
        };
        Ok(match self {
            _ if there => None,
            Self::Suspension => {
                Some("This domain is not suspended any more. Nothing was changed; look again.")
            }
            Self::Own | Self::Request => Some(NOTHING_WAITS),
        })
    }
}

const NOTHING_WAITS: &str =
    "This request was withdrawn or decided since the page was drawn. Nothing was changed.";

#[derive(Deserialize)]
pub(super) struct DomainForm {
    tenant: String,
    domain: String,
    action: Action,
    /// What the operator saw it would be approved for.
    #[serde(default)]
    issuer: String,
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    basis: Basis,
    #[serde(default)]
    reason: String,
    /// `company`: the page to go back to.
    #[serde(default)]
    back: String,
}

impl DomainForm {
    /// Whether it was to refuse this request.
    fn refuses(&self, request: &Request) -> bool {
        matches!(self.action, Action::Refuse)
            && (&self.tenant, &self.domain) == (&request.tenant, &request.domain)
    }
}

/// `POST /operator/domains`.
pub(super) async fn change(
    State(ledgerline): State<Arc<Ledgerline>>,
    operator: Operator,
    Form(form): Form<DomainForm>,
) -> Result<Response, Failure> {
    let act = Act::of(&ledgerline, &operator)?;
    let tenant = tenants::find(&ledgerline.db, &form.tenant).await?;
    let tenant = tenant.ok_or(Failure::NotFound)?;
    let id = &tenant.id;
    let done = match form.action {
        Action::Approve => approve(&ledgerline, &act, id, &form).await?,
        Action::Refuse => refuse(&ledgerline, &act, id, &form).await?,
        Action::Suspend => suspend(&ledgerline, &act, id, &form.domain).await?,
        Action::Release => release(&ledgerline, &act, id, &form.domain).await?,
    };
    match done {
        Err(problem) if form.back == "company" => {
            // The page's only field for a domain is that of one to approve.
            let typed = match form.action {
                Action::Approve => &*form.domain,
                Action::Refuse | Action::Suspend | Action::Release => "",
            };
            companies::not_done(&ledgerline, &operator, tenant, problem, typed).await
        }
        Err(problem) => draw(&ledgerline, &operator, None, Some((problem, &form))).await,
        Ok(word) => {
            let page = if form.back == "company" {
                format!("/operator/tenants/{id}")
            } else {
                "/operator".to_owned()
            };
            Ok(Redirect::to(&format!("{page}?done={word}")).into_response())
        }
    }
}

/// The word of `done`, or why nothing was changed.
type Outcome = Result<&'static str, &'static str>;

/// Approves for the settings that the operator saw, and puts the tenant's draft into use if that was all it waited for.
async fn approve(
    ledgerline: &Ledgerline,
    act: &Act,
    tenant: &str,
    form: &DomainForm,
) -> Result<Outcome, Failure> {
    let mut settings = ledgerline.settings(
        "domain-check",
        &form.client_id,
        &form.issuer,
        okta_sso_host::contract::EmailRule::Exact,
    );
    settings.email_domains = vec![form.domain.trim().to_owned()];
    let Ok(checked) = ledgerline.plugin.check(&settings).await else {
        return Ok(Err(
            "This domain cannot be approved: it is public, or not written as a domain. Nothing was changed.",
        ));
    };
    let Some(domain) = checked.connection.email_domains.first() else {
        return Ok(Err("Enter a domain."));
    };
    if ledgerline.public_url.is_on(domain) {
        return Ok(Err(
            "This is Ledgerline’s own domain, which no company can have. Nothing was changed.",
        ));
    }
    let cause = act.cause();
    let mut write = database::write(&ledgerline.db).await?;
    let draft = drafts::of_tenant(&mut *write, tenant).await?;
    let live = connections::of_tenant(&mut *write, tenant).await?;
    let seen = |saved: &Saved| saved.issuer == form.issuer && saved.client_id == form.client_id;
    let saved = draft.map(|draft| draft.settings).into_iter().chain(live);
    let Some(saved) = saved.into_iter().find(seen) else {
        return Ok(Err(
            "The company has changed its issuer or client ID since this page was drawn. Nothing was changed; look again.",
        ));
    };
    if let Some(gone) = form.basis.gone(&mut write, domain, &saved).await? {
        return Ok(Err(gone));
    }
    if !domains::approve(&mut write, domain, &saved, cause.actor, cause.now).await? {
        return Ok(Err(
            "Another company holds this domain. Release it there first, if that is right. Nothing was changed.",
        ));
    }
    domain_requests::close(&mut *write, tenant, domain).await?;
    let detail = format!(
        "{domain} for {} and client ID {}",
        saved.issuer, saved.client_id
    );
    let event = cause.event("operator/domain-approved", &detail);
    history::record_in(&mut write, tenant, &event).await?;
    let activated = activation::after_approval(&mut write, &ledgerline.seal, tenant, cause).await;
    activated.map_err(|error| Failure::Fault(error.to_string()))?;
    write.commit().await?;
    Ok(Ok("approve"))
}

async fn refuse(
    ledgerline: &Ledgerline,
    act: &Act,
    tenant: &str,
    form: &DomainForm,
) -> Result<Outcome, Failure> {
    let reason: String = form.reason.trim().chars().take(300).collect();
    if reason.is_empty() {
        return Ok(Err(
            "Say why: the company’s administrators read it. Nothing was changed.",
        ));
    }
    let cause = act.cause();
    let mut write = database::write(&ledgerline.db).await?;
    if !domain_requests::refuse(&mut *write, tenant, &form.domain, &reason, cause.now).await? {
        return Ok(Err(NOTHING_WAITS));
    }
    let detail = format!("{}: {reason}", form.domain);
    let event = cause.event("operator/domain-refused", &detail);
    history::record_in(&mut write, tenant, &event).await?;
    write.commit().await?;
    Ok(Ok("refuse"))
}

const NOT_HELD: &str = "The company does not hold this domain any more. Nothing was changed.";

/// Until it is approved again. The sessions that began with Okta end.
async fn suspend(
    ledgerline: &Ledgerline,
    act: &Act,
    tenant: &str,
    domain: &str,
) -> Result<Outcome, Failure> {
    let mut write = database::write(&ledgerline.db).await?;
    if !domains::suspend(&mut *write, tenant, domain).await? {
        return Ok(Err(NOT_HELD));
    }
    sessions::end_all_of_connection(&mut *write, &Saved::id_of(tenant), None).await?;
    let event = act.cause().event("operator/domain-suspended", domain);
    history::record_in(&mut write, tenant, &event).await?;
    write.commit().await?;
    Ok(Ok("suspend"))
}

/// For good. The sessions that began with Okta end. A connection that is left without a domain is switched off: were it
/// only idle, passwords would be back without a word, and the next approval would put it into use without a test.
async fn release(
    ledgerline: &Ledgerline,
    act: &Act,
    tenant: &str,
    domain: &str,
) -> Result<Outcome, Failure> {
    let mut write = database::write(&ledgerline.db).await?;
    let before = domains::state_of(&mut write, tenant).await?;
    if !domains::release(&mut *write, tenant, domain).await? {
        return Ok(Err(NOT_HELD));
    }
    let after = domains::state_of(&mut write, tenant).await?;
    let last = !before.accepts_passwords() && after == TenantState::AwaitingDomain;
    let (done, code) = if last {
        let off = activation::switch_off(&mut write, &ledgerline.seal, tenant, None).await;
        off.map_err(|error| Failure::Fault(error.to_string()))?;
        ("release-last", "operator/domain-released-last")
    } else {
        ("release", "operator/domain-released")
    };
    sessions::end_all_of_connection(&mut *write, &Saved::id_of(tenant), None).await?;
    let event = act.cause().event(code, domain);
    history::record_in(&mut write, tenant, &event).await?;
    write.commit().await?;
    Ok(Ok(done))
}
