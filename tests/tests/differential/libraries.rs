//! The other libraries, used as their documentation says to.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use okta_sso_conformance::part::workspace;
use openidconnect::core::{
    CoreIdToken, CoreIdTokenVerifier, CoreJsonWebKeySet, CoreJwsSigningAlgorithm,
};
use openidconnect::{AccessToken, AccessTokenHash, ClientId, IssuerUrl, Nonce};
use serde::Deserialize;
use serde_json::json;

use crate::trial::{Trial, Verdict};

/// Who else judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Library {
    Openidconnect,
    Oauth4webapi,
}

fn instant(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

/// The verdict of `openidconnect`. It has no leeway: for `exp` its clock is put back, and what it leaves to its caller
/// (`iat`, `auth_time`, `acr`, `at_hash`) is checked here as the specification says and with our leeway.
pub(crate) fn openidconnect(trial: &Trial) -> Verdict {
    let told = |error: &dyn std::fmt::Display| error.to_string();
    let keys: CoreJsonWebKeySet =
        serde_json::from_str(&trial.keys).map_err(|error| told(&error))?;
    let algorithms: Vec<CoreJwsSigningAlgorithm> =
        serde_json::from_value(json!(trial.algorithms)).map_err(|error| told(&error))?;
    let (now, tolerance) = (trial.now, trial.tolerance);
    let latest = instant(now + tolerance);
    let earliest = trial
        .max_age
        .map(|age| instant(now.saturating_sub(age + tolerance)));
    let wanted = &trial.acr_values;
    let verifier = CoreIdTokenVerifier::new_public_client(
        ClientId::new(trial.client_id.clone()),
        IssuerUrl::new(trial.issuer.clone()).map_err(|error| told(&error))?,
        keys,
    )
    .set_allowed_algs(algorithms)
    .set_time_fn(move || instant(now - tolerance).into())
    .set_issue_time_verifier_fn(move |issued| {
        let ahead = SystemTime::from(issued) > latest;
        if ahead {
            Err("issued ahead".into())
        } else {
            Ok(())
        }
    })
    .set_auth_time_verifier_fn(move |time| match (earliest, time) {
        (None, _) => Ok(()),
        (Some(_), None) => Err("no auth_time".into()),
        (Some(earliest), Some(time)) if SystemTime::from(time) < earliest => Err("too old".into()),
        _ => Ok(()),
    })
    .set_auth_context_verifier_fn(move |acr| {
        let met = acr.is_some_and(|acr| wanted.iter().any(|wanted| *wanted == acr.as_str()));
        if wanted.is_empty() || met {
            Ok(())
        } else {
            Err("acr".into())
        }
    });
    let token = CoreIdToken::from_str(&trial.id_token).map_err(|error| told(&error))?;
    let expected = trial.nonce.clone().map(Nonce::new);
    let nonce = |found: Option<&Nonce>| match (&expected, found) {
        (None, None) => Ok(()),
        (Some(expected), Some(found)) if expected.secret() == found.secret() => Ok(()),
        _ => Err("nonce".to_owned()),
    };
    let claims = token
        .claims(&verifier, nonce)
        .map_err(|error| told(&error))?;
    if let (Some(found), Some(access_token)) = (claims.access_token_hash(), &trial.access_token) {
        let algorithm = token.signing_alg().map_err(|error| told(&error))?;
        let key = token.signing_key(&verifier).map_err(|error| told(&error))?;
        let access_token = AccessToken::new(access_token.clone());
        let hash = AccessTokenHash::from_token(&access_token, algorithm, key)
            .map_err(|error| told(&error))?;
        if hash != *found {
            return Err("at_hash".to_owned());
        }
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    accepted: bool,
    #[serde(default)]
    why: String,
}

/// The verdicts of npm's `oauth4webapi`, in a process of Node.js; in the order of `trials`.
pub(crate) fn oauth4webapi(trials: &[&Trial]) -> Result<Vec<Verdict>> {
    let folder = workspace().join("tests/differential");
    let mut child = Command::new("node")
        .arg("judge.mjs")
        .current_dir(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start node")?;
    let mut input = child.stdin.take().context("no standard input")?;
    let output = child.stdout.take().context("no standard output")?;
    let lines: Vec<String> = trials
        .iter()
        .map(serde_json::to_string)
        .collect::<Result<_, _>>()?;
    let count = lines.len();
    // From another thread, because it answers before it has read everything.
    let writer =
        std::thread::spawn(move || lines.iter().try_for_each(|line| writeln!(input, "{line}")));
    let mut verdicts = Vec::with_capacity(count);
    for line in BufReader::new(output).lines() {
        let answer: Answer = serde_json::from_str(&line?)?;
        verdicts.push(if answer.accepted {
            Ok(())
        } else {
            Err(answer.why)
        });
    }
    let status = child.wait()?;
    let written = writer.join().is_ok_and(|result| result.is_ok());
    ensure!(
        status.success() && written && verdicts.len() == count,
        "judge.mjs gave {} verdicts on {count} tokens and ended with {status}",
        verdicts.len()
    );
    Ok(verdicts)
}
