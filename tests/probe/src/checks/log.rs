//! `log`: a component that says too much, and says it badly.

use crate::contract::sso::provider::log::{Field, Level, event};

/// 60 events: long, forging lines, and under a code that is none. The onlooker reads the log.
pub fn flood() {
    let field = |name: &str, value: &str| Field {
        name: name.to_owned(),
        value: value.to_owned(),
    };
    event(
        Level::Info,
        "probe-forges",
        &[
            field("line", "one\r\n2026-01-01 ERROR forged"),
            field("na\nme", "\u{1b}[31mred\u{9b}\u{7f}\0"),
            field("direction", "\u{202e}txt.exe\u{2066}\u{2028}"),
        ],
    );
    event(Level::Warn, "not a code\nERROR forged", &[]);
    event(Level::Error, &"long-code".repeat(200), &[]);
    event(
        Level::Debug,
        "probe-long",
        &[field("long", &"x".repeat(4000))],
    );
    let many: Vec<Field> = (0..100)
        .map(|n| field(&format!("name-{n}"), &"y".repeat(50)))
        .collect();
    event(Level::Debug, "probe-many", &many);
    for n in 0..55 {
        event(
            Level::Info,
            "probe-flood",
            &[field("number", &n.to_string())],
        );
    }
}
