//! Every code that the program can write into a history has words for the people who read it.

use std::collections::BTreeSet;
use std::path::Path;

use crate::stage::Stage;

/// What a code begins with, of those that the product writes itself. Those of a sign-in, `login/…`, are the contract's.
const AREAS: [&str; 7] = [
    "signed-in",
    "refused",
    "account",
    "settings",
    "people",
    "operator",
    "own",
];
/// Looks like a code and is none, or never comes into a history.
const NO_CODES: [&str; 2] = [
    // There is no company whose history it could stand in.
    "refused/no-connection",
    // Counted alone: a flood of them would push everything else out of a history.
    "refused/too-many-tries",
];

/// `"area/words-like-this"` in the program's own source.
fn codes(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            codes(&path, found);
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        // What tests make up is not what the program writes.
        let (program, _) = text.split_once("#[cfg(test)]").unwrap_or((&text, ""));
        let is_code = |literal: &&str| {
            let (area, rest) = literal.split_once('/').unwrap_or_default();
            let is_word = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
            AREAS.contains(&area) && !rest.is_empty() && rest.bytes().all(is_word)
        };
        let literals = program.split('"').filter(is_code);
        found.extend(literals.map(str::to_owned));
    }
}

/// What to do next names buttons that are there.
#[tokio::test]
async fn next_steps_name_buttons_of_the_page() {
    let stage = Stage::open().await;
    let anna = stage.anna().await;
    let bo = stage.browser();
    stage.sign_in(&bo, "bo@acme.example").await.says(200, "Bo");
    let people = anna.visit(&stage.at("/people")).await;
    for (code, buttons) in [
        ("account/invitation-expired", &["Invite again"][..]),
        ("account/disabled", &["Activate"]),
        (
            "account/linked-to-another-subject",
            &["Unlink from Okta", "Invite again"],
        ),
    ] {
        stage.happens("acme", code, "").await;
        let history = anna.visit(&stage.at("/history")).await;
        for button in buttons {
            history.says(200, &format!("“{button}”"));
            let pressed = format!(">{button}</button>");
            assert!(people.body.contains(&pressed), "{code}: {button}");
        }
        assert!(people.body.contains("<summary>Change<"), "{code}");
    }
}

#[tokio::test]
async fn every_code_has_words() {
    let mut found = BTreeSet::new();
    codes(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut found,
    );
    for code in NO_CODES {
        assert!(found.remove(code), "{code} is nowhere any more");
    }
    assert!(found.len() > 40, "{found:?}");
    let stage = Stage::open().await;
    let anna = stage.anna().await;
    let before = anna.visit(&stage.at("/history.csv")).await;
    for code in &found {
        match code.strip_prefix("own/") {
            None => stage.happens("acme", code, "").await,
            Some(_) => stage.happens("acme", "settings/test-failed", code).await,
        }
    }
    let page = anna.visit(&stage.at("/history.csv")).await;
    let told = page.body.lines().count() - before.body.lines().count();
    assert_eq!(told, found.len());
    for line in page.body.lines() {
        assert!(!line.contains("could not run its sign-in module"), "{line}");
        assert!(!line.contains("\"own/"), "{line}");
    }
    // On the pages, the codes themselves are nowhere in what is read.
    for path in [
        "/history?kind=changed",
        "/history?kind=refused",
        "/history?kind=signed-in",
    ] {
        let page = anna.visit(&stage.at(path)).await;
        for code in &found {
            assert!(!page.text().contains(code), "{code} at {path}");
        }
    }
}
