//! JSON to component values, by the function's own types: cases are written in the contract's names.
//!
//! What `okta_sso_host::record::of_val` writes can be read here. An absent option may also be left out.

use anyhow::{Context, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
pub use okta_sso_host::record::of_val as to_json;
use serde_json::Value;
use wasmtime::component::{Type, Val};

/// Reads `value` as `kind`.
///
/// # Errors
/// When it is of another kind or has a member that the contract does not know.
pub fn to_val(value: &Value, kind: &Type) -> Result<Val> {
    Ok(match (kind, value) {
        (Type::Bool, Value::Bool(value)) => Val::Bool(*value),
        (Type::String, Value::String(text)) => Val::String(text.clone()),
        (Type::U8, Value::Number(number)) => Val::U8(integer(number)?),
        (Type::U16, Value::Number(number)) => Val::U16(integer(number)?),
        (Type::U32, Value::Number(number)) => Val::U32(integer(number)?),
        (Type::U64, Value::Number(number)) => Val::U64(integer(number)?),
        (Type::U64, Value::String(digits)) => Val::U64(digits.parse()?),
        (Type::Option(_), Value::Null) => Val::Option(None),
        (Type::Option(inner), value) => Val::Option(Some(Box::new(to_val(value, &inner.ty())?))),
        (Type::List(list), Value::String(text)) => {
            ensure!(list.ty() == Type::U8, "a list, not a text");
            Val::List(STANDARD.decode(text)?.into_iter().map(Val::U8).collect())
        }
        (Type::List(list), Value::Array(items)) => Val::List(
            items
                .iter()
                .map(|item| to_val(item, &list.ty()))
                .collect::<Result<_>>()?,
        ),
        (Type::Enum(cases), Value::String(text)) => {
            ensure!(
                cases.names().any(|name| name == text),
                "`{text}` is no case of this enum"
            );
            Val::Enum(text.clone())
        }
        (Type::Record(record), Value::Object(members)) => {
            for name in members.keys() {
                ensure!(
                    record.fields().any(|field| field.name == name),
                    "no member `{name}`"
                );
            }
            let fields = record.fields().map(|field| {
                let value = members.get(field.name).unwrap_or(&Value::Null);
                let value = to_val(value, &field.ty).with_context(|| field.name.to_owned())?;
                Ok((field.name.to_owned(), value))
            });
            Val::Record(fields.collect::<Result<_>>()?)
        }
        (Type::Variant(variant), value) => {
            let (name, payload) = match value {
                Value::String(name) => (name.as_str(), None),
                Value::Object(members) if members.len() == 1 => {
                    let (name, payload) = members.iter().next().context("one member")?;
                    (name.as_str(), Some(payload))
                }
                _ => bail!("a variant is a string or an object of one member"),
            };
            let case = variant
                .cases()
                .find(|case| case.name == name)
                .with_context(|| format!("`{name}` is no case of this variant"))?;
            let payload = match (case.ty, payload) {
                (Some(kind), Some(payload)) => Some(Box::new(to_val(payload, &kind)?)),
                (None, None) => None,
                (Some(Type::Option(_)), None) => Some(Box::new(Val::Option(None))),
                _ => bail!("`{name}` carries something else"),
            };
            Val::Variant(name.to_owned(), payload)
        }
        (Type::Result(kind), Value::Object(members)) => {
            let payload = |value: &Value, kind: Option<Type>| {
                let payload = kind.map(|kind| to_val(value, &kind)).transpose()?;
                Ok::<_, anyhow::Error>(payload.map(Box::new))
            };
            match (members.get("ok"), members.get("error")) {
                (Some(value), None) => Val::Result(Ok(payload(value, kind.ok())?)),
                (None, Some(value)) => Val::Result(Err(payload(value, kind.err())?)),
                _ => bail!("a result is `ok` or `error`"),
            }
        }
        (kind, value) => bail!("{value} is no {kind:?}"),
    })
}

fn integer<T: TryFrom<u64>>(number: &serde_json::Number) -> Result<T> {
    number
        .as_u64()
        .and_then(|value| T::try_from(value).ok())
        .with_context(|| format!("{number} is out of range"))
}

/// A refusal's code without its interface: the case, then each enum that it carries, joined by `/`.
#[must_use]
pub fn code(val: &Val) -> String {
    match val {
        Val::Variant(name, payload) => {
            let mut code = name.clone();
            if let Some(payload) = payload {
                push_enums(payload, &mut code);
            }
            code
        }
        Val::Enum(name) => name.clone(),
        _ => String::new(),
    }
}

fn push_enums(val: &Val, code: &mut String) {
    match val {
        Val::Enum(name) => {
            code.push('/');
            code.push_str(name);
        }
        Val::Record(fields) => fields.iter().for_each(|(_, value)| push_enums(value, code)),
        _ => {}
    }
}
