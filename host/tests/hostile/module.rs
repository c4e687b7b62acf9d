//! A component of the contract from a few lines of WebAssembly text.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test's own input: what is wrong with it shall stop the test"
)]

use std::fmt::Write;
use std::path::Path;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::abi::{AbiVariant, WasmType};
use wit_parser::{Resolve, WorldItem, WorldKey};

/// What one exported function does; all others are `unreachable`.
pub(crate) struct Body<'a> {
    /// Such as `messages@0.1.0#codes`.
    pub(crate) function: &'a str,
    /// Its instructions.
    pub(crate) text: &'a str,
}

/// A component that exports all of the contract, with 32 pages of memory and a table.
pub(crate) fn component(imports: &str, bodies: &[Body<'_>]) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit");
    let (package, _) = resolve.push_dir(&wit).unwrap();
    let world = resolve
        .select_world(&[package], Some("sso-provider"))
        .unwrap();

    let mut functions = String::new();
    for (key, item) in &resolve.worlds[world].exports {
        let (WorldKey::Interface(_), WorldItem::Interface { id, .. }) = (key, item) else {
            panic!("the world exports interfaces alone");
        };
        for function in resolve.interfaces[*id].functions.values() {
            let name = format!("{}#{}", resolve.name_world_key(key), function.name);
            let shape = resolve.wasm_signature(AbiVariant::GuestExport, function);
            let wanted = |body: &&Body<'_>| name == format!("sso:provider/{}", body.function);
            let text = bodies
                .iter()
                .find(wanted)
                .map_or("unreachable", |body| body.text);
            let (params, results) = (types(&shape.params), types(&shape.results));
            writeln!(
                functions,
                r#"(func (export "{name}") (param {params}) (result {results}) {text})"#
            )
            .unwrap();
        }
    }
    let text = format!(
        r#"(module
            {imports}
            (memory (export "memory") 32)
            (table 1 funcref)
            ;; Room for arguments and answers, handed out again and again.
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
            (func $deeper (param i32) (result i32) (call $deeper (local.get 0)))
            {functions})"#
    );
    let mut module = wat::parse_str(text).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).unwrap();
    ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .unwrap()
        .encode()
        .unwrap()
}

fn types(types: &[WasmType]) -> String {
    let name = |of: &WasmType| match of {
        WasmType::I32 | WasmType::Pointer | WasmType::Length => "i32",
        WasmType::I64 | WasmType::PointerOrI64 => "i64",
        WasmType::F32 => "f32",
        WasmType::F64 => "f64",
    };
    types.iter().map(name).collect::<Vec<_>>().join(" ")
}
