//! Pages: templates, their headers, and the redirects between them.

use askama::Template;
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};

use super::{
    Client, Person, Switch,
    client_keys::ClientAuthentication,
    issuer::{Choice, Server},
    org::Org,
    refusal::{Refusal, forbid_storing},
    secrets::Secret,
};

/// The style sheet of every page.
pub(super) const STYLE: &str = include_str!("../../templates/dev_okta/style.css");

#[derive(Template)]
#[template(path = "dev_okta/username.html")]
pub(super) struct UsernamePage<'a> {
    pub(super) organisation: &'a str,
    pub(super) app: Option<&'a str>,
    pub(super) token: &'a str,
    pub(super) hint: &'a str,
}

#[derive(Template)]
#[template(path = "dev_okta/password.html")]
pub(super) struct PasswordPage<'a> {
    pub(super) organisation: &'a str,
    pub(super) app: Option<&'a str>,
    pub(super) token: &'a str,
    pub(super) login: &'a str,
    pub(super) error: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "dev_okta/failure.html")]
struct FailurePage<'a> {
    organisation: &'a str,
    status: StatusCode,
    error: &'a str,
    description: &'a str,
}

#[derive(Template)]
#[template(path = "dev_okta/signed_out.html")]
struct SignedOutPage<'a> {
    organisation: &'a str,
}

#[derive(Template)]
#[template(path = "dev_okta/dashboard.html")]
pub(super) struct DashboardPage<'a> {
    pub(super) organisation: &'a str,
    pub(super) person: &'a Person,
    pub(super) apps: Vec<&'a Client>,
}

#[derive(Template)]
#[template(path = "dev_okta/launch.html")]
pub(super) struct LaunchPage<'a> {
    pub(super) organisation: &'a str,
    pub(super) app: &'a str,
}

#[derive(Template)]
#[template(path = "dev_okta/apps.html")]
pub(super) struct AppsPage<'a> {
    pub(super) organisation: &'a str,
    pub(super) apps: &'a [Client],
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum AppTab {
    General,
    SignOn,
    Assignments,
}

#[derive(Template)]
#[template(path = "dev_okta/app.html")]
pub(super) struct AppPage<'a> {
    pub(super) organisation: &'a str,
    pub(super) org_url: &'a str,
    pub(super) tab: AppTab,
    pub(super) client: &'a Client,
    pub(super) secrets: Vec<Secret>,
    pub(super) modes: Vec<Choice>,
    pub(super) authentication: &'a ClientAuthentication,
    pub(super) people: Vec<(&'a Person, bool)>,
}

#[derive(Template)]
#[template(path = "dev_okta/servers.html")]
pub(super) struct ServersPage<'a> {
    pub(super) organisation: &'a str,
    pub(super) server: Server,
    pub(super) org_url: &'a str,
    pub(super) issuer: String,
    pub(super) modes: Vec<Choice>,
    pub(super) has_policy: bool,
}

#[derive(Template)]
#[template(path = "dev_okta/keys.html")]
pub(super) struct KeysPage<'a> {
    pub(super) organisation: &'a str,
    pub(super) kids: Vec<String>,
    pub(super) current: String,
}

#[derive(Template)]
#[template(path = "dev_okta/switches.html")]
pub(super) struct SwitchesPage<'a> {
    pub(super) organisation: &'a str,
    /// Under the heading of what they change, each with whether it is on.
    pub(super) places: Vec<(&'static str, Vec<(Switch, bool)>)>,
}

/// A page whose forms lead nowhere but here and, through redirects, to `form_target`.
pub(super) fn render(
    status: StatusCode,
    page: &impl Template,
    form_target: Option<&str>,
) -> Response {
    let Ok(html) = page.render() else {
        return Refusal::server_error("The page could not be written.").into_response();
    };
    let policy = format!(
        "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; \
         form-action 'self' {}",
        form_target.unwrap_or_default()
    );
    let mut response = (status, Html(html)).into_response();
    forbid_storing(&mut response);
    if let Ok(policy) = HeaderValue::from_str(policy.trim_end()) {
        response
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Okta's own error page.
pub(super) fn failure(org: &Org, status: StatusCode, error: &str, description: &str) -> Response {
    let organisation = &org.config.organisation;
    render(
        status,
        &FailurePage {
            organisation,
            status,
            error,
            description,
        },
        None,
    )
}

/// The page after a sign-out that leads nowhere else.
pub(super) fn signed_out(org: &Org) -> Response {
    render(
        StatusCode::OK,
        &SignedOutPage {
            organisation: &org.config.organisation,
        },
        None,
    )
}

/// Goes on elsewhere.
pub(super) fn found(location: &str) -> Response {
    redirect(StatusCode::FOUND, location)
}

/// Goes on elsewhere after a form.
pub(super) fn see_other(location: &str) -> Response {
    redirect(StatusCode::SEE_OTHER, location)
}

fn redirect(status: StatusCode, location: &str) -> Response {
    let mut response = (status, [(header::LOCATION, location)]).into_response();
    forbid_storing(&mut response);
    response
}
