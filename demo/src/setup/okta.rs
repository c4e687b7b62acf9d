//! The part of a set-up file that is about the development Okta.

use serde::Deserialize;

use super::{Setup, SetupError};
use crate::dev_okta::{Client, Config, ControlledAccess, Person};
use crate::ledgerline::PublicUrl;

/// The issuer that stands for the development Okta's address, which is known when it listens.
const HERE: &str = "dev-okta";
/// What its tiles are called.
const APP_NAME: &str = "Ledgerline";

/// `[dev_okta]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    organisation: Option<String>,
    #[serde(default)]
    pub(super) people: Vec<PersonEntry>,
    /// Besides those of the connections.
    #[serde(default)]
    apps: Vec<AppEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PersonEntry {
    pub(super) login: String,
    /// The login, unless said.
    email: Option<String>,
    name: String,
    pub(super) password: String,
    #[serde(default = "yes")]
    pub(super) assigned: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AppEntry {
    name: String,
    client_id: String,
    client_secret: String,
    #[serde(default = "everyone")]
    access: ControlledAccess,
}

fn yes() -> bool {
    true
}

fn everyone() -> ControlledAccess {
    ControlledAccess::Everyone
}

impl Setup {
    /// Puts the development Okta's address where the file says `dev-okta`.
    pub(crate) fn at(mut self, dev_okta: Option<&str>) -> Result<Self, SetupError> {
        for tenant in &mut self.tenants {
            if let Some(connection) = tenant.connection.as_mut().filter(|one| one.issuer == HERE) {
                let address = dev_okta.ok_or_else(|| SetupError::NoDevOkta(tenant.id.clone()))?;
                connection.issuer = address.to_owned();
            }
        }
        Ok(self)
    }

    /// The organisation of the file: its people, and an application for each connection to it.
    pub(crate) fn dev_okta(
        &self,
        issuer: &str,
        public_url: &PublicUrl,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Config, SetupError> {
        let client = |name: &str, client_id: &str, secret: String, access| Client {
            client_id: client_id.to_owned(),
            client_secrets: vec![secret],
            redirect_uris: vec![public_url.callback()],
            post_logout_redirect_uris: vec![public_url.signed_out()],
            initiate_login_uri: None,
            app_name: name.to_owned(),
            access,
        };
        let mut config = Config::new(issuer);
        for tenant in &self.tenants {
            let Some(connection) = tenant
                .connection
                .as_ref()
                .filter(|one| one.issuer == issuer)
            else {
                continue;
            };
            let secret = connection
                .secret(&variable)
                .ok_or_else(|| SetupError::ClientSecret(tenant.id.clone()))?;
            let id = &connection.client_id;
            config
                .clients
                .push(client(APP_NAME, id, secret, everyone()));
        }
        if let Some(entry) = &self.dev_okta {
            if let Some(organisation) = &entry.organisation {
                config.organisation.clone_from(organisation);
            }
            config.clients.extend(entry.apps.iter().map(|app| {
                let secret = app.client_secret.clone();
                client(&app.name, &app.client_id, secret, app.access)
            }));
            config
                .people
                .extend(entry.people.iter().map(|person| Person {
                    login: person.login.clone(),
                    email: person.email.clone().unwrap_or_else(|| person.login.clone()),
                    name: person.name.clone(),
                    password: person.password.clone(),
                    assigned: person.assigned,
                }));
        }
        Ok(config)
    }
}
