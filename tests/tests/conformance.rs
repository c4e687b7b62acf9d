//! Every case of `cases/`, through the real component: one test a file.

use okta_sso_conformance::case::CaseFile;
use okta_sso_conformance::run;

macro_rules! files {
    ($($test:ident $file:literal)*) => {
        const FILES: &[&str] = &[$($file),*];
        $(#[tokio::test]
        async fn $test() {
            let plugin = run::plugin().unwrap_or_else(|error| panic!("{error:#}"));
            match run::file(&plugin, $file).await {
                Ok(count) => println!("{count} cases of {}", $file),
                Err(failures) => panic!("{failures:#}"),
            }
        })*
    };
}

files! {
    algorithms "algorithms"
    begin "begin"
    callback "callback"
    claims "claims"
    config_address "config-address"
    config_fields "config-fields"
    config_issuer "config-issuer"
    discovery "discovery"
    email "email"
    id_token "id-token"
    jose_header "jose-header"
    json "json"
    jws "jws"
    key_material "key-material"
    keys "keys"
    logout "logout"
    messages "messages"
    openid_foundation "openid-foundation"
    probe "probe"
    providers "providers"
    rehearse "rehearse"
    rotation "rotation"
    signatures "signatures"
    stale "stale"
    time "time"
    token_endpoint "token-endpoint"
    user_info "user-info"
}

#[test]
fn every_file_is_run_and_reads() {
    assert_eq!(CaseFile::names().unwrap(), FILES);
    let cases: usize = FILES
        .iter()
        .map(|name| {
            CaseFile::read(name)
                .unwrap_or_else(|error| panic!("{error:#}"))
                .len()
        })
        .sum();
    assert!(cases >= 900, "only {cases} cases are left");
}
