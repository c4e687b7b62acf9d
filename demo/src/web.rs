//! The pages: which path is answered by what, and what every answer has in common.

mod address;
mod check_list;
mod guard;
mod health;
mod history;
mod home;
mod login;
mod logout;
mod okta;
mod operator;
mod page;
mod people;
mod recover;
mod settings;
mod spelling;
mod throttle;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef};
use axum::middleware;
use okta_sso_host::axum::SignIn;

pub(crate) use self::address::{ClientAddress, network};
pub(crate) use self::health::Readiness;
use self::okta::Okta;
pub(crate) use self::throttle::Throttles;
use crate::ledgerline::Ledgerline;

/// Longer forms are refused unread, in bytes.
const MAX_FORM: usize = 64 * 1024;

/// Nobody is sent here after signing in: these sign out, start again, or leave for Okta.
const NEVER_RETURN_TO: [&str; 5] = [
    "/login",
    "/logout",
    "/signed-out",
    "/sso",
    "/settings/sso/test/start",
];

/// What handlers are given: take `State<Arc<Ledgerline>>`, or the sign-in where an attempt is started.
#[derive(Clone)]
struct Web {
    ledgerline: Arc<Ledgerline>,
    sign_in: Arc<SignIn<Okta>>,
}

impl FromRef<Web> for Arc<Ledgerline> {
    fn from_ref(web: &Web) -> Self {
        Self::clone(&web.ledgerline)
    }
}

impl FromRef<Web> for Arc<SignIn<Okta>> {
    fn from_ref(web: &Web) -> Self {
        Self::clone(&web.sign_in)
    }
}

/// Every page of the product.
pub(crate) fn router(ledgerline: &Arc<Ledgerline>) -> Router {
    let platform = Okta::new(Arc::clone(ledgerline));
    let sign_in = SignIn::new(ledgerline.plugin.clone(), platform)
        .never_return_to(NEVER_RETURN_TO.map(str::to_owned));
    let sign_in = Arc::new(sign_in);
    let web = Web {
        ledgerline: Arc::clone(ledgerline),
        sign_in: Arc::clone(&sign_in),
    };
    Router::new()
        .merge(home::router())
        .merge(login::router())
        .merge(logout::router())
        .merge(health::router())
        .merge(settings::router())
        .merge(people::router())
        .merge(history::router())
        .merge(operator::router())
        .merge(recover::router())
        .merge(page::assets())
        .with_state(web)
        .nest(
            "/sso/okta",
            sign_in.router().layer(middleware::from_fn_with_state(
                Arc::clone(ledgerline),
                okta::watch,
            )),
        )
        .fallback(page::not_found)
        .method_not_allowed_fallback(page::method_not_allowed)
        .layer(DefaultBodyLimit::max(MAX_FORM))
        .layer(middleware::from_fn(guard::refuse_nul))
        .layer(middleware::from_fn(page::give_up))
        .layer(middleware::from_fn_with_state(
            Arc::clone(ledgerline),
            page::dress,
        ))
}
