//! Why ours may refuse what a library accepts: `differential/stricter.toml`.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, ensure};
use okta_sso_conformance::part::workspace;
use serde::Deserialize;

use crate::libraries::Library;
use crate::trial::Verdict;

/// Where, which verdicts.
pub(crate) struct Difference {
    what: String,
    token: String,
}

/// A named reason to be stricter. Everything that it lists must be excused by it at least once.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    /// The specification's or our own reason.
    why: String,
    /// Our refusal.
    problem: String,
    /// Who accepts.
    libraries: BTreeSet<Library>,
    /// Changes of a variation.
    #[serde(default)]
    changes: BTreeSet<String>,
    /// Ids of cases; `BI-112-*` names several.
    #[serde(default)]
    cases: BTreeSet<String>,
}

/// All rules, and what of them was needed so far.
pub(crate) struct Rules {
    rules: BTreeMap<String, Rule>,
    needed: BTreeSet<String>,
}

impl Rules {
    pub(crate) fn read() -> Result<Self> {
        let path = workspace().join("tests/differential/stricter.toml");
        let rules: BTreeMap<String, Rule> = toml::from_str(&std::fs::read_to_string(path)?)?;
        for (name, rule) in &rules {
            ensure!(rule.why.len() > 20, "{name}: a rule needs a reason");
        }
        Ok(Self {
            rules,
            needed: BTreeSet::new(),
        })
    }

    /// Compares the verdicts on one token: a case without `changes`, a variation with them.
    pub(crate) fn compare(
        &mut self,
        token: &str,
        changes: &[&str],
        ours: &Verdict,
        theirs: &[(Library, Verdict)],
        wrong: &mut Vec<Difference>,
    ) {
        for (library, verdict) in theirs {
            let what = match (ours, verdict) {
                (Ok(()), Err(why)) => format!("LOOSER than {library:?}, which says: {why}"),
                (Err(problem), Ok(())) if !self.excuse(token, changes, problem, *library) => {
                    format!("stricter than {library:?} without a rule: {problem}")
                }
                _ => continue,
            };
            let token = token.to_owned();
            wrong.push(Difference { what, token });
        }
    }

    fn excuse(&mut self, token: &str, changes: &[&str], problem: &str, library: Library) -> bool {
        let mut excused = false;
        for (name, rule) in &self.rules {
            if rule.problem != problem || !rule.libraries.contains(&library) {
                continue;
            }
            let named = if changes.is_empty() {
                rule.cases.iter().find(|case| match case.strip_suffix('*') {
                    Some(prefix) => token.starts_with(prefix),
                    None => token == *case,
                })
            } else {
                rule.changes
                    .iter()
                    .find(|change| changes.contains(&change.as_str()))
            };
            if let Some(named) = named {
                self.needed.insert(format!("{name}: {named}"));
                self.needed.insert(format!("{name}: {library:?}"));
                excused = true;
            }
        }
        excused
    }

    /// Everything listed that excused nothing.
    pub(crate) fn stale(&self) -> Vec<String> {
        let mut stale = Vec::new();
        for (name, rule) in &self.rules {
            let libraries = rule.libraries.iter().map(|library| format!("{library:?}"));
            let listed = rule.cases.iter().chain(&rule.changes).cloned();
            let listed = listed.chain(libraries);
            stale.extend(
                listed
                    .map(|listed| format!("{name}: {listed}"))
                    .filter(|entry| !self.needed.contains(entry)),
            );
        }
        stale
    }
}

/// Every kind of difference once, with the tokens that show it.
pub(crate) fn summary(wrong: &[Difference]) -> String {
    let mut kinds: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for Difference { what, token } in wrong {
        kinds.entry(what).or_default().push(token);
    }
    let lines = kinds.iter().map(|(what, tokens)| {
        let some: Vec<_> = tokens.iter().take(12).collect();
        format!("  {what}\n    {} tokens: {some:?}\n", tokens.len())
    });
    lines.collect()
}
