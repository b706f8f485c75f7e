"""Rows for the measurements: short Python snippets in varied names, about 121 tokens each.

Lengths are in tokens of SmolLM2 with the chat template: 94 to 185, mean about 121.
"""

SYSTEM = "Review the Python code. Answer with one line of JSON: cwe, line, fix."

NAMES = [
    "order",
    "invoice",
    "parcel",
    "ticket",
    "sensor",
    "booking",
    "album",
    "recipe",
    "coupon",
    "roster",
]
VERBS = ["load", "find", "save", "export"]

# (snippet, CWE, line, fix); `NAME` and `VERB` are replaced.
SNIPPETS = [
    (
        "def VERB_NAME(db, key):\n"
        '    return db.execute(f"SELECT * FROM NAMEs WHERE id = {key}").fetchone()\n',
        "CWE-89", 2, "Pass the value as a query parameter",
    ),
    (
        "def VERB_NAME(db, key):\n"
        '    row = db.execute("SELECT * FROM NAMEs WHERE id = ?", (key,)).fetchone()\n'
        "    return dict(row) if row else None\n",
        "none", None, None,
    ),
    (
        "import subprocess\n\n\ndef VERB_NAME(path):\n"
        '    subprocess.run("tar xf " + path, shell=True, check=True)\n',
        "CWE-78", 5, "Pass a list of arguments without a shell",
    ),
    (
        "import subprocess\n\n\ndef VERB_NAME(path, target):\n"
        '    command = ["tar", "xf", path, "-C", target]\n'
        "    subprocess.run(command, check=True, timeout=60)\n",
        "none", None, None,
    ),
    (
        "import pickle\nfrom pathlib import Path\n\n\ndef VERB_NAME(request):\n"
        '    blob = request.files["NAME"].read()\n'
        "    return pickle.loads(blob)\n",
        "CWE-502", 7, "Parse the upload as JSON",
    ),
    (
        "import yaml\n\n\nclass NAMEStore:\n"
        "    def __init__(self, path):\n        self.path = path\n\n"
        "    def VERB(self):\n        with open(self.path) as stream:\n"
        "            return yaml.safe_load(stream)\n",
        "none", None, None,
    ),
    (
        "import hashlib\n\n\ndef VERB_NAME(password, salt):\n"
        "    digest = hashlib.md5((salt + password).encode())\n"
        "    return digest.hexdigest()\n",
        "CWE-327", 5, "Derive the hash with hashlib.scrypt",
    ),
    (
        "import requests\n\nURL = 'https://NAME.example.net/api/v2'\n\n\n"
        "def VERB_NAME(session_id, page=1):\n"
        "    answer = requests.get(\n        URL,\n        params={'page': page},\n"
        "        cookies={'session': session_id},\n"
        "        verify=False,\n        timeout=10,\n    )\n"
        "    answer.raise_for_status()\n    return answer.json()['items']\n",
        "CWE-295", 11, "Leave certificate verification on",
    ),
    (
        "from flask import Flask, request, render_template_string\n\napp = Flask(__name__)\n\n\n"
        "@app.get('/NAME')\ndef VERB_NAME():\n    name = request.args.get('name', '')\n"
        "    page = '<h1>Hello ' + name + '</h1>'\n    return render_template_string(page)\n",
        "CWE-79", 10, "Render a template file and let it escape the value",
    ),
    (
        "import os\nfrom flask import abort, send_file\n\nROOT = '/srv/NAMEs'\n\n\n"
        "def VERB_NAME(name):\n    path = os.path.realpath(os.path.join(ROOT, name))\n"
        "    if not path.startswith(ROOT + os.sep):\n        abort(404)\n"
        "    if not os.path.isfile(path):\n        abort(404)\n"
        "    return send_file(path, as_attachment=True, download_name=os.path.basename(path))\n",
        "none", None, None,
    ),
    (
        "import random\nimport string\n\n\ndef VERB_NAME_token(length=32):\n"
        "    alphabet = string.ascii_letters + string.digits\n"
        "    return ''.join(random.choice(alphabet) for _ in range(length))\n",
        "CWE-330", 7, "Draw the token with the secrets module",
    ),
    (
        "import sqlite3\n\n\ndef VERB_NAMEs(path, owner, *, limit=50, offset=0):\n"
        '    """Newest first, one page at a time."""\n'
        "    connection = sqlite3.connect(path)\n    connection.row_factory = sqlite3.Row\n"
        "    try:\n        rows = connection.execute(\n"
        '            "SELECT id, title, created FROM NAMEs "\n'
        '            "WHERE owner = ? ORDER BY created DESC LIMIT ? OFFSET ?",\n'
        "            (owner, limit, offset),\n        ).fetchall()\n"
        "        return [dict(row) for row in rows]\n    finally:\n        connection.close()\n",
        "none", None, None,
    ),
    (
        "def VERB_NAME(request):\n    rule = request.form['rule']\n"
        "    return eval(rule, {'NAME': request.user.NAME})\n",
        "CWE-94", 3, "Look the rule up in a table of allowed ones",
    ),
    (
        "import psycopg\n\n\ndef VERB_NAME_database():\n    return psycopg.connect(\n"
        '        host="db.NAME.internal",\n        user="NAME_rw",\n'
        '        password="gR4-pallet-92",\n    )\n',
        "CWE-798", 8, "Read the secret from an environment variable",
    ),
    (
        "import requests\n\n\ndef VERB_NAME_preview(request):\n"
        "    url = request.query_params['url']\n"
        "    page = requests.get(url, timeout=5)\n    return page.text[:500]\n",
        "CWE-918", 6, "Allow only known hosts",
    ),
    (
        "import secrets\nfrom datetime import datetime, timedelta, timezone\n\n\n"
        "def VERB_NAME_invitation(user, store, hours=24):\n    token = secrets.token_urlsafe(32)\n"
        "    expires = datetime.now(timezone.utc) + timedelta(hours=hours)\n"
        "    store.put(token, {'user': user.id, 'expires': expires.isoformat()})\n"
        "    return token\n",
        "none", None, None,
    ),
]  # fmt: skip


def rows(count: int = 160) -> list[tuple[list[dict[str, str]], str]]:
    """(chat messages, answer), the same on every machine."""
    import json

    made = []
    for index in range(count):
        code, cwe, line, fix = SNIPPETS[index % len(SNIPPETS)]
        name = NAMES[(index // len(SNIPPETS)) % len(NAMES)]
        code = code.replace("NAME", name).replace("VERB", VERBS[(index // 7) % len(VERBS)])
        messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": code}]
        made.append((messages, json.dumps({"cwe": cwe, "line": line, "fix": fix})))
    return made
