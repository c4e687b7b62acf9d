//! Values, what the readers make of them, and what the schemas do.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use okta_sso_conformance::part::workspace;
use serde::Deserialize;
use serde_json::{Value, json};

/// One value each: the line for `validate.mjs`, and whether its reader reads it.
#[derive(Default)]
pub(crate) struct Trials {
    lines: Vec<String>,
    read: Vec<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    valid: bool,
    errors: Vec<String>,
}

impl Trials {
    /// One value by one schema.
    pub(crate) fn add(&mut self, schema: &str, value: Value, read: bool) {
        self.lines
            .push(json!({ "schema": schema, "value": value }).to_string());
        self.read.push(read);
    }

    /// `value` with a name more, in each object of it.
    pub(crate) fn with_unknown_names(
        &mut self,
        schema: &str,
        value: &Value,
        reads: impl Fn(&Value) -> bool,
    ) {
        for place in objects(value) {
            let mut changed = value.clone();
            changed.pointer_mut(&place).unwrap()["unknown-name"] = json!(1);
            let read = reads(&changed);
            self.add(schema, changed, read);
        }
    }

    /// `value` with a name less, each once.
    pub(crate) fn without_names(
        &mut self,
        schema: &str,
        value: &Value,
        reads: impl Fn(&Value) -> bool,
    ) {
        for place in objects(value) {
            let names = value.pointer(&place).unwrap().as_object().unwrap().keys();
            for name in names {
                let mut changed = value.clone();
                let object = changed
                    .pointer_mut(&place)
                    .unwrap()
                    .as_object_mut()
                    .unwrap();
                object.remove(name);
                let read = reads(&changed);
                self.add(schema, changed, read);
            }
        }
    }

    /// Fails where schema and reader differ.
    pub(crate) fn hold(self) {
        let mut child = Command::new("node")
            .arg("validate.mjs")
            .current_dir(workspace().join("tests/schema"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap()).lines();
        let lines = self.lines.clone();
        // From another thread, because it answers before it has read everything.
        let writer =
            std::thread::spawn(move || lines.iter().try_for_each(|line| writeln!(input, "{line}")));
        let mut wrong = Vec::new();
        let (mut answered, mut refused) = (0, 0);
        for ((answer, read), line) in answers.zip(&self.read).zip(&self.lines) {
            let answer: Answer = serde_json::from_str(&answer.unwrap()).unwrap();
            answered += 1;
            refused += u32::from(!answer.valid);
            if answer.valid != *read {
                let what = if *read { "refused" } else { "accepted" };
                let line: String = line.chars().take(2_000).collect();
                wrong.push(format!(
                    "{what} by the schema alone, {:?}: {line}",
                    answer.errors
                ));
            }
        }
        writer.join().unwrap().unwrap();
        assert!(child.wait().unwrap().success());
        assert_eq!(answered, self.lines.len());
        println!("{answered} values, {refused} of them refused by schema and reader");
        assert!(refused > 1_000, "only {refused} values were refused");
        assert!(
            wrong.is_empty(),
            "{} differ, the first:\n{}",
            wrong.len(),
            wrong[0]
        );
    }
}

/// The place of every object in `value`.
fn objects(value: &Value) -> Vec<String> {
    let mut places = Vec::new();
    gather(value, String::new(), &mut places);
    places
}

fn gather(value: &Value, place: String, places: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                gather(value, format!("{place}/{name}"), places);
            }
            places.push(place);
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                gather(value, format!("{place}/{index}"), places);
            }
        }
        _ => {}
    }
}
