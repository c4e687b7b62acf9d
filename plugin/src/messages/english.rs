//! The texts in English.

mod outcome;
mod settings;
mod token;

use std::borrow::Cow;

use super::{Account, Code, Text};

const TRY_AGAIN: &str = "Go back to the sign-in page and try again.";
const ASK: &str = "Ask your administrator to look at this, and give the reference on this page.";
const LATER: &str = "Wait a minute, then try again from the sign-in page.";
const SETTINGS: &str = "Ask the person who looks after this product’s settings.";
const NOTHING: &str = "There is nothing for you to do.";

const NOT_COMPLETED: &str = "Your sign-in could not be completed.";
const NOT_SET_UP: &str = "Sign-in with Okta is not set up correctly for your company.";
const SIGN_OUT: &str = "You are signed out here, but perhaps not at Okta.";

/// One text for everything that would tell a stranger who exists here.
const REFUSED: &str = "Okta knows you, but that sign-in does not open an account here.";
const REFUSED_NEXT: &str = "Check that you chose the right Okta account. Otherwise ask your \
    administrator to invite you with exactly the e-mail address that you have in Okta.";

pub(super) fn text(code: &Code) -> Text {
    match code {
        Code::Login(error) => outcome::login(error),
        Code::Logout(error) => outcome::logout(error),
        Code::Problem(code) => about_settings(settings::problem(*code)),
        Code::Correction(code) => about_settings(settings::correction(*code)),
        Code::Check(check) => about_settings(settings::checked(*check)),
        Code::EmailMatch(result) => about_settings(settings::email_match(*result)),
        Code::Account(refusal) => refused(account(*refusal)),
        Code::TileLaunch => Text {
            person: "Sign-in starts at this product’s own sign-in page, not at the tile in Okta.",
            administrator: "Okta’s System Log says: 403 User performed OIDC single sign-on to app \
                - failure: missing_initiate_login_uri. The app was opened from the Okta dashboard, \
                but it supports sign-in that starts at the product only."
                .into(),
            next_step: "Tell people to start at the product’s sign-in page. In Okta you can hide \
                the app’s icon (General, App visibility) and add a Bookmark App that points to the \
                sign-in page."
                .into(),
            next_step_for_person: "Open the product’s sign-in page and press the Okta button.",
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

fn about_settings(pair: Pair) -> Text {
    new("This is about the single sign-on settings.", SETTINGS, pair)
}

fn refused(pair: Pair) -> Text {
    new(REFUSED, REFUSED_NEXT, pair)
}

fn account(refusal: Account) -> Pair {
    match refusal {
        Account::NotInvited => (
            "Okta vouches for this person, but no user here is invited with exactly this e-mail \
             address.",
            "Invite the person with the address that they have in Okta. Users are not created by \
             signing in.",
        ),
        Account::InvitationExpired => (
            "The person’s invitation has expired.",
            "Invite the person again.",
        ),
        Account::Disabled => (
            "The person’s user here is switched off.",
            "Switch the user on, if the person should come in.",
        ),
        Account::LinkedToAnotherSubject => (
            "The user with this e-mail address already signs in as another Okta account, perhaps \
             because the account in Okta was deleted and made again.",
            "If it is the same person, release the user from the other account, invite them again \
             and have them sign in.",
        ),
        Account::OtherAccount => (
            "The person signed in to Okta with another account than the one that was asked for.",
            "Have the person sign out of Okta, or choose the right account there.",
        ),
    }
}
