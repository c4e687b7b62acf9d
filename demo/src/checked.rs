//! What the plugin's check says about settings in use, remembered: it depends on them and on the component alone.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use okta_sso_host::contract::{Connection, Problem, Settings};
use okta_sso_host::{CallError, Plugin};
use sha2::{Digest as _, Sha256};

/// Connections that are remembered; a tenant has one. When there are so many, all are forgotten.
const MOST: usize = 10_000;

/// Connections by what they were made of.
#[derive(Default)]
pub(crate) struct Checked(Mutex<HashMap<Origin, Connection>>);

/// SHA-256 of the settings and of the component that checked them.
type Origin = [u8; 32];

impl Checked {
    /// The connection of saved settings. Refusals are not remembered.
    pub(crate) async fn connection(
        &self,
        plugin: &Plugin,
        settings: &Settings,
    ) -> Result<Connection, CallError<Vec<Problem>>> {
        let component = plugin.sha256();
        let origin = origin(&component, settings);
        if let Some(connection) = origin.and_then(|origin| self.recall(&origin)) {
            return Ok(connection);
        }
        let connection = plugin.check(settings).await?.connection;
        // Where the component was replaced meanwhile, nobody knows which of the two has answered.
        if let Some(origin) = origin.filter(|_| plugin.sha256() == component) {
            self.remember(origin, connection.clone());
        }
        Ok(connection)
    }

    fn recall(&self, origin: &Origin) -> Option<Connection> {
        self.open().get(origin).cloned()
    }

    fn remember(&self, origin: Origin, connection: Connection) {
        let mut remembered = self.open();
        if remembered.len() >= MOST {
            remembered.clear();
        }
        remembered.insert(origin, connection);
    }

    fn open(&self) -> MutexGuard<'_, HashMap<Origin, Connection>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// None for settings with a secret, which has to be judged anew: saved settings have none.
fn origin(component: &str, settings: &Settings) -> Option<Origin> {
    if settings.client_secret.is_some() {
        return None;
    }
    let parts = serde_json::to_vec(&(component, settings)).ok()?;
    Some(Sha256::digest(parts).into())
}

#[cfg(test)]
mod tests {
    use okta_sso_host::contract::{ClientAuth, EmailRule, Network, Policy, PushedAuthorization};

    use super::*;

    fn settings() -> Settings {
        Settings {
            connection_id: "okta-acme".into(),
            client_id: "0oa1".into(),
            client_secret: None,
            issuer: "https://acme.okta.com".into(),
            redirect_uri: "https://app.example/sso/okta/callback".into(),
            post_logout_redirect_uri: None,
            email_domains: vec!["acme.example".into()],
            policy: Policy {
                algorithms: Vec::new(),
                client_auth: ClientAuth::ClientSecretBasic,
                email_rule: EmailRule::Exact,
                clock_tolerance: 120,
                max_age: None,
                acr_values: Vec::new(),
                pushed_authorization: PushedAuthorization::Never,
                network: Network::Public,
            },
        }
    }

    fn connection(id: &str) -> Connection {
        let settings = settings();
        Connection {
            id: id.into(),
            revision: "r".into(),
            issuer: settings.issuer,
            hosts: Vec::new(),
            client_id: settings.client_id,
            redirect_uri: settings.redirect_uri,
            post_logout_redirect_uri: None,
            scopes: Vec::new(),
            email_domains: settings.email_domains,
            policy: settings.policy,
        }
    }

    #[test]
    fn nothing_is_recalled_for_other_settings_or_another_component() {
        let of = |component: &str, change: fn(&mut Settings)| {
            let mut settings = settings();
            change(&mut settings);
            origin(component, &settings)
        };
        let same = of("a", |_| ()).unwrap();
        assert_eq!(of("a", |_| ()), Some(same));
        let checked = Checked::default();
        checked.remember(same, connection("okta-acme"));
        assert_eq!(checked.recall(&same), Some(connection("okta-acme")));
        let changes: [fn(&mut Settings); 9] = [
            |settings| settings.connection_id = "okta-other".into(),
            |settings| settings.client_id = "0oa2".into(),
            |settings| settings.issuer = "https://other.okta.com".into(),
            |settings| settings.redirect_uri = "https://other.example/sso/okta/callback".into(),
            |settings| settings.post_logout_redirect_uri = Some(String::new()),
            |settings| settings.email_domains.clear(),
            |settings| settings.email_domains.push("acme.test".into()),
            |settings| settings.policy.email_rule = EmailRule::AsciiCaseInsensitive,
            |settings| settings.policy.network = Network::DangerLoopback,
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let other = of("a", change).unwrap();
            assert_eq!(checked.recall(&other), None, "change {number}");
        }
        assert_eq!(checked.recall(&of("b", |_| ()).unwrap()), None);
    }

    #[test]
    fn settings_with_a_secret_are_always_checked_anew() {
        let typed = Settings {
            client_secret: Some("typed".into()),
            ..settings()
        };
        assert_eq!(origin("a", &typed), None);
    }

    #[test]
    fn no_more_than_most_are_remembered() {
        let checked = Checked::default();
        for number in 0..=MOST {
            let id = number.to_string();
            checked.remember(Sha256::digest(&id).into(), connection(&id));
            assert!(checked.open().len() <= MOST);
        }
        let last = checked.recall(&Sha256::digest(MOST.to_string()).into());
        assert_eq!(last, Some(connection(&MOST.to_string())));
    }
}
