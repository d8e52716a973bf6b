"""django-ca as a peer: its REST API under gunicorn on SQLite, which costs it less than a database server would."""

import base64
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import venv
from pathlib import Path

PACKAGES = ["django-ca[api]==3.2.0", "gunicorn==27.0.1"]
CLIENTS = 4
SETTINGS = """
from pathlib import Path
here = Path(__file__).parent
SECRET_KEY = "of a measurement that ends with it"
ALLOWED_HOSTS = ["127.0.0.1"]
USE_TZ = True
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages", "django_object_actions", "django_ca"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": here / "db.sqlite3", "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 30, "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"}}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "urls"
STORAGES = {name: {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": here / name}} for name in ("default", "staticfiles", "django-ca")}
# Each request comes with the password: what hashing it by the default costs is not what is measured.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CA_ENABLE_REST_API = True
CA_USE_CELERY = False
CA_DEFAULT_HOSTNAME = "127.0.0.1"
"""
URLS = """
from django.urls import include, path
urlpatterns = [path("django_ca/", include("django_ca.urls"))]
"""
SET_UP = """
import django; django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
call_command("init_ca", "Root", "CN=Root", key_type="EC", verbosity=0)
from django.contrib.auth.models import Permission, User
from django_ca.models import CertificateAuthority
authority = CertificateAuthority.objects.get()
authority.api_enabled = True
authority.save()
user = User.objects.create_user("client", password="client")
user.user_permissions.set(Permission.objects.filter(content_type__app_label="django_ca"))
print(authority.serial)
"""
CSR = """
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
import json, sys
def one(number):
    name = x509.DNSName(f"n{number}.example.com")
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).add_extension(x509.SubjectAlternativeName([name]), False)
    return builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
json.dump([one(number) for number in range(200)], sys.stdout)
"""


class Peer:
    """django-ca, installed once under the folder of builds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs = folder / "venv" / "bin"
        mark = folder / "installed"
        if not mark.exists() or mark.read_text() != "\n".join(PACKAGES):
            venv.create(folder / "venv", with_pip=True, clear=True)
            subprocess.run([self.programs / "pip", "install", "--quiet", *PACKAGES], check=True)
            mark.write_text("\n".join(PACKAGES))

    def python(self, code: str, work: Path) -> str:
        environment = os.environ | {"DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": str(work)}
        return subprocess.run([self.programs / "python", "-c", code], check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout

    def measure(self, seconds: int) -> dict:
        with tempfile.TemporaryDirectory() as place:
            work = Path(place)
            (work / "settings.py").write_text(SETTINGS)
            (work / "urls.py").write_text(URLS)
            serial = self.python(SET_UP, work).split()[-1]
            requests = json.loads(self.python(CSR, work))
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
            command = [self.programs / "gunicorn", "--workers", "2", "--bind", f"127.0.0.1:{port}", "--log-level", "error", "django.core.wsgi:get_wsgi_application()"]
            environment = os.environ | {"DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": str(work)}
            service = subprocess.Popen(command, cwd=work, env=environment, start_new_session=True)
            try:
                return self.watch(service, port, serial, requests, seconds)
            finally:
                os.killpg(service.pid, signal.SIGTERM)
                service.wait()

    def watch(self, service: subprocess.Popen, port: int, serial: str, requests: list[str], seconds: int) -> dict:
        wait_for(port)
        done, ending, failed = [0] * CLIENTS, threading.Event(), []
        clients = [threading.Thread(target=client, args=(port, serial, requests[number::CLIENTS], done, number, ending, failed)) for number in range(CLIENTS)]
        for one in clients:
            one.start()
        time.sleep(2)
        before, begin, first = usage(service.pid), time.monotonic(), sum(done)
        time.sleep(seconds)
        after, took, last = usage(service.pid), time.monotonic() - begin, sum(done)
        ending.set()
        for one in clients:
            one.join()
        if failed:
            sys.exit(f"bench: django-ca answered {failed[0]}")
        number = max(last - first, 1)
        return {"done": number, "per_second": number / took, "service_ms": (after - before) * 1000 / number}


def client(port: int, serial: str, requests: list[str], done: list[int], number: int, ending: threading.Event, failed: list[str]) -> None:
    login = base64.b64encode(b"client:client").decode()
    while not ending.is_set():
        for csr in requests:
            connection = http.client.HTTPConnection("127.0.0.1", port)
            headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}
            body = {"csr": csr, "subject": [{"oid": "2.5.4.3", "value": "bench.example.com"}]}
            connection.request("POST", f"/django_ca/api/ca/{serial}/sign/", json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
            connection.close()
            if answer.status != 200:
                failed.append(f"{answer.status}: {text[:300]!r}")
                return
            done[number] += 1
            if ending.is_set():
                return


def wait_for(port: int) -> None:
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.1)
    sys.exit("bench: django-ca did not start")


def usage(group: int) -> float:
    """CPU seconds of a process and its children."""
    ticks = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[2]) == group:
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
