//! The end-user dashboard with the applications' tiles.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use url::form_urlencoded;

use super::{
    issuer::Server,
    org::Org,
    page::{self, DashboardPage, LaunchPage, found},
    sign_in,
};

pub(super) const HOME: &str = "/app/UserHome";

/// Shows the tiles of whoever is signed in.
pub(super) async fn show(State(org): State<Arc<Org>>, headers: HeaderMap) -> Response {
    let session = org.session(&headers);
    let Some(person) = session.and_then(|session| org.person(&session.login)) else {
        return sign_in::first(&org, HOME);
    };
    let apps = org.config.clients.iter();
    let apps = apps.filter(|app| org.is_assigned(&app.client_id, person));
    page::render(
        StatusCode::OK,
        &DashboardPage {
            organisation: &org.config.organisation,
            person,
            apps: apps.collect(),
        },
        None,
    )
}

/// Launches an application from its tile.
pub(super) async fn launch(
    State(org): State<Arc<Org>>,
    Path(client_id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Some(client) = org.client(&client_id) else {
        return page::failure(
            &org,
            StatusCode::NOT_FOUND,
            "E0000007",
            "Not found: application.",
        );
    };
    let session = org.session(&headers);
    let Some(person) = session.and_then(|session| org.person(&session.login)) else {
        return sign_in::first(&org, &format!("/home/oidc_client/{}", client.client_id));
    };
    if !org.is_assigned(&client.client_id, person) {
        return page::failure(
            &org,
            StatusCode::FORBIDDEN,
            "E0000006",
            "You do not have permission to perform the requested action.",
        );
    }
    let Some(uri) = &client.initiate_login_uri else {
        // Okta: without an initiate login URI it cannot hand over, and the application hears
        // nothing.
        return page::render(
            StatusCode::FORBIDDEN,
            &LaunchPage {
                organisation: &org.config.organisation,
                app: &client.app_name,
            },
            None,
        );
    };
    // OIDC Core 4.
    let issuer = org.issuer(Server::Org, Some(&client.client_id), org.address(&headers));
    let issuer = form_urlencoded::byte_serialize(issuer.as_bytes()).collect::<String>();
    let separator = if uri.contains('?') { '&' } else { '?' };
    found(&format!("{uri}{separator}iss={issuer}"))
}
