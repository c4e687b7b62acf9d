//! The operator's console: which domain belongs to which company, and the way back for a company that is locked out.
//!
//! Operators belong to no tenant and sign in on their own; nothing here is reachable with a tenant's session.

mod companies;
mod confirm;
mod domains;
mod events;
mod sign_in;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use super::Web;
use super::guard::{self, Operator};
use super::page::{self, Failure};
use crate::activation::Cause;
use crate::domain_requests;
use crate::ledgerline::Ledgerline;
use crate::token;

pub(super) fn router() -> Router<Web> {
    Router::new()
        .route("/operator/login", get(sign_in::show).post(sign_in::sign_in))
        .route("/operator/logout", post(sign_in::sign_out))
        .route("/operator", get(domains::show))
        .route("/operator/domains", post(domains::change))
        .route("/operator/domains/release", get(confirm::release))
        .route("/operator/events", get(events::show))
        .route("/operator/tenants", get(companies::list))
        .route("/operator/tenants/{tenant}", get(companies::show))
        .route(
            "/operator/tenants/{tenant}/recover",
            post(companies::recover),
        )
        .route(
            "/operator/tenants/{tenant}/off",
            get(confirm::switch_off).post(companies::switch_off),
        )
        .route(
            "/operator/tenants/{tenant}/move",
            post(companies::move_links),
        )
        .route(
            "/operator/tenants/{tenant}/undo",
            post(companies::undo_move),
        )
}

/// What the console's layout shows.
struct Layout {
    operator: String,
    form_proof: String,
    /// Open domain requests.
    waiting: i64,
}

impl Layout {
    async fn of(ledgerline: &Ledgerline, operator: &Operator) -> Result<Self, Failure> {
        Ok(Self {
            operator: operator.operator.name.clone(),
            form_proof: operator.visit.form_proof.clone(),
            waiting: domain_requests::waiting(&ledgerline.db).await?,
        })
    }
}

/// An act of the operator, as the tenant's history names it.
struct Act {
    actor: String,
    correlation_id: String,
    now: i64,
}

impl Act {
    fn of(ledgerline: &Arc<Ledgerline>, operator: &Operator) -> Result<Self, token::NoRandomness> {
        Ok(Self {
            actor: format!("operator {}", operator.operator.name),
            correlation_id: token::name()?,
            now: ledgerline.now(),
        })
    }

    fn cause(&self) -> Cause<'_> {
        Cause {
            actor: &self.actor,
            correlation_id: &self.correlation_id,
            now: self.now,
        }
    }
}
