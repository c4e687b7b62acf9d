//! The admin console. Asks for no password: this is a development server.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};

use super::{
    Switch,
    client_keys::ClientAuthentication,
    issuer::{IssuerMode, Server},
    org::Org,
    page::{self, AppPage, AppTab, AppsPage, KeysPage, ServersPage, SwitchesPage, see_other},
    parameters::Parameters,
    refusal::Refusal,
    secrets::Change,
};

/// Lists the applications.
pub(super) async fn apps(State(org): State<Arc<Org>>) -> Response {
    page::render(
        StatusCode::OK,
        &AppsPage {
            organisation: &org.config.organisation,
            apps: &org.config.clients,
        },
        None,
    )
}

/// The *General* tab of an application.
pub(super) async fn general(State(org): State<Arc<Org>>, Path(id): Path<String>) -> Response {
    app(&org, &id, AppTab::General)
}

/// The *Sign On* tab: client id, client secret, issuer, metadata link.
pub(super) async fn sign_on(State(org): State<Arc<Org>>, Path(id): Path<String>) -> Response {
    app(&org, &id, AppTab::SignOn)
}

/// The *Assignments* tab.
pub(super) async fn assignments(State(org): State<Arc<Org>>, Path(id): Path<String>) -> Response {
    app(&org, &id, AppTab::Assignments)
}

fn app(org: &Org, id: &str, tab: AppTab) -> Response {
    let Some(client) = org.client(id) else {
        return page::failure(
            org,
            StatusCode::NOT_FOUND,
            "E0000007",
            "Not found: application.",
        );
    };
    let people = &org.config.people;
    let people = people
        .iter()
        .map(|person| (person, org.is_assigned(id, person)))
        .collect();
    page::render(
        StatusCode::OK,
        &AppPage {
            organisation: &org.config.organisation,
            org_url: &org.config.issuer,
            tab,
            client,
            secrets: org.secrets_of(client),
            authentication: &org.authentication_of(client),
            modes: org.modes(org.mode_of(&client.client_id)),
            people,
        },
        None,
    )
}

/// Assigns the application to a person or takes it away.
pub(super) async fn assign(
    State(org): State<Arc<Org>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    let form = Parameters::parse(&body);
    let Some(client) = org.client(&id) else {
        return see_other("/admin");
    };
    org.assign(
        &client.client_id,
        form.get("login").unwrap_or_default(),
        form.get("assigned") == Some("yes"),
    );
    see_other(&format!("/admin/app/{}/assignments", client.client_id))
}

/// Generates a client secret, or changes one.
pub(super) async fn change_secret(
    State(org): State<Arc<Org>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    let Some(client) = org.client(&id) else {
        return see_other("/admin");
    };
    let form = Parameters::parse(&body);
    let secret = form.get("secret").unwrap_or_default();
    let change = match form.get("action") {
        Some("generate") => Some(Change::Generate),
        Some("activate") => Some(Change::Activate(secret)),
        Some("deactivate") => Some(Change::Deactivate(secret)),
        Some("delete") => Some(Change::Delete(secret)),
        _ => None,
    };
    if let Some(change) = change {
        org.change_secret(client, change);
    }
    see_other(&format!("/admin/app/{}/sign-on", client.client_id))
}

/// Chooses how an application proves itself; what is neither an address nor a key changes nothing.
pub(super) async fn authenticate_by(
    State(org): State<Arc<Org>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    let Some(client) = org.client(&id) else {
        return see_other("/admin");
    };
    if let Some(method) = ClientAuthentication::read(&Parameters::parse(&body)) {
        org.authenticate_by(client, method);
    }
    see_other(&format!("/admin/app/{}/sign-on", client.client_id))
}

/// Chooses what an application's ID tokens name as their issuer.
pub(super) async fn change_issuer(
    State(org): State<Arc<Org>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    let Some(client) = org.client(&id) else {
        return see_other("/admin");
    };
    let form = Parameters::parse(&body);
    if let Some(mode) = form.get("issuer").and_then(IssuerMode::of) {
        let id = client.client_id.clone();
        org.state().app_modes.insert(id, mode);
    }
    see_other(&format!("/admin/app/{}/sign-on", client.client_id))
}

/// Shows the custom authorization server.
pub(super) async fn servers(State(org): State<Arc<Org>>, headers: HeaderMap) -> Response {
    let issuer = org.issuer(Server::Default, None, org.address(&headers));
    let has_policy = org.state().has_policy;
    page::render(
        StatusCode::OK,
        &ServersPage {
            organisation: &org.config.organisation,
            server: Server::Default,
            org_url: &org.config.issuer,
            issuer,
            modes: org.modes(org.state().server_mode),
            has_policy,
        },
        None,
    )
}

/// Chooses its issuer, or gives it a policy and takes it away.
pub(super) async fn change_server(State(org): State<Arc<Org>>, body: Bytes) -> Response {
    let form = Parameters::parse(&body);
    let mut state = org.state();
    if let Some(mode) = form.get("issuer").and_then(IssuerMode::of) {
        state.server_mode = mode;
    }
    match form.get("policy") {
        Some("everybody") => state.has_policy = true,
        Some("none") => state.has_policy = false,
        _ => {}
    }
    see_other("/admin/api")
}

/// Shows the published keys.
pub(super) async fn keys(State(org): State<Arc<Org>>) -> Response {
    let kids = org
        .keys
        .published()
        .keys()
        .iter()
        .filter_map(kid)
        .collect::<Vec<_>>();
    let current = org.keys.current().kid();
    page::render(
        StatusCode::OK,
        &KeysPage {
            organisation: &org.config.organisation,
            kids,
            current,
        },
        None,
    )
}

fn kid(key: &openidconnect::core::CoreJsonWebKey) -> Option<String> {
    use openidconnect::JsonWebKey;
    key.key_id().map(|kid| kid.to_string())
}

/// Rotates the signing keys.
pub(super) async fn rotate(State(org): State<Arc<Org>>) -> Response {
    match org.keys.rotate() {
        Ok(()) => see_other("/admin/keys"),
        Err(_) => Refusal::server_error("The keys could not be rotated.").into_response(),
    }
}

/// Shows the misbehaviours.
pub(super) async fn switches(State(org): State<Arc<Org>>) -> Response {
    let mut places: Vec<(&str, Vec<(Switch, bool)>)> = Vec::new();
    for switch in Switch::ALL {
        let (place, row) = (
            switch.change().place(),
            (*switch, org.switches.is_on(*switch)),
        );
        match places.last_mut() {
            Some((last, rows)) if *last == place => rows.push(row),
            _ => places.push((place, vec![row])),
        }
    }
    page::render(
        StatusCode::OK,
        &SwitchesPage {
            organisation: &org.config.organisation,
            places,
        },
        None,
    )
}

/// Turns on the switches that the form names, and the others off.
pub(super) async fn switch(State(org): State<Arc<Org>>, body: Bytes) -> Response {
    let form = Parameters::parse(&body);
    for switch in Switch::ALL {
        if form.all("on").any(|id| id == switch.id()) {
            org.switches.turn_on(*switch);
        } else {
            org.switches.turn_off(*switch);
        }
    }
    see_other("/admin/switches")
}
