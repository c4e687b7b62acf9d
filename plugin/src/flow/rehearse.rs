//! `login.rehearse`: the same exchange, told check by check.

use crate::callback::{self, Outcome};
use crate::capability::Capabilities;
use crate::connection;
use crate::contract::exports::sso::provider::login::{Callback, LoginError, Rehearsal};
use crate::contract::sso::provider::types::{
    Check, Connection, Finding, Identity, Outcome as Mark,
};
use crate::error;
use crate::flow::complete::{ask_user_info, believe, exchange, identity, take};
use crate::flow::metadata::metadata;

/// The checks, in the order in which they are told.
const CHECKS: [Check; 8] = [
    Check::Callback,
    Check::Transaction,
    Check::ProviderAnswer,
    Check::ClientCredentials,
    Check::IdToken,
    Check::UserInfo,
    Check::Email,
    Check::EmailDomain,
];

/// Goes through a sign-in as far as it can. Never grounds for a session.
pub fn rehearse(
    host: &mut impl Capabilities,
    connection: &Connection,
    callback: &Callback,
) -> Rehearsal {
    let mut passed = 0;
    let result = run(host, connection, callback, &mut passed);
    let checks = CHECKS
        .into_iter()
        .enumerate()
        .map(|(index, check)| {
            let failure = result.as_ref().err();
            match index.cmp(&passed) {
                std::cmp::Ordering::Less => finding(connection, check, Mark::Pass, None),
                std::cmp::Ordering::Equal => finding(connection, check, Mark::Fail, failure),
                std::cmp::Ordering::Greater => finding(connection, check, Mark::Skipped, None),
            }
        })
        .collect();
    Rehearsal {
        checks,
        identity: result.ok(),
    }
}

fn finding(
    connection: &Connection,
    check: Check,
    outcome: Mark,
    failure: Option<&LoginError>,
) -> Finding {
    let (expected, found) = match failure {
        Some(LoginError::TokenRejected(rejection)) => {
            (rejection.expected.clone(), rejection.found.clone())
        }
        Some(LoginError::ProviderMisbehaved(misbehaviour)) => {
            (misbehaviour.expected.clone(), misbehaviour.found.clone())
        }
        Some(LoginError::EmailMalformed(refusal) | LoginError::EmailUnverified(refusal)) => {
            (None, refusal.found.clone())
        }
        Some(LoginError::EmailDomainNotApproved(refusal)) => {
            let approved = connection.email_domains.join(" ");
            let approved = (!approved.is_empty()).then(|| error::shown(&approved));
            (approved, refusal.found.clone())
        }
        _ => (None, None),
    };
    Finding {
        check,
        outcome,
        reason: failure.map(error::login_code),
        expected,
        found,
    }
}

/// `passed` counts the checks of [`CHECKS`] that are behind us.
fn run(
    host: &mut impl Capabilities,
    connection: &Connection,
    callback: &Callback,
    passed: &mut usize,
) -> Result<Identity, LoginError> {
    if !connection::is_valid(connection) {
        return Err(LoginError::ConnectionInvalid);
    }
    let now = host.now();
    let parsed = callback::parse(&callback.query)?;
    *passed = 1;
    let binding = callback.browser_binding.as_deref();
    let transaction = take(host, connection, &parsed.state, binding, now)?;
    *passed = 2;
    let code = match parsed.outcome(&transaction, &connection.issuer)? {
        Outcome::Code(code) => code,
        Outcome::Denied(denial) => return Err(denial),
    };
    *passed = 3;
    let metadata = metadata(host, connection, now)?;
    let tokens = exchange(host, connection, &metadata, code, &transaction, now)?;
    *passed = 4;
    let id_token = believe(host, connection, &metadata, &tokens, &transaction, now)?;
    *passed = 5;
    // Asked even when the ID token is not thin: it may be, next time.
    let user_info = ask_user_info(host, connection, &metadata, &tokens, &id_token, now)?;
    *passed = 6;
    let identity = identity(connection, id_token, Some(user_info));
    *passed = match identity {
        Ok(_) => CHECKS.len(),
        Err(LoginError::EmailDomainNotApproved(_)) => 7,
        Err(_) => 6,
    };
    identity
}
