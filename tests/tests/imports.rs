//! The component has no authority but the seven capabilities.

use okta_sso_conformance::run;

#[test]
fn the_component_imports_the_seven_capabilities_and_types() {
    let plugin = run::plugin().unwrap_or_else(|error| panic!("{error:#}"));
    let mut imports = plugin.imports().to_vec();
    imports.sort();
    assert_eq!(
        imports,
        [
            "cache",
            "clock",
            "http",
            "log",
            "random",
            "signatures",
            "storage",
            "types"
        ]
        .map(|name| format!("sso:provider/{name}@0.1.0"))
    );
}
