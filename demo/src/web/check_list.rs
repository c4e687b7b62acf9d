//! Check lists in the plugin's words.

use super::spelling::spelled;
use crate::ledgerline::Ledgerline;
use crate::trials::{Entry, Outcome};

/// One line as the pages show it.
pub(super) struct Line {
    pub(super) title: String,
    pub(super) badge: &'static str,
    pub(super) words: &'static str,
    pub(super) text: String,
    pub(super) next_step: String,
    pub(super) expected: Option<String>,
    pub(super) found: Option<String>,
}

/// A list as the pages show it.
pub(super) struct CheckList {
    pub(super) lines: Vec<Line>,
    /// The number of the first line that failed, and its title.
    pub(super) first_failed: Option<(usize, String)>,
}

impl CheckList {
    pub(super) async fn of(ledgerline: &Ledgerline, entries: &[Entry]) -> Self {
        let mut lines = Vec::with_capacity(entries.len());
        for entry in entries {
            lines.push(line(ledgerline, entry).await);
        }
        let failed = (1..).zip(entries);
        let mut failed = failed.filter(|(_, entry)| entry.outcome == Outcome::Fail);
        Self {
            lines,
            first_failed: failed.next().map(|(at, entry)| (at, title(&entry.check))),
        }
    }
}

async fn line(ledgerline: &Ledgerline, entry: &Entry) -> Line {
    let (badge, words) = match entry.outcome {
        Outcome::Pass => ("good", "Passed"),
        Outcome::Warn => ("warn", "Look at this"),
        Outcome::Fail => ("bad", "Failed"),
        Outcome::Skipped => ("", "Not checked"),
    };
    let (text, next_step) = match &entry.reason {
        Some(reason) => explain(ledgerline, reason).await,
        None => (explain(ledgerline, &entry.check).await.0, String::new()),
    };
    Line {
        title: title(&entry.check),
        badge,
        words,
        text,
        next_step,
        expected: entry.expected.clone(),
        found: entry.found.as_ref().map(|found| {
            if entry.check == "check/email" {
                spelled(found)
            } else {
                found.clone()
            }
        }),
    }
}

/// The product's own codes, with what they say to an administrator and what to do next.
const OWN: &[(&str, &str, &str)] = &[
    (
        "own/administrator",
        "Whether the person who signed in at Okta is you, so that you can get in when passwords stop.",
        "",
    ),
    (
        "own/somebody-else",
        "You signed in at Okta as another of your people. They could get in; whether you can was not tested.",
        "Test again as somebody else: Okta then asks who you are, and you sign in as yourself.",
    ),
    (
        "own/nobody",
        "Nobody here has this e-mail address, so the person could not get in.",
        "Invite the person with exactly the e-mail of their Okta account, or test again as somebody else and sign in at Okta as yourself.",
    ),
    (
        "own/two-alike",
        "Two of your people have this e-mail address when capital letters are ignored, so neither could get in.",
        "Remove one of the two, or compare addresses exactly.",
    ),
    (
        "own/not-you",
        "The administrator who began the test was not signed in here any more, or is no administrator any more.",
        "Sign in, then start the test again.",
    ),
    (
        "own/changed-meanwhile",
        "The settings were changed while you were at Okta.",
        "Test the settings as they are now.",
    ),
    (
        "own/tied-elsewhere",
        "Your account is tied to another issuer, so you could not sign in with these settings.",
        "Ask our support to move the ties to this issuer, then test again.",
    ),
    (
        "own/others-tied-elsewhere",
        "You could get in. Other accounts are tied to another issuer: whoever is cannot sign in with these settings until we have moved the ties.",
        "Ask our support to move the ties before these settings are put into use.",
    ),
    (
        "own/thin-token",
        "UserInfo answers for the same person. The ID token is thin: the e-mail came from UserInfo, so every sign-in asks it.",
        "",
    ),
    (
        "own/full-token",
        "UserInfo answers for the same person. The ID token holds the e-mail itself, so a sign-in does not ask UserInfo.",
        "",
    ),
    (
        "own/domain-waiting",
        "The e-mail address is on the domain that you asked for, which we have not confirmed yet.",
        "Nothing to do: single sign-on becomes active as soon as the domain is confirmed.",
    ),
];

/// What to do next about the product's own refusals, by the names of its own buttons: the plugin knows none of them.
const NEXT_STEPS: &[(&str, &str)] = &[
    (
        "account/invitation-expired",
        "Open “Change” beside the person in People, and press “Invite again”.",
    ),
    (
        "account/disabled",
        "If the person should come in, open “Change” beside them in People, and press “Activate”.",
    ),
    (
        "account/linked-to-another-subject",
        "If it is the same person, open “Change” beside them in People, press “Unlink from Okta”, then “Invite again”, and \
         have them sign in.",
    ),
];

/// What a code says to an administrator, and what to do next.
pub(super) async fn explain(ledgerline: &Ledgerline, code: &str) -> (String, String) {
    if let Some((_, text, next_step)) = OWN.iter().find(|(known, ..)| *known == code) {
        return ((*text).to_owned(), (*next_step).to_owned());
    }
    let explanation = ledgerline.explain(code).await;
    let own = NEXT_STEPS.iter().find(|(known, _)| *known == code);
    let next_step = own.map_or(explanation.next_step, |(_, own)| (*own).to_owned());
    (explanation.for_administrator, next_step)
}

/// `check/client-credentials` as `Client credentials`.
fn title(check: &str) -> String {
    let name = check.rsplit('/').next().unwrap_or(check);
    match name {
        "pkce" => "PKCE".to_owned(),
        "id-token" => "ID token".to_owned(),
        "user-info" => "UserInfo".to_owned(),
        "email" => "E-mail".to_owned(),
        "email-domain" => "SSO domain".to_owned(),
        "administrator" => "You".to_owned(),
        "provider-answer" => "Okta’s answer".to_owned(),
        _ => {
            let words = name.replace('-', " ");
            let mut letters = words.chars();
            letters
                .next()
                .map(|first| first.to_uppercase().chain(letters).collect())
                .unwrap_or_default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::title;

    #[test]
    fn titles_are_words() {
        assert_eq!(title("check/client-credentials"), "Client credentials");
        assert_eq!(title("check/pkce"), "PKCE");
        assert_eq!(title("own/administrator"), "You");
    }
}
