//! E-mail addresses: which are accepted, and how they compare.

use crate::contract::exports::sso::provider::claims::EmailMatch;
use crate::contract::sso::provider::types::EmailRule;
use crate::unseen::is_unseen;

/// Whether this module accepts an address: RFC 5321's dot-string at a domain of letters, digits and hyphens, ASCII
/// alone, at most 64 bytes before the one `@` and 254 in all.
#[must_use]
pub fn is_well_formed(address: &str) -> bool {
    let Some((local, domain)) = address.split_once('@') else {
        return false;
    };
    let atoms_sound = local.split('.').all(|atom| {
        !atom.is_empty()
            && atom
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte))
    });
    address.len() <= 254 && local.len() <= 64 && atoms_sound && is_domain(domain)
}

fn is_domain(domain: &str) -> bool {
    let label_sound = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let last_sound = domain
        .rsplit_once('.')
        .is_some_and(|(_, last)| !last.bytes().all(|byte| byte.is_ascii_digit()));
    domain.len() <= 253 && last_sound && domain.split('.').all(label_sound)
}

/// Whether a well-formed address is on one of these domains: equal, never a suffix. Domain names have no case.
#[must_use]
pub fn is_on_domain(address: &str, domains: &[String]) -> bool {
    address.split_once('@').is_some_and(|(_, domain)| {
        domains
            .iter()
            .any(|approved| approved.eq_ignore_ascii_case(domain))
    })
}

/// Compares two addresses, and says how near a miss is.
#[must_use]
pub fn compare(rule: EmailRule, from_provider: &str, on_file: &str) -> EmailMatch {
    let sound = is_well_formed(from_provider) && is_well_formed(on_file);
    let equal = match rule {
        EmailRule::Exact => from_provider == on_file,
        EmailRule::AsciiCaseInsensitive => from_provider.eq_ignore_ascii_case(on_file),
    };
    if sound && equal {
        return EmailMatch::Equal;
    }
    // Each step forgives one thing more; the last one that was needed is the answer.
    let (mut left, mut right) = (bounded(from_provider), bounded(on_file));
    for (forgive, answer) in [
        (
            without_white_space as fn(&str) -> String,
            EmailMatch::DiffersInWhiteSpace,
        ),
        (str::to_ascii_lowercase, EmailMatch::DiffersInCase),
        (without_tag, EmailMatch::DiffersInTag),
        (to_the_eye, EmailMatch::LookAlike),
    ] {
        (left, right) = (forgive(&left), forgive(&right));
        if left == right && from_provider != on_file {
            return answer;
        }
    }
    if sound {
        EmailMatch::Different
    } else {
        EmailMatch::Malformed
    }
}

fn bounded(address: &str) -> String {
    address.chars().take(320).collect()
}

fn without_white_space(address: &str) -> String {
    // The last one stands for another in an address that was refused (`error::email_refusal`).
    let is_white = |c: char| c.is_whitespace() || is_unseen(c) || c == char::REPLACEMENT_CHARACTER;
    address.chars().filter(|c| !is_white(*c)).collect()
}

fn without_tag(address: &str) -> String {
    match address.split_once('@') {
        Some((local, domain)) => {
            let name = local.split('+').next().unwrap_or_default();
            [name, "@", domain].concat()
        }
        None => address.to_owned(),
    }
}

/// Letters of Cyrillic and Greek that look like Latin ones, full-width forms and the signs that stand for letters.
fn to_the_eye(address: &str) -> String {
    let latin = |c: char| match c {
        'а' | 'А' | 'α' | 'Α' => 'a',
        'В' | 'Β' => 'b',
        'с' | 'С' | 'ϲ' => 'c',
        'ԁ' => 'd',
        'е' | 'Е' | 'Ε' => 'e',
        'һ' | 'Н' | 'Η' => 'h',
        'і' | 'І' | 'ι' | 'Ι' | 'ı' => 'i',
        'ј' | 'Ј' => 'j',
        'к' | 'К' | 'κ' | 'Κ' | '\u{212a}' => 'k',
        'ӏ' => 'l',
        'м' | 'М' | 'Μ' => 'm',
        'Ν' => 'n',
        'о' | 'О' | 'ο' | 'Ο' => 'o',
        'р' | 'Р' | 'ρ' | 'Ρ' => 'p',
        'ԛ' => 'q',
        'ѕ' | 'Ѕ' => 's',
        'т' | 'Т' | 'Τ' => 't',
        'υ' => 'u',
        'ν' | 'ѵ' => 'v',
        'ԝ' => 'w',
        'х' | 'Х' | 'χ' | 'Χ' => 'x',
        'у' | 'У' | 'Υ' => 'y',
        'Ζ' => 'z',
        '\u{fe6b}' => '@',
        '\u{3002}' | '\u{ff61}' => '.',
        // The full-width block repeats ASCII at a fixed distance.
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        other => other,
    };
    address
        .chars()
        .map(|c| latin(c).to_ascii_lowercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The platform's own check of an address is held against the same list.
    fn emails(verdict: &str) -> Vec<String> {
        let emails: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/emails.json")).unwrap();
        serde_json::from_value(emails[verdict].clone()).unwrap()
    }

    #[test]
    fn addresses_that_are_accepted() {
        for address in emails("accepted") {
            assert!(is_well_formed(&address), "{address:?}");
        }
    }

    #[test]
    fn addresses_that_are_refused() {
        for address in emails("refused") {
            assert!(!is_well_formed(&address), "BI-122 to BI-143: {address:?}");
        }
    }

    #[test]
    fn domains_are_equal_or_not() {
        let domains = ["a.com".to_owned()];
        assert!(is_on_domain("anna@a.com", &domains));
        assert!(is_on_domain("Anna@A.COM", &domains));
        for other in [
            "anna@evila.com",
            "anna@a.com.evil.com",
            "anna@sub.a.com",
            "anna@com",
        ] {
            assert!(!is_on_domain(other, &domains), "BI-136: {other}");
        }
    }

    #[test]
    fn near_misses_are_named() {
        for (from_provider, expected) in [
            ("anna@a.com", EmailMatch::Equal),
            ("Anna@a.com", EmailMatch::DiffersInCase),
            (" anna@a.com", EmailMatch::DiffersInWhiteSpace),
            ("anna@a.com\u{fffd}", EmailMatch::DiffersInWhiteSpace),
            (
                "\u{61c}an\u{3164}na\0@a.com",
                EmailMatch::DiffersInWhiteSpace,
            ),
            ("anna+x@a.com", EmailMatch::DiffersInTag),
            ("аnna@a.com", EmailMatch::LookAlike),
            ("anna＠a.com", EmailMatch::LookAlike),
            ("anna", EmailMatch::Malformed),
            ("a.nna@a.com", EmailMatch::Different),
        ] {
            assert_eq!(
                compare(EmailRule::Exact, from_provider, "anna@a.com"),
                expected,
                "{from_provider}"
            );
        }
        let folded = EmailRule::AsciiCaseInsensitive;
        assert_eq!(
            compare(folded, "Anna@A.COM", "anna@a.com"),
            EmailMatch::Equal,
            "BI-121"
        );
        assert_eq!(
            compare(folded, "\u{212a}im@a.com", "kim@a.com"),
            EmailMatch::LookAlike,
            "BI-131"
        );
    }
}
