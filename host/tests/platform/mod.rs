//! The smallest platform: storage of nothing, no secrets, one connection.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::sync::Arc;

use async_trait::async_trait;
use okta_sso_host::contract::{
    Algorithm, ClientAuth, Connection, EmailRule, Network, Policy, PushedAuthorization, Settings,
};
use okta_sso_host::{
    Capabilities, CredentialError, Credentials, Http, HttpError, HttpRequest, HttpResponse, Scope,
    Secret, Storage, StorageError, StorageKey,
};

/// Stores nothing and has nothing.
pub(crate) struct Empty;

#[async_trait]
impl Storage for Empty {
    async fn put_if_absent(
        &self,
        _: &StorageKey,
        _: &[u8],
        _: u64,
        _: u32,
    ) -> Result<bool, StorageError> {
        Ok(true)
    }

    async fn take(&self, _: &StorageKey, _: u64) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(None)
    }

    async fn get(&self, _: &StorageKey, _: u64) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(None)
    }
}

#[async_trait]
impl Credentials for Empty {
    async fn client_secret(&self, _: &str) -> Result<Option<Secret>, CredentialError> {
        Ok(None)
    }
}

/// Reaches nobody.
pub(crate) struct OutOfReach;

#[async_trait]
impl Http for OutOfReach {
    async fn send(&self, _: &Scope, _: HttpRequest) -> Result<HttpResponse, HttpError> {
        Err(HttpError::Unreachable)
    }
}

/// Never answers.
pub(crate) struct Silent;

#[async_trait]
impl Storage for Silent {
    async fn put_if_absent(
        &self,
        _: &StorageKey,
        _: &[u8],
        _: u64,
        _: u32,
    ) -> Result<bool, StorageError> {
        std::future::pending().await
    }

    async fn take(&self, _: &StorageKey, _: u64) -> Result<Option<Vec<u8>>, StorageError> {
        std::future::pending().await
    }

    async fn get(&self, _: &StorageKey, _: u64) -> Result<Option<Vec<u8>>, StorageError> {
        std::future::pending().await
    }
}

pub(crate) fn with_storage(storage: impl Storage + 'static) -> Capabilities {
    Capabilities::new(Arc::new(storage), Arc::new(Empty))
}

pub(crate) fn capabilities() -> Capabilities {
    with_storage(Empty)
}

pub(crate) fn connection() -> Connection {
    Connection {
        id: "acme".to_owned(),
        revision: "1".to_owned(),
        issuer: "https://acme.okta.com".to_owned(),
        hosts: vec!["acme.okta.com".to_owned()],
        client_id: "0oa1".to_owned(),
        redirect_uri: "https://app.example/sso/okta/callback".to_owned(),
        post_logout_redirect_uri: None,
        scopes: vec!["openid".to_owned()],
        email_domains: vec!["acme.com".to_owned()],
        policy: Policy {
            algorithms: vec![Algorithm::Rs256],
            client_auth: ClientAuth::ClientSecretBasic,
            email_rule: EmailRule::Exact,
            clock_tolerance: 120,
            max_age: None,
            acr_values: vec![],
            pushed_authorization: PushedAuthorization::WhenSupported,
            network: Network::Public,
        },
    }
}

/// What an administrator would type for that connection.
pub(crate) fn settings(issuer: &str) -> Settings {
    let connection = connection();
    Settings {
        connection_id: connection.id,
        client_id: "0oa1gi4grkaV8n7uZ5d7".to_owned(),
        client_secret: None,
        issuer: issuer.to_owned(),
        redirect_uri: connection.redirect_uri,
        post_logout_redirect_uri: None,
        email_domains: connection.email_domains,
        policy: connection.policy,
    }
}
