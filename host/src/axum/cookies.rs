//! Reading cookies strictly, and writing those that belong to one host.

use axum::http::{HeaderMap, HeaderValue, header};

/// More cookie text than this is no browser of ours: nothing is read from it.
const LONGEST: usize = 16 * 1024;
/// More cookies than browsers keep for one host.
const MOST: usize = 180;

/// The cookies of one request, as `(name, value)`, in the order they came.
///
/// Unreadable pairs (no `=`, not ASCII, a name that is no token) are left out. A request with more than 16 KiB
/// of cookies, or more than 180, counts as one without.
///
/// Spec: RFC 6265 section 5.4.
pub struct Cookies<'h>(Vec<(&'h str, &'h str)>);

impl<'h> Cookies<'h> {
    /// The cookies of these headers.
    #[must_use]
    pub fn read(headers: &'h HeaderMap) -> Self {
        let lines = || {
            headers
                .get_all(header::COOKIE)
                .iter()
                .map(HeaderValue::as_bytes)
        };
        if lines().map(<[u8]>::len).sum::<usize>() > LONGEST {
            return Self(Vec::new());
        }
        let mut pairs = Vec::new();
        for pair in lines().flat_map(|line| line.split(|byte| *byte == b';')) {
            let Some(pair) = str::from_utf8(pair)
                .ok()
                .and_then(|pair| pair.trim().split_once('='))
            else {
                continue;
            };
            if pairs.len() == MOST {
                return Self(Vec::new());
            }
            if is_token(pair.0) {
                pairs.push(pair);
            }
        }
        Self(pairs)
    }

    /// The value of the cookie `name`; none also where two carry that name, because one of them may have been
    /// planted from a neighbouring host.
    ///
    /// Names compare with case, so that `__host-x` is not `__Host-x`.
    #[must_use]
    pub fn one(&self, name: &str) -> Option<&'h str> {
        let mut values = self
            .0
            .iter()
            .filter(|pair| pair.0 == name)
            .map(|pair| pair.1);
        let value = values.next()?;
        values.next().is_none().then_some(value)
    }

    /// The names that begin with `prefix`, in the order they came: browsers send the oldest first.
    ///
    /// Spec: RFC 6265 section 5.4 step 2.
    pub fn names<'s>(&'s self, prefix: &'s str) -> impl Iterator<Item = &'h str> + 's {
        self.0
            .iter()
            .map(|pair| pair.0)
            .filter(move |name| name.starts_with(prefix))
    }
}

/// Spec: RFC 9110 section 5.6.2.
fn is_token(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// `Set-Cookie` for a cookie of this host alone, hidden from scripts and sent on navigations from other sites;
/// `max_age` is in seconds, and 0 removes it. `name` should begin with `__Host-`.
///
/// None where name or value hold anything but `A-Z a-z 0-9 - _`.
#[must_use]
pub fn set(name: &str, value: &str, max_age: u64) -> Option<HeaderValue> {
    // Lax, not Strict: the callback is a navigation that another site began, and so is the page after it.
    let cookie =
        format!("{name}={value}; Max-Age={max_age}; Path=/; Secure; HttpOnly; SameSite=Lax");
    let plain = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    if plain(name) && plain(value) {
        HeaderValue::try_from(cookie).ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[&[u8]]) -> HeaderMap {
        lines
            .iter()
            .map(|line| (header::COOKIE, HeaderValue::from_bytes(line).unwrap()))
            .collect()
    }

    fn one(lines: &[&[u8]], name: &str) -> Option<String> {
        Cookies::read(&headers(lines)).one(name).map(str::to_owned)
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        assert_eq!(
            one(&[b"a=1; __Host-sso-x=v; b=2"], "__Host-sso-x"),
            Some("v".to_owned())
        );
        assert_eq!(
            one(&[b"a=1", b"__Host-sso-x=v"], "__Host-sso-x"),
            Some("v".to_owned())
        );
        assert_eq!(one(&[b"x==a=; y"], "x"), Some("=a=".to_owned()));
    }

    #[test]
    fn two_of_one_name_are_none() {
        assert_eq!(
            one(&[b"__Host-sso-x=v; __Host-sso-x=w"], "__Host-sso-x"),
            None
        );
        assert_eq!(
            one(&[b"__Host-sso-x=v; __Host-sso-x=v"], "__Host-sso-x"),
            None
        );
        assert_eq!(
            one(&[b"__Host-sso-x=v", b"__Host-sso-x=w"], "__Host-sso-x"),
            None
        );
    }

    #[test]
    fn names_are_compared_with_case_and_prefix() {
        for other in [
            "__host-sso-x=v",
            "__Secure-sso-x=v",
            "sso-x=v",
            "__Host-sso-x2=v",
        ] {
            assert_eq!(one(&[other.as_bytes()], "__Host-sso-x"), None, "{other}");
        }
    }

    #[test]
    fn broken_headers_are_read_around() {
        assert_eq!(one(&[b";;;=;=a;\"; x=v"], "x"), Some("v".to_owned()));
        assert_eq!(
            one(&[b"a=\xff\xfe; x=v; \xff=1"], "x"),
            Some("v".to_owned())
        );
        assert_eq!(one(&[b""], "x"), None);
        assert_eq!(one(&[], "x"), None);
    }

    #[test]
    fn floods_count_as_no_cookie() {
        let fits = format!("x=v; pad={}", "a".repeat(LONGEST - "x=v; pad=".len()));
        assert_eq!(one(&[fits.as_bytes()], "x"), Some("v".to_owned()));
        assert_eq!(one(&[fits.as_bytes(), b"y"], "x"), None);
        assert_eq!(
            one(
                &[format!("x=v; pad={}", "a".repeat(64 * 1024)).as_bytes()],
                "x"
            ),
            None
        );

        let most = format!("x=v{}", "; a=1".repeat(MOST - 1));
        assert_eq!(one(&[most.as_bytes()], "x"), Some("v".to_owned()));
        assert_eq!(one(&[format!("{most}; a=1").as_bytes()], "x"), None);
        assert_eq!(one(&["; a=1".repeat(300).as_bytes(), b"x=v"], "x"), None);
    }

    #[test]
    fn attempts_are_listed_in_order() {
        let headers = headers(&[b"__Host-sso-b=1; other=2; __Host-sso-a=3"]);
        let cookies = Cookies::read(&headers);
        let names: Vec<_> = cookies.names("__Host-sso-").collect();
        assert_eq!(names, ["__Host-sso-b", "__Host-sso-a"]);
    }

    #[test]
    fn a_written_cookie_is_bound_to_this_host_and_hidden_from_scripts() {
        assert_eq!(
            set("__Host-sso-x", "v", 600).unwrap(),
            "__Host-sso-x=v; Max-Age=600; Path=/; Secure; HttpOnly; SameSite=Lax"
        );
        assert_eq!(set("__Host-sso-x", "v; Domain=evil.com", 600), None);
        assert_eq!(set("x\r\nSet-Cookie: y", "v", 600), None);
    }
}
