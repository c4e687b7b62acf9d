//! Characters that nobody sees, and that can change what is seen beside them.

/// Whether a character would turn, break or hide text where it is shown, or be there without being seen: control characters,
/// separators of lines, marks of direction and annotation, and whatever Unicode has drawn as nothing
/// (`Default_Ignorable_Code_Point`).
///
/// A space is none of them: it can be seen between two letters.
#[must_use]
pub fn is_unseen(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::is_unseen;

    #[test]
    fn every_class_of_them() {
        for (class, characters) in [
            ("control characters", "\0\t\r\n\u{1b}\u{7f}\u{85}\u{9f}"),
            ("separators of lines", "\u{2028}\u{2029}"),
            (
                "marks of direction",
                "\u{61c}\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}",
            ),
            (
                "what joins and parts",
                "\u{34f}\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}",
            ),
            ("hyphens of a line's end", "\u{ad}"),
            ("signs of mathematics", "\u{2061}\u{2062}\u{2063}\u{2064}"),
            (
                "forms that are out of use",
                "\u{206a}\u{206b}\u{206c}\u{206d}\u{206e}\u{206f}",
            ),
            ("fillers", "\u{115f}\u{1160}\u{3164}\u{ffa0}"),
            ("vowels of Khmer", "\u{17b4}\u{17b5}"),
            (
                "selectors of a form",
                "\u{180b}\u{180c}\u{180d}\u{180e}\u{180f}\u{fe00}\u{fe0f}\u{e0100}\u{e01ef}",
            ),
            ("annotations", "\u{fff9}\u{fffa}\u{fffb}"),
            (
                "shorthand and music",
                "\u{1bca0}\u{1bca3}\u{1d173}\u{1d17a}",
            ),
            ("tags", "\u{e0001}\u{e0020}\u{e0041}\u{e007f}"),
        ] {
            for character in characters.chars() {
                assert!(is_unseen(character), "{class}: {character:?}");
            }
        }
    }

    #[test]
    fn what_is_seen_beside_them() {
        for character in "aZ0 ~\u{a0}\u{ac}\u{ae}é\u{430}\u{3b1}\u{5d0}\u{627}\u{3000}ｱ＠\u{3163}\u{3165}\u{fffd}\u{2027}\u{202f}\u{2070}😀"
            .chars()
        {
            assert!(!is_unseen(character), "{character:?}");
        }
    }
}
