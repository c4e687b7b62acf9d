//! Tokens that are not accepted: for the administrator, what is wrong and what to do.

use super::Pair;
use crate::contract::exports::sso::provider::login::TokenProblem;

pub(super) fn token(problem: TokenProblem) -> Pair {
    const AGAIN: &str = "Start again. If it persists, check that no proxy changes Okta’s answers \
        and report it to the product’s support.";
    const ISSUER: &str = "Open the OpenID Provider Metadata link on the app’s Sign On tab and copy \
        the value of issuer again. With a custom domain, check which issuer the app uses (Sign On, \
        OpenID Connect ID Token).";
    const CLOCK: &str = "Compare the clocks: Okta’s and the product’s servers’ must agree to \
        within the tolerated difference, usually two minutes.";
    const POLICY: &str =
        "Check the app’s authentication policy in Okta, and what the product requires.";
    match problem {
        TokenProblem::Malformed => (
            "The token from Okta does not have the form of a signed token.",
            AGAIN,
        ),
        TokenProblem::TooLarge => (
            "The token from Okta is over the size limit.",
            "Reduce the claims that the app adds to its tokens, groups above all.",
        ),
        TokenProblem::Encrypted => (
            "The token is encrypted, which this product did not ask for.",
            "Switch ID token encryption off for the app in Okta.",
        ),
        TokenProblem::DuplicateMember => (
            "The token gives a name twice, so it could be read in two ways.",
            AGAIN,
        ),
        TokenProblem::AlgorithmNotAllowed => (
            "The token is signed by an algorithm that this connection does not allow.",
            "Okta signs with RS256: check the app’s signing settings, or the connection’s policy.",
        ),
        TokenProblem::CriticalHeader => (
            "The token demands an extension that this product does not have.",
            AGAIN,
        ),
        TokenProblem::WrongType => (
            "The token is of another kind than the one that is needed here.",
            AGAIN,
        ),
        TokenProblem::KeyNotFound => (
            "The token is signed with a key that Okta does not publish for this issuer.",
            "Wait a minute and try again: keys may have been rotated. If it persists, check the \
             Okta client issuer.",
        ),
        TokenProblem::KeyAmbiguous => (
            "The token does not say which of several keys signed it.",
            AGAIN,
        ),
        TokenProblem::KeyUnusable => (
            "The key that signed the token is too weak or not of its algorithm’s kind.",
            "Check the keys of the authorization server in Okta.",
        ),
        TokenProblem::SignatureMismatch => (
            "The signature of the token does not hold: it was changed, or signed by someone else.",
            AGAIN,
        ),
        TokenProblem::MemberMissing => {
            ("The token lacks a claim that the standard requires.", AGAIN)
        }
        TokenProblem::MemberMistyped => (
            "A claim of the token has another type than the standard requires.",
            "Check the app’s custom claims in Okta: none may replace a standard one.",
        ),
        TokenProblem::IssuerMismatch => (
            "The token names another issuer than the Okta client issuer of these settings; both \
             are shown. This happens after a custom domain was added or removed in Okta, or with \
             the issuer of another authorization server.",
            ISSUER,
        ),
        TokenProblem::AudienceMismatch => (
            "The token was issued for another app.",
            "Compare the Client ID with the one on the app’s Sign On or General tab.",
        ),
        TokenProblem::AuthorizedPartyMismatch => (
            "The token was issued at the request of another app.",
            "Compare the Client ID with the one on the app’s Sign On or General tab.",
        ),
        TokenProblem::Expired => ("The token has expired.", CLOCK),
        TokenProblem::NotYetValid => ("The token is not valid yet.", CLOCK),
        TokenProblem::IssuedAtUnacceptable => (
            "The token was issued too long ago, or in the future.",
            CLOCK,
        ),
        TokenProblem::LifetimeUnacceptable => (
            "The token is valid for longer than this product accepts.",
            "Check the token lifetimes of the authorization server in Okta.",
        ),
        TokenProblem::NonceMissing => (
            "The token does not carry the number that ties it to this sign-in.",
            AGAIN,
        ),
        TokenProblem::NonceMismatch => ("The token belongs to another sign-in.", AGAIN),
        TokenProblem::AcrUnmet => (
            "The sign-in was not as strong as this product requires.",
            POLICY,
        ),
        TokenProblem::AuthTimeMissing => (
            "The token does not say when the person proved who they are, and this connection \
             requires it.",
            POLICY,
        ),
        TokenProblem::AuthenticationTooOld => (
            "The person proved who they are too long ago.",
            "Have the person sign in again; Okta should ask for the password or a factor.",
        ),
        TokenProblem::AccessTokenHashMismatch => (
            "The ID token and the access token do not belong together.",
            AGAIN,
        ),
        TokenProblem::SubjectInvalid => (
            "The token’s subject is empty, too long, or not ASCII.",
            "Check the app’s subject mapping in Okta.",
        ),
        TokenProblem::EventMissing => ("The token does not say that it ends sessions.", AGAIN),
        TokenProblem::NoncePresent => (
            "The token to end sessions carries a number that only sign-in tokens may have.",
            AGAIN,
        ),
    }
}
