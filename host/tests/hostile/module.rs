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

/// Room for arguments and answers, handed out again and again.
const REALLOC: &str = "(i32.const 4096)";

/// A component that exports all of the contract, with 32 pages of memory, a table and a global.
pub(crate) fn component(imports: &str, bodies: &[Body<'_>]) -> Vec<u8> {
    with_realloc(REALLOC, imports, bodies)
}

/// The same with another answer to the host's wish for memory.
pub(crate) fn with_realloc(realloc: &str, imports: &str, bodies: &[Body<'_>]) -> Vec<u8> {
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit");
    of_contract(&wit, realloc, imports, bodies)
}

/// The same of the contract in this folder.
pub(crate) fn of_contract(
    wit: &Path,
    realloc: &str,
    imports: &str,
    bodies: &[Body<'_>],
) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(wit).unwrap();
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
            (data (i32.const 256) "https://acme.okta.com/x")
            (data (i32.const 320) "\ff\fe\fd")
            (table 1 funcref)
            (global $mark (mut i64) (i64.const 0))
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) {realloc})
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
