//! What the organisation says about a person: ID tokens and UserInfo.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use openidconnect::{
    AccessToken, AccessTokenHash, AdditionalClaims, Audience, AuthenticationMethodReference,
    EmptyAdditionalClaims, EndUserEmail, EndUserFamilyName, EndUserGivenName, EndUserName,
    EndUserTimezone, EndUserUsername, IdToken, IdTokenClaims, IssuerUrl, LanguageTag, Nonce,
    PrivateSigningKey, SigningError, StandardClaims, SubjectIdentifier,
    core::{
        CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm,
        CoreUserInfoClaims,
    },
    url::ParseError,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Person,
    change::{Change, Members, set},
    org::{Grant, Org, TOKEN_LIFETIME, identifier, random},
};

/// An ID token with Okta's own claims.
pub(super) type OktaIdToken = IdToken<
    OktaClaims,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

/// Claims that Okta adds to every ID token.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct OktaClaims {
    ver: u8,
    jti: String,
    idp: String,
}

impl AdditionalClaims for OktaClaims {}

/// Why no ID token could be written.
#[derive(Debug, thiserror::Error)]
pub(super) enum IdTokenError {
    #[error("the issuer is not a URL")]
    Issuer(#[from] ParseError),
    #[error(transparent)]
    Sign(#[from] SigningError),
    #[error(transparent)]
    Write(#[from] serde_json::Error),
}

/// The ID token for `grant` in the compact serialisation (RFC 7515 3.1), as the switches want it.
pub(super) fn id_token(
    org: &Org,
    grant: &Grant,
    person: &Person,
    access_token: &AccessToken,
) -> Result<String, IdTokenError> {
    let key = org.keys.current();
    let algorithm = CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256;
    let issued = org.now();
    let claims = IdTokenClaims::new(
        IssuerUrl::new(grant.request.issuer.clone())?,
        vec![Audience::new(grant.request.client_id.clone())],
        time(issued.saturating_add(TOKEN_LIFETIME)).into(),
        time(issued).into(),
        token_claims(grant, person),
        OktaClaims {
            ver: 1,
            jti: format!("ID.{}", BASE64_URL_SAFE_NO_PAD.encode(random::<32>())),
            idp: identifier("00o", &org.config.organisation),
        },
    )
    .set_nonce(grant.request.nonce.clone().map(Nonce::new))
    .set_auth_time(Some(time(grant.session.since).into()))
    .set_auth_method_refs(Some(vec![AuthenticationMethodReference::new(
        "pwd".to_owned(),
    )]))
    .set_access_token_hash(Some(AccessTokenHash::from_token(
        access_token,
        &algorithm,
        &key.as_verification_key(),
    )?));

    let mut claims = members(&claims)?;
    // Okta: `aud` is one string, where `IdTokenClaims` always writes a list.
    set(&mut claims, "aud", grant.request.client_id.as_str());
    let mut header = Members::new();
    set(&mut header, "kid", key.kid());
    set(&mut header, "alg", "RS256");
    for change in org.switches.changes() {
        match change {
            Change::Person(change) | Change::Claims(change) => change(&mut claims),
            Change::Header(change) => change(&mut header),
            Change::CarriesKey => {
                set(&mut header, "kid", "not-published");
                let public = serde_json::to_value(key.as_verification_key())?;
                set(&mut header, "jwk", public);
            }
            _ => {}
        }
    }
    let mut payload = Value::Object(claims).to_string();
    for change in org.switches.changes() {
        if let Change::Payload(change) = change {
            payload = change(&payload);
        }
    }
    let message = format!(
        "{}.{}",
        BASE64_URL_SAFE_NO_PAD.encode(Value::Object(header).to_string()),
        BASE64_URL_SAFE_NO_PAD.encode(payload),
    );
    let signature = key.sign(&algorithm, message.as_bytes())?;
    let mut token = format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature));
    for change in org.switches.changes() {
        if let Change::Signed(change) = change {
            token = change(&token);
        }
    }
    Ok(token)
}

fn members(claims: &impl Serialize) -> Result<Members, serde_json::Error> {
    serde_json::from_value(serde_json::to_value(claims)?)
}

/// Okta: beside an access token the ID token is thin: of the scopes' claims, only these three.
fn token_claims(grant: &Grant, person: &Person) -> StandardClaims<CoreGenderClaim> {
    let mut claims = StandardClaims::new(subject(person));
    if grant.request.has_scope("profile") {
        claims = claims
            .set_name(Some(EndUserName::new(person.name.clone()).into()))
            .set_preferred_username(Some(EndUserUsername::new(person.login.clone())));
    }
    if grant.request.has_scope("email") {
        claims = claims.set_email(Some(EndUserEmail::new(person.email.clone())));
    }
    claims
}

/// Everything that the granted scopes allow, as the switches want it.
pub(super) fn user_info(
    org: &Org,
    grant: &Grant,
    person: &Person,
) -> Result<Members, serde_json::Error> {
    let mut claims = StandardClaims::new(subject(person));
    if grant.request.has_scope("profile") {
        let (given, family) = person.name.split_once(' ').unwrap_or((&person.name, ""));
        claims = claims
            .set_name(Some(EndUserName::new(person.name.clone()).into()))
            .set_given_name(Some(EndUserGivenName::new(given.to_owned()).into()))
            .set_family_name(Some(EndUserFamilyName::new(family.to_owned()).into()))
            .set_preferred_username(Some(EndUserUsername::new(person.login.clone())))
            .set_locale(Some(LanguageTag::new("en-US".to_owned())))
            .set_zoneinfo(Some(EndUserTimezone::new("America/Los_Angeles".to_owned())))
            .set_updated_at(Some(time(grant.session.since).into()));
    }
    if grant.request.has_scope("email") {
        claims = claims
            .set_email(Some(EndUserEmail::new(person.email.clone())))
            .set_email_verified(Some(true));
    }
    let mut claims = members(&CoreUserInfoClaims::new(claims, EmptyAdditionalClaims {}))?;
    for change in org.switches.changes() {
        if let Change::Person(change) = change {
            change(&mut claims);
        }
    }
    Ok(claims)
}

/// Derived from the login, so that it survives a restart.
fn subject(person: &Person) -> SubjectIdentifier {
    SubjectIdentifier::new(identifier("00u", &person.login))
}

fn time(seconds: u64) -> SystemTime {
    UNIX_EPOCH
        .checked_add(Duration::from_secs(seconds))
        .unwrap_or(UNIX_EPOCH)
}
