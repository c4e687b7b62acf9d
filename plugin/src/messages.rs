//! What to say about every outcome: `messages.codes` and `messages.explain`.
//!
//! Codes are made from the contract's own values by exhaustive matches, so a case added to the
//! contract does not compile before it has a name and a text in every language.

mod code;
mod english;

use std::borrow::Cow;

pub use code::{Account, Code};

use crate::contract::exports::sso::provider::messages::Explanation;

/// A language: its primary subtag (BCP 47) and its texts. Another language is one more file and one
/// more line.
type Language = (&'static str, fn(&Code) -> Text);

const FALLBACK: Language = ("en", english::text);
const LANGUAGES: [Language; 1] = [FALLBACK];

/// The four texts of one code.
struct Text {
    person: &'static str,
    administrator: Cow<'static, str>,
    next_step: Cow<'static, str>,
    next_step_for_person: &'static str,
}

/// Every code that [`explain`] knows, each once.
#[must_use]
pub fn codes() -> Vec<String> {
    Code::all().iter().map(ToString::to_string).collect()
}

/// The texts of a code in the language of a BCP 47 tag, or in English; none for an unknown code.
#[must_use]
pub fn explain(code: &str, locale: &str) -> Option<Explanation> {
    let known = Code::all()
        .into_iter()
        .find(|known| known.to_string() == code)?;
    let primary = locale.split(['-', '_']).next().unwrap_or_default();
    let spoken = |language: &&Language| language.0.eq_ignore_ascii_case(primary);
    let (_, text_of) = LANGUAGES.iter().find(spoken).unwrap_or(&FALLBACK);
    let text = text_of(&known);
    Some(Explanation {
        code: code.to_owned(),
        for_person: text.person.to_owned(),
        for_administrator: text.administrator.into_owned(),
        next_step: text.next_step.into_owned(),
        next_step_for_person: text.next_step_for_person.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The cases of a variant or enum as `wit/` spells them, payloads left off.
    fn cases(wit: &str, head: &str) -> Vec<String> {
        let body = wit.split_once(head).unwrap().1.split_once('{').unwrap().1;
        let body: String = body
            .lines()
            .map(|line| line.split("//").next().unwrap_or_default())
            .collect::<Vec<_>>()
            .join("\n");
        let body = body.split_once('}').unwrap().0;
        body.split(',')
            .map(|case| case.split('(').next().unwrap_or_default().trim().to_owned())
            .filter(|case| !case.is_empty() && !case.contains(')'))
            .collect()
    }

    #[test]
    fn every_case_of_the_contract_has_a_code() {
        const LOGIN: &str = include_str!("../../wit/login.wit");
        const LOGOUT: &str = include_str!("../../wit/logout.wit");
        const CONFIG: &str = include_str!("../../wit/config.wit");
        const TYPES: &str = include_str!("../../wit/types.wit");
        const CLAIMS: &str = include_str!("../../wit/claims.wit");
        let codes = codes();
        for (wit, head, prefixes) in [
            (LOGIN, "variant login-error", &["login/"][..]),
            (LOGIN, "enum denial-hint", &["login/provider-denied/"]),
            (
                LOGIN,
                "enum token-problem",
                &["login/token-rejected/", "logout/token-rejected/"],
            ),
            (LOGIN, "enum fault", &["login/provider-misbehaved/keys/"]),
            (LOGOUT, "variant logout-error", &["logout/"]),
            (TYPES, "enum endpoint", &["login/provider-unavailable/"]),
            (TYPES, "enum check", &["check/"]),
            (CONFIG, "enum problem-code", &["config/"]),
            (CONFIG, "enum correction-code", &["config/"]),
            (CLAIMS, "enum email-match", &["email-match/"]),
        ] {
            let cases = cases(wit, head);
            assert!(cases.len() > 5, "{head}: {cases:?}");
            for case in cases {
                for prefix in prefixes {
                    let code = format!("{prefix}{case}");
                    let below = format!("{code}/");
                    let named = |known: &String| *known == code || known.starts_with(&below);
                    assert!(codes.iter().any(named), "{code}");
                }
            }
        }
    }

    #[test]
    fn codes_are_given_once_and_each_is_explained() {
        let codes = codes();
        assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), codes.len());
        for code in codes {
            let explained = explain(&code, "en").unwrap();
            assert_eq!(explained.code, code);
            for text in [
                &explained.for_person,
                &explained.for_administrator,
                &explained.next_step,
                &explained.next_step_for_person,
            ] {
                assert!(text.len() > 10 && text.ends_with('.'), "{code}: {text}");
                assert!(!text.contains("  "), "{code}: {text}");
                assert!(!text.contains(['\'', '"']), "{code}: {text}");
            }
            // Names no one and nothing of the configuration.
            for word in ["issuer", "token", "client", "secret", "claim", "HTTP"] {
                let words = explained.for_person.split(|c: char| !c.is_alphanumeric());
                let inner = code.starts_with("config/") || code.starts_with("check/");
                assert!(
                    inner || !words.clone().any(|said| said == word),
                    "{code}: {word}"
                );
            }
        }
        assert_eq!(explain("login/none-such", "en"), None);
        assert_eq!(explain("", "en"), None);
    }

    #[test]
    fn a_stranger_does_not_learn_who_exists() {
        let same: BTreeSet<(String, String)> = codes()
            .iter()
            .filter(|code| code.starts_with("account/") || code.starts_with("login/email-"))
            .map(|code| explain(code, "en").unwrap())
            .map(|explained| (explained.for_person, explained.next_step_for_person))
            .collect();
        assert_eq!(same.len(), 1, "{same:?}");
    }

    #[test]
    fn locales_fall_back_to_english() {
        let english = explain("login/transaction-not-found", "en");
        for locale in ["", "en-GB", "EN", "da", "x", "not a tag"] {
            assert_eq!(explain("login/transaction-not-found", locale), english);
        }
    }
}
