# Thin: each target calls cargo. `make demo` and `make test` need nothing done before them.

# Parts that `make test` may leave out, by name: make test SKIP=browser
SKIP ?=
export SKIP

.PHONY: demo test lint plugin parts bench

# A product and a development Okta in one process, with people to sign in as.
demo: plugin
	cargo demo serve --listen 127.0.0.1:8080 --public-url http://localhost:8080 \
		--dev-okta 127.0.0.1:8081 --danger-allow-loopback

test: lint plugin parts
	cargo test --workspace

lint:
	cargo fmt --all --check
	cargo lint
	RUSTDOCFLAGS="--deny warnings" cargo doc --workspace --no-deps --quiet

# target/plugin/okta_sso.wasm and its SHA-256.
plugin:
	cargo plugin

# What the tests use besides Rust; installs it where it may.
parts:
	tests/parts.sh

bench: plugin
	cargo bench --workspace
