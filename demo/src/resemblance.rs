//! Domains that a person may take for another: shown to the operator before a domain is approved.

/// Why a domain deserves a second look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Warning {
    /// Looks like a domain that another company holds.
    LooksLike(String),
    /// Lies above or below a domain that another company holds.
    Nested(String),
    /// Written with letters beyond ASCII; with its Unicode form.
    OtherLetters(String),
}

/// Everything that is remarkable about `domain`, given the domains that other companies hold.
pub(crate) fn warnings(domain: &str, others: &[&str]) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if domain.split('.').any(|label| label.starts_with("xn--")) {
        warnings.push(Warning::OtherLetters(unicode(domain)));
    }
    for other in others.iter().filter(|other| **other != domain) {
        if is_below(domain, other) || is_below(other, domain) {
            warnings.push(Warning::Nested((*other).to_owned()));
        } else if skeleton(domain) == skeleton(other) || is_a_slip_away(domain, other) {
            warnings.push(Warning::LooksLike((*other).to_owned()));
        }
    }
    warnings
}

/// Whether a domain is a subdomain of another.
pub(crate) fn is_below(domain: &str, other: &str) -> bool {
    domain
        .strip_suffix(other)
        .is_some_and(|rest| rest.ends_with('.'))
}

/// What is left when letters that look alike are one.
fn skeleton(domain: &str) -> String {
    domain
        .replace("rn", "m")
        .replace("vv", "w")
        .replace("cl", "d")
        .replace(['1', 'i', '!'], "l")
        .replace('0', "o")
        .replace('5', "s")
        .replace('-', "")
}

/// One letter more, less, other, or two neighbours in each other's place, in names of six letters or more.
fn is_a_slip_away(one: &str, other: &str) -> bool {
    one.len().min(other.len()) >= 6 && strsim::osa_distance(one, other) <= 1
}

/// Each `xn--` label in its own letters, where it is sound.
fn unicode(domain: &str) -> String {
    let label = |label: &str| match label.strip_prefix("xn--") {
        Some(encoded) => {
            idna::punycode::decode_to_string(encoded).unwrap_or_else(|| label.to_owned())
        }
        None => label.to_owned(),
    };
    domain.split('.').map(label).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::{Warning, warnings};

    fn alike(domain: &str) -> bool {
        let found = warnings(domain, &["acme.example"]);
        found.iter().any(|one| matches!(one, Warning::LooksLike(_)))
    }

    #[test]
    fn look_alikes_are_told() {
        for domain in [
            "acrne.example",
            "acne.example",
            "acmee.example",
            "acm.example",
            "amce.example",
            "ac-me.example",
        ] {
            assert!(alike(domain), "{domain}");
        }
        for domain in ["globex.example", "acme.test", "example.acme"] {
            assert!(!alike(domain), "{domain}");
        }
        // In short names one letter is much.
        assert!(warnings("a.com", &["b.com"]).is_empty());
    }

    #[test]
    fn domains_above_and_below_are_told() {
        let nested = [Warning::Nested("acme.example".to_owned())];
        assert_eq!(warnings("mail.acme.example", &["acme.example"]), nested);
        let nested = [Warning::Nested("mail.acme.example".to_owned())];
        assert_eq!(warnings("acme.example", &["mail.acme.example"]), nested);
        assert!(warnings("otheracme.example", &["acme.example"]).is_empty());
    }

    #[test]
    fn mt_25_other_letters_are_shown() {
        let found = warnings("xn--pple-43d.com", &[]);
        assert_eq!(found, [Warning::OtherLetters("\u{430}pple.com".to_owned())]);
    }
}
