//! Sign-ins and sign-outs that did not succeed.

use super::token::token;
use super::{ASK, LATER, NOT_COMPLETED, NOT_SET_UP, NOTHING, SIGN_OUT, TRY_AGAIN, new, refused};
use crate::contract::exports::sso::provider::login::{DenialHint, Fault, LoginError, Misbehaviour};
use crate::contract::exports::sso::provider::logout::LogoutError;
use crate::contract::sso::provider::types::Endpoint;
use crate::messages::Text;

pub(super) fn login(error: &LoginError) -> Text {
    match error {
        LoginError::CallbackMalformed => new(
            NOT_COMPLETED,
            TRY_AGAIN,
            (
                "The address that the browser came back with is not an answer to a sign-in: a part \
                 is missing, given twice or changed.",
                "If it happens to many people, look for a proxy that rewrites addresses.",
            ),
        ),
        LoginError::TransactionNotFound => new(
            "This sign-in was started in another browser, took longer than ten minutes, or was \
             used already.",
            TRY_AGAIN,
            (
                "No pending sign-in fits this browser: it expired after ten minutes, was completed \
                 before, or began in another browser or tenant. These cases are not told apart on \
                 purpose.",
                "Start again at the sign-in page. If it happens to everyone, check that the \
                 product’s cookies reach the browser.",
            ),
        ),
        LoginError::ConnectionChanged => new(
            "The sign-in settings were changed while you were signing in.",
            TRY_AGAIN,
            (
                "The connection was saved anew between the start and the end of this sign-in.",
                "Nothing to repair: start again.",
            ),
        ),
        LoginError::ResponseIssuerMissing => new(
            NOT_COMPLETED,
            TRY_AGAIN,
            (
                "The provider announces that its answers name their issuer, and this answer names \
                 none.",
                "Start again. If it persists, look for a proxy that removes parameters and report \
                 it to Okta.",
            ),
        ),
        LoginError::ResponseIssuerMismatch => new(
            NOT_COMPLETED,
            TRY_AGAIN,
            (
                "The answer names another issuer than the Okta client issuer of these settings. \
                 Either it comes from another provider, or the organisation’s address in Okta has \
                 changed, for example by a custom domain.",
                "Compare the Okta client issuer with the value of issuer behind the OpenID \
                 Provider Metadata link (Sign On tab), and save the settings again if it differs.",
            ),
        ),
        LoginError::ProviderDenied(denial) => denied(denial.hint),
        LoginError::LoginRequired => new(
            "You need to sign in to Okta first.",
            TRY_AGAIN,
            (
                "The product asked Okta to answer without showing a page, and Okta needs to see \
                 the person.",
                "Start an ordinary sign-in.",
            ),
        ),
        LoginError::ProviderUnavailable(endpoint) => {
            unavailable("Okta cannot be reached right now.", *endpoint)
        }
        LoginError::ProviderBusy(_) => busy("Okta is receiving too many requests right now."),
        LoginError::ProviderMisbehaved(misbehaviour) => misbehaved(NOT_COMPLETED, misbehaviour),
        LoginError::ClientRejected => new(
            NOT_SET_UP,
            ASK,
            (
                "Okta does not accept the Client ID with the Client secret or key of these \
                 settings. The secret may have been rotated in Okta alone, Okta may not have the \
                 key, or the app uses another client authentication.",
                "Copy Client ID and Client secret again from the app’s Sign On or General tab; for \
                 a key, check there that the app has its public half. The app’s client \
                 authentication must be that of these settings.",
            ),
        ),
        LoginError::CodeRejected => new(
            NOT_COMPLETED,
            TRY_AGAIN,
            (
                "Okta no longer accepts the code of this sign-in: it was used already, is older \
                 than five minutes, or was issued for another redirect URI.",
                "Start again. If it persists, compare the redirect URI with the app’s Sign-in \
                 redirect URIs (General).",
            ),
        ),
        LoginError::TokenRejected(rejection) => {
            new(NOT_COMPLETED, TRY_AGAIN, token(rejection.problem))
        }
        LoginError::EmailMissing => refused((
            "Neither the ID token nor UserInfo holds an e-mail address for this person.",
            "Give the person a primary e-mail in Okta, and check that the app may use the scope \
             email. A custom authorization server needs an access policy that grants it.",
        )),
        LoginError::EmailMalformed(_) => refused((
            "The e-mail address that Okta sent is not one that this product accepts: plain ASCII \
             with one @, without quotes and spaces.",
            "Correct the primary e-mail in the person’s Okta profile.",
        )),
        LoginError::EmailUnverified(_) => refused((
            "Okta says that this person’s e-mail address is not verified.",
            "Have the person verify the address in Okta, then sign in again.",
        )),
        LoginError::EmailDomainNotApproved(_) => refused((
            "The person’s e-mail is on a domain that is not one of your approved SSO domains. \
             Subdomains count as other domains.",
            "Compare the address with the SSO domain in the settings. Contact the product’s \
             support to have another domain approved.",
        )),
        LoginError::StorageUnavailable => new(
            "Something went wrong on our side.",
            LATER,
            (
                "The product’s storage did not answer, so the sign-in was stopped.",
                "Nothing in Okta needs to change. Tell the product’s support if it persists.",
            ),
        ),
        LoginError::RandomnessUnavailable => new(
            "Something went wrong on our side.",
            LATER,
            (
                "The product’s source of random numbers failed, so no sign-in was started.",
                "Nothing in Okta needs to change. Tell the product’s support.",
            ),
        ),
        LoginError::ConnectionInvalid => new(
            NOT_SET_UP,
            ASK,
            (
                "The stored connection is not one that the settings page produces.",
                "Open the single sign-on settings and save them again.",
            ),
        ),
    }
}

fn denied(hint: DenialHint) -> Text {
    let not_allowed = "Okta did not let you into this app.";
    match hint {
        DenialHint::UserNotAssigned => new(
            not_allowed,
            "Ask your administrator to assign you to this app in Okta.",
            (
                "The person is not assigned to the app in Okta.",
                "Open the app in the Okta Admin Console, tab Assignments, and assign the person or \
                 one of their groups.",
            ),
        ),
        DenialHint::Policy => new(
            not_allowed,
            ASK,
            (
                "A policy in Okta refused this sign-in: sign-on policy, network zone, required \
                 factor, or the access policy of a custom authorization server.",
                "Look up the sign-in in Okta’s System Log: it names the policy and the rule. Then \
                 adjust the rule, or the person’s factors.",
            ),
        ),
        DenialHint::Consent => new(
            "Okta needs your consent, and did not get it.",
            TRY_AGAIN,
            (
                "Okta asks for consent to share the profile, and it was not given.",
                "Have the person sign in again and agree, or switch consent off in the app’s \
                 General tab.",
            ),
        ),
        DenialHint::Authentication => new(
            "You did not finish signing in to Okta.",
            TRY_AGAIN,
            (
                "The person did not complete Okta’s own sign-in: it was cancelled, failed, \
                 expired, or could not reach the required strength.",
                "Have the person try again. Okta’s System Log names the reason.",
            ),
        ),
        DenialHint::Scope => new(
            NOT_SET_UP,
            ASK,
            (
                "The app or its authorization server does not allow the scopes openid, profile and \
                 email.",
                "Allow these three scopes in Okta: for a custom authorization server under Scopes \
                 and Access Policies.",
            ),
        ),
        DenialHint::ClientConfiguration => new(
            NOT_SET_UP,
            ASK,
            (
                "Okta refuses the request because of the app’s configuration: grant type, response \
                 type, redirect URI, or the authorization server that it may use.",
                "In the app’s General tab allow Authorization Code and compare the Sign-in \
                 redirect URIs. Apps of Okta’s catalogue need the organisation’s own issuer, \
                 without /oauth2/.",
            ),
        ),
        DenialHint::ProviderTrouble => new(
            "Okta has a problem right now.",
            LATER,
            (
                "Okta reported an error of its own or said that it is temporarily unavailable.",
                "Try again later, and look at Okta’s status page and System Log.",
            ),
        ),
        DenialHint::Unknown => new(
            not_allowed,
            ASK,
            (
                "Okta refused this sign-in for a reason that this product does not know.",
                "Look up the sign-in in Okta’s System Log.",
            ),
        ),
    }
}

pub(super) fn logout(error: &LogoutError) -> Text {
    match error {
        LogoutError::Unsupported => new(
            SIGN_OUT,
            "Sign out of Okta on its own page.",
            (
                "The provider offers no sign-out address, or the settings have no address to come \
                 back to.",
                "Add the product’s address to the app’s Sign-out redirect URIs (General), and to \
                 the settings.",
            ),
        ),
        LogoutError::RequestMalformed => new(
            SIGN_OUT,
            NOTHING,
            (
                "A request to end sessions does not have the form that the standards require.",
                "Check the logout settings of the app in Okta: the address must be this product’s \
                 own.",
            ),
        ),
        LogoutError::TokenRejected(rejection) => new(SIGN_OUT, NOTHING, token(rejection.problem)),
        LogoutError::Replayed => new(
            SIGN_OUT,
            NOTHING,
            (
                "This command to end sessions was carried out before.",
                "Nothing to do, unless it repeats: then someone is sending copies.",
            ),
        ),
        LogoutError::ProviderUnavailable(endpoint) => unavailable(SIGN_OUT, *endpoint),
        LogoutError::ProviderBusy(_) => busy(SIGN_OUT),
        LogoutError::ProviderMisbehaved(misbehaviour) => misbehaved(SIGN_OUT, misbehaviour),
        LogoutError::StorageUnavailable => new(
            SIGN_OUT,
            NOTHING,
            (
                "The product’s storage did not answer, so the command to end sessions was not \
                 carried out.",
                "Nothing in Okta needs to change. Tell the product’s support if it persists.",
            ),
        ),
        LogoutError::ConnectionInvalid => new(
            SIGN_OUT,
            NOTHING,
            (
                "The stored connection is not one that the settings page produces.",
                "Open the single sign-on settings and save them again.",
            ),
        ),
    }
}

const fn place(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::Metadata => "the OpenID Provider Metadata",
        Endpoint::Keys => "the signing keys",
        Endpoint::Authorization => "the sign-in page",
        Endpoint::PushedAuthorization => "the endpoint for pushed sign-in requests",
        Endpoint::Token => "the token endpoint",
        Endpoint::UserInfo => "the UserInfo endpoint",
        Endpoint::EndSession => "the sign-out endpoint",
    }
}

fn unavailable(person: &'static str, endpoint: Endpoint) -> Text {
    Text {
        administrator: format!(
            "There was no usable answer from {} in time.",
            place(endpoint)
        )
        .into(),
        ..new(
            person,
            LATER,
            (
                "",
                "Check the Okta client issuer for typing mistakes and Okta’s status page for an \
                 outage, then try again.",
            ),
        )
    }
}

fn busy(person: &'static str) -> Text {
    new(
        person,
        LATER,
        (
            "Okta answered that its rate limit is reached.",
            "Wait a minute. If it repeats, look at the rate limits in the Okta Admin Console under \
             Reports.",
        ),
    )
}

fn misbehaved(person: &'static str, misbehaviour: &Misbehaviour) -> Text {
    let (what, next_step) = match misbehaviour.fault {
        Fault::Status => (
            "answered with a status that it does not have for this request",
            "Check that the Okta client issuer is complete; for a custom authorization server, \
             that it still exists and is active.",
        ),
        Fault::ContentType => (
            "answered with something other than JSON, such as a web page",
            "Check that the Okta client issuer is an Okta address and that no proxy answers in its \
             place.",
        ),
        Fault::NotJson => (
            "answered with JSON that cannot be read safely",
            "Check that no proxy changes Okta’s answers.",
        ),
        Fault::TooLarge => (
            "answered with more than the size limit",
            "Check that the Okta client issuer is an Okta address.",
        ),
        Fault::MissingMember => (
            "left out something that the standard requires",
            "Check that the Okta client issuer is an Okta address and that the app is an OpenID \
             Connect app.",
        ),
        Fault::MistypedMember => (
            "sent something in another form than the standard requires",
            "Check that the Okta client issuer is an Okta address and that no proxy changes Okta’s \
             answers.",
        ),
        Fault::IssuerMismatch => (
            "named another issuer than the Okta client issuer of these settings; both are shown. \
             This happens with the address of the Admin Console (-admin), and after a custom \
             domain was added or removed in Okta",
            "Open the OpenID Provider Metadata link on the Sign On tab and copy the value of \
             issuer again. With a custom domain, check which issuer the app uses (Sign On, OpenID \
             Connect ID Token).",
        ),
        Fault::EndpointOffHost => (
            "pointed to another host than the issuer’s, or not to https",
            "Use the issuer whose metadata stays on its own host: the organisation’s address, or \
             the custom domain.",
        ),
        Fault::SubjectMismatch => (
            "told about another person than the ID token",
            "Start again. If it persists, report it to Okta.",
        ),
        Fault::EmailMismatch => (
            "named another e-mail address than the ID token",
            "Check the app’s claim mappings for email in Okta: both must be the primary e-mail.",
        ),
        Fault::NoUsableKey => (
            "offered no key that this product can use",
            "Check the Okta client issuer; Okta signs with RS256.",
        ),
        Fault::Unsupported => (
            "does not offer what this connection needs",
            "Compare the connection’s policy with what the OpenID Provider Metadata lists.",
        ),
    };
    Text {
        administrator: format!("At Okta, {} {what}.", place(misbehaviour.endpoint)).into(),
        ..new(person, ASK, ("", next_step))
    }
}
