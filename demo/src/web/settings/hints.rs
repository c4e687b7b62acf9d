//! Hints while somebody fills the form in, for the page's script.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use okta_sso_host::CallError;
use okta_sso_host::contract::{Correction, Problem};
use serde::Serialize;

use super::draft::{FIELDS, Typed, explained, name};
use super::{Administrator, Failure, Ledgerline};
use crate::web::guard::Form;

/// What is to be said about a field while it is being filled in.
#[derive(Serialize)]
struct Hint {
    field: &'static str,
    problem: bool,
    text: String,
}

/// `POST /settings/sso/check`: the plugin's check of what is typed so far. Saves nothing.
pub(super) async fn check(
    State(ledgerline): State<Arc<Ledgerline>>,
    _: Administrator,
    Form(typed): Form<Typed>,
) -> Result<Response, Failure> {
    let hints = match ledgerline.plugin.check(&typed.settings(&ledgerline)).await {
        Ok(checked) => corrected(&ledgerline, &checked.corrections).await,
        Err(CallError::Answer(problems)) => wrong(&ledgerline, &problems).await,
        Err(fault) => return Err(Failure::Fault(fault.to_string())),
    };
    Ok(Json(hints).into_response())
}

/// What saving would put right: all of a field at once, and what it comes to.
async fn corrected(ledgerline: &Ledgerline, corrections: &[Correction]) -> Vec<Hint> {
    let mut hints = Vec::new();
    for field in FIELDS {
        let mut texts = Vec::new();
        let mut saved_as = "";
        for correction in corrections.iter().filter(|one| one.field == field) {
            let explanation = ledgerline.explain(&correction.code()).await;
            texts.push(explanation.for_administrator);
            saved_as = &correction.corrected;
        }
        if let (Some(field), false) = (name(field), texts.is_empty()) {
            hints.push(Hint {
                field,
                problem: false,
                text: format!("{} It will be saved as {saved_as}.", texts.join(" ")),
            });
        }
    }
    hints
}

/// What saving would refuse: all of a field at once.
async fn wrong(ledgerline: &Ledgerline, problems: &[Problem]) -> Vec<Hint> {
    let mut hints = Vec::new();
    for field in FIELDS {
        let mut texts = Vec::new();
        for problem in problems.iter().filter(|one| one.field == field) {
            let explained = explained(ledgerline, problem).await;
            texts.push(format!("{} {}", explained.text, explained.next_step));
        }
        if let (Some(field), false) = (name(field), texts.is_empty()) {
            hints.push(Hint {
                field,
                problem: true,
                text: texts.join(" "),
            });
        }
    }
    hints
}
