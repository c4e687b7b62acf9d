"""Plays one recorded call: every question must be the recorded one, and gets the recorded answer."""

import json

from sso_host import Fault, Plugin
from sso_host.signatures import verify
from wasmtime import WasmtimeError

from .values import to_component, to_json


class Tape:
    def __init__(self, types: dict, trace: list):
        self.types = types
        self.trace = trace
        self.played = 0
        self.failures = []

    def answer(self, interface: str, function: str, values: tuple):
        name = f"{interface}.{function}"
        shape = self.types["imports"][name]
        asked = [to_json(of, value) for (_, of), value in zip(shape["params"], values, strict=True)]
        if self.played == len(self.trace):
            self.differs("no further call", f"{name} {json.dumps(asked)}")
        recorded = self.trace[self.played]
        if recorded["import"] != name or recorded["arguments"] != asked:
            self.differs(written(recorded), f"{name} {json.dumps(asked)}")
        if name == "signatures.verify":
            # Recorded signatures are real: this host's own judgement must be the recorded one.
            error = verify(*values)
            own = {"error": error} if error else {"ok": None}
            if own != recorded["result"]:
                self.differs(json.dumps(recorded["result"]), json.dumps(own))
        self.played += 1
        return to_component(shape["result"], recorded["result"])

    def differs(self, expected: str, got: str):
        self.failures.append({"what": f"capability call {self.played}", "expected": expected, "got": got})
        raise WasmtimeError("the recording goes on otherwise")


def written(recorded: dict) -> str:
    return f"{recorded['import']} {json.dumps(recorded['arguments'])}"


def play_trace(plugin: Plugin, types: dict, case: dict) -> list[dict]:
    tape = Tape(types, case["trace"])
    shape = types["exports"][case["call"]]
    args = [to_component(of, value) for (_, of), value in zip(shape["params"], case["arguments"], strict=True)]
    try:
        outcome = to_json(shape["result"], plugin.run(tape, case["call"], args))
    except Fault as fault:
        outcome = {"fault": str(fault)}
    if tape.failures:
        return tape.failures
    failures = []
    if tape.played < len(tape.trace):
        what = f"capability call {tape.played}"
        failures.append({"what": what, "expected": written(tape.trace[tape.played]), "got": "no further call"})
    if outcome != case["outcome"]:
        failures.append({"what": "outcome", "expected": json.dumps(case["outcome"]), "got": json.dumps(outcome)})
    return failures
