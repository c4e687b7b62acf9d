#!/usr/bin/env bash
# What the tests use besides Rust. Installs a missing part where it may; otherwise says how, and fails,
# unless SKIP names the part.
set -euo pipefail

skipped() { [[ " ${SKIP//,/ } " == *" $1 "* ]]; }

# part NAME "PACKAGES" COMMAND...: Debian's packages that bring the commands.
part() {
    local name=$1 packages=$2 missing=
    shift 2
    if skipped "$name"; then
        echo "skipped: $name (named in SKIP)"
        return
    fi
    for command in "$@"; do command -v "$command" >/dev/null || missing=1; done
    [[ -n $missing ]] || return 0
    if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
        echo "installing $packages for the $name tests"
        apt-get update -qq
        # shellcheck disable=SC2086  # a list of packages
        DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends $packages >/dev/null
    fi
    for command in "$@"; do
        command -v "$command" >/dev/null && continue
        echo "the $name tests need $command: on Debian \`apt-get install $packages\`, or run make test SKIP=$name" >&2
        exit 1
    done
}

SKIP=${SKIP:-}
part browser "chromium chromium-driver fonts-dejavu-core" chromium chromedriver
