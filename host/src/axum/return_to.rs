//! Where to send the browser after signing in.

use std::sync::LazyLock;

use url::{Position, Url};

/// The contract's bound of `login-request.return-to`.
const LONGEST: usize = 2_048;

/// Stands for the platform's own origin while a path is parsed; never sent anywhere.
static BASE: LazyLock<Option<Url>> =
    LazyLock::new(|| Url::parse("https://return-to.invalid/").ok());

/// `asked`, where it is a path of the platform's own origin that is safe to redirect to; else `/`.
///
/// The decision rests on one parse, by the parser that browsers use: what that parser would change in any way
/// (another host, dot segments, a backslash, white space, a control character, anything but ASCII) is refused,
/// so that nothing is left for a second reader to understand differently. Also refused: an empty segment, `@`,
/// percent-encoded separators and control characters, anything over 2,048 bytes, and `never` with everything
/// below it: paths that would sign out again or start over, compared after decoding and without case.
///
/// Not checked: whether the path exists, and whether the page behind it redirects further.
///
/// ```
/// use okta_sso_host::axum::return_to;
///
/// assert_eq!(return_to("/reports?year=2026", &["/logout"]), "/reports?year=2026");
/// assert_eq!(return_to("//elsewhere.example", &["/logout"]), "/");
/// assert_eq!(return_to("/logout", &["/logout"]), "/");
/// ```
pub fn return_to<'a>(asked: &'a str, never: &[impl AsRef<str>]) -> &'a str {
    if is_safe(asked, never) { asked } else { "/" }
}

fn is_safe(asked: &str, never: &[impl AsRef<str>]) -> bool {
    // Only a path of printable ASCII gets to the parser, so nothing in it is ever read as a host.
    let plain = asked.bytes().all(|byte| byte.is_ascii_graphic());
    let path = asked
        .strip_prefix('/')
        .is_some_and(|rest| !rest.starts_with(['/', '\\']));
    if asked.len() > LONGEST || !plain || !path {
        return false;
    }
    let Some(base) = BASE.as_ref() else {
        return false;
    };
    let Ok(target) = base.join(asked) else {
        return false;
    };
    if target.origin() != base.origin() || &target[Position::BeforePath..] != asked {
        return false;
    }
    let Some(path) = decoded(target.path()) else {
        return false;
    };
    !path.contains("//") && !never.iter().any(|root| is_below(&path, root.as_ref()))
}

/// The path with its percent-encoding undone once; none where that would bring forth a separator, a second
/// encoding, or something that is no text.
fn decoded(path: &str) -> Option<String> {
    let mut bytes = path.bytes();
    let mut text = Vec::with_capacity(path.len());
    while let Some(byte) = bytes.next() {
        text.push(match byte {
            b'%' => {
                let high = char::from(bytes.next()?).to_digit(16)?;
                let low = char::from(bytes.next()?).to_digit(16)?;
                match u8::try_from(high << 4 | low).ok()? {
                    b'/' | b'\\' | b'%' | b'@' => return None,
                    control if control.is_ascii_control() => return None,
                    plain => plain,
                }
            }
            b'@' => return None,
            plain => plain,
        });
    }
    String::from_utf8(text).ok()
}

fn is_below(path: &str, root: &str) -> bool {
    let root = root.trim_end_matches('/');
    match path.split_at_checked(root.len()) {
        Some((head, rest)) => {
            !root.is_empty()
                && head.eq_ignore_ascii_case(root)
                && (rest.is_empty() || rest.starts_with(['/', ';']))
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER: [&str; 2] = ["/sso/start", "/logout"];

    /// The table of open redirects, header injections and loops.
    #[test]
    fn everything_that_could_leave_the_origin_ends_at_the_root() {
        let nine_kilobytes = format!("/{}", "a".repeat(9 * 1024));
        let one_too_long = format!("/{}", "a".repeat(LONGEST));
        let refused: &[(&str, &[&str])] = &[
            (
                "BI-023",
                &[
                    "//evil.com",
                    "///evil.com",
                    "////evil.com",
                    // Hosts that one of the parser's own tables asserts never to see.
                    "//EVIL.com\u{202e}",
                    "/\\EVIL.com\u{202e}",
                    "//evil.com/%2f..",
                ],
            ),
            ("BI-025", &["/\\evil.com", "/\\\\evil.com", "\\evil.com"]),
            ("BI-026", &["/\\/evil.com", "\\/\\/evil.com"]),
            ("BI-027", &["https://evil.com", "HTTPS:evil.com"]),
            (
                "BI-028",
                &["https:evil.com", "https:/evil.com", "https:///evil.com"],
            ),
            (
                "BI-029",
                &[
                    "javascript:alert(1)",
                    "jaVasCript:%0aalert(1)",
                    "/javascript:alert(1)%0a",
                ],
            ),
            ("BI-031", &["https://app.example.com@evil.com"]),
            ("BI-032", &["https://app.example.com.evil.com"]),
            ("BI-033", &["https://evil.com#app.example.com"]),
            ("BI-034", &["https://evil.com\\.app.example.com"]),
            (
                "BI-035",
                &[
                    "/\t/evil.com",
                    "/\n/evil.com",
                    "/\u{b}/evil.com",
                    "/\r/evil.com",
                    " /a",
                    "/a ",
                ],
            ),
            ("BI-037", &["\u{202e}/moc.live", "/\u{202e}moc.live"]),
            ("BI-038", &["。com", "／／evil.com", "/／evil.com"]),
            ("BI-039", &["http://[::1]/", "//[::ffff:7f00:1]"]),
            ("BI-040", &["/%5cevil.com", "/%5Cevil.com"]),
            ("BI-042", &["/%2f%2fevil.com", "/%2F/evil.com"]),
            ("BI-043", &["/%252f%252fevil.com"]),
            (
                "BI-044",
                &[
                    "/.//evil.com",
                    "/..//evil.com",
                    "/a/../../evil.com",
                    "/%2e%2e/evil.com",
                ],
            ),
            ("BI-045", &["/;@evil.com", "/@evil.com", "/%40evil.com"]),
            (
                "BI-048",
                &[
                    "/a%0d%0aLocation:%20//evil",
                    "/a\r\nLocation: //evil",
                    "/a%00",
                ],
            ),
            ("BI-049", &["/a\u{0}b", "/a\u{7f}b", "/a%7fb", "/a%01b"]),
            ("BI-050", &["/a\u{2028}b", "/嘊嘍", "/%ff"]),
            ("BI-051", &[&nine_kilobytes, &one_too_long]),
            ("BI-052", &["", "null", "undefined", "a", "?x", "#x", "."]),
            (
                "BI-054",
                &[
                    "/sso/start?tenant=a",
                    "/sso/start",
                    "/SSO/Start",
                    "/sso/st%61rt",
                ],
            ),
            (
                "BI-055",
                &[
                    "/logout",
                    "/logout/",
                    "/logout?x",
                    "/logout#x",
                    "/%6cogout",
                    "/logout;x",
                ],
            ),
            ("broken encoding", &["/%", "/%4", "/%zz", "/%+1"]),
            ("an empty segment", &["/a//b", "/a//"]),
        ];
        for (id, inputs) in refused {
            for input in *inputs {
                assert_eq!(return_to(input, &NEVER), "/", "{id}: {input:?}");
            }
        }
    }

    #[test]
    fn paths_of_our_own_are_kept_as_they_are() {
        let longest = format!("/{}", "a".repeat(LONGEST - 1));
        let kept = [
            "/",
            "/reports",
            "/reports/",
            "/reports/2026?sort=-date&page=2#top",
            "/a.b/..c/c..",
            "/redirect?next=//evil.com", // BI-046: a path of ours; we have no such page
            "/search?q=a%20b%2Fc%0a",
            "/caf%C3%A9",
            "/logouts",
            "/sso",
            "/sso/started",
            &longest,
        ];
        for path in kept {
            assert_eq!(return_to(path, &NEVER), path);
        }
    }

    /// Every string of up to four separators before a host name: whatever is kept resolves to our origin, by
    /// itself and behind an origin that was put before it as text.
    #[test]
    fn no_sequence_of_separators_leaves_the_origin() {
        let pieces = [
            "/", "\\", "\t", "\n", "\r", " ", "\u{b}", "\u{0}", ".", "..", ":", ";", "@", "?", "#",
            "%09", "%0a", "%2f", "%5c", "%2e", "http:", "／", "a",
        ];
        let base = Url::parse("https://app.example.com/deep/page").unwrap();
        let mut kept = 0;
        for choice in 0..pieces.len().pow(4) {
            let digit = |place: u32| pieces[choice / pieces.len().pow(place) % pieces.len()];
            let input = format!("{}{}{}{}evil.com", digit(3), digit(2), digit(1), digit(0));
            let result = return_to(&input, &NEVER);
            let resolved = base.join(result).unwrap();
            assert_eq!(resolved.origin(), base.origin(), "{input:?}");
            let appended = Url::parse(&format!("https://app.example.com{result}")).unwrap();
            assert_eq!(appended.origin(), base.origin(), "{input:?}");
            kept += usize::from(result != "/");
        }
        assert!(kept > 0, "the property must see paths that are kept");
    }

    #[test]
    fn without_forbidden_paths_every_path_of_ours_is_kept() {
        let none: [&str; 0] = [];
        assert_eq!(return_to("/logout", &none), "/logout");
        assert_eq!(return_to("/logout", &[""]), "/logout");
    }
}
