//! The flat form: cases that need no key, no clock and no randomness of whoever runs them.
//!
//! `FLAT.md` describes it for other languages; the types here are the format, and refuse unknown names.

pub mod contract;
pub mod expectation;
pub mod generate;
pub mod sandbox;
pub mod text;
pub mod trace;
pub mod types;

use std::collections::BTreeMap;

use okta_sso_host::record::Exchange;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::case::Case;

/// One line of a file of flat cases.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum FlatCase {
    /// What any plugin of the contract must do.
    Contract(ContractCase),
    /// What this project's plugin does, exactly.
    Trace(TraceCase),
}

/// What a case says about itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct About {
    /// Unique among the cases of its kind.
    pub id: String,
    /// The file of `cases/` that it was made from.
    pub file: String,
    /// Document and section that decides.
    pub spec: Option<String>,
    /// Why the outcome is right, where the id does not say it.
    pub comment: Option<String>,
}

impl From<&Case> for About {
    fn from(case: &Case) -> Self {
        Self {
            id: case.about.id.clone(),
            file: case.file.clone(),
            spec: case.about.spec.clone(),
            comment: case.about.comment.clone(),
        }
    }
}

/// Calls over one emulated host, the last of them under test.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ContractCase {
    /// What it says about itself.
    pub about: About,
    /// In order, over the same storage and cache.
    pub steps: Vec<Step>,
}

/// One call.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Step {
    /// Which attempt of the case it belongs to, from 0.
    pub attempt: usize,
    /// `interface.function`.
    pub call: String,
    /// Values with holes.
    pub arguments: Vec<Value>,
    /// The clock's seconds, throughout.
    pub clock: u64,
    /// What `random.bytes` gives, in order, in base64. Drawing more than this is a failure.
    pub random: String,
    /// How the storage behaves.
    pub storage: StorageMode,
    /// Every request that must be sent, in order, with its answer.
    pub http: Vec<HttpExchange>,
    /// What `signatures.verify` answers; anything that is not here is a mismatch.
    pub signatures: Vec<Verdict>,
    /// Names of what this call makes known.
    pub learn: BTreeMap<String, Source>,
    /// Texts that must be neither in an error nor in the log.
    pub secrets: Vec<Value>,
    /// What must come out.
    pub expect: Expectation,
}

/// How the storage behaves during a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StorageMode {
    /// As the contract says.
    Works,
    /// Every operation is `unavailable`.
    Unavailable,
    /// `put-if-absent` finds a live value under every key; `take` works.
    Occupied,
}

/// A request and its answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct HttpExchange {
    /// What must be sent.
    pub request: HttpRequest,
    /// What `http.send` returns: `{"ok": response}`, its `body` a text with holes or `{"$base64": …}`; or
    /// `{"error": name}`.
    pub answer: Value,
}

/// What must be sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct HttpRequest {
    /// The contract's name of the endpoint.
    pub endpoint: String,
    /// `get` or `post`.
    pub method: String,
    /// Exactly.
    pub url: String,
    /// The contract's `authorization`, exactly.
    pub authorization: Value,
    /// Members of the form-urlencoded body as patterns; null says that one must be absent.
    pub form: Option<Map<String, Value>>,
    /// Whether the form may hold nothing else.
    pub only: bool,
}

/// One signature check.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Verdict {
    /// The contract's name.
    pub algorithm: String,
    /// The key's members that count: `kty`, and the numbers.
    pub jwk: Map<String, Value>,
    /// A text with holes.
    pub message: Value,
    /// In base64.
    pub signature: String,
    /// `ok`, `mismatch` or `unusable-key`.
    pub answer: String,
}

/// Where something to learn is found.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Source {
    /// In the call's result, by the names on the way.
    Result(Vec<String>),
    /// A parameter of the authorization request: in the query of `ok.url` or, when that holds `request_uri`, in the
    /// form that was pushed.
    Authorization(String),
}

/// What must come out of a call.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Expectation {
    /// A pattern of the result: objects may have more members, lists must be as long.
    pub result: Value,
    /// Parameters in the query of `ok.url`, null where one must be absent; and `url`, what comes before the query.
    pub authorization: Map<String, Value>,
    /// What the storage holds afterwards.
    pub storage: Stored,
}

/// What the storage holds after a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stored {
    /// Exactly what it held before the first call of this attempt.
    Consumed,
    /// Exactly what it held before this call.
    Unchanged,
    /// That, and at least one entry more.
    Added,
}

/// One call of this project's plugin, pinned exactly.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TraceCase {
    /// What it says about itself.
    pub about: About,
    /// `interface.function`.
    pub call: String,
    /// All arguments.
    pub arguments: Vec<Value>,
    /// What the component must ask, in order, and what it is answered.
    pub trace: Vec<Exchange>,
    /// What the call must return.
    pub outcome: Value,
}

/// How a run differed from its case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Failure {
    /// What was compared.
    pub what: String,
    /// What the case wants.
    pub expected: String,
    /// What came.
    pub got: String,
}

impl Failure {
    pub(crate) fn new(
        what: impl Into<String>,
        expected: impl ToString,
        got: impl ToString,
    ) -> Self {
        Self {
            what: what.into(),
            expected: expected.to_string(),
            got: got.to_string(),
        }
    }
}

impl FlatCase {
    /// What it says about itself.
    #[must_use]
    pub fn about(&self) -> &About {
        match self {
            Self::Contract(case) => &case.about,
            Self::Trace(case) => &case.about,
        }
    }
}
