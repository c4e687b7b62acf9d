//! `application/x-www-form-urlencoded`, written and read strictly.

use std::borrow::Cow;

/// Writes pairs with everything but the unreserved characters of RFC 3986 section 2.3 encoded, so that the text is
/// the same in a query and in a body.
#[must_use]
pub fn encode(pairs: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, value) in pairs {
        if !text.is_empty() {
            text.push('&');
        }
        push_encoded(&mut text, name);
        text.push('=');
        push_encoded(&mut text, value);
    }
    text
}

/// `url` with pairs added to its query (RFC 6749 section 3.1: a query that is there stays).
#[must_use]
pub fn append_query(url: &str, pairs: &[(&str, &str)]) -> String {
    let separator = if !url.contains('?') {
        "?"
    } else if url.ends_with(['?', '&']) {
        ""
    } else {
        "&"
    };
    [url, separator, &encode(pairs)].concat()
}

fn push_encoded(text: &mut String, part: &str) {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    let is_unreserved =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    if part.bytes().all(is_unreserved) {
        return text.push_str(part);
    }
    for byte in part.bytes() {
        if is_unreserved(byte) {
            text.push(char::from(byte));
        } else {
            text.push('%');
            for digit in [byte >> 4, byte & 15] {
                text.extend(DIGITS.get(usize::from(digit)));
            }
        }
    }
}

/// Reads pairs in order; none when a part is not percent-encoded UTF-8 or holds a byte outside printable ASCII.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<(Cow<'_, str>, Cow<'_, str>)>> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decode_part(name)?, decode_part(value)?))
        })
        .collect()
}

fn decode_part(part: &str) -> Option<Cow<'_, str>> {
    if !part.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    if !part.contains(['%', '+']) {
        return Some(Cow::Borrowed(part));
    }
    let mut decoded = Vec::with_capacity(part.len());
    let mut bytes = part.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => (hex_digit(bytes.next()?)? << 4) | hex_digit(bytes.next()?)?,
            other => other,
        });
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

const fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_survive_the_round_trip() {
        let text = encode(&[("scope", "openid profile"), ("hint", "a+b&c=d\r\né%")]);
        assert_eq!(
            text,
            "scope=openid%20profile&hint=a%2Bb%26c%3Dd%0D%0A%C3%A9%25"
        );
        assert_eq!(
            decode(&text).unwrap(),
            [
                ("scope".into(), "openid profile".into()),
                ("hint".into(), "a+b&c=d\r\né%".into())
            ]
        );
        assert_eq!(decode("a+b=c+d").unwrap(), [("a b".into(), "c d".into())]);
    }

    #[test]
    fn what_is_not_percent_encoding_is_refused() {
        for refused in [
            "a=%", "a=%4", "a=%zz", "a=%ff", "a=\u{e9}", "a=b c", "a=b\n",
        ] {
            assert_eq!(decode(refused), None, "{refused:?}");
        }
        assert_eq!(decode("").unwrap(), []);
        assert_eq!(decode("&a&").unwrap(), [("a".into(), "".into())]);
    }

    #[test]
    fn a_query_that_is_there_stays() {
        let pairs = [("a", "b")];
        assert_eq!(append_query("https://x/y", &pairs), "https://x/y?a=b");
        assert_eq!(
            append_query("https://x/y?z=1", &pairs),
            "https://x/y?z=1&a=b"
        );
        assert_eq!(append_query("https://x/y?", &pairs), "https://x/y?a=b");
    }
}
