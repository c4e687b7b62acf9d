//! Text that strangers chose, so that every character of it can be seen: an address may end with a space, or hold a letter
//! that only looks like another.

/// How many odd characters are named.
const NAMED: usize = 8;

/// The text itself where it is plain ASCII without spaces; else in quotes, with its odd characters by name:
/// `“anna@acme.example ”, with U+0020 SPACE`.
pub(super) fn spelled(text: &str) -> String {
    let mut odd = Vec::new();
    for character in text.chars().filter(|one| !one.is_ascii_graphic()) {
        if !odd.contains(&character) {
            odd.push(character);
        }
    }
    if odd.is_empty() {
        return text.to_owned();
    }
    let mut names: Vec<String> = odd.iter().copied().take(NAMED).map(name).collect();
    if odd.len() > NAMED {
        names.push("others".to_owned());
    }
    format!("“{text}”, with {}", names.join(", "))
}

fn name(character: char) -> String {
    if character == char::REPLACEMENT_CHARACTER {
        return "a character that cannot be shown".to_owned();
    }
    let number = u32::from(character);
    match unicode_names2::name(character) {
        Some(name) => format!("U+{number:04X} {name}"),
        None => format!("U+{number:04X}"),
    }
}

#[cfg(test)]
mod tests {
    use super::spelled;

    #[test]
    fn what_is_plain_stays() {
        for text in ["", "anna+x@acme.example", "\"anna\"@acme.example"] {
            assert_eq!(spelled(text), text);
        }
    }

    #[test]
    fn what_is_odd_is_named() {
        for (text, expected) in [
            ("anna@a.com ", "“anna@a.com ”, with U+0020 SPACE"),
            (
                "\u{430}nn\u{430}@a.com\u{a0}",
                "“\u{430}nn\u{430}@a.com\u{a0}”, with U+0430 CYRILLIC SMALL LETTER A, U+00A0 NO-BREAK SPACE",
            ),
            (
                "a\u{2060}@a.com",
                "“a\u{2060}@a.com”, with U+2060 WORD JOINER",
            ),
            (
                "a@a.com\u{fffd}",
                "“a@a.com\u{fffd}”, with a character that cannot be shown",
            ),
            ("\u{e000}@a.com", "“\u{e000}@a.com”, with U+E000"),
        ] {
            assert_eq!(spelled(text), expected);
        }
        assert!(spelled("äöüßéèêë@a.com").ends_with("E WITH DIAERESIS"));
        assert!(spelled("äöüßéèêëç@a.com").ends_with("E WITH DIAERESIS, others"));
    }
}
