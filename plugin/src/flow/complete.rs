//! `login.complete`: from the provider's answer to an identity.

use crate::base64url;
use crate::callback::{self, Outcome};
use crate::capability::Capabilities;
use crate::connection;
use crate::contract::exports::sso::provider::login::{Callback, LoginError, SignedIn};
use crate::contract::sso::provider::log::Level;
use crate::contract::sso::provider::types::{ClaimsSource, Connection, Identity};
use crate::discovery::Metadata;
use crate::email;
use crate::error::{self, TokenError, email_refusal};
use crate::flow::metadata::metadata;
use crate::flow::{keys, send};
use crate::id_token::{self, Expectations, IdToken, Mistyped, Profile};
use crate::jws::{self, Kind};
use crate::token::{self, Tokens};
use crate::transaction::{self, Transaction};
use crate::user_info;

/// Decides who is there.
///
/// # Errors
/// Every [`LoginError`] but `randomness-unavailable`.
pub fn complete(
    host: &mut impl Capabilities,
    connection: &Connection,
    callback: &Callback,
) -> Result<SignedIn, LoginError> {
    let result = run(host, connection, callback);
    match &result {
        Ok(_) => host.log(Level::Info, "login-completed", &[]),
        Err(refusal) => {
            let code = error::login_code(refusal);
            host.log(Level::Warn, "login-refused", &[("reason", &code)]);
        }
    }
    result
}

fn run(
    host: &mut impl Capabilities,
    connection: &Connection,
    callback: &Callback,
) -> Result<SignedIn, LoginError> {
    if !connection::is_valid(connection) {
        return Err(LoginError::ConnectionInvalid);
    }
    let now = host.now();
    let parsed = callback::parse(&callback.query)?;
    let binding = callback.browser_binding.as_deref();
    let transaction = take(host, connection, &parsed.state, binding, now)?;
    // From here on the attempt is used up, whatever happens.
    let code = match parsed.outcome(&transaction, &connection.issuer)? {
        Outcome::Code(code) => code,
        Outcome::Denied(denial) => return Err(denial),
    };
    let metadata = metadata(host, connection, now)?;
    let tokens = exchange(host, connection, &metadata, code, &transaction, now)?;
    let id_token = believe(host, connection, &metadata, &tokens, &transaction, now)?;
    let user_info = if id_token.profile.email.is_some() || id_token.profile.mistyped.is_some() {
        None
    } else {
        Some(ask_user_info(
            host, connection, &metadata, &tokens, &id_token, now,
        )?)
    };
    Ok(SignedIn {
        identity: identity(connection, id_token, user_info)?,
        return_to: transaction.return_to,
        logout_hint: tokens.id_token,
    })
}

/// Takes the transaction; wrong browser, wrong connection, replay and expiry are one and the same.
pub(crate) fn take(
    host: &mut impl Capabilities,
    connection: &Connection,
    state: &str,
    browser_binding: Option<&str>,
    now: u64,
) -> Result<Transaction, LoginError> {
    let binding = browser_binding
        .filter(|binding| base64url::is_32_bytes(binding))
        .ok_or(LoginError::TransactionNotFound)?;
    let record = host
        .take(&transaction::key(connection, state, binding))
        .map_err(|_| LoginError::StorageUnavailable)?
        .ok_or(LoginError::TransactionNotFound)?;
    let transaction = Transaction::from_record(&record)
        .filter(|transaction| now < transaction.expires)
        .ok_or(LoginError::TransactionNotFound)?;
    if transaction.revision != connection.revision {
        return Err(LoginError::ConnectionChanged);
    }
    Ok(transaction)
}

/// Exchanges the code, once.
pub(crate) fn exchange(
    host: &mut impl Capabilities,
    connection: &Connection,
    metadata: &Metadata,
    code: &str,
    transaction: &Transaction,
    now: u64,
) -> Result<Tokens, LoginError> {
    let request = token::build_token_request(connection, metadata, code, &transaction.verifier);
    let response = send(host, &request)?;
    token::process_token_response(&response, now)
}

/// Structure, header, key, signature, claims, in this order.
pub(crate) fn believe(
    host: &mut impl Capabilities,
    connection: &Connection,
    metadata: &Metadata,
    tokens: &Tokens,
    transaction: &Transaction,
    now: u64,
) -> Result<IdToken, TokenError> {
    let jws = jws::parse(&tokens.id_token, Kind::IdToken, &metadata.algorithms)?;
    keys::verify(host, connection, metadata, &jws, now)?;
    let expectations = Expectations {
        nonce: Some(&transaction.nonce),
        access_token: Some(&tokens.access_token),
        algorithm: jws.header.algorithm,
        now,
    };
    Ok(id_token::validate(connection, &jws.payload, expectations)?)
}

/// Asks for the claims that a thin ID token lacks.
pub(crate) fn ask_user_info(
    host: &mut impl Capabilities,
    connection: &Connection,
    metadata: &Metadata,
    tokens: &Tokens,
    id_token: &IdToken,
    now: u64,
) -> Result<Profile, LoginError> {
    let request = user_info::build_user_info_request(metadata, &tokens.access_token);
    let response = send(host, &request)?;
    Ok(user_info::process_user_info_response(
        connection, id_token, &response, now,
    )?)
}

/// Checks the e-mail and puts the identity together.
///
/// # Errors
/// `email-missing`, `email-malformed`, `email-unverified`, `email-domain-not-approved`.
pub(crate) fn identity(
    connection: &Connection,
    id_token: IdToken,
    user_info: Option<Profile>,
) -> Result<Identity, LoginError> {
    let source = if id_token.profile.email.is_some() {
        ClaimsSource::IdToken
    } else {
        ClaimsSource::UserInfo
    };
    let (first, second) = (id_token.profile, user_info.unwrap_or_default());
    let email = first.email.or(second.email);
    match first.mistyped.or(second.mistyped) {
        Some(Mistyped::Email) => return Err(LoginError::EmailMalformed(email_refusal(None))),
        Some(Mistyped::EmailVerified) => {
            return Err(LoginError::EmailUnverified(email_refusal(email.as_deref())));
        }
        None => (),
    }
    let email = email.ok_or(LoginError::EmailMissing)?;
    let refusal = || email_refusal(Some(&email));
    if !email::is_well_formed(&email) {
        return Err(LoginError::EmailMalformed(refusal()));
    }
    let verified = [first.email_verified, second.email_verified];
    // Okta: an org's ID token says nothing about it; trust comes from the issuer and the approved domain.
    if verified.contains(&Some(false)) {
        return Err(LoginError::EmailUnverified(refusal()));
    }
    if !email::is_on_domain(&email, &connection.email_domains) {
        return Err(LoginError::EmailDomainNotApproved(refusal()));
    }
    Ok(Identity {
        issuer: connection.issuer.clone(),
        subject: id_token.subject,
        email,
        email_verified: verified.into_iter().flatten().next(),
        name: first.name.or(second.name),
        preferred_username: first.preferred_username.or(second.preferred_username),
        auth_time: id_token.auth_time,
        acr: id_token.acr,
        amr: id_token.amr,
        session_id: id_token.session_id,
        email_source: source,
    })
}
