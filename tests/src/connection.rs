//! The connection of the cases, as an administrator types it and as the host scopes it.

use anyhow::{Context, Result};
use okta_sso_host::contract::{
    ClientAuth, Connection, EmailRule, Network, Policy, PushedAuthorization,
};
use serde_json::{Value, json};

use crate::case::Object;
use crate::host::CLIENT_SECRET;

/// `config.settings` that nothing is wrong with.
#[must_use]
pub fn settings() -> Object {
    object(json!({
        "connection-id": "acme",
        "client-id": "0oa1acme2client3id4567",
        "client-secret": CLIENT_SECRET,
        "issuer": "https://acme.okta.com",
        "redirect-uri": "https://app.ledgerline.example/sso/okta/callback",
        "post-logout-redirect-uri": "https://app.ledgerline.example/signed-out",
        "email-domains": ["acme.com"],
        "policy": {
            "algorithms": ["rs256"],
            "client-auth": "client-secret-basic",
            "email-rule": "exact",
            "clock-tolerance": 120,
            "max-age": null,
            "acr-values": [],
            "pushed-authorization": "when-supported",
            "network": "public",
        },
    }))
}

/// What the host needs of a connection to scope capabilities to it.
///
/// # Errors
/// When it lacks a member.
pub fn scope(connection: &Object) -> Result<Connection> {
    let text = |name: &str| -> Result<String> {
        let value = connection.get(name).and_then(Value::as_str);
        Ok(value.with_context(|| format!("no {name}"))?.to_owned())
    };
    let hosts = connection.get("hosts").cloned().unwrap_or_default();
    let network = &connection.get("policy").context("no policy")?["network"];
    Ok(Connection {
        id: text("id")?,
        revision: text("revision")?,
        issuer: text("issuer")?,
        hosts: serde_json::from_value(hosts)?,
        client_id: text("client-id")?,
        redirect_uri: text("redirect-uri")?,
        post_logout_redirect_uri: None,
        scopes: Vec::new(),
        email_domains: Vec::new(),
        policy: Policy {
            algorithms: Vec::new(),
            client_auth: ClientAuth::ClientSecretBasic,
            email_rule: EmailRule::Exact,
            clock_tolerance: 0,
            max_age: None,
            acr_values: Vec::new(),
            pushed_authorization: PushedAuthorization::Never,
            network: if network == "danger-loopback" {
                Network::DangerLoopback
            } else {
                Network::Public
            },
        },
    })
}

/// The members of a JSON object; none of anything else.
#[must_use]
pub fn object(value: Value) -> Object {
    match value {
        Value::Object(members) => members,
        _ => Object::new(),
    }
}
