"""The vault: bytes and records, never values.

Objects are named by their content and written once. Records (versions, traces, runs, code, environments) are objects
with a meaning, filed by kind. Refs are the only names that people choose, and a name means one thing for ever. The
folders are the truth; the index beside them only remembers what was already found out.
"""

from twice.store.check import Problem, Report
from twice.store.resolve import Found
from twice.store.store import Store

__all__ = ["Found", "Problem", "Report", "Store"]
