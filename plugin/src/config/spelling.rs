//! URLs that every reader of URLs takes for the same.

use super::host;

/// Whether a URL of http or https is spelt in the one way in which the WHATWG's parser writes it, but for a slash
/// after the host alone. No such URL is read differently by whoever dials it.
///
/// Stricter than that parser: no user information, query or fragment, and the host is a name of letters, digits,
/// `-`, `.` and `_`, an IPv4 address or `[::1]`.
pub(super) fn is_canonical(url: &str) -> bool {
    let (rest, usual_port) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => (rest, ":443"),
        (None, Some(rest)) => (rest, ":80"),
        (None, None) => return false,
    };
    let (authority, path) = rest
        .split_at_checked(rest.find('/').unwrap_or(rest.len()))
        .unwrap_or((rest, ""));
    let (name, port) = host::split_port(authority);
    (name == "[::1]" || is_ipv4(name) || is_name(name))
        && port != usual_port
        && host::check_port(port).is_ok()
        && path.split('/').all(is_segment)
}

/// Four numbers of at most 255 without leading zeros: the one spelling of an address that is not rewritten.
fn is_ipv4(name: &str) -> bool {
    name.parse::<std::net::Ipv4Addr>().is_ok()
}

fn is_name(name: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && (!label.starts_with("xn--") || host::is_a_label(label))
            && label.bytes().all(|byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_')
            })
    };
    // A last label that reads as a number makes an address of the whole.
    !host::is_address(name) && name.split('.').all(is_label)
}

/// A path's segment that is neither escaped nor taken for a step up or down.
fn is_segment(segment: &str) -> bool {
    let dots = segment.to_ascii_lowercase().replace("%2e", ".");
    !matches!(dots.as_str(), "." | "..")
        && segment.bytes().all(|byte| {
            byte.is_ascii_graphic()
                && !matches!(
                    byte,
                    b'"' | b'#' | b'<' | b'>' | b'?' | b'\\' | b'^' | b'`' | b'{' | b'}'
                )
        })
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    /// What decided before: the parser of whoever dials.
    fn is_written_so(text: &str) -> bool {
        Url::parse(text)
            .is_ok_and(|url| url.as_str() == text || url.as_str().strip_suffix('/') == Some(text))
    }

    #[test]
    fn canonical_is_what_the_parser_writes() {
        for text in [
            "https://acme.okta.com",
            "https://acme.okta.com/",
            "https://acme.okta.com:8443/oauth2/default",
            "http://localhost:8080/a//b/",
            "http://[::1]:8080/cb",
            "http://127.0.0.1:1/cb",
            "https://a_b.example/c%41d;e=f@g,h'i|j!$&()*+~[]",
            "https://xn--mller-kva.de/",
            "https://a.com/...",
        ] {
            assert!(is_canonical(text) && is_written_so(text), "{text}");
        }
        for text in [
            "https://ACME.okta.com/",
            "HTTPS://acme.okta.com/",
            "https://acme.okta.com:443/",
            "http://localhost:80/",
            "https://acme.okta.com:08443/",
            "https://acme.okta.com:65536/",
            "https://acme.okta.com:/",
            "https://0x7f.1/",
            "https://127.1/",
            "https://127.0.0.01/",
            "https://a.0x1/",
            "https://a.b.1/",
            "https://xn--a/",
            "https://acme.okta.com/a/../b",
            "https://acme.okta.com/.",
            "https://acme.okta.com/%2E%2e/b",
            "https://acme.okta.com/.%2e",
            "https://acme.okta.com/\"",
            "https://acme.okta.com/{x}",
            "https:/acme.okta.com/",
            "https:///acme.okta.com/",
            "https://u@acme.okta.com/",
            "https://[::01]/",
            "https://a b.com/",
            "https://%61.com/",
            "ftp://acme.okta.com/",
            "",
        ] {
            assert!(!is_canonical(text), "{text}");
        }
    }

    #[test]
    fn nothing_canonical_is_rewritten() {
        const PIECES: [&str; 41] = [
            "https://",
            "http://",
            "a",
            "xn--",
            "xn--mller-kva",
            "a.com",
            "127",
            ".",
            "..",
            "/",
            "0",
            "1",
            "255",
            ":",
            "443",
            "80",
            "8443",
            "[::1]",
            "localhost",
            "-",
            "_",
            "%2e",
            "%",
            "%41",
            "@",
            "?",
            "#",
            "{",
            "|",
            "^",
            "`",
            "\\",
            "~",
            ";",
            "=",
            "A",
            "\u{e9}",
            " ",
            "0x1",
            "'",
            "\"",
        ];
        // xorshift: the same texts on every run.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut draw = |bound: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % bound as u64).unwrap()
        };
        let mut canonical = 0;
        for _ in 0..200_000 {
            let mut text = PIECES[draw(2)].to_owned();
            (0..=draw(6)).for_each(|_| text.push_str(PIECES[draw(PIECES.len())]));
            if is_canonical(&text) {
                canonical += 1;
                assert!(is_written_so(&text), "{text}");
            }
        }
        assert!(canonical > 5_000, "{canonical} texts were canonical");
    }
}
