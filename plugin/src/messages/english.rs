//! The texts in English.

use std::borrow::Cow;

use super::{Account, Code, Text};
use crate::contract::exports::sso::provider::claims::EmailMatch;
use crate::contract::exports::sso::provider::config::{CorrectionCode, ProblemCode};
use crate::contract::exports::sso::provider::login::{
    DenialHint, Fault, LoginError, Misbehaviour, TokenProblem,
};
use crate::contract::exports::sso::provider::logout::LogoutError;
use crate::contract::sso::provider::types::{Check, Endpoint};

const TRY_AGAIN: &str = "Go back to the sign-in page and try again.";
const ASK: &str = "Ask your administrator to look at this, and give the number on this page.";
const LATER: &str = "Wait a minute, then try again from the sign-in page.";
const SETTINGS: &str = "Ask the person who looks after this product's settings.";
const NOTHING: &str = "There is nothing for you to do.";

const NOT_COMPLETED: &str = "Your sign-in could not be completed.";
const NOT_SET_UP: &str = "Sign-in with Okta is not set up correctly for your company.";
const SIGN_OUT: &str = "You are signed out here, but perhaps not at Okta.";

/// One text for everything that would tell a stranger who exists here.
const REFUSED: &str = "Okta knows you, but that sign-in does not open an account here.";
const REFUSED_NEXT: &str = "Check that you chose the right Okta account. Otherwise ask your administrator to invite you with exactly the e-mail address that you have in Okta.";

pub(super) fn text(code: &Code) -> Text {
    match code {
        Code::Login(error) => login(error),
        Code::Logout(error) => logout(error),
        Code::Problem(code) => settings(problem(*code)),
        Code::Correction(code) => settings(correction(*code)),
        Code::Check(check) => settings(checked(*check)),
        Code::EmailMatch(result) => settings(email_match(*result)),
        Code::Account(refusal) => refused(account(*refusal)),
        Code::TileLaunch => Text {
            person: "Sign-in starts at this product's own sign-in page, not at the tile in Okta.",
            administrator: "Okta's System Log says: 403 User performed OIDC single sign-on to app - failure: missing_initiate_login_uri. The app was opened from the Okta dashboard, but it supports sign-in that starts at the product only.".into(),
            next_step: "Tell people to start at the product's sign-in page. In Okta you can hide the app's icon (General, App visibility) and add a Bookmark App that points to the sign-in page.".into(),
            next_step_for_person: "Open the product's sign-in page and press the Okta button.",
        },
    }
}

type Pair = (&'static str, &'static str);

fn new(
    person: &'static str,
    next_step_for_person: &'static str,
    (administrator, next_step): Pair,
) -> Text {
    Text {
        person,
        administrator: Cow::Borrowed(administrator),
        next_step: Cow::Borrowed(next_step),
        next_step_for_person,
    }
}

fn settings(pair: Pair) -> Text {
    new("This is about the single sign-on settings.", SETTINGS, pair)
}

fn refused(pair: Pair) -> Text {
    new(REFUSED, REFUSED_NEXT, pair)
}

fn login(error: &LoginError) -> Text {
    match error {
        LoginError::CallbackMalformed => new(
            NOT_COMPLETED,
            TRY_AGAIN,
            (
                "The address that the browser came back with is not an answer to a sign-in: a part is missing, given twice or changed.",
                "If it happens to many people, look for a proxy that rewrites addresses.",
            ),
        ),
        LoginError::TransactionNotFound => new(
            "This sign-in was started in another browser, took longer than ten minutes, or was used already.",
            TRY_AGAIN,
            (
                "No pending sign-in fits this browser: it expired after ten minutes, was completed before, or began in another browser or tenant. These cases are not told apart on purpose.",
                "Start again at the sign-in page. If it happens to everyone, check that the product's cookies reach the browser.",
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
                "The provider announces that its answers name their issuer, and this answer names none.",
                "Start again. If it persists, look for a proxy that removes parameters and report it to Okta.",
            ),
        ),
        LoginError::ResponseIssuerMismatch => new(
            NOT_COMPLETED,
            TRY_AGAIN,
            (
                "The answer names another issuer than the Okta client issuer of these settings. Either it comes from another provider, or the organisation's address in Okta has changed, for example by a custom domain.",
                "Compare the Okta client issuer with the value of issuer behind the OpenID Provider Metadata link (Sign On tab), and save the settings again if it differs.",
            ),
        ),
        LoginError::ProviderDenied(denial) => denied(denial.hint),
        LoginError::LoginRequired => new(
            "You need to sign in to Okta first.",
            TRY_AGAIN,
            (
                "The product asked Okta to answer without showing a page, and Okta needs to see the person.",
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
                "Okta does not accept the Client ID and Client secret of these settings. The secret may have been rotated in Okta alone, or the app uses another client authentication.",
                "Copy Client ID and Client secret again from the app's Sign On tab, and check there that the app authenticates by client secret.",
            ),
        ),
        LoginError::CodeRejected => new(
            NOT_COMPLETED,
            TRY_AGAIN,
            (
                "Okta no longer accepts the code of this sign-in: it was used already, is older than five minutes, or was issued for another redirect URI.",
                "Start again. If it persists, compare the redirect URI with the app's Sign-in redirect URIs (General).",
            ),
        ),
        LoginError::TokenRejected(rejection) => {
            new(NOT_COMPLETED, TRY_AGAIN, token(rejection.problem))
        }
        LoginError::EmailMissing => refused((
            "Neither the ID token nor UserInfo holds an e-mail address for this person.",
            "Give the person a primary e-mail in Okta, and check that the app may use the scope email. A custom authorization server needs an access policy that grants it.",
        )),
        LoginError::EmailMalformed => refused((
            "The e-mail address that Okta sent is not one that this product accepts: plain ASCII with one @, without quotes and spaces.",
            "Correct the primary e-mail in the person's Okta profile.",
        )),
        LoginError::EmailUnverified => refused((
            "Okta says that this person's e-mail address is not verified.",
            "Have the person verify the address in Okta, then sign in again.",
        )),
        LoginError::EmailDomainNotApproved => refused((
            "The person's e-mail is on a domain that is not one of your approved SSO domains. Subdomains count as other domains.",
            "Compare the address with the SSO domain in the settings. Contact the product's support to have another domain approved.",
        )),
        LoginError::StorageUnavailable => new(
            "Something went wrong on our side.",
            LATER,
            (
                "The product's storage did not answer, so the sign-in was stopped.",
                "Nothing in Okta needs to change. Tell the product's support if it persists.",
            ),
        ),
        LoginError::RandomnessUnavailable => new(
            "Something went wrong on our side.",
            LATER,
            (
                "The product's source of random numbers failed, so no sign-in was started.",
                "Nothing in Okta needs to change. Tell the product's support.",
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
                "Open the app in the Okta Admin Console, tab Assignments, and assign the person or one of their groups.",
            ),
        ),
        DenialHint::Policy => new(
            not_allowed,
            ASK,
            (
                "A policy in Okta refused this sign-in: sign-on policy, network zone, required factor, or the access policy of a custom authorization server.",
                "Look up the sign-in in Okta's System Log: it names the policy and the rule. Then adjust the rule, or the person's factors.",
            ),
        ),
        DenialHint::Consent => new(
            "Okta needs your consent, and did not get it.",
            TRY_AGAIN,
            (
                "Okta asks for consent to share the profile, and it was not given.",
                "Have the person sign in again and agree, or switch consent off in the app's General tab.",
            ),
        ),
        DenialHint::Authentication => new(
            "You did not finish signing in to Okta.",
            TRY_AGAIN,
            (
                "The person did not complete Okta's own sign-in: it was cancelled, failed, expired, or could not reach the required strength.",
                "Have the person try again. Okta's System Log names the reason.",
            ),
        ),
        DenialHint::Scope => new(
            NOT_SET_UP,
            ASK,
            (
                "The app or its authorization server does not allow the scopes openid, profile and email.",
                "Allow these three scopes in Okta: for a custom authorization server under Scopes and Access Policies.",
            ),
        ),
        DenialHint::ClientConfiguration => new(
            NOT_SET_UP,
            ASK,
            (
                "Okta refuses the request because of the app's configuration: grant type, response type, redirect URI, or the authorization server that it may use.",
                "In the app's General tab allow Authorization Code and compare the Sign-in redirect URIs. Apps of Okta's catalogue need the organisation's own issuer, without /oauth2/.",
            ),
        ),
        DenialHint::ProviderTrouble => new(
            "Okta has a problem right now.",
            LATER,
            (
                "Okta reported an error of its own or said that it is temporarily unavailable.",
                "Try again later, and look at Okta's status page and System Log.",
            ),
        ),
        DenialHint::Unknown => new(
            not_allowed,
            ASK,
            (
                "Okta refused this sign-in for a reason that this product does not know.",
                "Look up the sign-in in Okta's System Log.",
            ),
        ),
    }
}

fn logout(error: &LogoutError) -> Text {
    match error {
        LogoutError::Unsupported => new(
            SIGN_OUT,
            "Sign out of Okta on its own page.",
            (
                "The provider offers no sign-out address, or the settings have no address to come back to.",
                "Add the product's address to the app's Sign-out redirect URIs (General), and to the settings.",
            ),
        ),
        LogoutError::RequestMalformed => new(
            SIGN_OUT,
            NOTHING,
            (
                "A request to end sessions does not have the form that the standards require.",
                "Check the logout settings of the app in Okta: the address must be this product's own.",
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
                "The product's storage did not answer, so the command to end sessions was not carried out.",
                "Nothing in Okta needs to change. Tell the product's support if it persists.",
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
                "Check the Okta client issuer for typing mistakes and Okta's status page for an outage, then try again.",
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
            "Wait a minute. If it repeats, look at the rate limits in the Okta Admin Console under Reports.",
        ),
    )
}

fn misbehaved(person: &'static str, misbehaviour: &Misbehaviour) -> Text {
    let (what, next_step) = match misbehaviour.fault {
        Fault::Status => (
            "answered with a status that it does not have for this request",
            "Check that the Okta client issuer is complete; for a custom authorization server, that it still exists and is active.",
        ),
        Fault::ContentType => (
            "answered with something other than JSON, such as a web page",
            "Check that the Okta client issuer is an Okta address and that no proxy answers in its place.",
        ),
        Fault::NotJson => (
            "answered with JSON that cannot be read safely",
            "Check that no proxy changes Okta's answers.",
        ),
        Fault::TooLarge => (
            "answered with more than the size limit",
            "Check that the Okta client issuer is an Okta address.",
        ),
        Fault::MissingMember => (
            "left out something that the standard requires",
            "Check that the Okta client issuer is an Okta address and that the app is an OpenID Connect app.",
        ),
        Fault::MistypedMember => (
            "sent something in another form than the standard requires",
            "Check that the Okta client issuer is an Okta address and that no proxy changes Okta's answers.",
        ),
        Fault::IssuerMismatch => (
            "named another issuer than the Okta client issuer of these settings; both are shown. This happens with the address of the Admin Console (-admin), and after a custom domain was added or removed in Okta",
            "Open the OpenID Provider Metadata link on the Sign On tab and copy the value of issuer again. With a custom domain, check which issuer the app uses (Sign On, OpenID Connect ID Token).",
        ),
        Fault::EndpointOffHost => (
            "pointed to another host than the issuer's, or not to https",
            "Use the issuer whose metadata stays on its own host: the organisation's address, or the custom domain.",
        ),
        Fault::SubjectMismatch => (
            "told about another person than the ID token",
            "Start again. If it persists, report it to Okta.",
        ),
        Fault::EmailMismatch => (
            "named another e-mail address than the ID token",
            "Check the app's claim mappings for email in Okta: both must be the primary e-mail.",
        ),
        Fault::NoUsableKey => (
            "offered no key that this product can use",
            "Check the Okta client issuer; Okta signs with RS256.",
        ),
        Fault::Unsupported => (
            "does not offer what this connection needs",
            "Compare the connection's policy with what the OpenID Provider Metadata lists.",
        ),
    };
    Text {
        administrator: format!("At Okta, {} {what}.", place(misbehaviour.endpoint)).into(),
        ..new(person, ASK, ("", next_step))
    }
}

fn token(problem: TokenProblem) -> Pair {
    const AGAIN: &str = "Start again. If it persists, check that no proxy changes Okta's answers and report it to the product's support.";
    const ISSUER: &str = "Open the OpenID Provider Metadata link on the app's Sign On tab and copy the value of issuer again. With a custom domain, check which issuer the app uses (Sign On, OpenID Connect ID Token).";
    const CLOCK: &str = "Compare the clocks: Okta's and the product's servers' must agree to within the tolerated difference, usually two minutes.";
    const POLICY: &str =
        "Check the app's authentication policy in Okta, and what the product requires.";
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
            "Okta signs with RS256: check the app's signing settings, or the connection's policy.",
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
            "Wait a minute and try again: keys may have been rotated. If it persists, check the Okta client issuer.",
        ),
        TokenProblem::KeyAmbiguous => (
            "The token does not say which of several keys signed it.",
            AGAIN,
        ),
        TokenProblem::KeyUnusable => (
            "The key that signed the token is too weak or not of its algorithm's kind.",
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
            "Check the app's custom claims in Okta: none may replace a standard one.",
        ),
        TokenProblem::IssuerMismatch => (
            "The token names another issuer than the Okta client issuer of these settings; both are shown. This happens after a custom domain was added or removed in Okta, or with the issuer of another authorization server.",
            ISSUER,
        ),
        TokenProblem::AudienceMismatch => (
            "The token was issued for another app.",
            "Compare the Client ID with the one on the app's Sign On tab.",
        ),
        TokenProblem::AuthorizedPartyMismatch => (
            "The token was issued at the request of another app.",
            "Compare the Client ID with the one on the app's Sign On tab.",
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
            "The token does not say when the person proved who they are, and this connection requires it.",
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
            "The token's subject is empty, too long, or not ASCII.",
            "Check the app's subject mapping in Okta.",
        ),
        TokenProblem::EventMissing => ("The token does not say that it ends sessions.", AGAIN),
        TokenProblem::NoncePresent => (
            "The token to end sessions carries a number that only sign-in tokens may have.",
            AGAIN,
        ),
    }
}

fn problem(code: ProblemCode) -> Pair {
    match code {
        ProblemCode::Missing => (
            "This field is empty.",
            "Copy the value from the app's Sign On tab in Okta.",
        ),
        ProblemCode::TooLong => (
            "The value is longer than it can be.",
            "Copy it again, and that value alone.",
        ),
        ProblemCode::Placeholder => (
            "This is an example from some documentation, not your own value.",
            "Copy your own value from the app's Sign On tab in Okta.",
        ),
        ProblemCode::WhiteSpace => (
            "There is a space or a line end in the value.",
            "Copy it again without what surrounds it.",
        ),
        ProblemCode::NotAUrl => (
            "This is not a complete web address.",
            "Give the whole address, such as https://acme.okta.com.",
        ),
        ProblemCode::NotHttps => (
            "The address does not begin with https.",
            "Use the address with https://.",
        ),
        ProblemCode::AdminHost => (
            "This is the address of Okta's Admin Console, and tokens name another issuer.",
            "Use the same address without -admin.",
        ),
        ProblemCode::EndpointInsteadOfIssuer => (
            "This is the address of a page or an endpoint, not the issuer.",
            "Open the OpenID Provider Metadata link on the Sign On tab and copy the value of issuer.",
        ),
        ProblemCode::QueryOrFragment => {
            ("The address has a part after ? or #.", "Remove that part.")
        }
        ProblemCode::UserInfoInUrl => (
            "The address holds a user name or a password before @.",
            "Remove that part.",
        ),
        ProblemCode::AddressNotAllowed => (
            "This is a number address or a name of a private network, which cannot be used here.",
            "Use the public name of your Okta organisation or its custom domain.",
        ),
        ProblemCode::Swapped => (
            "This looks like the value of another field: Client ID and Client secret may be in each other's place.",
            "Copy both again from the app's Sign On tab, each into its own field.",
        ),
        ProblemCode::InvalidCharacter => (
            "There is a character in it that cannot be there.",
            "Copy the value again; names with other letters are written in their xn-- form.",
        ),
        ProblemCode::InvalidDomain => (
            "This is not a name that a company's domain can have.",
            "Check it for typing mistakes, such as a doubled .com or a dot at the end.",
        ),
        ProblemCode::PublicMailDomain => (
            "Anyone can get an address or a name under this domain, so it belongs to no single company.",
            "Use a domain that only your company gives out addresses on.",
        ),
        ProblemCode::OutOfRange => (
            "The value is outside the allowed range.",
            "Choose a value within the range that is shown.",
        ),
    }
}

fn correction(code: CorrectionCode) -> Pair {
    const LOOK: &str = "Nothing to do if the corrected value is the one you meant.";
    match code {
        CorrectionCode::MetadataUrl => (
            "This was the address of the metadata document; the issuer was taken from it.",
            LOOK,
        ),
        CorrectionCode::MetadataDocument => {
            ("This was a metadata document; its issuer was taken.", LOOK)
        }
        CorrectionCode::TrailingSlash => (
            "The slash at the end was removed, since Okta's issuers have none.",
            LOOK,
        ),
        CorrectionCode::Quotes => ("The quotes around the value were removed.", LOOK),
        CorrectionCode::BareHost => ("The value had no https:// in front; it was added.", LOOK),
        CorrectionCode::SurroundingSpace => ("Space around the value was removed.", LOOK),
        CorrectionCode::LetterCase => (
            "Capital letters were changed to small ones where names do not tell them apart.",
            LOOK,
        ),
    }
}

fn checked(check: Check) -> Pair {
    const SAVE: &str = "Check the Okta client issuer: copy the value of issuer behind the OpenID Provider Metadata link (Sign On tab).";
    match check {
        Check::Metadata => (
            "Whether the issuer's metadata document can be fetched and read.",
            SAVE,
        ),
        Check::Issuer => (
            "Whether the metadata names exactly the issuer of these settings. It differs for an Admin Console address (-admin), another authorization server, or a custom domain.",
            SAVE,
        ),
        Check::Endpoints => (
            "Whether all endpoints are on the issuer's own host, by https.",
            SAVE,
        ),
        Check::CodeFlow => (
            "Whether the provider offers the authorization code flow.",
            "Allow Authorization Code in the app's General tab.",
        ),
        Check::Pkce => (
            "Whether the provider offers PKCE with S256.",
            "Okta offers it; check that the issuer is an Okta address.",
        ),
        Check::TokenAlgorithm => (
            "Whether the provider signs by an algorithm that the connection allows.",
            "Okta signs with RS256; allow it in the connection's policy.",
        ),
        Check::ClientAuthentication => (
            "Whether the provider accepts the connection's way of proving the product.",
            "Choose client secret as client authentication on the app's Sign On tab.",
        ),
        Check::Scopes => (
            "Whether the provider offers the scopes openid, profile and email.",
            "Allow these scopes; for a custom authorization server under Scopes.",
        ),
        Check::Keys => (
            "Whether the provider publishes a key that can be used.",
            "Try again in a minute; then check the keys of the authorization server in Okta.",
        ),
        Check::Clock => (
            "Whether the clocks of the provider and of this product agree.",
            "Have the product's server synchronise its clock.",
        ),
        Check::Callback => (
            "Whether the browser came back with a complete answer.",
            "Compare the redirect URI with the app's Sign-in redirect URIs (General).",
        ),
        Check::Transaction => (
            "Whether the answer belongs to a sign-in that was started in this browser.",
            "Start the test again, and finish it in the same browser within ten minutes.",
        ),
        Check::ProviderAnswer => (
            "Whether Okta let the person in.",
            "Check the app's Assignments tab and Okta's System Log.",
        ),
        Check::ClientCredentials => (
            "Whether Okta accepts Client ID and Client secret.",
            "Copy both again from the app's Sign On tab.",
        ),
        Check::IdToken => (
            "Whether the ID token is genuine and meant for this product.",
            "Follow the reason that is shown with this line.",
        ),
        Check::UserInfo => (
            "Whether UserInfo answers for the same person, where it is needed.",
            "Check that the app may use the scopes profile and email.",
        ),
        Check::Email => (
            "Whether there is a usable e-mail address for the person.",
            "Check the primary e-mail in the person's Okta profile.",
        ),
        Check::EmailDomain => (
            "Whether the e-mail address is on an approved SSO domain.",
            "Contact the product's support to have the domain approved.",
        ),
    }
}

fn email_match(result: EmailMatch) -> Pair {
    const MAKE_EQUAL: &str =
        "Make the two equal: correct the invitation here, or the primary e-mail in Okta.";
    match result {
        EmailMatch::Equal => (
            "The address from Okta and the one on file are equal.",
            "Nothing to do.",
        ),
        EmailMatch::DiffersInCase => (
            "The two addresses differ only in capital letters.",
            MAKE_EQUAL,
        ),
        EmailMatch::DiffersInWhiteSpace => {
            ("The two addresses differ only in white space.", MAKE_EQUAL)
        }
        EmailMatch::DiffersInTag => (
            "The two addresses differ only in what follows a plus sign.",
            MAKE_EQUAL,
        ),
        EmailMatch::LookAlike => (
            "The two addresses look the same but are written with other characters.",
            "Treat this with suspicion: type the address anew where it is wrong, and find out who entered it.",
        ),
        EmailMatch::Malformed => (
            "One of the two is not an e-mail address that is accepted here.",
            MAKE_EQUAL,
        ),
        EmailMatch::Different => (
            "The two addresses are different.",
            "Check that the right person was invited.",
        ),
    }
}

fn account(refusal: Account) -> Pair {
    match refusal {
        Account::NotInvited => (
            "Okta vouches for this person, but no user here is invited with exactly this e-mail address.",
            "Invite the person with the address that they have in Okta. Users are not created by signing in.",
        ),
        Account::InvitationExpired => (
            "The person's invitation has expired.",
            "Invite the person again.",
        ),
        Account::Disabled => (
            "The person's user here is switched off.",
            "Switch the user on, if the person should come in.",
        ),
        Account::LinkedToAnotherSubject => (
            "The user with this e-mail address already signs in as another Okta account, perhaps because the account in Okta was deleted and made again.",
            "If it is the same person, release the user's link in the settings and have them sign in again.",
        ),
        Account::OtherAccount => (
            "The person signed in to Okta with another account than the one that was asked for.",
            "Have the person sign out of Okta, or choose the right account there.",
        ),
    }
}
