//! Values of the contract by their types: read into the core's own, and changed at random.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use fastrand::Rng;
use okta_sso_conformance::flat::TraceCase;
use okta_sso_conformance::mutation;
use okta_sso_plugin::connection::revision;
use okta_sso_plugin::contract::sso::provider::types::Connection;
use serde_json::{Map, Value, json};

/// `value` of type `kind` as serde reads the generated types: their names are Rust's, their bytes are numbers.
pub(crate) fn typed(value: &Value, kind: &Value) -> Value {
    if let Some(name) = kind.as_str() {
        return match (name, value) {
            ("bytes", Value::String(text)) => json!(STANDARD.decode(text).unwrap_or_default()),
            ("u64", Value::String(digits)) => json!(digits.parse::<u64>().unwrap_or_default()),
            _ => value.clone(),
        };
    }
    let pairs = |name: &str| kind[name].as_array().into_iter().flatten();
    if !kind["option"].is_null() {
        let inner = || typed(value, &kind["option"]);
        return if value.is_null() {
            Value::Null
        } else {
            inner()
        };
    }
    if let Value::Array(items) = value {
        let items = items.iter().map(|item| typed(item, &kind["list"]));
        return items.collect();
    }
    if !kind["record"].is_null() {
        let members = pairs("record").map(|field| {
            let name = field[0].as_str().unwrap_or_default();
            let rust = name.replace('-', "_");
            (rust, typed(&value[name], &field[1]))
        });
        return Value::Object(members.collect());
    }
    let one = |name: &str, payload: Value| Value::Object(Map::from_iter([(name.into(), payload)]));
    match (
        value,
        value.as_object().and_then(|members| members.iter().next()),
    ) {
        (Value::String(name), _) => json!(pascal(name)),
        (_, Some((name, payload))) if !kind["result"].is_null() => {
            let (side, rust) = if name == "ok" { (0, "Ok") } else { (1, "Err") };
            one(rust, typed(payload, &kind["result"][side]))
        }
        (_, Some((name, payload))) => {
            let case = pairs("variant").find(|case| case[0] == name.as_str());
            let kind = case.map_or(&Value::Null, |case| &case[1]);
            one(&pascal(name), typed(payload, kind))
        }
        _ => value.clone(),
    }
}

fn pascal(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_ascii_uppercase() + rest
    });
    words.collect()
}

/// What was changed: for the message of a failure.
#[derive(Debug)]
#[expect(dead_code, reason = "shown by Debug alone")]
pub(crate) struct Change {
    place: String,
    value: Value,
}

/// Changes one thing in an argument or in an answer of the host; none where there is nothing of that kind.
pub(crate) fn change(random: &mut Rng, types: &Value, case: &mut TraceCase) -> Option<Change> {
    let answered = !case.trace.is_empty() && random.u8(..4) > 0;
    let (mut place, value, kind) = if answered {
        let index = random.usize(..case.trace.len());
        let exchange = &mut case.trace[index];
        let kind = &types["imports"][&exchange.import]["result"];
        (format!("answer {index}"), &mut exchange.result, kind)
    } else {
        let index = random.usize(..case.arguments.len().max(1));
        let kind = &types["exports"][&case.call]["params"][index][1];
        (
            format!("argument {index}"),
            case.arguments.get_mut(index)?,
            kind,
        )
    };
    let mut leaves = Vec::new();
    gather(value, kind, String::new(), &mut leaves);
    let (path, kind) = leaves.get(random.usize(..leaves.len().max(1)))?.clone();
    let leaf = value.pointer_mut(&path)?;
    alter(random, leaf, &kind);
    place += &path;
    let changed = leaf.clone();
    // Else every changed connection would be refused for its revision.
    if value["revision"].is_string() && random.u8(..4) > 0 {
        let connection: Connection =
            serde_json::from_value(typed(value, &types["exports"][&case.call]["params"][0][1]))
                .ok()?;
        value["revision"] = json!(revision(&connection));
    }
    Some(Change {
        place,
        value: changed,
    })
}

/// Every place of `value` that can be changed without leaving its type.
fn gather(value: &Value, kind: &Value, path: String, leaves: &mut Vec<(String, Value)>) {
    let mut inner = |name: &str, kind: &Value| {
        if let Some(value) = value.get(name) {
            gather(value, kind, format!("{path}/{name}"), leaves);
        }
    };
    let fields = kind["record"]
        .as_array()
        .or_else(|| kind["variant"].as_array());
    for field in fields.into_iter().flatten() {
        inner(field[0].as_str().unwrap_or_default(), &field[1]);
    }
    inner("ok", &kind["result"][0]);
    inner("error", &kind["result"][1]);
    if let (Some(items), item) = (value.as_array(), &kind["list"]) {
        for (index, value) in items.iter().enumerate() {
            gather(value, item, format!("{path}/{index}"), leaves);
        }
    }
    if !value.is_null() && !kind["option"].is_null() {
        gather(value, &kind["option"], path.clone(), leaves);
    }
    let whole = kind["record"].is_null() && kind["variant"].is_null() && !kind.is_null();
    let absent = value.is_null() && !kind["option"].is_null();
    if whole && !absent {
        leaves.push((path, kind.clone()));
    }
}

fn alter(random: &mut Rng, value: &mut Value, kind: &Value) {
    match kind.as_str() {
        Some("string") => {
            *value = json!(mutation::text(random, value.as_str().unwrap_or_default()))
        }
        Some("bytes") => {
            let bytes = STANDARD
                .decode(value.as_str().unwrap_or_default())
                .unwrap_or_default();
            let bytes = document(random, &bytes);
            *value = if bytes.is_empty() {
                json!([])
            } else {
                json!(STANDARD.encode(bytes))
            };
        }
        Some("bool") => *value = json!(value != &json!(true)),
        Some(number) => {
            let most = match number {
                "u8" => u64::from(u8::MAX),
                "u16" => u64::from(u16::MAX),
                "u32" => u64::from(u32::MAX),
                _ => (1 << 53) - 1,
            };
            let now = value.as_u64().unwrap_or_default();
            let near = [
                0,
                1,
                now.saturating_add(1),
                now.saturating_sub(1),
                now.saturating_add(3_600),
                most,
                random.u64(..),
            ];
            *value = json!(near[random.usize(..near.len())].min(most));
        }
        None if !kind["option"].is_null() => *value = Value::Null,
        None if !kind["result"].is_null() => {
            let errors = kind["result"][1]["enum"].as_array();
            if let Some(errors) = errors.filter(|errors| !errors.is_empty()) {
                *value = json!({ "error": errors[random.usize(..errors.len())] });
            }
        }
        None if !kind["enum"].is_null() => {
            if let Some(names) = kind["enum"].as_array() {
                *value = names[random.usize(..names.len())].clone();
            }
        }
        None => {
            if let Some(items) = value.as_array_mut().filter(|items| !items.is_empty()) {
                let index = random.usize(..items.len());
                match random.u8(..3) {
                    0 => drop(items.remove(index)),
                    1 => items.push(items[index].clone()),
                    _ => items.reverse(),
                }
            }
        }
    }
}

/// A body: a token in it is changed inside, so that not every one is malformed.
fn document(random: &mut Rng, bytes: &[u8]) -> Vec<u8> {
    let mut parsed: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let token = parsed["id_token"].as_str().unwrap_or_default();
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    if parts.len() != 3 || random.u8(..4) == 0 {
        return mutation::bytes(random, bytes);
    }
    let part = &mut parts[random.usize(..2)];
    let inside = URL_SAFE_NO_PAD.decode(&*part).unwrap_or_default();
    *part = URL_SAFE_NO_PAD.encode(mutation::bytes(random, &inside));
    parsed["id_token"] = json!(parts.join("."));
    parsed.to_string().into_bytes()
}
