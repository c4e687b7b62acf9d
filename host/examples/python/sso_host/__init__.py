"""The smallest host of a sign-in component in Python: see README.md."""

from .capabilities import Capabilities
from .http import HttpClient
from .plugin import Fault, Limits, Plugin, Refusal
from .storage import SqliteStorage

__all__ = ["Capabilities", "Fault", "HttpClient", "Limits", "Plugin", "Refusal", "SqliteStorage"]
