"""A machine that is short of memory never calls a right password wrong: a real process, with a real
limit."""

import subprocess
import sys

import pytest
from argon2 import PasswordHasher

from tests.conftest import PASSWORD
from tests.monitor.processes import ROOT
from webapp.customers.models import User
from webapp.extensions import db, writing

SIGN_IN = """
import resource, sys
from webapp import create_app
browser = create_app().test_client()

def sign_in(password):
    page = browser.get("/sign-in").text
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    form = {"email": "alice@example.com", "password": password, "csrf_token": token}
    answer = browser.post("/sign-in", data=form)
    print(answer.status_code, "check your password" in answer.text)

sign_in("a wrong one")  # whatever is loaded late is loaded
lines = open("/proc/self/status")
size = 1024 * int(next(line for line in lines if line.startswith("VmSize")).split()[1])
resource.setrlimit(resource.RLIMIT_AS, (size + 24 * 2**20, resource.RLIM_INFINITY))
for password in sys.argv[1:]:
    sign_in(password)
resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
for password in reversed(sys.argv[1:]):
    sign_in(password)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of a process so")
def test_a_right_password_is_not_called_wrong_where_there_is_no_memory(in_app, database):
    hashed = PasswordHasher(memory_cost=64 * 1024).hash(PASSWORD)  # as a real site does: 64 MiB
    with writing():
        db.session.execute(db.update(User).values(password_hash=hashed))
    environ = {"PADLOCK_DATABASE_URL": database, "PADLOCK_SECRET_KEY": "x" * 32}
    command = [sys.executable, "-c", SIGN_IN, PASSWORD, "a wrong one"]
    ran = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True)
    told = ["422 False", "503 True", "503 True", "422 False", "303 False"]
    assert ran.stdout.splitlines() == told, ran.stderr[-2000:]
