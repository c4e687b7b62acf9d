//! The misbehaviours of the development Okta, as data: a row each, with what it changes.

mod on;

use serde_json::{Value, json};

use super::Endpoint::{Keys, Metadata, Par, Token, UserInfo};
use super::change::{
    Change::{
        self, Answer, Callback, CarriesKey, Claims, Header, Instead, Late, Payload, Person, Signed,
    },
    busy, compressed, created, denied, garbled, huge, invalid_client, invalid_grant,
    invalid_request, invalid_token, maintenance, missing, number, respell, server_error, set,
    shift, signed_user_info, tampered, text, two_issuers, unavailable,
};

pub use self::on::Switches;

/// Declares each switch once: variant, identifier, what it does in words, what it changes.
macro_rules! switches {
    ($($variant:ident $id:literal $description:literal $change:expr;)*) => {
        /// One wrong answer that a sign-in must withstand.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Switch {
            $(#[doc = concat!("`", $id, "`, as [`Switch::description`] tells.")] $variant,)*
        }

        impl Switch {
            /// Every switch, in the order in which the console lists them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The identifier in forms and set-up files.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// What is different while it is on.
            #[must_use]
            pub fn description(self) -> &'static str {
                match self { $(Self::$variant => $description,)* }
            }

            pub(super) fn change(self) -> Change {
                match self { $(Self::$variant => $change,)* }
            }
        }
    };
}

const ELSEWHERE: &str = "https://elsewhere.example";
const OTHER_CLIENT: &str = "0oaanotherclient";
const HOUR: u64 = 3600;
const TEN_YEARS: u64 = 10 * 365 * 24 * HOUR;

switches! {
    NoEmail "no-email" "Neither the ID token nor UserInfo carries email."
        Person(|claims| _ = claims.remove("email"));
    OddEmail "odd-email" "The email claim is written with a name before the address."
        Person(|claims| if let Some(email) = text(claims, "email") {
            let name = text(claims, "name").unwrap_or_default();
            set(claims, "email", format!("{name} <{email}>"));
        });
    OtherDomain "other-domain" "The email claim is on the domain elsewhere.example."
        Person(|claims| respell(claims, |email| {
            let name = email.split('@').next().unwrap_or_default();
            format!("{name}@elsewhere.example")
        }));
    OtherCase "other-case" "The email claim is written in capital letters."
        Person(|claims| respell(claims, str::to_ascii_uppercase));
    TrailingSpace "trailing-space" "The email claim ends with a space."
        Person(|claims| respell(claims, |email| format!("{email} ")));
    LookAlike "look-alike" "The email claim has the Cyrillic a, e and o, which look the same."
        Person(|claims| respell(claims, |email| {
            email.replace('a', "\u{430}").replace('e', "\u{435}").replace('o', "\u{43e}")
        }));
    Tagged "tagged" "The email claim has a tag before the @: +tag."
        Person(|claims| respell(claims, |email| email.replacen('@', "+tag@", 1)));
    TwoAtSigns "two-at-signs" "The email claim has an @ too many."
        Person(|claims| respell(claims, |email| email.replacen('@', "@@", 1)));
    LongEmail "long-email" "The email claim has 300 letters before the @."
        Person(|claims| respell(claims, |email| format!("{}{email}", "a".repeat(300))));
    EmailList "email-list" "The email claim is a list with the address in it."
        Person(|claims| if let Some(email) = text(claims, "email") { set(claims, "email", json!([email])); });
    OtherEmail "other-email" "The email claim is another address; the right one is preferred_username alone."
        Person(|claims| respell(claims, |email| format!("other.{email}")));
    EmailUnverified "email-unverified" "email_verified is false in the ID token and in UserInfo."
        Person(|claims| if claims.contains_key("email") { set(claims, "email_verified", false) });

    ThinTokens "thin-tokens"
        "ID tokens carry neither email, name nor preferred_username; UserInfo still does."
        Claims(|claims| for name in ["email", "email_verified", "name", "preferred_username"] {
            claims.remove(name);
        });
    WrongNonce "wrong-nonce" "The ID token carries another nonce."
        Claims(|claims| set(claims, "nonce", "another"));
    MissingNonce "missing-nonce" "The ID token carries no nonce."
        Claims(|claims| _ = claims.remove("nonce"));
    WrongAudience "wrong-audience" "The ID token is for another client."
        Claims(|claims| set(claims, "aud", OTHER_CLIENT));
    NearAudience "near-audience" "The ID token is for this client, with a space behind its name."
        Claims(|claims| if let Some(client) = text(claims, "aud") { set(claims, "aud", format!("{client} ")); });
    AudienceNumber "audience-number" "The ID token gives its audience as a number."
        Claims(|claims| set(claims, "aud", 1));
    SeveralAudiences "several-audiences" "The ID token is for this client and another one."
        Claims(|claims| if let Some(client) = text(claims, "aud") {
            set(claims, "aud", json!([client, OTHER_CLIENT]));
        });
    OtherParty "other-party" "The ID token names another client as its authorized party."
        Claims(|claims| set(claims, "azp", OTHER_CLIENT));
    PartyNumber "party-number" "The ID token gives its authorized party as a number."
        Claims(|claims| set(claims, "azp", 1));
    NonceNumber "nonce-number" "The ID token gives its nonce as a number."
        Claims(|claims| set(claims, "nonce", 1));
    AccessToken "access-token" "The ID token is an access token for an API."
        Claims(|claims| {
            claims.remove("nonce");
            let client = claims.insert("aud".to_owned(), json!("api://default"));
            set(claims, "cid", client);
            set(claims, "scp", json!(["openid", "email"]));
        });
    LogoutToken "logout-token" "The ID token reports an event, as a logout token does."
        Claims(|claims| set(claims, "events", json!({ "http://schemas.openid.net/event/backchannel-logout": {} })));
    WrongIssuer "wrong-issuer" "The ID token names another issuer."
        Claims(|claims| set(claims, "iss", ELSEWHERE));
    NearIssuer "near-issuer" "The ID token names the issuer with a slash behind it."
        Claims(|claims| if let Some(issuer) = text(claims, "iss") { set(claims, "iss", format!("{issuer}/")); });
    ExpiredToken "expired-token" "The ID token expired an hour ago."
        Claims(|claims| for name in ["iat", "exp"] {
            shift(claims, name, |at| at - 2 * HOUR);
        });
    FutureToken "future-token" "The ID token is issued an hour from now."
        Claims(|claims| for name in ["iat", "exp"] {
            shift(claims, name, |at| at + HOUR);
        });
    OldToken "old-token" "The ID token is issued a week ago, and good until an hour from now."
        Claims(|claims| shift(claims, "iat", |at| at - 7 * 24 * HOUR));
    BackwardToken "backward-token" "The ID token expires before it is issued."
        Claims(|claims| if let Some(iat) = number(claims, "iat") { set(claims, "exp", iat - 1); });
    EarlyToken "early-token" "The ID token is not good before an hour from now."
        Claims(|claims| if let Some(exp) = number(claims, "exp") {
            set(claims, "nbf", exp);
        });
    LongToken "long-token" "The ID token is valid for ten years."
        Claims(|claims| shift(claims, "exp", |at| at - HOUR + TEN_YEARS));
    NoExpiry "no-expiry" "The ID token does not say when it expires."
        Claims(|claims| _ = claims.remove("exp"));
    ExpiryText "expiry-text" "The ID token gives the time when it expires as text."
        Claims(|claims| if let Some(exp) = number(claims, "exp") {
            set(claims, "exp", exp.to_string());
        });
    ExpiryMilliseconds "expiry-milliseconds" "The ID token gives the time when it expires in milliseconds."
        Claims(|claims| shift(claims, "exp", |at| at * 1000));
    ExpiryBefore1970 "expiry-before-1970" "The ID token expires a second before 1970."
        Claims(|claims| set(claims, "exp", -1));
    ExpiryHuge "expiry-huge" "The ID token gives as the time when it expires the largest number of 64 bits."
        Claims(|claims| set(claims, "exp", u64::MAX));
    SignInTimeText "sign-in-time-text" "The ID token gives the time of the sign-in, auth_time, as text."
        Claims(|claims| if let Some(at) = number(claims, "auth_time") { set(claims, "auth_time", at.to_string()); });
    EmptySubject "empty-subject" "The ID token's subject is empty."
        Claims(|claims| set(claims, "sub", ""));
    WrongTokenHash "wrong-token-hash" "The ID token belongs to another access token."
        Claims(|claims| set(claims, "at_hash", "AAAAAAAAAAAAAAAAAAAAAA"));
    SubjectTwice "subject-twice" "The ID token names two subjects."
        Payload(|claims| claims.replacen('{', r#"{"sub":"00uanother","#, 1));
    EmailTwice "email-twice" "The ID token gives two e-mails."
        Payload(|claims| claims.replacen('{', r#"{"email":"another@acme.example","#, 1));
    HalfPair "half-pair" "The ID token has half of a pair of escapes, which is no character."
        Payload(|claims| claims.replacen('{', r#"{"nickname":"\ud800","#, 1));

    UnsignedToken "unsigned-token" "The ID token says that nothing signs it: alg none."
        Header(|header| set(header, "alg", "none"));
    SharedKeyToken "shared-key-token" "The ID token says that the client secret signs it: alg HS256."
        Header(|header| set(header, "alg", "HS256"));
    UnknownKey "unknown-key" "The ID token names a key that is not published."
        Header(|header| set(header, "kid", "not-published"));
    CarriedKey "carried-key" "The ID token names a key that is not published, and carries it: jwk."
        CarriesKey;
    PointedKey "pointed-key" "The ID token names a key that is not published, and says where it is: jku."
        Header(|header| {
            set(header, "kid", "not-published");
            set(header, "jku", format!("{ELSEWHERE}/oauth2/v1/keys"));
        });
    UnnamedKey "unnamed-key" "The ID token names no key, while two are published."
        Header(|header| _ = header.remove("kid"));
    LongKeyName "long-key-name" "The ID token names a key by 300 letters."
        Header(|header| set(header, "kid", "k".repeat(300)));
    CriticalHeader "critical-header" "The ID token's header has an extension that must be understood."
        Header(|header| set(header, "crit", json!(["exp"])));
    OtherType "other-type" "The ID token's header says that it is an access token."
        Header(|header| set(header, "typ", "at+jwt"));
    NestedToken "nested-token" "The ID token's header says that another token is in it: cty."
        Header(|header| set(header, "cty", "JWT"));
    ZippedToken "zipped-token" "The ID token's header says that it is compressed: zip."
        Header(|header| set(header, "zip", "DEF"));
    TamperedSignature "tampered-signature" "The ID token's signature is changed in one place."
        Signed(tampered);
    CutToken "cut-token" "The ID token ends before its signature."
        Signed(|token| token.rsplit_once('.').map_or_else(String::new, |(head, _)| head.to_owned()));
    EncryptedToken "encrypted-token" "The ID token has the five parts of an encrypted one."
        Signed(|token| format!("{token}.AA.AA"));
    PaddedToken "padded-token" "The ID token's signature ends with =."
        Signed(|token| format!("{token}="));
    JsonToken "json-token" "The ID token is in the JSON serialisation."
        Signed(|token| match token.split('.').collect::<Vec<_>>()[..] {
            [protected, payload, signature] => {
                json!({ "protected": protected, "payload": payload, "signature": signature }).to_string()
            }
            _ => String::new(),
        });
    HugeToken "huge-token" "The ID token has more than 32 kB."
        Signed(|token| format!("{token}{}", "A".repeat(40_000)));

    UserInfoOtherSubject "userinfo-other-subject" "UserInfo answers for another subject."
        Answer(UserInfo, |claims| set(claims, "sub", "00uanother"));
    UserInfoOtherIssuer "userinfo-other-issuer" "UserInfo names another issuer."
        Answer(UserInfo, |claims| set(claims, "iss", ELSEWHERE));
    UserInfoOtherEmail "userinfo-other-email" "UserInfo gives another e-mail on the same domain."
        Answer(UserInfo, |claims| respell(claims, |email| format!("another.{email}")));
    UserInfoNoSubject "userinfo-no-subject" "UserInfo names no subject."
        Answer(UserInfo, |claims| _ = claims.remove("sub"));
    UserInfoSubjectNumber "userinfo-subject-number" "UserInfo gives the subject as a number."
        Answer(UserInfo, |claims| set(claims, "sub", 1));
    UserInfoRefused "userinfo-refused" "UserInfo answers 401 invalid_token."
        Instead(UserInfo, invalid_token);
    UserInfoSigned "userinfo-signed" "UserInfo is answered as a signed token that nobody asked for."
        Instead(UserInfo, signed_user_info);
    UserInfoGarbled "userinfo-garbled" "UserInfo is answered with half a document."
        Instead(UserInfo, garbled);
    UserInfoHuge "userinfo-huge" "UserInfo is answered with 300 kB."
        Instead(UserInfo, huge);
    UserInfoDown "userinfo-down" "UserInfo answers 503."
        Instead(UserInfo, unavailable);

    TokenInvalidClient "token-invalid-client" "The token endpoint answers 401 invalid_client."
        Instead(Token, invalid_client);
    TokenInvalidGrant "token-invalid-grant" "The token endpoint answers 400 invalid_grant."
        Instead(Token, invalid_grant);
    TokenInvalidRequest "token-invalid-request" "The token endpoint answers 400 invalid_request."
        Instead(Token, invalid_request);
    TokenServerError "token-server-error" "The token endpoint answers 500."
        Instead(Token, server_error);
    TokenRateLimited "token-rate-limited" "The token endpoint answers 429 with a wait of 30 seconds."
        Instead(Token, busy);
    TokenHtml "token-html" "The token endpoint answers with an HTML page."
        Instead(Token, maintenance);
    TokenGarbled "token-garbled" "The token endpoint answers with half a document."
        Instead(Token, garbled);
    TokenHuge "token-huge" "The token endpoint answers with 300 kB."
        Instead(Token, huge);
    NoIdToken "no-id-token" "The token endpoint answers without an ID token."
        Answer(Token, |tokens| _ = tokens.remove("id_token"));
    IdTokenNumber "id-token-number" "The token endpoint answers with a number where the ID token belongs."
        Answer(Token, |tokens| set(tokens, "id_token", 1));
    TokenMac "token-mac" "The token endpoint answers with an access token of the type MAC."
        Answer(Token, |tokens| set(tokens, "token_type", "MAC"));

    CallbackOtherIssuer "callback-other-issuer" "The callback carries iss of another issuer."
        Callback(|pairs| pairs.push(("iss".to_owned(), ELSEWHERE.to_owned())));
    CallbackOtherState "callback-other-state" "The callback carries the state of another attempt."
        Callback(|pairs| for (name, value) in pairs {
            if name == "state" {
                *value = "A".repeat(43);
            }
        });
    CallbackNoCode "callback-no-code" "The callback carries neither a code nor an error."
        Callback(|pairs| pairs.retain(|(name, _)| name != "code"));
    DeniedUnassigned "denied-unassigned" "Okta says that the application is not assigned to the person."
        Callback(|pairs| denied(pairs, "access_denied", "User is not assigned to the client application."));
    DeniedPolicy "denied-policy" "Okta says that a policy keeps the person out."
        Callback(|pairs| denied(
            pairs,
            "access_denied",
            "Policy evaluation failed for this request, please check the policy configurations.",
        ));
    DeniedConsent "denied-consent" "Okta says that the person has not agreed."
        Callback(|pairs| denied(pairs, "consent_required", "The user has not consented."));
    DeniedAuthentication "denied-authentication" "Okta says that the person has not proved enough."
        Callback(|pairs| denied(pairs, "unmet_authentication_requirements", "Not enough factors."));
    DeniedScope "denied-scope" "Okta says that it does not know a scope."
        Callback(|pairs| denied(pairs, "invalid_scope", "One or more scopes are not configured."));
    DeniedClient "denied-client" "Okta says that the application may not sign in this way."
        Callback(|pairs| denied(pairs, "unauthorized_client", "The client is not authorized to use this grant."));
    DeniedTrouble "denied-trouble" "Okta says that it cannot serve anybody now."
        Callback(|pairs| denied(pairs, "temporarily_unavailable", "Try again later."));
    DeniedUnknown "denied-unknown" "Okta gives an error that no document names."
        Callback(|pairs| denied(pairs, "out_of_luck", "<script>alert(1)</script>"));

    MetadataOtherIssuer "metadata-other-issuer" "The metadata names another issuer."
        Answer(Metadata, |metadata| set(metadata, "issuer", ELSEWHERE));
    MetadataNearIssuer "metadata-near-issuer" "The metadata names the issuer with a slash behind it."
        Answer(Metadata, |metadata| if let Some(issuer) = text(metadata, "issuer") {
            set(metadata, "issuer", format!("{issuer}/"));
        });
    MetadataTwoIssuers "metadata-two-issuers" "The metadata names two issuers."
        Instead(Metadata, two_issuers);
    MetadataOffHost "metadata-off-host" "The metadata has the keys on another host."
        Answer(Metadata, |metadata| set(metadata, "jwks_uri", format!("{ELSEWHERE}/oauth2/v1/keys")));
    MetadataTokenOffHost "metadata-token-off-host" "The metadata has the token endpoint on another host."
        Answer(Metadata, |metadata| set(metadata, "token_endpoint", format!("{ELSEWHERE}/oauth2/v1/token")));
    MetadataSharedKeyAlone "metadata-shared-key-alone" "The metadata offers ID tokens signed with HS256 alone."
        Answer(Metadata, |metadata| set(metadata, "id_token_signing_alg_values_supported", json!(["HS256"])));
    MetadataNoCode "metadata-no-code" "The metadata does not offer the authorization code flow."
        Answer(Metadata, |metadata| set(metadata, "response_types_supported", json!(["id_token"])));
    MetadataKeyAlone "metadata-key-alone" "The metadata lets applications prove themselves by private_key_jwt alone."
        Answer(Metadata, |metadata| set(metadata, "token_endpoint_auth_methods_supported", json!(["private_key_jwt"])));
    MetadataPlainAlone "metadata-plain-alone" "The metadata offers PKCE by plain alone."
        Answer(Metadata, |metadata| set(metadata, "code_challenge_methods_supported", json!(["plain"])));
    MetadataNoKeys "metadata-no-keys" "The metadata does not say where the keys are."
        Answer(Metadata, |metadata| _ = metadata.remove("jwks_uri"));
    MetadataIssuerNumber "metadata-issuer-number" "The metadata gives the issuer as a number."
        Answer(Metadata, |metadata| set(metadata, "issuer", 1));
    MetadataPromisesIssuer "metadata-promises-issuer"
        "The metadata promises that callbacks carry iss, and none does."
        Answer(Metadata, |metadata| set(metadata, "authorization_response_iss_parameter_supported", true));
    MetadataHtml "metadata-html" "The metadata is answered with an HTML page."
        Instead(Metadata, maintenance);
    MetadataGarbled "metadata-garbled" "The metadata is answered with half a document."
        Instead(Metadata, garbled);
    MetadataHuge "metadata-huge" "The metadata is answered with 300 kB."
        Instead(Metadata, huge);
    MetadataCompressed "metadata-compressed" "The metadata is answered compressed, which nobody asked for."
        Instead(Metadata, compressed);
    MetadataMissing "metadata-missing" "The metadata answers 404."
        Instead(Metadata, missing);
    MetadataDown "metadata-down" "The metadata answers 503."
        Instead(Metadata, unavailable);

    KeysEmpty "keys-empty" "The key set is empty."
        Answer(Keys, |set| _ = set.insert("keys".to_owned(), json!([])));
    KeysNull "keys-null" "The key set has null where the keys belong."
        Answer(Keys, |set| _ = set.insert("keys".to_owned(), Value::Null));
    KeysNoMember "keys-no-member" "The key set has no keys at all."
        Answer(Keys, |set| _ = set.remove("keys"));
    KeysWeak "keys-weak" "The keys have 1032 bits."
        Answer(Keys, |set| for key in set.get_mut("keys").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(modulus) = key["n"].as_str().and_then(|n| n.get(..172)) {
                key["n"] = json!(modulus);
            }
        });
    KeysTwice "keys-twice" "The key set has each key twice, under one name."
        Answer(Keys, |set| if let Some(keys) = set.get_mut("keys").and_then(Value::as_array_mut) {
            keys.extend(keys.clone());
        });
    KeysHtml "keys-html" "The key set is answered with an HTML page."
        Instead(Keys, maintenance);
    KeysGarbled "keys-garbled" "The key set is answered with half a document."
        Instead(Keys, garbled);
    KeysHuge "keys-huge" "The key set is answered with 300 kB."
        Instead(Keys, huge);
    KeysMissing "keys-missing" "The key set answers 404."
        Instead(Keys, missing);
    KeysDown "keys-down" "The key set answers 503."
        Instead(Keys, unavailable);

    PushedNoName "pushed-no-name" "A pushed authorization request is answered without its name."
        Answer(Par, |pushed| _ = pushed.remove("request_uri"));
    PushedNameNumber "pushed-name-number" "A pushed authorization request is named by a number."
        Answer(Par, |pushed| set(pushed, "request_uri", 1));
    PushedHtml "pushed-html" "A pushed authorization request is answered with an HTML page."
        Instead(Par, || created(maintenance()));
    PushedGarbled "pushed-garbled" "A pushed authorization request is answered with half a document."
        Instead(Par, || created(garbled()));
    PushedRefused "pushed-refused" "A pushed authorization request is answered 400 invalid_request."
        Instead(Par, invalid_request);
    PushedDown "pushed-down" "A pushed authorization request is answered 503."
        Instead(Par, unavailable);

    SlowAnswers "slow-answers"
        "Metadata, keys, token and UserInfo answer later than a product should wait."
        Late;
}
