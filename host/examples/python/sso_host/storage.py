"""Entries that end: storage in SQLite, which several processes may share; the cache in this process's memory."""

import sqlite3
import threading
from contextlib import closing


class StorageError(Exception):
    """Nothing is known about whether the operation took effect."""


class SqliteStorage:
    """Pending logins in a file of their own or in the platform's database. Times are in seconds."""

    def __init__(self, path: str):
        self._path = path
        self._local = threading.local()
        self._execute("PRAGMA journal_mode = WAL")
        self._execute(
            """CREATE TABLE IF NOT EXISTS pending (
                connection TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, ends INTEGER NOT NULL,
                PRIMARY KEY (connection, key)) STRICT, WITHOUT ROWID"""
        )

    def put_if_absent(self, connection: str, key: bytes, value: bytes, now: int, time_to_live: int) -> bool:
        """Stores only when no live value is there; true when it did."""
        stored = self._execute(
            """INSERT INTO pending (connection, key, value, ends) VALUES (?, ?, ?, ?)
               ON CONFLICT DO UPDATE SET value = excluded.value, ends = excluded.ends WHERE pending.ends <= ?
               RETURNING 1""",
            (connection, key, value, now + time_to_live, now),
        )
        self._execute("DELETE FROM pending WHERE ends <= ?", (now,))
        return bool(stored)

    def take(self, connection: str, key: bytes, now: int) -> bytes | None:
        """Reads and removes in one statement: of any number of callers, in any process, one receives it."""
        taken = self._execute(
            "DELETE FROM pending WHERE connection = ? AND key = ? AND ends > ? RETURNING value",
            (connection, key, now),
        )
        return taken[0][0] if taken else None

    def _execute(self, statement: str, values: tuple = ()) -> list:
        try:
            # One connection a thread, each statement its own transaction.
            if not hasattr(self._local, "database"):
                self._local.database = sqlite3.connect(self._path, timeout=2.0, isolation_level=None)
                self._local.database.execute("PRAGMA synchronous = FULL")
            with closing(self._local.database.execute(statement, values)) as rows:
                return rows.fetchall()
        except sqlite3.Error as error:
            raise StorageError from error


class MemoryCache:
    """What may be forgotten: the oldest entry goes when there is no room."""

    def __init__(self, most: int = 10_000):
        self._most = most
        self._entries: dict[tuple[str, bytes], tuple[bytes, int]] = {}
        self._lock = threading.Lock()

    def get(self, connection: str, key: bytes, now: int) -> bytes | None:
        value, ends = self._entries.get((connection, key), (None, 0))
        return value if now < ends else None

    def put(self, connection: str, key: bytes, value: bytes, now: int, time_to_live: int) -> None:
        with self._lock:
            self._entries.pop((connection, key), None)
            if len(self._entries) >= self._most:
                del self._entries[next(iter(self._entries))]
            self._entries[connection, key] = value, now + time_to_live
