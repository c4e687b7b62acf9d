//! The exports: one of them runs the checks, and one is where no capability may answer.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::checks;
use crate::contract::exports::sso::provider::{claims, config, login, logout, messages};
use crate::contract::sso::provider::types::{
    Algorithm, ClientAuth, Connection, EmailRule, Finding, Network, Policy, PushedAuthorization,
};
use crate::report::Report;

struct Component;

#[expect(
    unsafe_code,
    unreachable_pub,
    reason = "generated: the exported functions of the component's own ABI"
)]
mod export {
    crate::contract::export!(Component with_types_in crate::contract);
    use super::Component;
}

/// Checks run in this instance so far.
static CHECKS: AtomicU32 = AtomicU32::new(0);

impl login::Guest for Component {
    fn rehearse(connection: Connection, callback: login::Callback) -> login::Rehearsal {
        let mut report = Report::default();
        let before = CHECKS.fetch_add(1, Ordering::Relaxed);
        report.equal("instance/every-call-in-a-fresh-one", 0, before);
        let with = callback.browser_binding.unwrap_or_default();
        checks::run(&mut report, &callback.query, &connection, &with);
        login::Rehearsal {
            checks: report.findings(),
            identity: None,
        }
    }

    fn begin(_: Connection, _: login::LoginRequest) -> Result<login::Redirect, login::LoginError> {
        Err(login::LoginError::ConnectionInvalid)
    }

    fn locate(_: String) -> Result<String, login::LoginError> {
        Err(login::LoginError::CallbackMalformed)
    }

    fn complete(_: Connection, _: login::Callback) -> Result<login::SignedIn, login::LoginError> {
        Err(login::LoginError::TransactionNotFound)
    }
}

impl config::Guest for Component {
    /// Uses the capability that `connection-id` names, which the host must not let happen: here the
    /// component sees a client secret. Returns only when it did.
    fn check(settings: config::Settings) -> Result<config::Checked, Vec<config::Problem>> {
        checks::use_one(&settings.connection_id);
        Err(vec![config::Problem {
            field: config::Field::ClientSecret,
            code: config::ProblemCode::OutOfRange,
            expected: None,
            found: Some(format!("{} answered", settings.connection_id)),
        }])
    }

    fn probe(_: Connection) -> Vec<Finding> {
        Vec::new()
    }

    fn describe(_: String) -> config::Description {
        config::Description {
            provider: "none: this component tries its host".to_owned(),
            fields: Vec::new(),
            steps: Vec::new(),
            defaults: Policy {
                algorithms: vec![Algorithm::Rs256],
                client_auth: ClientAuth::ClientSecretBasic,
                email_rule: EmailRule::Exact,
                clock_tolerance: 0,
                max_age: None,
                acr_values: Vec::new(),
                pushed_authorization: PushedAuthorization::Never,
                network: Network::Public,
            },
        }
    }
}

impl claims::Guest for Component {
    fn validate(
        _: Connection,
        _: String,
        _: String,
        _: claims::Expectations,
    ) -> Result<claims::ClaimSet, login::TokenRejection> {
        Err(login::TokenRejection {
            problem: login::TokenProblem::Malformed,
            expected: None,
            found: None,
        })
    }

    fn compare_email(_: EmailRule, _: String, _: String) -> claims::EmailMatch {
        claims::EmailMatch::Malformed
    }
}

impl logout::Guest for Component {
    fn begin(_: Connection, _: String, _: Option<String>) -> Result<String, logout::LogoutError> {
        Err(logout::LogoutError::Unsupported)
    }

    fn receive_logout_token(
        _: Connection,
        _: String,
    ) -> Result<logout::Notice, logout::LogoutError> {
        Err(logout::LogoutError::Unsupported)
    }

    fn receive_revocation(
        _: Connection,
        _: logout::RevocationRequest,
    ) -> Result<logout::Notice, logout::LogoutError> {
        Err(logout::LogoutError::Unsupported)
    }
}

impl messages::Guest for Component {
    fn codes() -> Vec<String> {
        Vec::new()
    }

    fn explain(_: String, _: String) -> Option<messages::Explanation> {
        None
    }
}
