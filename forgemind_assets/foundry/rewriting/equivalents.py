"""Swaps calls and data sources for others that mean the same to a reviewer."""

import ast
import random
import re

from forgemind_assets.foundry.rewriting.source import Edit, Source

# Members of a group may stand for each other wherever the whole dotted name is called.
# `*` members take the same arguments; what a snippet does with the result is looked at below.
SAME_CALLS = (
    "requests.get requests.post requests.head requests.put requests.delete requests.patch",
    "httpx.get httpx.post httpx.head httpx.put httpx.delete",
    "pickle.loads dill.loads cloudpickle.loads _pickle.loads",
    "pickle.load dill.load cloudpickle.load",
    "hashlib.sha256 hashlib.sha512 hashlib.sha384 hashlib.sha3_256 hashlib.blake2b",
    "logging.info logging.debug logging.warning",
    "logger.info logger.debug logger.warning",
    "log.info log.debug log.warning",
    "random.randint random.randrange",
    "os.remove os.unlink",
    "secrets.token_hex secrets.token_urlsafe",
    "yaml.safe_load yaml.safe_load",
)
# These may stand for each other where the result is not used.
SAME_STATEMENTS = (
    "subprocess.run subprocess.call subprocess.check_call subprocess.Popen subprocess.check_output",
    "os.system os.popen",
    "subprocess.getoutput subprocess.getstatusoutput",
)
SOURCES = (
    (
        re.compile(
            r"request\.(?:args|form|values)(?:\.get\((?P<a>[^(),]+)(?:, *(?:\"\"|''))?\)|"
            r"\[(?P<b>[^\]]+)\])\Z"
        ),
        (
            "request.args.get({0})",
            "request.args[{0}]",
            'request.args.get({0}, "")',
            "request.form[{0}]",
            "request.form.get({0})",
            'request.form.get({0}, "")',
            "request.values.get({0})",
            "request.values[{0}]",
            "request.json[{0}]",
            "request.get_json()[{0}]",
            "request.cookies.get({0})",
        ),
    ),
    (
        re.compile(
            r"request\.(?:GET|POST)(?:\.get\((?P<a>[^(),]+)(?:, *(?:\"\"|''))?\)|"
            r"\[(?P<b>[^\]]+)\])\Z"
        ),
        (
            "request.GET.get({0})",
            "request.GET[{0}]",
            'request.GET.get({0}, "")',
            "request.POST[{0}]",
            "request.POST.get({0})",
            'request.POST.get({0}, "")',
            "request.COOKIES.get({0})",
        ),
    ),
    (
        re.compile(
            r"request\.query(?:\.get\((?P<a>[^(),]+)(?:, *(?:\"\"|''))?\)|\[(?P<b>[^\]]+)\])\Z"
        ),
        (
            "request.query.get({0})",
            "request.query[{0}]",
            'request.query.get({0}, "")',
            "request.rel_url.query[{0}]",
        ),
    ),
)
COMMAND_GROUPS = (
    "ping -c 1|ping -c 3|ping -c1 -W2|nslookup|host|dig "
    "+short|traceroute|whois|tracepath|mtr -r -c 1|fping|arping -c 2",
    "cat|head -n 20|tail -n 50|wc -l|wc -c|file|stat|md5sum|du -sh|ls -l|ls "
    "-la|ls|strings|sha256sum|sort|zcat",
    "tar xzf|unzip -o|tar -xf|gunzip|7z x|bunzip2|unzip",
    "rm -f|rm -rf|rm|shred -u|unlink|chmod 644|chmod 600|touch",
    "git clone|git pull|git checkout|git fetch origin|git log -1|git diff|git show",
    "convert|ffmpeg -i|identify|mogrify|optipng|jpegoptim|pngquant|exiftool",
    "systemctl restart|systemctl status|systemctl stop|service|journalctl "
    "-u|docker restart|docker logs|docker stop|kubectl logs",
    "grep -r|grep -n|grep -i|rg|ag|egrep|zgrep",
    "useradd|userdel|passwd -l|chage -l|id|groups|finger",
    "curl -s|wget -q|curl -O|curl -I|wget",
    "lp -d|lpr -P|enscript|lpstat -p",
)


def _group_of(name: str, groups: tuple[str, ...]) -> list[str]:
    for group in groups:
        members = group.split()
        if name in members:
            return [m for m in members if m != name]
    return []


def change_calls(source: Source, rng: random.Random) -> list[Edit]:
    """Edits that call another function of the same meaning, and swap command names."""
    edits: list[Edit] = []
    imported = {
        a.name for n in source.nodes if isinstance(n, ast.Import) for a in n.names if not a.asname
    }
    has_imports = any(isinstance(n, ast.Import | ast.ImportFrom) for n in source.nodes)
    for node in source.nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            edits += _other_call(source, node, rng, imported, has_imports)
    return edits + _commands(source, rng)


def _other_call(
    source: Source, node: ast.Call, rng: random.Random, imported: set[str], has_imports: bool
) -> list[Edit]:
    name = source.code(node.func)
    options = _group_of(name, SAME_CALLS)
    if isinstance(source.parents.get(node), ast.Expr):
        options = options or _group_of(name, SAME_STATEMENTS)
    module = name.split(".")[0]
    options = [o for o in options if o.split(".")[0] == module or (not has_imports)]
    if module == "requests" and any(
        k.arg in ("data", "json", "files", "params") for k in node.keywords
    ):
        return []
    if name.startswith("random.") and len(node.args) != 2:
        return []
    if not options or rng.random() < 0.4:
        return []
    return [Edit(source.start(node.func), source.end(node.func), rng.choice(options))]


def _commands(source: Source, rng: random.Random) -> list[Edit]:
    edits: list[Edit] = []
    for node, literals in source.strings:
        start, end = literals[0].body
        body = source.text[start:end]
        parent = source.parents.get(node)
        if isinstance(parent, ast.List | ast.Tuple):
            continue
        for group in COMMAND_GROUPS:
            members = group.split("|")
            head = next(
                (
                    m
                    for m in members
                    if body.startswith(m + " ") and (" " in m or len(body) > len(m) + 1)
                ),
                None,
            )
            if head and rng.random() < 0.7:
                edits.append(Edit(start, start + len(head), rng.choice(members)))
                break
    return edits + _command_lists(source, rng)


def _command_lists(source: Source, rng: random.Random) -> list[Edit]:
    edits: list[Edit] = []
    for node in source.nodes:
        if not isinstance(node, ast.List) or len(node.elts) < 2 or node.lineno != node.end_lineno:
            continue
        constants: list[ast.Constant] = []
        for element in node.elts:
            if not (isinstance(element, ast.Constant) and isinstance(element.value, str)):
                break
            constants.append(element)
        text = " ".join(str(c.value) for c in constants)
        for group in COMMAND_GROUPS:
            members = group.split("|")
            head = next((m for m in members if text == m or text.startswith(m + " ")), None)
            if head and rng.random() < 0.7:
                last = constants[len(head.split()) - 1]
                quote = source.text[source.start(constants[0])]
                new = ", ".join(f"{quote}{w}{quote}" for w in rng.choice(members).split())
                edits.append(Edit(source.start(constants[0]), source.end(last), new))
                break
    return edits


def change_sources(source: Source, rng: random.Random) -> list[Edit]:
    """Edits that read the same untrusted value from another part of the request."""
    edits: list[Edit] = []
    covered = -1
    for node in source.nodes:
        if not isinstance(node, ast.Call | ast.Subscript) or source.start(node) < covered:
            continue
        if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
            continue
        code = source.code(node)
        for pattern, options in SOURCES:
            found = pattern.match(code)
            if found and rng.random() < 0.6:
                key = found["a"] or found["b"]
                edits.append(
                    Edit(source.start(node), source.end(node), rng.choice(options).format(key))
                )
                covered = source.end(node)
    return edits
