//! Text that strangers chose, so that every character of it can be seen: an address may end with a space, hold a letter
//! that only looks like another, or a mark that turns what comes after it.

/// How many odd characters are named.
const NAMED: usize = 8;

/// The text itself, with U+FFFD for each character that may turn or hide what stands beside it.
pub(super) fn harmless(text: &str) -> String {
    text.chars()
        .map(|one| {
            if is_seen(one) {
                one
            } else {
                char::REPLACEMENT_CHARACTER
            }
        })
        .collect()
}

/// The text itself where it is plain ASCII without spaces; else, made harmless, in quotes, with its odd characters by number
/// and kind: `“anna@acme.example ”, with U+0020 (a space)`.
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
    format!("“{}”, with {}", harmless(text), names.join(", "))
}

/// Letters, digits, spaces and what ASCII and its full-width forms have beside them. Whatever is none of these is not shown, so
/// that nobody has to know all that turns or hides text.
fn is_seen(character: char) -> bool {
    let is_letter = character.is_alphanumeric() && !is_filler(character);
    let is_space = character.is_whitespace()
        && !character.is_control()
        && !matches!(character, '\u{2028}' | '\u{2029}');
    is_letter || is_space || character.is_ascii_graphic() || is_full_width(character)
}

/// Letters of Hangul that are drawn as nothing.
fn is_filler(character: char) -> bool {
    matches!(character, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}')
}

fn is_full_width(character: char) -> bool {
    matches!(character, '\u{ff01}'..='\u{ff5e}')
}

fn name(character: char) -> String {
    if character == char::REPLACEMENT_CHARACTER {
        return "a character that cannot be shown".to_owned();
    }
    let kind = match character {
        ' ' => "a space",
        '\t' => "a tab",
        '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => "a line break",
        '\u{a0}' => "a no-break space",
        '\u{200b}' => "a zero-width space",
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            "a mark that turns text"
        }
        '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => "a Greek letter",
        '\u{400}'..='\u{52f}' => "a Cyrillic letter",
        _ if is_full_width(character) => "a full-width form",
        _ if !is_seen(character) => "not shown",
        _ if character.is_whitespace() => "another space",
        _ if character.is_alphabetic() => "a letter beyond ASCII",
        _ => "a sign beyond ASCII",
    };
    format!("U+{:04X} ({kind})", u32::from(character))
}

#[cfg(test)]
mod tests {
    use super::{harmless, spelled};

    #[test]
    fn what_is_plain_stays() {
        for text in ["", "anna+x@acme.example", "\"anna\"@acme.example"] {
            assert_eq!(spelled(text), text);
            assert_eq!(harmless(text), text);
        }
    }

    #[test]
    fn what_is_odd_is_named() {
        for (text, expected) in [
            ("anna@a.com ", "“anna@a.com ”, with U+0020 (a space)"),
            (
                "\u{430}nn\u{430}@a.com\u{a0}",
                "“\u{430}nn\u{430}@a.com\u{a0}”, with U+0430 (a Cyrillic letter), U+00A0 (a no-break space)",
            ),
            (
                "\u{3b1}nna\u{ff20}a.com",
                "“\u{3b1}nna\u{ff20}a.com”, with U+03B1 (a Greek letter), U+FF20 (a full-width form)",
            ),
            (
                "a@a.com\u{fffd}",
                "“a@a.com\u{fffd}”, with a character that cannot be shown",
            ),
            (
                "\u{661}\u{2003}@a.com",
                "“\u{661}\u{2003}@a.com”, with U+0661 (a sign beyond ASCII), U+2003 (another space)",
            ),
        ] {
            assert_eq!(spelled(text), expected);
        }
        let eight = spelled("äöüßéèêë@a.com");
        assert!(
            eight.ends_with(", U+00EB (a letter beyond ASCII)"),
            "{eight}"
        );
        let nine = spelled("äöüßéèêëç@a.com");
        assert!(
            nine.ends_with("U+00EB (a letter beyond ASCII), others"),
            "{nine}"
        );
    }

    #[test]
    fn what_turns_or_hides_is_named_and_not_shown() {
        for (hidden, expected) in [
            ('\0', "U+0000 (not shown)"),
            ('\t', "U+0009 (a tab)"),
            ('\r', "U+000D (a line break)"),
            ('\u{2028}', "U+2028 (a line break)"),
            ('\u{ad}', "U+00AD (not shown)"),
            ('\u{61c}', "U+061C (a mark that turns text)"),
            ('\u{180e}', "U+180E (not shown)"),
            ('\u{200b}', "U+200B (a zero-width space)"),
            ('\u{202e}', "U+202E (a mark that turns text)"),
            ('\u{2060}', "U+2060 (not shown)"),
            ('\u{2066}', "U+2066 (a mark that turns text)"),
            ('\u{206f}', "U+206F (not shown)"),
            ('\u{115f}', "U+115F (not shown)"),
            ('\u{17b4}', "U+17B4 (not shown)"),
            ('\u{3164}', "U+3164 (not shown)"),
            ('\u{fe0f}', "U+FE0F (not shown)"),
            ('\u{feff}', "U+FEFF (not shown)"),
            ('\u{ffa0}', "U+FFA0 (not shown)"),
            ('\u{fffb}', "U+FFFB (not shown)"),
            ('\u{e000}', "U+E000 (not shown)"),
            ('\u{1d173}', "U+1D173 (not shown)"),
            ('\u{e0041}', "U+E0041 (not shown)"),
        ] {
            let text = format!("{hidden}a@a.com");
            assert_eq!(harmless(&text), "\u{fffd}a@a.com");
            assert_eq!(
                spelled(&text),
                format!("“\u{fffd}a@a.com”, with {expected}")
            );
        }
    }
}
