//! Companies: how each signs in, recovery, and moves of links when an issuer changes for good.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use url::form_urlencoded;

use super::{Act, Failure, Layout, Ledgerline, Operator, page};
use crate::database;
use crate::domains::{Domain, State as TenantState};
use crate::history::{self, Event, Filter};
use crate::link_moves::{self, LinkMoveError, Move};
use crate::moment::Moment;
use crate::recovery::{self, GrantError};
use crate::tenants::{self, Tenant};
use crate::web::guard::Form;
use crate::web::words::{self, Words};
use crate::{accounts, activation, drafts};

struct Company {
    tenant: Tenant,
    badge: &'static str,
    words: &'static str,
    people: usize,
    linked: usize,
}

#[derive(Template)]
#[template(path = "operator/companies.html")]
struct CompaniesPage {
    layout: Layout,
    companies: Vec<Company>,
}

/// `GET /operator/tenants`.
pub(super) async fn list(
    State(ledgerline): State<Arc<Ledgerline>>,
    operator: Operator,
) -> Result<Response, Failure> {
    let mut companies = Vec::new();
    for tenant in tenants::all(&ledgerline.db).await? {
        companies.push(company(&ledgerline, tenant).await?);
    }
    let page = CompaniesPage {
        layout: Layout::of(&ledgerline, &operator).await?,
        companies,
    };
    Ok(page::show(&operator.visit, StatusCode::OK, &page))
}

async fn company(ledgerline: &Ledgerline, tenant: Tenant) -> Result<Company, sqlx::Error> {
    let people = accounts::of_tenant(&ledgerline.db, &tenant.id).await?;
    let (badge, words) = match ledgerline.standings(&tenant.id).await?.state {
        TenantState::Active => ("good", "Signs in with Okta"),
        TenantState::Suspended => ("bad", "Suspended: nobody can sign in"),
        TenantState::AwaitingDomain => ("warn", "Waits for a domain"),
        TenantState::Off => match drafts::of_tenant(&ledgerline.db, &tenant.id).await? {
            Some(draft) if draft.settings.enabled => ("warn", "Draft"),
            _ => ("", "Passwords"),
        },
    };
    Ok(Company {
        badge,
        words,
        people: people.len(),
        linked: people.iter().filter(|one| one.linked).count(),
        tenant,
    })
}

#[derive(Template)]
#[template(path = "operator/company.html")]
struct CompanyPage<'a> {
    layout: Layout,
    company: Company,
    issuer: Option<String>,
    /// What a domain would be approved for: issuer and client ID.
    pending: Option<(String, String)>,
    domains: Vec<String>,
    administrators: Vec<String>,
    /// Just granted: shown once.
    code: Option<&'a str>,
    recover_address: String,
    issuers: Vec<(String, i64)>,
    moves: Vec<Move>,
    events: Vec<(Event, Moment, Words)>,
    notice: Option<&'static str>,
    problem: Option<String>,
    domain: &'a str,
    /// Asked for, and not given.
    asked: Option<&'a RecoverForm>,
    /// What was wrong with it is its reason, and not who it was for.
    reason_wrong: bool,
}

/// `GET /operator/tenants/{tenant}`.
pub(super) async fn show(
    State(ledgerline): State<Arc<Ledgerline>>,
    operator: Operator,
    Path(tenant): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let query = query.unwrap_or_default();
    let notice = form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "done")
        .and_then(|(_, word)| match word.as_ref() {
            "off" => Some("Single sign-on is off. The company’s settings stay as a draft."),
            "moved" => Some("The links are moved. The company’s history says so."),
            "undone" => Some("The move is undone."),
            word => super::domains::done(word),
        });
    let tenant = find(&ledgerline, &tenant).await?;
    draw(
        &ledgerline,
        &operator,
        tenant,
        Remarks {
            notice,
            ..Remarks::default()
        },
    )
    .await
}

async fn find(ledgerline: &Ledgerline, id: &str) -> Result<Tenant, Failure> {
    let found = tenants::find(&ledgerline.db, id).await?;
    found.ok_or(Failure::NotFound)
}

/// The page again, with why nothing was done to a domain; one that was typed, to be approved, is still there.
pub(super) async fn not_done(
    ledgerline: &Ledgerline,
    operator: &Operator,
    tenant: Tenant,
    problem: &str,
    domain: &str,
) -> Result<Response, Failure> {
    let remarks = Remarks {
        problem: Some(problem.to_owned()),
        domain,
        ..Remarks::default()
    };
    draw(ledgerline, operator, tenant, remarks).await
}

#[derive(Default)]
struct Remarks<'a> {
    notice: Option<&'static str>,
    problem: Option<String>,
    code: Option<&'a str>,
    /// Typed, and not approved.
    domain: &'a str,
    /// A recovery code that was asked for, and not given.
    asked: Option<&'a RecoverForm>,
}

async fn draw(
    ledgerline: &Ledgerline,
    operator: &Operator,
    tenant: Tenant,
    remarks: Remarks<'_>,
) -> Result<Response, Failure> {
    let people = accounts::of_tenant(&ledgerline.db, &tenant.id).await?;
    let standings = ledgerline.standings(&tenant.id).await?;
    let mut events = Vec::new();
    for event in history::latest(&ledgerline.db, &tenant.id, &Filter::default(), 10).await? {
        let told = words::of(ledgerline, &event).await;
        let at = Moment(event.at);
        events.push((event, at, told));
    }
    let status = if remarks.problem.is_some() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    let page = CompanyPage {
        layout: Layout::of(ledgerline, operator).await?,
        issuer: standings.saved.map(|saved| saved.issuer),
        pending: super::domains::pending(ledgerline, &tenant.id)
            .await?
            .map(|saved| (saved.issuer, saved.client_id)),
        domains: domains_of(&standings.domains),
        administrators: people
            .iter()
            .filter(|one| one.user.administrator && !one.user.disabled)
            .map(|one| one.user.email.clone())
            .collect(),
        code: remarks.code,
        recover_address: format!("{}/recover", ledgerline.public_url.origin()),
        issuers: link_moves::issuers(&ledgerline.db, &tenant.id).await?,
        moves: link_moves::of_tenant(&ledgerline.db, &tenant.id).await?,
        events,
        notice: remarks.notice,
        problem: remarks.problem,
        domain: remarks.domain,
        reason_wrong: remarks
            .asked
            .is_some_and(|asked| asked.reason.trim().is_empty()),
        asked: remarks.asked,
        company: company(ledgerline, tenant).await?,
    };
    Ok(page::show(&operator.visit, status, &page))
}

/// Each domain once, whatever it was approved for.
fn domains_of(approvals: &[Domain]) -> Vec<String> {
    let mut domains: Vec<String> = approvals.iter().map(|one| one.domain.clone()).collect();
    domains.dedup();
    domains
}

#[derive(Deserialize)]
pub(super) struct RecoverForm {
    email: String,
    reason: String,
}

/// `POST …/recover`: one administrator's way in, shown on this page and never again.
pub(super) async fn recover(
    State(ledgerline): State<Arc<Ledgerline>>,
    operator: Operator,
    Path(tenant): Path<String>,
    Form(form): Form<RecoverForm>,
) -> Result<Response, Failure> {
    let tenant = find(&ledgerline, &tenant).await?;
    let reason: String = form.reason.trim().chars().take(300).collect();
    if reason.is_empty() {
        let problem =
            Some("Say how you know who asked: the company reads it in its history.".to_owned());
        return draw(
            &ledgerline,
            &operator,
            tenant,
            Remarks {
                problem,
                asked: Some(&form),
                ..Remarks::default()
            },
        )
        .await;
    }
    let act = Act::of(&ledgerline, &operator)?;
    let granted = recovery::grant(
        &ledgerline.db,
        &tenant.id,
        &form.email,
        &reason,
        act.cause(),
    )
    .await;
    let code = match granted {
        Ok(code) => code,
        Err(error @ GrantError::NoAdministrator) => {
            let problem = Some(format!("Nothing was done: {error}."));
            return draw(
                &ledgerline,
                &operator,
                tenant,
                Remarks {
                    problem,
                    asked: Some(&form),
                    ..Remarks::default()
                },
            )
            .await;
        }
        Err(fault) => return Err(Failure::Fault(fault.to_string())),
    };
    let code = Some(code.as_str());
    draw(
        &ledgerline,
        &operator,
        tenant,
        Remarks {
            code,
            ..Remarks::default()
        },
    )
    .await
}

#[derive(Deserialize)]
pub(super) struct Empty {}

/// `POST …/off`: passwords again, at the company's request.
pub(super) async fn switch_off(
    State(ledgerline): State<Arc<Ledgerline>>,
    operator: Operator,
    Path(tenant): Path<String>,
    Form(Empty {}): Form<Empty>,
) -> Result<Response, Failure> {
    let tenant = find(&ledgerline, &tenant).await?;
    let act = Act::of(&ledgerline, &operator)?;
    let mut write = database::write(&ledgerline.db).await?;
    let done = activation::switch_off(&mut write, &ledgerline.seal, &tenant.id, None).await;
    done.map_err(|error| Failure::Fault(error.to_string()))?;
    let event = act.cause().event("operator/sso-switched-off", "");
    history::record_in(&mut write, &tenant.id, &event).await?;
    write.commit().await?;
    Ok(back(&tenant, "off"))
}

fn back(tenant: &Tenant, done: &str) -> Response {
    Redirect::to(&format!("/operator/tenants/{}?done={done}", tenant.id)).into_response()
}

#[derive(Deserialize)]
pub(super) struct MoveForm {
    from: String,
    /// What the operator saw.
    to: String,
}

/// `POST …/move`: every link of one issuer to that of the company's draft, where there is one, or else to the issuer in
/// use. Before a draft is used, for its test fails while its administrator is tied elsewhere.
pub(super) async fn move_links(
    State(ledgerline): State<Arc<Ledgerline>>,
    operator: Operator,
    Path(tenant): Path<String>,
    Form(form): Form<MoveForm>,
) -> Result<Response, Failure> {
    let tenant = find(&ledgerline, &tenant).await?;
    let pending = super::domains::pending(&ledgerline, &tenant.id).await?;
    let Some(saved) = pending.filter(|saved| saved.issuer == form.to) else {
        let problem = "The company has changed its issuer since this page was drawn. Nothing was moved; look again.";
        let remarks = Remarks {
            problem: Some(problem.to_owned()),
            ..Remarks::default()
        };
        return draw(&ledgerline, &operator, tenant, remarks).await;
    };
    let act = Act::of(&ledgerline, &operator)?;
    let issuers = (form.from.as_str(), saved.issuer.as_str());
    let moved = link_moves::carry_out(&ledgerline.db, &tenant.id, issuers, act.cause()).await;
    told(&ledgerline, &operator, tenant, moved.map(drop), "moved").await
}

#[derive(Deserialize)]
pub(super) struct UndoForm {
    id: String,
}

/// `POST …/undo`: takes a move back.
pub(super) async fn undo_move(
    State(ledgerline): State<Arc<Ledgerline>>,
    operator: Operator,
    Path(tenant): Path<String>,
    Form(form): Form<UndoForm>,
) -> Result<Response, Failure> {
    let tenant = find(&ledgerline, &tenant).await?;
    let act = Act::of(&ledgerline, &operator)?;
    let undone = link_moves::undo(&ledgerline.db, &tenant.id, &form.id, act.cause()).await;
    told(&ledgerline, &operator, tenant, undone.map(drop), "undone").await
}

async fn told(
    ledgerline: &Ledgerline,
    operator: &Operator,
    tenant: Tenant,
    outcome: Result<(), LinkMoveError>,
    done: &str,
) -> Result<Response, Failure> {
    match outcome {
        Ok(()) => Ok(back(&tenant, done)),
        Err(
            error @ (LinkMoveError::Nothing | LinkMoveError::Conflict | LinkMoveError::Superseded),
        ) => {
            let problem = Some(format!("Nothing was moved: {error}."));
            draw(
                ledgerline,
                operator,
                tenant,
                Remarks {
                    problem,
                    ..Remarks::default()
                },
            )
            .await
        }
        Err(fault) => Err(Failure::Fault(fault.to_string())),
    }
}
