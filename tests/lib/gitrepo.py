"""A work tree to push from, by the git that is installed."""

import os
import shutil
import subprocess
import tempfile
import weakref
from pathlib import Path

GIT_SECONDS = 120

# The same on every machine: no configuration of the caller's, no questions, one identity.
ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "GIT_TERMINAL_PROMPT": "0",
    "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.com",
    "GIT_AUTHOR_DATE": "2024-04-30T14:28:12+03:00", "GIT_COMMITTER_DATE": "2024-04-30T14:28:12+03:00",
}


class Repository:
    """push_url carries the credentials: http://root:TOKEN@host/path.git"""

    def __init__(self, push_url):
        self.folder = Path(tempfile.mkdtemp(prefix="penstock-git-"))
        self.push_url = push_url
        self._removal = weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
        self.git("init", "--quiet", "--initial-branch", "main")

    def git(self, *arguments, check=True):
        environment = {**os.environ, **ENVIRONMENT}
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            environment.pop(name, None)
        done = subprocess.run(["git", "-C", str(self.folder), *arguments], env=environment,
                              capture_output=True, text=True, timeout=GIT_SECONDS)
        assert not check or done.returncode == 0, f"git {arguments}: {done.stdout}{done.stderr}"
        return done

    def commit(self, files, message="Test\n"):
        """Writes files ({path: text, bytes, or None to delete}) and answers the commit's SHA."""
        for path, content in files.items():
            target = self.folder / path
            if content is None:
                target.unlink()
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content if isinstance(content, bytes) else content.encode())
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--cleanup=verbatim", "--message", message)
        return self.head()

    def add_tree(self, folder):
        """Copies a folder of files into the work tree."""
        shutil.copytree(folder, self.folder, dirs_exist_ok=True)

    def head(self):
        return self.git("rev-parse", "HEAD").stdout.strip()

    def push(self, *refspecs, check=True):
        return self.git("push", "--quiet", self.push_url, *(refspecs or ["HEAD"]), check=check)

    def remove(self):
        self._removal()
