//! Hints while somebody fills the form in, for the page's script.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use okta_sso_host::CallError;
use serde::Serialize;

use super::draft::{Typed, explained, name};
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
    let mut hints = Vec::new();
    match ledgerline.plugin.check(&typed.settings(&ledgerline)).await {
        Ok(checked) => {
            for correction in &checked.corrections {
                if let Some(field) = name(correction.field) {
                    let text = ledgerline
                        .explain(&correction.code())
                        .await
                        .for_administrator;
                    hints.push(Hint {
                        field,
                        problem: false,
                        text: format!("{text} It will be saved as {}.", correction.corrected),
                    });
                }
            }
        }
        Err(CallError::Answer(problems)) => {
            for problem in &problems {
                if let Some(field) = name(problem.field) {
                    let explained = explained(&ledgerline, problem).await;
                    hints.push(Hint {
                        field,
                        problem: true,
                        text: format!("{} {}", explained.text, explained.next_step),
                    });
                }
            }
        }
        Err(fault) => return Err(Failure::Fault(fault.to_string())),
    }
    Ok(Json(hints).into_response())
}
