"""Runs the flat cases (tests/FLAT.md): `conformance COMPONENT TYPES`, a case a line in, a verdict a line out."""

import json
import sys
from pathlib import Path

from flat.contract import play_contract
from flat.trace import play_trace
from sso_host import Plugin

component, types = map(Path, sys.argv[1:])
contract = json.loads(types.read_text())
# Each case answers for the capabilities itself.
plugin = Plugin(component.read_bytes(), capabilities=None)
players = {"contract": play_contract, "trace": play_trace}

for line in sys.stdin:
    case = json.loads(line)
    verdict = {"kind": case["kind"], "id": case["about"]["id"]}
    verdict["failures"] = players[case["kind"]](plugin, contract, case)
    print(json.dumps(verdict), flush=True)
