mod client;
mod domain;
mod issuer;
mod policy;
mod redirect;

use super::*;
use crate::contract::sso::provider::types::{
    Algorithm, ClientAuth, EmailRule, Policy, PushedAuthorization,
};

const SECRET: &str = "pS3cretpS3cretpS3cretpS3cretpS3cretpS3cret";

fn settings() -> Settings {
    Settings {
        connection_id: "acme".to_owned(),
        client_id: "0oa1b2c3d4E5F6g7h8i9".to_owned(),
        client_secret: Some(SECRET.to_owned()),
        issuer: "https://acme.okta.com".to_owned(),
        redirect_uri: "https://app.example.com/sso/okta/callback".to_owned(),
        post_logout_redirect_uri: None,
        email_domains: vec!["acme.com".to_owned()],
        policy: Policy {
            algorithms: vec![Algorithm::Rs256],
            client_auth: ClientAuth::ClientSecretBasic,
            email_rule: EmailRule::Exact,
            clock_tolerance: 120,
            max_age: None,
            acr_values: Vec::new(),
            pushed_authorization: PushedAuthorization::WhenSupported,
            network: Network::Public,
        },
    }
}

fn with(change: impl FnOnce(&mut Settings)) -> Settings {
    let mut changed = settings();
    change(&mut changed);
    changed
}

/// The codes of one field's problems.
fn codes(settings: &Settings, field: Field) -> Vec<ProblemCode> {
    let problems = check(settings).err().unwrap_or_default();
    assert!(
        problems.iter().all(|problem| problem.field == field),
        "{problems:?}"
    );
    problems.iter().map(|problem| problem.code).collect()
}

#[test]
fn a_sound_connection_comes_back_as_given() {
    let checked = check(&settings()).unwrap();
    assert_eq!(checked.corrections, []);
    let connection = checked.connection;
    assert_eq!(connection.hosts, ["acme.okta.com"]);
    assert_eq!(connection.scopes, ["openid", "profile", "email"]);
    assert_eq!(connection.revision, connection::revision(&connection));
    assert_eq!(connection.revision.len(), 43);
}

#[test]
fn all_problems_are_told_at_once() {
    let problems = check(&Settings {
        connection_id: String::new(),
        client_id: String::new(),
        client_secret: Some(String::new()),
        issuer: String::new(),
        redirect_uri: String::new(),
        ..settings()
    })
    .unwrap_err();
    assert_eq!(problems.len(), 5);
    assert!(
        problems
            .iter()
            .all(|problem| problem.code == ProblemCode::Missing)
    );
    let id = |id: &str| {
        codes(
            &with(|settings| settings.connection_id = id.to_owned()),
            Field::ConnectionId,
        )
    };
    assert_eq!(id(&"a".repeat(128)), []);
    assert_eq!(id(&"a".repeat(129)), [ProblemCode::TooLong]);
    assert_eq!(id("a:b"), [ProblemCode::InvalidCharacter]);
}

#[test]
fn every_member_changes_the_revision() {
    let base = check(&settings()).unwrap().connection;
    let changes: [fn(&mut Connection); 8] = [
        |connection| connection.issuer.push('x'),
        |connection| connection.client_id.push('x'),
        |connection| connection.redirect_uri.push('x'),
        |connection| connection.post_logout_redirect_uri = Some(String::new()),
        |connection| connection.email_domains.clear(),
        |connection| connection.policy.algorithms.push(Algorithm::Es256),
        |connection| connection.policy.max_age = Some(1),
        |connection| connection.policy.network = Network::DangerLoopback,
    ];
    for change in changes {
        let mut changed = base.clone();
        change(&mut changed);
        assert_ne!(connection::revision(&changed), base.revision);
    }
}
