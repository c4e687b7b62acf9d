//! Client secrets: two may be active at once, so that an application can be given the new one before the old one ends.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use super::{
    Client,
    org::{Org, identifier, random, same},
};

/// Okta: an application has two at most.
const MOST: usize = 2;

/// One secret of an application, as the console lists it. Has no `Debug`.
#[derive(Clone)]
pub(super) struct Secret {
    /// `ocs…` in Okta.
    pub(super) id: String,
    pub(super) value: String,
    pub(super) active: bool,
}

impl Secret {
    pub(super) fn new(value: String) -> Self {
        Self {
            id: identifier("ocs", &value),
            value,
            active: true,
        }
    }
}

/// What the console does with secrets.
#[derive(Clone, Copy)]
pub(super) enum Change<'a> {
    Generate,
    Activate(&'a str),
    /// The last active one stays active.
    Deactivate(&'a str),
    /// An inactive one.
    Delete(&'a str),
}

impl Org {
    pub(super) fn secrets_of(&self, client: &Client) -> Vec<Secret> {
        let state = self.state();
        state
            .secrets
            .get(&client.client_id)
            .cloned()
            .unwrap_or_default()
    }

    /// Whether the application may prove itself with this secret.
    pub(super) fn accepts_secret(&self, client: &Client, secret: &str) -> bool {
        self.secrets_of(client)
            .iter()
            .any(|known| known.active && same(&known.value, secret))
    }

    /// Changes the secrets of an application; what Okta would not do is not done.
    pub(super) fn change_secret(&self, client: &Client, change: Change<'_>) {
        let mut state = self.state();
        let secrets = state.secrets.entry(client.client_id.clone()).or_default();
        let active = secrets.iter().filter(|secret| secret.active).count();
        match change {
            Change::Generate if secrets.len() < MOST => {
                let value = BASE64_URL_SAFE_NO_PAD.encode(random::<48>());
                secrets.insert(0, Secret::new(value));
            }
            Change::Activate(id) => set_active(secrets, id, true),
            Change::Deactivate(id) if active > 1 => set_active(secrets, id, false),
            Change::Delete(id) => secrets.retain(|secret| secret.active || secret.id != id),
            Change::Generate | Change::Deactivate(_) => {}
        }
    }
}

fn set_active(secrets: &mut [Secret], id: &str, active: bool) {
    for secret in secrets.iter_mut().filter(|secret| secret.id == id) {
        secret.active = active;
    }
}
