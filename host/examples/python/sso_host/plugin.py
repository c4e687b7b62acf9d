"""Loads a sign-in component and calls it: each call in a fresh instance, with bounds."""

import hashlib
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from wasmtime import Config, Engine, Store, WasmtimeError
from wasmtime.component import Component, Linker, Variant

from .capabilities import FUNCTIONS, Call, Capabilities
from .values import to_component, to_python

# All the authority that a component can have; `types` holds no function.
GRANTED = {f"sso:provider/{name}@0.1.0" for name in [*FUNCTIONS, "types"]}


@dataclass(frozen=True)
class Limits:
    """Bounds of one call."""

    # Seconds from start to end, waiting for the provider included.
    wall: float = 15.0
    # Units of wasmtime's fuel, about one for each instruction; waiting uses none.
    fuel: int = 1_000_000_000
    # Bytes of linear memory.
    memory: int = 32 << 20


class Refusal(Exception):
    """The component's own answer: the error of a result, such as a `login-error`."""

    def __init__(self, name: str, answer: object):
        super().__init__(f"{name}: {answer}")
        self.answer = answer


class Fault(Exception):
    """The component broke the contract or ran out of its limits: nobody is signed in by that."""


class Plugin:
    """A loaded component: shared by all threads."""

    # wasmtime-py converts values through state that all threads share. So one thread at a time runs in it, and lets
    # go of it while a capability waits for network or disk: see `_lend`.
    _running = threading.Lock()

    def __init__(self, component: bytes, capabilities: Capabilities, limits: Limits = Limits()):
        config = Config()
        config.consume_fuel = True
        config.wasm_threads = False
        config.max_wasm_stack = 256 << 10
        self._engine = Engine(config)
        self._component = Component(self._engine, component)
        self._capabilities = capabilities
        self._limits = limits
        foreign = set(self._component.type.imports(self._engine)) - GRANTED
        if foreign:
            raise Fault(f"the component imports what no host grants: {', '.join(sorted(foreign))}")

    @classmethod
    def load(cls, path: str | Path, capabilities: Capabilities, limits: Limits = Limits()) -> "Plugin":
        """Reads a component whose SHA-256 is beside it, as `make plugin` writes it: what is loaded is what was built."""
        path = Path(path)
        component = path.read_bytes()
        pinned = path.with_name(path.name + ".sha256").read_text().split()[0]
        if hashlib.sha256(component).hexdigest() != pinned:
            raise Fault(f"{path} is not the component whose SHA-256 is in {path}.sha256")
        return cls(component, capabilities, limits)

    def call(self, connection: dict, name: str, *args: object) -> object:
        """Calls a function that uses capabilities, such as `login.begin`.

        It runs on behalf of `connection`, which is its first argument too. Raises `Refusal` or `Fault`.
        """
        return self._answered(name, connection, [connection, *args])

    def pure(self, name: str, *args: object) -> object:
        """Calls a function that uses none, such as `config.check`: it runs with every capability denied."""
        return self._answered(name, None, list(args))

    def _answered(self, name: str, connection: dict | None, args: list) -> object:
        call = Call(self._capabilities, connection, time.monotonic() + self._limits.wall)
        answer = self.run(call, name, [to_component(value) for value in args])
        if isinstance(answer, Variant) and answer.tag == "err":
            raise Refusal(name, to_python(answer.payload))
        return to_python(answer.payload if isinstance(answer, Variant) else answer)

    def run(self, call: Call, name: str, args: list) -> object:
        """Runs one call whose capabilities `call.answer` gives; values are wasmtime's own. Raises `Fault`."""
        interface, function = name.split(".")
        with self._running:
            store = Store(self._engine)
            try:
                store.set_fuel(self._limits.fuel)
                store.set_limits(memory_size=self._limits.memory, table_elements=10_000, instances=10)
                instance = self._linker(call).instantiate(store, self._component)
                exported = instance.get_export_index(store, f"sso:provider/{interface}@0.1.0")
                index = exported and instance.get_export_index(store, function, exported)
                if not index:
                    raise Fault(f"the component has no {name}")
                return instance.get_func(store, index)(store, *args)
            except WasmtimeError as error:
                raise Fault(f"{name}: {error}") from error
            finally:
                store.close()

    def _linker(self, call: Call) -> Linker:
        linker = Linker(self._engine)
        with linker.root() as root:
            for interface, functions in FUNCTIONS.items():
                with root.add_instance(f"sso:provider/{interface}@0.1.0") as instance:
                    for function in functions:
                        instance.add_func(function, self._lend(call, interface, function))
            with root.add_instance("sso:provider/types@0.1.0"):
                pass
        return linker

    def _lend(self, call: Call, interface: str, function: str):
        def lend(_store, *args):
            self._running.release()
            try:
                return call.answer(interface, function, args)
            except WasmtimeError:
                raise
            except Exception as failure:
                # What failed is the host's, not the component's to know; the call ends.
                raise WasmtimeError(f"{interface}.{function} failed") from failure
            finally:
                self._running.acquire()

        return lend
