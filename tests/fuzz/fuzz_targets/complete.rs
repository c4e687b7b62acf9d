#![no_main]
libfuzzer_sys::fuzz_target!(|input: &[u8]| okta_sso_fuzz::complete(input));
