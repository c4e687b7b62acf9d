//! The contract's types as data, for hosts whose language does not keep them.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};
use wit_parser::{Function, Resolve, Type, TypeDefKind, WorldItem, WorldKey};

/// Every function that is exported or imported, as `{"login.begin": {"params": [[name, type]…], "result": type}}`.
///
/// A type is `bool`, `u8` to `u64`, `string`, `bytes`, or an object of one member: `list` and `option` of a type,
/// `record` and `variant` of `[name, type]` pairs, `enum` of names, `result` of a pair of types. Null is no type.
///
/// # Errors
/// When `wit/` does not parse.
pub fn contract() -> Result<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit");
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(&folder)?;
    let world = resolve.select_world(&[package], Some("sso-provider"))?;
    let world = resolve.worlds.get(world).context("no world")?;
    let side = |items: &wit_parser::IndexMap<WorldKey, WorldItem>| -> Result<Value> {
        let mut functions = Map::new();
        for item in items.values() {
            let WorldItem::Interface { id, .. } = item else {
                continue;
            };
            let interface = resolve.interfaces.get(*id).context("no interface")?;
            let name = interface.name.as_deref().context("no name")?;
            for (function, shape) in &interface.functions {
                functions.insert(format!("{name}.{function}"), signature(&resolve, shape)?);
            }
        }
        Ok(Value::Object(functions))
    };
    Ok(json!({ "exports": side(&world.exports)?, "imports": side(&world.imports)? }))
}

fn signature(resolve: &Resolve, function: &Function) -> Result<Value> {
    let params = function.params.iter();
    let params: Vec<Value> = params
        .map(|param| Ok(json!([param.name, kind(resolve, &param.ty)?])))
        .collect::<Result<_>>()?;
    Ok(json!({ "params": params, "result": optional(resolve, function.result.as_ref())? }))
}

fn optional(resolve: &Resolve, of: Option<&Type>) -> Result<Value> {
    of.map_or(Ok(Value::Null), |of| kind(resolve, of))
}

fn kind(resolve: &Resolve, of: &Type) -> Result<Value> {
    let id = match of {
        Type::Bool => return Ok(json!("bool")),
        Type::U8 => return Ok(json!("u8")),
        Type::U16 => return Ok(json!("u16")),
        Type::U32 => return Ok(json!("u32")),
        Type::U64 => return Ok(json!("u64")),
        Type::String => return Ok(json!("string")),
        Type::Id(id) => *id,
        other => bail!("the contract has no {other:?}"),
    };
    let defined = resolve.types.get(id).context("no type")?;
    Ok(match &defined.kind {
        TypeDefKind::Type(of) => kind(resolve, of)?,
        TypeDefKind::List(Type::U8) => json!("bytes"),
        TypeDefKind::List(of) => json!({ "list": kind(resolve, of)? }),
        TypeDefKind::Option(of) => json!({ "option": kind(resolve, of)? }),
        TypeDefKind::Result(of) => json!({ "result": [
            optional(resolve, of.ok.as_ref())?,
            optional(resolve, of.err.as_ref())?,
        ]}),
        TypeDefKind::Enum(of) => {
            json!({ "enum": of.cases.iter().map(|case| &case.name).collect::<Vec<_>>() })
        }
        TypeDefKind::Record(of) => {
            let fields = of.fields.iter();
            let fields = fields.map(|field| Ok(json!([field.name, kind(resolve, &field.ty)?])));
            json!({ "record": fields.collect::<Result<Vec<_>>>()? })
        }
        TypeDefKind::Variant(of) => {
            let cases = of.cases.iter();
            let cases =
                cases.map(|case| Ok(json!([case.name, optional(resolve, case.ty.as_ref())?])));
            json!({ "variant": cases.collect::<Result<Vec<_>>>()? })
        }
        other => bail!("the contract has no {}", other.as_str()),
    })
}
