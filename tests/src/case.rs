//! What a case file holds. Unknown names fail, so that a typing error is not a case that tests nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// A JSON object.
pub type Object = Map<String, Value>;

/// One file of `cases/`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseFile {
    /// Flag to why: what cases of this flag have in common.
    pub notes: BTreeMap<String, String>,
    /// What every case starts from; a case overrides one part of it.
    #[serde(default)]
    pub defaults: Object,
    /// The cases, still as written.
    pub cases: Vec<Object>,
}

/// What a case says about itself.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// Unique in all files.
    pub id: String,
    /// Why the outcome is right, where the id does not say it.
    #[serde(default)]
    pub comment: Option<String>,
    /// Document and section that decides.
    #[serde(default)]
    pub spec: Option<String>,
    /// Keys of the file's notes.
    #[serde(default)]
    pub flags: Vec<String>,
}

/// One case, defaults applied.
#[derive(Debug, Clone)]
pub struct Case {
    /// What it says about itself.
    pub about: About,
    /// The file without `.json`.
    pub file: String,
    /// Attempts before the one under test, over the same storage and cache, and then that one.
    pub attempts: Vec<Attempt>,
}

/// One use of the component: what goes in, what the outside answers, what must come out.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Attempt {
    /// Which export, as `interface.function`.
    pub call: String,
    /// The clock's seconds when the attempt begins.
    #[serde(default = "Attempt::now")]
    pub begun: u64,
    /// The clock's seconds at the call under test.
    #[serde(default = "Attempt::now")]
    pub clock: u64,
    /// Faults of the host's capabilities during the call under test.
    #[serde(default)]
    pub host: HostScript,
    /// The call's arguments.
    #[serde(default)]
    pub input: Input,
    /// Endpoint to its answers, in order; the last one is repeated. Replaces parts of the default provider.
    #[serde(default)]
    pub http: BTreeMap<String, Answers>,
    /// The outcome.
    pub expect: Expect,
}

impl Attempt {
    /// The clock of every case that names none: 2026-09-21T14:13:20Z.
    pub const NOW: u64 = 1_790_000_000;

    fn now() -> u64 {
        Self::NOW
    }
}

/// Faults of the host itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct HostScript {
    /// How the random bytes come.
    #[serde(default)]
    pub random: RandomScript,
    /// How the storage behaves.
    #[serde(default)]
    pub storage: StorageScript,
}

/// How the random bytes come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RandomScript {
    /// Different at every draw, the same in every run.
    #[default]
    Counted,
    /// The same bytes at every draw.
    Repeats,
}

/// How the storage behaves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StorageScript {
    /// As the contract says.
    #[default]
    Works,
    /// Every operation fails.
    Unavailable,
    /// Says of every key that a live value is there.
    Occupied,
}

/// What goes in. Which members count depends on the call.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Input {
    /// Members of `config.settings` that differ from the default ones.
    #[serde(default)]
    pub settings: Object,
    /// Members of the checked connection that are then changed by hand.
    #[serde(default)]
    pub connection: Object,
    /// Settings that differ at the callback alone: another connection, or this one saved anew.
    #[serde(default)]
    pub settings_at_callback: Object,
    /// Members of the connection that are changed by hand at the callback alone.
    #[serde(default)]
    pub connection_at_callback: Object,
    /// Members of `login.login-request`.
    #[serde(default)]
    pub request: Object,
    /// The callback.
    #[serde(default)]
    pub callback: CallbackScript,
    /// How the default ID token (or logout token, or revocation token) is changed.
    #[serde(default)]
    pub token: TokenScript,
    /// Arguments of other calls, after the connection where there is one.
    #[serde(default)]
    pub arguments: Vec<Value>,
}

/// The browser's return. Both are templates.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct CallbackScript {
    /// The raw query.
    pub query: String,
    /// The cookie's value.
    pub browser_binding: Option<String>,
}

impl Default for CallbackScript {
    fn default() -> Self {
        Self {
            query: "state={state}&code={code}".into(),
            browser_binding: Some("{browser-binding}".into()),
        }
    }
}

/// A change to a JSON object.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Patch {
    /// Members to add or replace; strings are templates.
    pub set: Object,
    /// Members to leave out.
    pub remove: Vec<String>,
    /// JSON text of further members, put last as it is: for what a JSON value cannot say, such as a name given twice.
    pub append: Option<String>,
    /// The whole text instead, a template.
    pub raw: Option<String>,
}

/// How a token differs from a right one.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct TokenScript {
    /// The JOSE header.
    pub header: Patch,
    /// The payload.
    pub claims: Patch,
    /// The signature.
    pub signing: Signing,
    /// The compact form, a template over `{header}`, `{payload}` and `{signature}`.
    pub compact: Option<String>,
}

/// How a token is signed. `key` also gives the header's default `kid`, and `algorithm` its default `alg`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Signing {
    /// A file of `keys/`, without `.pem`.
    pub key: String,
    /// `RS256` and so on; `none`, however spelt, has no signature.
    pub algorithm: String,
    /// What is done with the right signature.
    pub signature: Signature,
}

impl Default for Signing {
    fn default() -> Self {
        Self {
            key: "rsa-1".into(),
            algorithm: "RS256".into(),
            signature: Signature::Right,
        }
    }
}

/// What becomes of a signature.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signature {
    /// Nothing.
    Right,
    /// Its last bit is flipped.
    Tampered,
    /// Its last byte is missing.
    Short,
    /// It has one byte more.
    Long,
    /// No bytes.
    Empty,
    /// All bytes zero, as many as the right one has.
    Zero,
    /// ECDSA in ASN.1 instead of two integers side by side.
    Der,
    /// HMAC-SHA-256 with this template as the key, and `HS256` in the header.
    Hmac(String),
}

/// One answer or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Answers {
    /// The same every time.
    One(Box<Answer>),
    /// In order; the last one is repeated.
    InOrder(Vec<Answer>),
}

/// How an answer differs from the provider's usual one.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Answer {
    /// The status; 200 when absent.
    pub status: Option<u16>,
    /// Headers to add or replace; null removes.
    pub headers: BTreeMap<String, Option<String>>,
    /// Members of the JSON document.
    #[serde(rename = "json")]
    pub json: Patch,
    /// The keys of a key set, instead of the usual ones.
    pub keys: Option<Vec<KeyScript>>,
    /// The HTTP capability's own error instead of an answer.
    pub error: Option<String>,
}

/// One key of a key set.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct KeyScript {
    /// A file of `keys/`, without `.json`; without one, only what `set` holds.
    #[serde(default)]
    pub key: Option<String>,
    /// Members to add or replace; templates over the key's own members.
    #[serde(default)]
    pub set: Object,
    /// Members to leave out.
    #[serde(default)]
    pub remove: Vec<String>,
    /// As in [`Patch`].
    #[serde(default)]
    pub append: Option<String>,
}

/// What must come out.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Expect {
    /// Members that the good answer must have; null is an answer too.
    #[serde(deserialize_with = "present")]
    pub ok: Option<Value>,
    /// The refusal: `token-rejected/expired`, or its members in WIT's names.
    pub error: Option<Value>,
    /// Findings as `check outcome reason`, exactly.
    pub findings: Option<Vec<String>>,
    /// Parameters of the authorization URL, null where one must be absent; and `url`, what comes before the query.
    pub authorization: Object,
    /// Endpoint to what was sent there: members of the form, or `url`, or `authorization`.
    pub sent: BTreeMap<String, Object>,
    /// The endpoints asked during the call under test, in order.
    pub calls: Vec<String>,
    /// What the storage holds afterwards.
    pub storage: Stored,
}

/// What the storage holds after the call under test. Anything else there fails the case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stored {
    /// What was there before, without this attempt's transaction; nothing new.
    #[default]
    Consumed,
    /// Exactly what was there before.
    Unchanged,
    /// What was there before, and one entry more.
    Added,
}

impl CaseFile {
    /// The folder of the case files.
    #[must_use]
    pub fn folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("cases")
    }

    /// Every file's name without `.json`, sorted.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn names() -> anyhow::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(Self::folder())? {
            let path = entry?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "json")
            {
                names.extend(
                    path.file_stem()
                        .map(|stem| stem.to_string_lossy().into_owned()),
                );
            }
        }
        names.sort();
        Ok(names)
    }

    /// Reads one file as it is written.
    ///
    /// # Errors
    /// When the file is not a case file.
    pub fn load(name: &str) -> anyhow::Result<Self> {
        let path = Self::folder().join(format!("{name}.json"));
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("cases/{name}.json"))
    }

    /// Reads one file and applies its defaults to every case.
    ///
    /// # Errors
    /// When the file is not a case file, or a case in it uses an unknown name, no flag of the notes, or an id twice.
    pub fn read(name: &str) -> anyhow::Result<Vec<Case>> {
        let file = Self::load(name)?;
        let mut cases: Vec<Case> = Vec::new();
        for object in &file.cases {
            let id = object
                .get("id")
                .and_then(Value::as_str)
                .unwrap_or("(no id)");
            let case = file
                .case(name, object)
                .with_context(|| format!("cases/{name}.json: {id}"))?;
            ensure!(
                cases.iter().all(|other| other.about.id != case.about.id),
                "cases/{name}.json: {id}: the id is used twice"
            );
            cases.push(case);
        }
        Ok(cases)
    }

    /// One case of this file, or one like it, with the defaults applied.
    ///
    /// # Errors
    /// When it uses an unknown name, or no flag of the notes.
    pub fn case(&self, file: &str, object: &Object) -> anyhow::Result<Case> {
        let mut about = Object::new();
        let mut before = Vec::new();
        let mut last = Object::new();
        for (name, value) in object {
            match name.as_str() {
                "id" | "comment" | "spec" | "flags" => {
                    about.insert(name.clone(), value.clone());
                }
                "before" => before = serde_json::from_value(value.clone())?,
                _ => {
                    last.insert(name.clone(), value.clone());
                }
            }
        }
        let about: About = serde_json::from_value(Value::Object(about))?;
        for flag in &about.flags {
            ensure!(
                self.notes.contains_key(flag),
                "flag `{flag}` is not in the notes"
            );
        }
        before.push(last);
        let attempts = before
            .iter()
            .map(|own| Attempt::read(&self.defaults, own))
            .collect::<anyhow::Result<_>>()?;
        Ok(Case {
            about,
            file: file.to_owned(),
            attempts,
        })
    }
}

impl Attempt {
    fn read(defaults: &Object, own: &Object) -> anyhow::Result<Self> {
        let mut merged = defaults.clone();
        let outcomes = ["ok", "error", "findings"];
        let own_outcome = own
            .get("expect")
            .and_then(Value::as_object)
            .is_some_and(|expect| outcomes.iter().any(|name| expect.contains_key(*name)));
        if own_outcome && let Some(Value::Object(expect)) = merged.get_mut("expect") {
            expect.retain(|name, _| !outcomes.contains(&name.as_str()));
        }
        merge(&mut merged, own);
        Ok(serde_json::from_value(Value::Object(merged))?)
    }
}

/// Tells a member that is null from one that is not there.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// Lays `over` on `base`: objects member by member, everything else whole.
pub fn merge(base: &mut Object, over: &Object) {
    for (name, value) in over {
        match (base.get_mut(name), value) {
            (Some(Value::Object(base)), Value::Object(over)) => merge(base, over),
            _ => {
                base.insert(name.clone(), value.clone());
            }
        }
    }
}
