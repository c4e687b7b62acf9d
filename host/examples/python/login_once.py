"""One sign-in, told from start to end.

Set `OKTA_ISSUER`, `OKTA_CLIENT_ID`, `OKTA_CLIENT_SECRET`, `OKTA_REDIRECT_URI` and `OKTA_EMAIL_DOMAIN`, and run
`make plugin` first. Then open the printed address in a browser, sign in, and paste the address that the browser ends
up on. An issuer that starts with `http://` is taken for a development one on this machine.
"""

import os
import sys
from pathlib import Path

from sso_host import Capabilities, HttpClient, Plugin, SqliteStorage


def setting(name: str) -> str:
    return os.environ.get(name) or sys.exit(f"{name} is not set")


issuer = setting("OKTA_ISSUER")
development = issuer.startswith("http://")

# 1. Load the component, once per process. The client secret never enters it: the host asks for it here.
plugin = Plugin.load(
    Path(__file__).parents[3] / "target/plugin/okta_sso.wasm",
    Capabilities(
        storage=SqliteStorage(":memory:"),
        client_secret=lambda _connection: setting("OKTA_CLIENT_SECRET"),
        http=HttpClient(danger_allow_loopback=development),
    ),
)

# 2. What an administrator typed becomes a connection, or a list of what is wrong with it.
defaults = plugin.pure("config.describe", "en")["defaults"]
settings = {
    "connection-id": "example",
    "client-id": setting("OKTA_CLIENT_ID"),
    "client-secret": None,
    "issuer": issuer,
    "redirect-uri": setting("OKTA_REDIRECT_URI"),
    "post-logout-redirect-uri": None,
    "email-domains": [setting("OKTA_EMAIL_DOMAIN")],
    "policy": {**defaults, "network": "danger-loopback" if development else "public"},
}
connection = plugin.pure("config.check", settings)["connection"]

# 3. Send the browser off. A platform sets the binding as a cookie; here this process keeps it.
request = {"login-hint": None, "return-to": None, "prompt": None}
redirect = plugin.call(connection, "login.begin", request)
print(f"Open this address and sign in:\n\n{redirect['url']}\n", flush=True)

# 4. The browser comes back.
address = input("Paste the address that it ends up on:\n")
query = address.strip().partition("?")[2] or sys.exit("this address has no query")
if plugin.pure("login.locate", query) != redirect["handle"]:
    sys.exit("this is the callback of another attempt")

# 5. Who is there? The platform now looks for its own user.
callback = {"query": query, "browser-binding": redirect["browser-binding"]}
identity = plugin.call(connection, "login.complete", callback)["identity"]
print(f"{identity['subject']} is {identity['email']}")
