"""Labels confirmed and refuted by analysis, on invented snippets."""

import pytest

from forgemind_assets.foundry.verifiers.agreement import measure
from forgemind_assets.foundry.verifiers.python_security import PythonSecurity, find

VULNERABLE = {
    "CWE-89": [
        "def f(con, who):\n    con.execute('DELETE FROM pens WHERE owner = ' + who)\n",
        "def f(s, who):\n    q = 'SELECT a FROM pens WHERE o = %s' % who\n    return "
        "s.execute(text(q))\n",
    ],
    "CWE-78": [
        "import os\nos.system('du -sh ' + input())\n",
        "import subprocess as sp\ndef f(x):\n    sp.run(['bash', '-c', f'wc {x}'])\n",
        "import os\nrun = os.system\ndef f(x):\n    run(f'wc {x}')\n",
    ],
    "CWE-502": [
        "import yaml\ndef f(t):\n    return yaml.load(t, Loader=yaml.Loader)\n",
        "obj = pickle.loads(sock.recv(99))\n",
    ],
    "CWE-327": [
        "import hashlib\ndef sign(m):\n    return hashlib.md5(m).hexdigest()\n",
        "c = AES.new(k, AES.MODE_ECB)\n",
    ],
    "CWE-295": [
        "requests.get('https://a.example', verify=False)\n",
        "ctx.check_hostname = False\n",
    ],
    "CWE-94": [
        "def f(x):\n    return eval(x)\n",
        "def f(request):\n    return render_template_string(request.form['t'])\n",
    ],
    "CWE-798": [
        "db = connect(user='a', password='Tulip!2291')\n",
        "u = 'mysql://app:b1ue8oat@db/x'\n",
    ],
    "CWE-330": ["import random\ndef reset_token():\n    return random.getrandbits(64)\n"],
    "CWE-611": [
        "import xml.etree.ElementTree as ET\ndef f(body):\n    return ET.fromstring(body)\n"
    ],
    "CWE-22": ["def f(name):\n    return open('/srv/pens/' + name).read()\n"],
    "CWE-79": ["def f(name):\n    return HttpResponse('<h1>' + name + '</h1>')\n"],
    "CWE-918": ["import requests\ndef f(url):\n    return requests.get(url)\n"],
}
SAFE = {
    "CWE-89": [
        "def f(con, who):\n    con.execute('DELETE FROM pens WHERE owner = ?', (who,))\n",
        "ORDER = {'a': 'age'}\ndef f(con, by):\n    col = ORDER.get(by, 'id')\n    "
        "con.execute(f'SELECT * FROM pens ORDER BY {col}')\n",
        "def f(con, ids):\n    marks = ','.join('?' * len(ids))\n    "
        "con.execute(f'SELECT a FROM p WHERE id IN ({marks})', ids)\n",
    ],
    "CWE-78": [
        "import subprocess\ndef f(x):\n    subprocess.run(['wc', x])\n",
        "import os, shlex\ndef f(x):\n    os.system('wc ' + shlex.quote(x))\n",
        "import os\ndef f(x):\n    if x not in ('a', 'b'):\n        raise "
        "ValueError\n    os.system('wc ' + x)\n",
    ],
    "CWE-502": [
        "import yaml\ndef f(t):\n    return yaml.load(t, Loader=yaml.SafeLoader)\n",
        "def f(b, mac):\n    if not hmac.compare_digest(mac, sign(b)):\n        "
        "raise ValueError\n    return pickle.loads(b)\n",
    ],
    "CWE-327": [
        "import hashlib\nk = hashlib.md5(b'x', usedforsecurity=False)\n",
        "c = AES.new(k, AES.MODE_GCM)\n",
    ],
    "CWE-295": ["requests.get('https://a.example', verify='/etc/ca.pem')\n"],
    "CWE-94": ["import ast\ndef f(x):\n    return ast.literal_eval(x)\n"],
    "CWE-798": ["db = connect(user='a', password=os.environ['DB_PASSWORD'])\n", "password = ''\n"],
    "CWE-330": [
        "import secrets\ndef reset_token():\n    return secrets.token_hex()\n",
        "import random\ndef roll_dice():\n    return random.randint(1, 6)\n",
    ],
    "CWE-611": [
        "import defusedxml.ElementTree as ET\ndef f(body):\n    return ET.fromstring(body)\n"
    ],
    "CWE-22": [
        "from pathlib import Path\nBASE = Path('/srv')\ndef f(name):\n    p = (BASE "
        "/ name).resolve()\n    if not p.is_relative_to(BASE):\n        raise "
        "ValueError\n    return p.read_text()\n",
        "import os\ndef f(name):\n    return open('/srv/pens/' + os.path.basename(name)).read()\n",
    ],
    "CWE-79": [
        "import html\ndef f(name):\n    return HttpResponse('<h1>' + html.escape(name) + '</h1>')\n"
    ],
    "CWE-918": [
        "import requests\ndef f(page):\n    return "
        "requests.get('https://a.example/list', params={'p': page})\n",
        "from urllib.parse import urlparse\nimport requests\ndef f(url):\n    if "
        "urlparse(url).hostname not in HOSTS:\n        raise ValueError\n    return "
        "requests.get(url)\n",
    ],
}
verifier = PythonSecurity()


@pytest.mark.parametrize(
    ("label", "code"), [(k, c) for k, codes in VULNERABLE.items() for c in codes]
)
def test_a_weakness_is_confirmed_and_its_absence_refuted(label, code):
    last = len(code.strip().split("\n"))
    assert verifier.verify(code, label, last).keep
    refuted = verifier.verify(code, "none", None)
    assert (refuted.keep, refuted.reason) == (False, "still_vulnerable")


@pytest.mark.parametrize(("label", "code"), [(k, c) for k, codes in SAFE.items() for c in codes])
def test_harmless_code_is_kept_and_a_claimed_weakness_is_not_confirmed(label, code):
    assert verifier.verify(code, "none", None).reason == "no_finding"
    assert verifier.verify(code, label, None).reason in ("not_confirmed", "disputed")


def test_a_line_far_from_the_finding_is_wrong():
    code = "import os\n\n\n\nos.system('du ' + input())\n"
    assert verifier.verify(code, "CWE-78", 5).keep
    assert verifier.verify(code, "CWE-78", 1).reason == "wrong_line"


def test_a_second_weakness_makes_the_row_unfit():
    code = VULNERABLE["CWE-94"][0] + "requests.get('https://a.example', verify=False)\n"
    assert verifier.verify(code, "CWE-94", 2).reason == "other_weakness"


def test_a_membership_test_vouches_for_the_member_and_not_for_the_container():
    code = (
        "def f(code):\n    for name in KNOWN:\n        if name in code:\n            exec(code)\n"
    )
    assert [label for label, _ in find(code)] == ["CWE-94"]


def test_what_does_not_parse_is_unverifiable():
    assert verifier.verify("def f(:\n", "none", None).reason == "unverifiable"


def test_a_suppression_comment_has_no_effect():
    assert not verifier.verify(
        "import os\nos.system('du ' + input())  # nosec\n", "none", None
    ).keep


def test_a_helper_of_the_snippet_is_followed():
    safe = (
        "import html\ndef clean_it(t):\n    return html.escape(t)\n\ndef f(n):\n    "
        "return HttpResponse('<b>' + clean_it(n))\n"
    )
    bad = safe.replace("html.escape(t)", "t.strip()").replace("clean_it", "shape")
    assert find(safe) == ()
    assert [label for label, _ in find(bad)] == ["CWE-79"]


def test_nothing_of_the_snippet_runs(tmp_path):
    flag = tmp_path / "flag"
    verifier.verify(f"open({str(flag)!r}, 'w').close()\n", "none", None)
    assert not flag.exists()


def test_agreement_counts_per_class():
    from foundry_cases import SEEDS

    agreement, disputed = measure(SEEDS, verifier)
    assert disputed == []
    assert agreement["CWE-89"].recall == 1.0
    assert agreement["CWE-89"].false_alarms == 0.0


HALF_REPAIRED = {
    "html that is formatted with itself": (
        "from django.utils.html import format_html\n"
        "def show(note):\n    return format_html(note)\n",
        "from django.utils.html import format_html\n"
        "def show(note):\n    return format_html('<b>{}</b>', note)\n",
    ),
    "a path compared as it is written": (
        "def read(name):\n    p = Path('/pens') / name\n"
        "    if p.is_relative_to('/pens'):\n        return p.read_text()\n",
        "def read(name):\n    p = (Path('/pens') / name).resolve()\n"
        "    if p.is_relative_to('/pens'):\n        return p.read_text()\n",
    ),
    "a path that begins like its folder": (
        "def read(name):\n    p = os.path.join(PENS_DIR, name)\n"
        "    if p.startswith(PENS_DIR):\n        return open(p).read()\n",
        "def read(name):\n    p = os.path.realpath(os.path.join(PENS_DIR, name))\n"
        "    if p.startswith(PENS_DIR):\n        return open(p).read()\n",
    ),
    "a statement that is built and not run": (
        "def rows(pen):\n    q = f'SELECT * FROM pens WHERE name = {pen}'\n    return []\n",
        "def rows(pen):\n    q = 'SELECT * FROM pens WHERE name = ?'\n    return [q, pen]\n",
    ),
    "a secret with a known default": (
        "import os\nkey = os.environ.get('SIGNING_KEY', 'default_key')\n",
        "import os\nkey = os.environ.get('SIGNING_KEY')\nlevel = os.environ.get('LEVEL', 'info')\n",
    ),
    "an upload opened by its name": (
        "import numpy\ndef read(upload):\n    return numpy.load(upload.filename)\n",
        "import numpy\ndef read(upload):\n    return numpy.load(upload.stream)\n",
    ),
    "an allow-list of what is dangerous": (
        "import os\nCALLS = {'run': os.system}\n",
        "import os\nCALLS = {'list': os.listdir}\n",
    ),
    "a cipher of one's own": (
        "def encrypt(text, key):\n    return [ord(c) ^ key[0] for c in text]\n",
        "def parity(a, b):\n    return a ^ b\n",
    ),
}


@pytest.mark.parametrize("name", HALF_REPAIRED)
def test_a_half_done_repair_is_not_called_safe(name):
    half, whole = HALF_REPAIRED[name]
    verifier = PythonSecurity()
    assert verifier.verify(half, "none", None).reason == "doubtful"
    assert verifier.verify(whole, "none", None).keep


def test_a_doubt_confirms_no_weakness():
    half, _ = HALF_REPAIRED["a cipher of one's own"]
    assert not PythonSecurity().verify(half, "CWE-327", 2).keep
