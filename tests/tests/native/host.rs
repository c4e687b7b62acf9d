//! A host that answers as a recorded call was answered, whatever it is asked.

use std::collections::{BTreeMap, VecDeque};

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use okta_sso_conformance::flat::TraceCase;
use okta_sso_conformance::flat::sandbox::Imports;
use serde_json::{Value, json};

/// A question: the import and its arguments.
pub(crate) type Asked = (String, Vec<Value>);

/// The n-th question to an import gets the n-th answer that it had; then something harmless.
pub(crate) struct Host {
    answers: BTreeMap<String, VecDeque<Value>>,
    pub(crate) asked: Vec<Asked>,
}

impl Host {
    pub(crate) fn new(case: &TraceCase) -> Self {
        let mut answers = BTreeMap::<String, VecDeque<Value>>::new();
        for exchange in &case.trace {
            let answers = answers.entry(exchange.import.clone()).or_default();
            answers.push_back(exchange.result.clone());
        }
        Self {
            answers,
            asked: Vec::new(),
        }
    }
}

impl Imports for Host {
    fn answer(&mut self, import: &str, arguments: Vec<Value>) -> Result<Value> {
        let recorded = self.answers.get_mut(import).and_then(VecDeque::pop_front);
        let answer = recorded.unwrap_or_else(|| match import {
            "http.send" => json!({ "error": "unreachable" }),
            "storage.put-if-absent" => json!({ "ok": true }),
            "storage.take" => json!({ "ok": "absent" }),
            "cache.get" => json!("absent"),
            "clock.now" => json!(1_790_000_000),
            "random.bytes" => {
                let length = arguments[0]
                    .as_u64()
                    .and_then(|length| usize::try_from(length).ok());
                let byte = u8::try_from(self.asked.len()).unwrap_or(u8::MAX);
                json!(STANDARD.encode(vec![byte; length.unwrap_or_default()]))
            }
            "signatures.verify" => json!({ "ok": null }),
            _ => Value::Null,
        });
        self.asked.push((import.to_owned(), arguments));
        Ok(answer)
    }
}
