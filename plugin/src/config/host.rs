//! Host names: their form, and which of them a public provider can have.

use crate::contract::exports::sso::provider::config::ProblemCode;

/// Last labels of names that only a private network resolves (RFC 6761, RFC 6762, RFC 8375 and
/// habit).
const PRIVATE: [&str; 12] = [
    "localhost",
    "localdomain",
    "local",
    "internal",
    "intranet",
    "private",
    "corp",
    "home",
    "lan",
    "svc",
    "onion",
    "arpa",
];

/// A lower-case host name that can be a public provider's.
pub(super) fn check_public_name(name: &str) -> Result<(), ProblemCode> {
    check_domain(name)?;
    let last = name.rsplit('.').next().unwrap_or_default();
    if PRIVATE.contains(&last) {
        return Err(ProblemCode::AddressNotAllowed);
    }
    Ok(())
}

/// A lower-case name of two labels or more, and no address.
pub(super) fn check_domain(name: &str) -> Result<(), ProblemCode> {
    if name.is_empty() {
        return Err(ProblemCode::NotAUrl);
    }
    if is_address(name) {
        return Err(ProblemCode::AddressNotAllowed);
    }
    check_name(name)?;
    let mut labels = name.rsplit('.');
    match (labels.next(), labels.next()) {
        (_, None) => Err(ProblemCode::AddressNotAllowed),
        // `acme.okta.com.com`
        (last, second) if last == second => Err(ProblemCode::InvalidDomain),
        _ => Ok(()),
    }
}

/// The form of RFC 1123 section 2.1 in lower case, A-labels decodable; says nothing about what it
/// names.
fn check_name(name: &str) -> Result<(), ProblemCode> {
    if name.len() > 253 || name.split('.').any(|label| label.len() > 63) {
        return Err(ProblemCode::TooLong);
    }
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
    if !name.bytes().all(allowed) {
        return Err(ProblemCode::InvalidCharacter);
    }
    if name.split('.').all(is_label) {
        Ok(())
    } else {
        Err(ProblemCode::InvalidDomain)
    }
}

fn is_label(label: &str) -> bool {
    if label.is_empty() || label.starts_with('-') || label.ends_with('-') {
        return label.starts_with("xn--") && is_a_label(label);
    }
    match label.strip_prefix("xn--") {
        Some(_) => is_a_label(label),
        // RFC 5890 section 2.3.1: hyphens in third and fourth place are reserved.
        None => label.get(2..4) != Some("--"),
    }
}

/// An IP address in any notation that some resolver takes: WHATWG URL, "ends in a number".
pub(super) fn is_address(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let last = name.rsplit('.').next().unwrap_or_default();
    let hexadecimal = last
        .strip_prefix("0x")
        .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    name.starts_with('[')
        || name.contains(':')
        || hexadecimal
        || (!last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The names that development may use.
pub(super) fn is_loopback(name: &str) -> bool {
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

/// `:port` as the text after a host; absent when the text is empty.
pub(super) fn check_port(text: &str) -> Result<(), ProblemCode> {
    let Some(digits) = text.strip_prefix(':') else {
        return if text.is_empty() {
            Ok(())
        } else {
            Err(ProblemCode::NotAUrl)
        };
    };
    let usual = |port: u16| port > 0 && port.to_string() == digits;
    if digits.parse().is_ok_and(usual) {
        Ok(())
    } else {
        Err(ProblemCode::NotAUrl)
    }
}

/// Host and `:port` of an authority without user information.
pub(super) fn split_port(authority: &str) -> (&str, &str) {
    let after_literal = authority.rfind(']').map_or(0, |end| end + 1);
    let port = authority
        .get(after_literal..)
        .and_then(|rest| rest.find(':'));
    authority
        .split_at_checked(port.map_or(authority.len(), |at| after_literal + at))
        .unwrap_or((authority, ""))
}

/// Whether an `xn--` label stands for something that ASCII could not have said (RFC 3492 section
/// 6.2).
///
/// Which letters a registry allows, and whether they are confusable, is not checked.
pub(super) fn is_a_label(label: &str) -> bool {
    label
        .strip_prefix("xn--")
        .and_then(decode_punycode)
        .is_some_and(|text| {
            !text.is_ascii()
                && !text
                    .chars()
                    .any(|letter| letter.is_control() || letter.is_whitespace())
        })
}

fn decode_punycode(input: &str) -> Option<String> {
    const BASE: u32 = 36;
    const T_MIN: u32 = 1;
    const T_MAX: u32 = 26;
    let (basic, extended) = match input.rsplit_once('-') {
        // RFC 3492 section 6.3: the delimiter is written after basic code points alone.
        Some(("", _)) => return None,
        Some(parts) => parts,
        None => ("", input),
    };
    let mut output: Vec<char> = basic.chars().collect();
    let (mut code_point, mut position, mut bias) = (128_u32, 0_u32, 72_u32);
    let mut digits = extended.bytes().peekable();
    while digits.peek().is_some() {
        let start = position;
        let mut weight = 1_u32;
        let mut step = BASE;
        loop {
            let digit = match digits.next()? {
                letter @ b'a'..=b'z' => u32::from(letter - b'a'),
                digit @ b'0'..=b'9' => u32::from(digit - b'0') + 26,
                _ => return None,
            };
            position = position.checked_add(digit.checked_mul(weight)?)?;
            let threshold = step.saturating_sub(bias).clamp(T_MIN, T_MAX);
            if digit < threshold {
                break;
            }
            weight = weight.checked_mul(BASE - threshold)?;
            step += BASE;
        }
        let length = u32::try_from(output.len()).ok()? + 1;
        // RFC 3492 section 6.1, bias adaptation.
        let delta = position - start;
        let mut delta = if start == 0 && output.len() == basic.len() {
            delta / 700
        } else {
            delta / 2
        };
        delta += delta / length;
        let mut rounds = 0;
        while delta > ((BASE - T_MIN) * T_MAX) / 2 {
            delta /= BASE - T_MIN;
            rounds += BASE;
        }
        bias = rounds + (BASE - T_MIN + 1) * delta / (delta + 38);
        code_point = code_point.checked_add(position / length)?;
        position %= length;
        output.insert(usize::try_from(position).ok()?, char::from_u32(code_point)?);
        position += 1;
    }
    Some(output.into_iter().collect())
}
