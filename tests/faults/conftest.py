"""Where the helpers of these tests stand, and which files belong to which database."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

import databases  # noqa: E402

ONLY_FOR = {"test_sqlite_faults.py": "sqlite", "test_db_command.py": "sqlite", "test_postgres_faults.py": "postgres"}
collect_ignore = [name for name, kind in ONLY_FOR.items() if kind != databases.KIND]
