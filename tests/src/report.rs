//! What a run says, to people and to programs.

use serde_json::json;

use crate::flat::Failure;
use crate::hosts::Language;
use crate::kit::Verdict;

/// A failed case for people.
#[must_use]
pub fn failure(verdict: &Verdict) -> String {
    let about = &verdict.about;
    let mut text = format!(
        "FAILED {} ({}, cases/{}.json)\n    {}\n",
        about.id,
        verdict.kind,
        about.file,
        about.spec.as_deref().unwrap_or("no section"),
    );
    if let Some(comment) = &about.comment {
        text.push_str(&format!("    {comment}\n"));
    }
    verdict
        .failures
        .iter()
        .for_each(|failure| text.push_str(&difference(failure)));
    text
}

/// One difference for people.
#[must_use]
pub fn difference(failure: &Failure) -> String {
    format!(
        "    {}\n      expected {}\n      got      {}\n",
        failure.what,
        shortened(&failure.expected),
        shortened(&failure.got)
    )
}

/// A value of 70,000 characters says nothing that its beginning does not.
fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(600).collect();
    if short.len() < text.len() {
        short.push_str(" …");
    }
    short
}

/// How many passed and how many failed, as one line.
#[must_use]
pub fn summary(host: Language, verdicts: &[Verdict]) -> String {
    let failed = failed(verdicts);
    let passed = verdicts.len() - failed;
    format!("{}: {passed} passed, {failed} failed", host.name())
}

fn failed<'a>(verdicts: impl IntoIterator<Item = &'a Verdict>) -> usize {
    let failed = |verdict: &&Verdict| !verdict.failures.is_empty();
    verdicts.into_iter().filter(failed).count()
}

/// All verdicts as one JSON document.
#[must_use]
pub fn json(host: Language, verdicts: &[Verdict]) -> String {
    let failed = failed(verdicts);
    json!({
        "host": host.name(),
        "passed": verdicts.len() - failed,
        "failed": failed,
        "cases": verdicts,
    })
    .to_string()
}

/// All verdicts as `JUnit` XML: one suite for each file of cases.
#[must_use]
pub fn junit(host: Language, verdicts: &[Verdict]) -> String {
    let mut files: Vec<&str> = verdicts
        .iter()
        .map(|verdict| verdict.about.file.as_str())
        .collect();
    files.sort_unstable();
    files.dedup();
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuites name=\"{}\" tests=\"{}\" failures=\"{}\">\n",
        host.name(),
        verdicts.len(),
        failed(verdicts)
    );
    for file in files {
        let cases: Vec<&Verdict> = verdicts
            .iter()
            .filter(|verdict| verdict.about.file == file)
            .collect();
        xml.push_str(&format!(
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\">\n",
            escaped(file),
            cases.len(),
            failed(cases.iter().copied())
        ));
        for verdict in cases {
            let (id, kind) = (escaped(&verdict.about.id), &verdict.kind);
            xml.push_str(&format!("    <testcase name=\"{id}\" classname=\"{kind}\""));
            if verdict.failures.is_empty() {
                xml.push_str("/>\n");
            } else {
                let text = escaped(&failure(verdict));
                xml.push_str(&format!("><failure>{text}</failure></testcase>\n"));
            }
        }
        xml.push_str("  </testsuite>\n");
    }
    xml.push_str("</testsuites>");
    xml
}

/// Text for XML 1.0, which has no place at all for most control characters.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(character),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            control if control.is_control() => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flat::About;

    fn verdicts() -> Vec<Verdict> {
        let about = |id: &str| About {
            id: id.into(),
            file: "jws".into(),
            spec: Some("RFC 7515 section 5.2".into()),
            comment: None,
        };
        let failure = Failure::new("result.ok", "\"a\" < \u{1}", "b".repeat(700));
        vec![
            Verdict {
                kind: "contract".into(),
                about: about("good"),
                failures: vec![],
            },
            Verdict {
                kind: "trace".into(),
                about: about("a<b"),
                failures: vec![failure],
            },
        ]
    }

    #[test]
    fn a_failure_names_case_section_expected_and_got() {
        let text = failure(&verdicts()[1]);
        for part in [
            "a<b",
            "RFC 7515 section 5.2",
            "result.ok",
            "expected \"a\" <",
            "got      bbb",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        assert!(text.len() < 1_000);
    }

    #[test]
    fn reports_count_and_escape() {
        let line = summary(Language::Python, &verdicts());
        assert_eq!(line, "python: 1 passed, 1 failed");
        let value: serde_json::Value =
            serde_json::from_str(&json(Language::Node, &verdicts())).unwrap();
        assert_eq!(
            (&value["host"], &value["passed"], &value["failed"]),
            (&json!("node"), &json!(1), &json!(1))
        );
        let xml = junit(Language::Rust, &verdicts());
        assert!(xml.contains("<testsuites name=\"rust\" tests=\"2\" failures=\"1\">"));
        assert!(xml.contains("<testsuite name=\"jws\" tests=\"2\" failures=\"1\">"));
        assert!(xml.contains("name=\"a&lt;b\"") && xml.contains("&quot;a&quot; &lt; \u{fffd}"));
    }
}
