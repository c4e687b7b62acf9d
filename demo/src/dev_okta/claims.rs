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
use serde_json::{Value, json};

use super::{
    Person, Switch,
    keys::SigningKey,
    org::{Grant, Org, TOKEN_LIFETIME, identifier, random},
};

const TEN_YEARS: u64 = 10 * 365 * 24 * 3600;

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

/// The ID token for `grant`, as the switches want it.
pub(super) fn id_token(
    org: &Org,
    grant: &Grant,
    person: &Person,
    access_token: &AccessToken,
) -> Result<OktaIdToken, IdTokenError> {
    let on = |switch| org.switches.is_on(switch);
    let key = org.keys.current();
    let algorithm = CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256;
    let issuer = if on(Switch::WrongIssuer) {
        "https://elsewhere.example"
    } else {
        &grant.request.issuer
    };
    let audience = if on(Switch::WrongAudience) {
        "0oaanotherclient"
    } else {
        &grant.request.client_id
    };
    let issued = if on(Switch::ExpiredToken) {
        org.now().saturating_sub(2 * TOKEN_LIFETIME)
    } else if on(Switch::FutureToken) {
        org.now().saturating_add(TOKEN_LIFETIME)
    } else {
        org.now()
    };
    let lifetime = if on(Switch::LongToken) {
        TEN_YEARS
    } else {
        TOKEN_LIFETIME
    };
    let nonce = if on(Switch::WrongNonce) {
        Some(Nonce::new_random())
    } else {
        let nonce = grant.request.nonce.clone().map(Nonce::new);
        nonce.filter(|_| !on(Switch::MissingNonce))
    };
    let other_token = AccessToken::new("another".to_owned());
    let hashed = if on(Switch::WrongTokenHash) {
        &other_token
    } else {
        access_token
    };

    let claims = IdTokenClaims::new(
        IssuerUrl::new(issuer.to_owned())?,
        vec![Audience::new(audience.to_owned())],
        time(issued.saturating_add(lifetime)).into(),
        time(issued).into(),
        token_claims(org, grant, person),
        OktaClaims {
            ver: 1,
            jti: format!("ID.{}", BASE64_URL_SAFE_NO_PAD.encode(random::<32>())),
            idp: identifier("00o", &org.config.organisation),
        },
    )
    .set_nonce(nonce)
    .set_auth_time(Some(time(grant.session.since).into()))
    .set_auth_method_refs(Some(vec![AuthenticationMethodReference::new(
        "pwd".to_owned(),
    )]))
    .set_access_token_hash(Some(AccessTokenHash::from_token(
        hashed,
        &algorithm,
        &key.as_verification_key(),
    )?));

    let mut claims = serde_json::to_value(claims)?;
    // Okta: `aud` is one string, where `IdTokenClaims` always writes a list.
    if let Some(claim) = claims.get_mut("aud") {
        *claim = Value::from(audience);
    }
    if let (Some(claims), true) = (claims.as_object_mut(), on(Switch::OtherParty)) {
        claims.insert("azp".to_owned(), Value::from("0oaanotherclient"));
    }
    Ok(serde_json::from_value(Value::from(signed(
        org, &key, &algorithm, &claims,
    )?))?)
}

/// RFC 7515 3.1: the compact serialisation.
fn signed(
    org: &Org,
    key: &SigningKey,
    algorithm: &CoreJwsSigningAlgorithm,
    claims: &Value,
) -> Result<String, IdTokenError> {
    let kid = if org.switches.is_on(Switch::UnknownKey) {
        BASE64_URL_SAFE_NO_PAD.encode(random::<32>())
    } else {
        key.kid()
    };
    let named = if org.switches.is_on(Switch::UnsignedToken) {
        json!("none")
    } else if org.switches.is_on(Switch::SharedKeyToken) {
        json!("HS256")
    } else {
        json!(algorithm)
    };
    let header = json!({ "kid": kid, "alg": named });
    let message = format!(
        "{}.{}",
        BASE64_URL_SAFE_NO_PAD.encode(header.to_string()),
        BASE64_URL_SAFE_NO_PAD.encode(claims.to_string()),
    );
    let mut signature = key.sign(algorithm, message.as_bytes())?;
    if org.switches.is_on(Switch::TamperedSignature)
        && let Some(byte) = signature.last_mut()
    {
        *byte ^= 1;
    }
    Ok(format!(
        "{message}.{}",
        BASE64_URL_SAFE_NO_PAD.encode(signature)
    ))
}

/// Okta: beside an access token the ID token is thin: of the scopes' claims, only these three.
fn token_claims(org: &Org, grant: &Grant, person: &Person) -> StandardClaims<CoreGenderClaim> {
    let on = |switch| org.switches.is_on(switch);
    let claims = StandardClaims::new(subject(person));
    let claims = if grant.request.has_scope("profile") && !on(Switch::ThinTokens) {
        claims
            .set_name(Some(EndUserName::new(person.name.clone()).into()))
            .set_preferred_username(Some(EndUserUsername::new(person.login.clone())))
    } else {
        claims
    };
    if grant.request.has_scope("email") && !on(Switch::ThinTokens) {
        claims
            .set_email(email(org, person))
            .set_email_verified(on(Switch::EmailUnverified).then_some(false))
    } else {
        claims
    }
}

/// Everything that the granted scopes allow.
pub(super) fn user_info(org: &Org, grant: &Grant, person: &Person) -> CoreUserInfoClaims {
    let on = |switch| org.switches.is_on(switch);
    let mut claims = StandardClaims::new(if on(Switch::UserInfoOtherSubject) {
        SubjectIdentifier::new(identifier("00u", "somebody else"))
    } else {
        subject(person)
    });
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
        let email = email(org, person);
        let verified = email.as_ref().map(|_| !on(Switch::EmailUnverified));
        claims = claims.set_email(email).set_email_verified(verified);
    }
    CoreUserInfoClaims::new(claims, EmptyAdditionalClaims {})
}

/// Derived from the login, so that it survives a restart.
fn subject(person: &Person) -> SubjectIdentifier {
    SubjectIdentifier::new(identifier("00u", &person.login))
}

fn email(org: &Org, person: &Person) -> Option<EndUserEmail> {
    if org.switches.is_on(Switch::NoEmail) {
        return None;
    }
    let email = if org.switches.is_on(Switch::OddEmail) {
        format!("{} <{}>", person.name, person.email)
    } else if org.switches.is_on(Switch::OtherDomain) {
        let name = person.email.split('@').next().unwrap_or_default();
        format!("{name}@elsewhere.example")
    } else {
        person.email.clone()
    };
    Some(EndUserEmail::new(email))
}

fn time(seconds: u64) -> SystemTime {
    UNIX_EPOCH
        .checked_add(Duration::from_secs(seconds))
        .unwrap_or(UNIX_EPOCH)
}
