//! The SSO domain on the settings page: read-only, but for asking the operator.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use okta_sso_host::CallError;
use okta_sso_host::contract::{EmailRule, Field};
use serde::Deserialize;

use super::{
    Administrator, DomainRow, Failure, FormField, Ledgerline, Moment, Problem, Remarks, Request,
    Situation, Standing, domain_requests,
};
use crate::history;
use crate::web::guard::Form;

/// Requests that a tenant may have at once.
const MOST: usize = 16;

#[derive(Deserialize)]
pub(super) struct DomainForm {
    domain: String,
}

/// Asks the operator for a domain. Whether another company holds it is not told: the operator sees it.
pub(super) async fn request(
    State(ledgerline): State<Arc<Ledgerline>>,
    administrator: Administrator,
    Form(form): Form<DomainForm>,
) -> Result<Response, Failure> {
    let user = &administrator.session.user;
    let given = form.domain.trim();
    let domain = match check(&ledgerline, given).await? {
        Ok(domain) => domain,
        Err(problems) => return again(&ledgerline, &administrator, given, problems).await,
    };
    let situation = Situation::of(&ledgerline, &user.tenant).await?;
    if situation.requests.len() >= MOST {
        let problem = Problem {
            text: "There are many requests already.".to_owned(),
            next_step: "Withdraw one that you do not need.".to_owned(),
            expected: None,
        };
        return again(&ledgerline, &administrator, given, vec![problem]).await;
    }
    let author = administrator.author(&ledgerline)?;
    let cause = author.cause();
    let mut write = administrator.write(&ledgerline).await?;
    domain_requests::make(&mut *write, &user.tenant, &domain, &user.email, cause.now).await?;
    let event = cause.event("settings/domain-requested", &domain);
    history::record_in(&mut write, &user.tenant, &event).await?;
    write.commit().await?;
    Ok(Redirect::to("/settings/sso?done=requested#domain").into_response())
}

/// Takes a request back.
pub(super) async fn withdraw(
    State(ledgerline): State<Arc<Ledgerline>>,
    administrator: Administrator,
    Form(form): Form<DomainForm>,
) -> Result<Response, Failure> {
    let user = &administrator.session.user;
    let author = administrator.author(&ledgerline)?;
    let cause = author.cause();
    let mut write = administrator.write(&ledgerline).await?;
    if domain_requests::close(&mut *write, &user.tenant, &form.domain).await? {
        let event = cause.event("settings/domain-withdrawn", &form.domain);
        history::record_in(&mut write, &user.tenant, &event).await?;
    }
    write.commit().await?;
    Ok(Redirect::to("/settings/sso?done=withdrawn#domain").into_response())
}

/// The domain in the form in which it is stored, or everything that is wrong with it: the plugin's own check, and ours.
async fn check(
    ledgerline: &Ledgerline,
    given: &str,
) -> Result<Result<String, Vec<Problem>>, Failure> {
    let mut settings = ledgerline.settings(
        "domain-check",
        super::draft::STAND_IN_CLIENT_ID,
        super::draft::STAND_IN_ISSUER,
        EmailRule::Exact,
    );
    settings.email_domains = vec![given.to_owned()];
    match ledgerline.plugin.check(&settings).await {
        Ok(checked) => {
            let domains = checked.connection.email_domains;
            let domain = domains.into_iter().next().unwrap_or_default();
            if ledgerline.public_url.is_on(&domain) {
                return Ok(Err(vec![own()]));
            }
            Ok(Ok(domain))
        }
        Err(CallError::Answer(found)) => {
            let mut problems = Vec::new();
            for problem in found
                .iter()
                .filter(|problem| problem.field == Field::EmailDomains)
            {
                problems.push(super::draft::explained(ledgerline, problem).await);
            }
            Ok(Err(problems))
        }
        Err(fault) => Err(Failure::Fault(fault.to_string())),
    }
}

/// MT-23: the plugin knows the domains that belong to nobody, and not which one is ours.
fn own() -> Problem {
    Problem {
        text: "This is Ledgerline’s own domain, which no company can have.".to_owned(),
        next_step: "Enter the domain of your company’s e-mail addresses.".to_owned(),
        expected: None,
    }
}

async fn again(
    ledgerline: &Ledgerline,
    administrator: &Administrator,
    given: &str,
    problems: Vec<Problem>,
) -> Result<Response, Failure> {
    let described = super::describe(ledgerline).await?;
    let situation = Situation::of(ledgerline, &administrator.session.user.tenant).await?;
    let remarks = Remarks {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        domain_form: FormField {
            value: given.to_owned(),
            problems,
            ..FormField::default()
        },
        ..Remarks::default()
    };
    super::draw(ledgerline, administrator, &described, &situation, remarks).await
}

/// Domains that the company holds first, then those that are only asked for.
pub(super) fn rows(situation: &Situation) -> Vec<DomainRow<'_>> {
    let mut rows: Vec<DomainRow<'_>> = Vec::new();
    for domain in &situation.domains {
        if rows.iter().any(|row| row.domain == domain.domain) {
            continue;
        }
        let at = Moment(domain.approved_at);
        let (badge, words, text) = match best(situation, &domain.domain) {
            Standing::Approved => ("good", "Confirmed", format!("Confirmed on {at}.")),
            Standing::Suspended => (
                "bad",
                "Suspended",
                "Suspended by us. Get in touch with the people who run Ledgerline.".to_owned(),
            ),
            Standing::Outdated => (
                "warn",
                "To be confirmed again",
                "It was confirmed for another issuer or client ID than these settings have."
                    .to_owned(),
            ),
        };
        let mut row = DomainRow {
            domain: &domain.domain,
            badge,
            words,
            text,
            request: false,
        };
        let mut requests = situation.requests.iter();
        if let Some(request) = requests.find(|one| one.domain == domain.domain) {
            let asked = asked(request);
            row.text = format!("{} {}", row.text, asked.text);
            row.request = true;
            if request.refused.is_some() {
                (row.badge, row.words) = (asked.badge, asked.words);
            }
        }
        rows.push(row);
    }
    for request in &situation.requests {
        if rows.iter().all(|row| row.domain != request.domain) {
            rows.push(asked(request));
        }
    }
    rows
}

/// What became of a request.
fn asked(request: &Request) -> DomainRow<'_> {
    let at = Moment(request.requested_at);
    let (badge, words, text) = match &request.refused {
        None => (
            "warn",
            "Waiting",
            format!(
                "{} asked for it on {at}. We confirm domains within one working day.",
                request.requested_by
            ),
        ),
        Some((at, reason)) => (
            "bad",
            "Refused",
            format!("Refused on {}. {reason}", Moment(*at)),
        ),
    };
    DomainRow {
        domain: &request.domain,
        badge,
        words,
        text,
        request: true,
    }
}

/// What a domain is worth to the settings that are shown, or else to those in use.
fn best(situation: &Situation, domain: &str) -> Standing {
    let of = |saved: &crate::connections::Saved| {
        let standings = situation
            .domains
            .iter()
            .filter(|one| one.domain == domain)
            .map(|one| one.standing(saved));
        standings.min_by_key(|standing| match standing {
            Standing::Approved => 0,
            Standing::Suspended => 1,
            Standing::Outdated => 2,
        })
    };
    situation
        .settings()
        .and_then(of)
        .unwrap_or(Standing::Outdated)
}
