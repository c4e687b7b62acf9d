"""Plays a contract case over an emulated host: a storage and a cache in memory, everything else from the case."""

import base64
import hashlib
import json
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from sso_host import Fault, Plugin
from wasmtime import WasmtimeError

from .text import difference, fill
from .values import octets, to_component, to_json


def play_contract(plugin: Plugin, types: dict, case: dict) -> list[dict]:
    """How it differed; nothing when it passed. Stops at the first call that differs."""
    host = EmulatedHost(types)
    attempt, begun = None, {}
    for index, step in enumerate(case["steps"]):
        before = dict(host.entries)
        if step["attempt"] != attempt:
            attempt, begun = step["attempt"], before
        failures = host.play(plugin, step, before, begun)
        if failures:
            where = f"call {index} ({step['call']}): "
            return [{**failure, "what": where + failure["what"]} for failure in failures]
    return []


class EmulatedHost:
    def __init__(self, types: dict):
        self.types = types
        self.entries = {}
        self.cached = {}
        self.learnt = {}

    def play(self, plugin: Plugin, step: dict, before: dict, begun: dict) -> list[dict]:
        shape = self.types["exports"][step["call"]]
        args = fill(step["arguments"], self.learnt)
        self.step = step
        self.scope = args[0].get("id", "") if args and isinstance(args[0], dict) else ""
        self.random = base64.b64decode(step["random"])
        self.sent, self.pushed, self.log, self.failures = 0, {}, [], []
        values = [to_component(of, value) for (_, of), value in zip(shape["params"], args, strict=True)]
        try:
            got = to_json(shape["result"], plugin.run(self, step["call"], values))
        except Fault as fault:
            self.fail("result", json.dumps(step["expect"]["result"]), str(fault))
            return self.failures
        if self.learn(got):
            self.judge(got, before, begun)
        return self.failures

    def answer(self, interface: str, function: str, values: tuple):
        shape = self.types["imports"][f"{interface}.{function}"]
        asked = [to_json(of, value) for (_, of), value in zip(shape["params"], values, strict=True)]
        own = getattr(self, f"{interface}_{function.replace('-', '_')}")
        return to_component(shape["result"], own(*asked))

    def clock_now(self):
        return self.step["clock"]

    def random_bytes(self, length):
        if length > len(self.random):
            self.fail("random.bytes", f"at most {len(self.random)} bytes", str(length))
            raise WasmtimeError("no random bytes are left")
        drawn, self.random = self.random[:length], self.random[length:]
        return base64.b64encode(drawn).decode()

    def storage_put_if_absent(self, key, value, time_to_live):
        if self.step["storage"] == "unavailable":
            return {"error": "unavailable"}
        free = self.step["storage"] == "works" and self.live(self.entries, key) is None
        if free:
            self.entries[self.key(key)] = value, self.step["clock"] + time_to_live
        return {"ok": free}

    def storage_take(self, key):
        if self.step["storage"] == "unavailable":
            return {"error": "unavailable"}
        found = self.live(self.entries, key)
        self.entries.pop(self.key(key), None)
        return {"ok": lookup(found)}

    def cache_get(self, key):
        return lookup(self.live(self.cached, key))

    def cache_put(self, key, value, time_to_live):
        self.cached[self.key(key)] = value, self.step["clock"] + time_to_live

    def log_event(self, *event):
        self.log.append(json.dumps(event, ensure_ascii=False))

    def signatures_verify(self, algorithm, text, message, signature):
        try:
            jwk = json.loads(text)
        except ValueError:
            jwk = None
        for entry in self.step["signatures"]:
            if (
                entry["algorithm"] == algorithm
                and isinstance(jwk, dict)
                and all(jwk.get(name) == value for name, value in entry["jwk"].items())
                and base64.b64decode(entry["signature"]) == octets(signature)
                and fill(entry["message"], self.learnt).encode() == octets(message)
            ):
                return {"ok": None} if entry["answer"] == "ok" else {"error": entry["answer"]}
        return {"error": "mismatch"}

    def http_send(self, request):
        if self.sent == len(self.step["http"]):
            self.fail("request", "none", f"{request['endpoint']} {request['url']}")
            return {"error": "denied"}
        exchange = self.step["http"][self.sent]
        self.sent += 1
        wanted = fill(exchange["request"], self.learnt)
        form = dict(parse_qsl(octets(request["body"]).decode(errors="replace"), keep_blank_values=True))
        if wanted["endpoint"] == "pushed-authorization":
            self.pushed = form
        parts = {name: wanted[name] for name in ("endpoint", "method", "url", "authorization")}
        unlike = [difference(parts, request), *of_forms(wanted["form"] or {}, form, wanted["only"])]
        for path, expected, got in filter(None, unlike):
            self.fail(f"request to {wanted['endpoint']}{path}", expected, got)
        answer = fill(exchange["answer"], self.learnt)
        if "ok" in answer:
            body = answer["ok"]["body"]
            text = base64.b64encode(body.encode()).decode() if isinstance(body, str) else body["$base64"]
            answer["ok"]["body"] = text
        return answer

    def learn(self, got) -> bool:
        """False when something is not there: then nothing can be compared with it."""
        for name, source in self.step["learn"].items():
            if "result" in source:
                value = member(got, source["result"])
            else:
                sent = authorization(got)
                value = (sent | self.pushed if "request_uri" in sent else sent).get(source["authorization"])
            if value is None:
                self.fail(f"learn {name}", json.dumps(self.step["expect"]["result"]), json.dumps(got))
                return False
            self.learnt[name] = value
        return True

    def judge(self, got, before: dict, begun: dict) -> None:
        expect = self.step["expect"]
        unlike = difference(fill(expect["result"], self.learnt), got)
        if unlike:
            self.fail(f"result{unlike[0]}", *unlike[1:])
        if expect["authorization"]:
            unlike = difference(fill(expect["authorization"], self.learnt), authorization(got))
            if unlike:
                self.fail(f"authorization{unlike[0]}", *unlike[1:])
        error = json.dumps(got["error"], ensure_ascii=False) if isinstance(got, dict) and "error" in got else ""
        for secret in fill(self.step["secrets"], self.learnt):
            for place, text in [("error", error), ("log", "\n".join(self.log))]:
                if secret in text:
                    self.fail(place, "no secret", secret)
        for exchange in self.step["http"][self.sent :]:
            request = exchange["request"]
            self.fail("request", f"{request['endpoint']} {json.dumps(request['url'])}", "none")
        kept = all(self.entries.get(key) == entry for key, entry in before.items())
        stored = {
            "consumed": self.entries == begun,
            "unchanged": self.entries == before,
            "added": kept and len(self.entries) > len(before),
        }
        if not stored[expect["storage"]]:
            self.fail("storage", expect["storage"], f"{len(self.entries)} entries, {len(before)} before")

    def fail(self, what: str, expected: str, got: str) -> None:
        self.failures.append({"what": what, "expected": expected, "got": got})

    def key(self, key) -> tuple[str, bytes]:
        return self.scope, octets(key)

    def live(self, entries: dict, key):
        value, gone = entries.get(self.key(key), (None, 0))
        return value if self.step["clock"] < gone else None


def lookup(value):
    return "absent" if value is None else {"found": value}


def member(value, path: list[str]):
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def authorization(got) -> dict:
    """The parameters of the authorization URL, and the rest of it as `url`."""
    url = urlsplit(member(got, ["ok", "url"]) or "")
    return dict(parse_qsl(url.query, keep_blank_values=True)) | {"url": urlunsplit(url._replace(query="", fragment=""))}


def of_forms(patterns: dict, form: dict, only: bool):
    """Where a form differs from its patterns: `{"$s256": text}` is a text of that SHA-256 (RFC 7636)."""
    for name, pattern in patterns.items():
        got = form.get(name)
        if isinstance(pattern, dict):
            hashed = hashlib.sha256((got or "").encode()).digest()
            challenge = base64.urlsafe_b64encode(hashed).rstrip(b"=").decode()
            fits = got is not None and 43 <= len(got) <= 128 and challenge == pattern["$s256"]
        else:
            fits = pattern == got
        if not fits:
            yield f".{name}", json.dumps(pattern), json.dumps(got)
    for name in form:
        if only and name not in patterns:
            yield f".{name}", "nothing", "something"
