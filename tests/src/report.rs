//! What a run says, to people and to programs.

use serde_json::json;

use crate::flat::Failure;
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

/// All verdicts as one JSON document.
#[must_use]
pub fn json(verdicts: &[Verdict]) -> String {
    let failed = verdicts
        .iter()
        .filter(|verdict| !verdict.failures.is_empty())
        .count();
    json!({ "passed": verdicts.len() - failed, "failed": failed, "cases": verdicts }).to_string()
}

/// All verdicts as `JUnit` XML: one suite for each file of cases.
#[must_use]
pub fn junit(verdicts: &[Verdict]) -> String {
    let mut files: Vec<&str> = verdicts
        .iter()
        .map(|verdict| verdict.about.file.as_str())
        .collect();
    files.sort_unstable();
    files.dedup();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for file in files {
        let cases: Vec<&Verdict> = verdicts
            .iter()
            .filter(|verdict| verdict.about.file == file)
            .collect();
        let failed = cases
            .iter()
            .filter(|verdict| !verdict.failures.is_empty())
            .count();
        xml.push_str(&format!(
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failed}\">\n",
            escaped(file),
            cases.len()
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
        let value: serde_json::Value = serde_json::from_str(&json(&verdicts())).unwrap();
        assert_eq!(
            (value["passed"].as_u64(), value["failed"].as_u64()),
            (Some(1), Some(1))
        );
        let xml = junit(&verdicts());
        assert!(xml.contains("<testsuite name=\"jws\" tests=\"2\" failures=\"1\">"));
        assert!(xml.contains("name=\"a&lt;b\"") && xml.contains("&quot;a&quot; &lt; \u{fffd}"));
    }
}
