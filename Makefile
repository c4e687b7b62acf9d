# Thin: each target calls cargo, and needs nothing done before it.

.PHONY: demo test soak parts lint plugin bench fuzz pictures

# The product and a development Okta, to click through; everything is forgotten at the end.
demo: plugin
	cargo demo

# SKIP=browser,… leaves parts out; tests/README.md lists them.
export SKIP

test: parts lint plugin
	cargo test --workspace

# A long run over several hosts with faults injected at random; SOAK="--logins 200000 --seed 7" for another.
soak: plugin
	tests/part postgres
	tests/part redis
	cargo conformance soak $(SOAK)

# What tests need beside Rust.
parts:
	tests/part

lint:
	cargo fmt --all --check
	cargo lint
	RUSTDOCFLAGS="--deny warnings" cargo doc --workspace --no-deps --quiet

# target/plugin/okta_sso.wasm and its SHA-256.
plugin:
	cargo plugin

# What signing in costs beside what would be used instead: a table, and target/bench/. BENCH=calls,start runs some groups.
export BENCH
bench: plugin
	cargo bench --workspace --bench speed

# The pictures of demo/README.md, taken while the browser's tests walk through the pages.
pictures: plugin
	cargo test --workspace --test browser
	tests/part browser node tests/browser/pictures.mjs

# SECONDS_EACH (60) for each fuzz target. Needs the nightly compiler and cargo-fuzz.
fuzz: plugin
	tests/fuzz/run
