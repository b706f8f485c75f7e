"""Untrusted data in HTML, in file paths and in the addresses that a server fetches."""

import ast
import re

from forgemind_assets.foundry.verifiers.scene import Scene
from forgemind_assets.foundry.verifiers.values import TRUSTED, Value

TAG = re.compile(r"</?[a-zA-Z][a-zA-Z0-9]*[\s>/]?|<!--|&nbsp;|href=|onclick=")
HTML_CALLS = frozenset("Markup mark_safe HttpResponse HTMLResponse SafeString SafeText HttpResponseBadRequest HttpResponseNotFound literal HTML Response make_response html_safe SafeUnicode write send_html html HttpResponseForbidden HttpResponseServerError markdown".split())
RAW_HTML = frozenset("Markup mark_safe SafeString SafeText literal HTML HTMLResponse SafeUnicode".split())
FETCHERS = re.compile(
    r"^(requests|httpx|grequests|requests_html|urllib3|treq|aiohttp|niquests)\.(\w+\.)?(get|post|put|delete|head|options|patch|request|stream|urlopen|request_encode_url)$|"
    r"^(urllib\.request\.|urllib2\.|urllib\.|six\.moves\.urllib\.request\.)?(urlopen|urlretrieve)$|^(urllib\.request\.)?Request$|"
    r"^wget\.download$|^feedparser\.parse$|^pandas\.read_(csv|json|html|excel)_$|^socket\.create_connection$|^imageio\.imread$|^urllib\.request\.URLopener|"
    r"^(http\.client\.)?HTTPS?Connection$|^asyncio\.open_connection$|^websockets?\.(connect|create_connection)$|^pycurl|^websocket\.create_connection$|^smtplib\.SMTP$|^ftplib\.FTP$|^telnetlib\.Telnet$"
)
SESSION = re.compile(r"(?i)(^|[._])(session|sess|s|client|http|http_client|pool|driver|browser|page|c|web|fetcher|opener|manager|_http|_client|api|ac|requests|httpx|conn|sock|socket|curl|pm|ses|cl|self\.http|cs|http_session|tab|context)(\(\))?$")
FETCH_METHODS = frozenset("get post put delete head options patch request stream fetch goto urlopen open ws_connect set_content_ send_".split())
FILE_CALLS = frozenset(
    """open io.open codecs.open os.open aiofiles.open gzip.open bz2.open lzma.open os.remove os.unlink os.rename os.replace os.rmdir
    os.listdir os.makedirs os.mkdir os.scandir os.walk os.stat shutil.copy shutil.copyfile shutil.copy2 shutil.move shutil.rmtree
    shutil.copytree shutil.unpack_archive shutil.make_archive os.symlink os.link os.chmod os.truncate os.path.getsize_ linecache.getlines
    flask.send_file send_file FileResponse fastapi.responses.FileResponse starlette.responses.FileResponse django.http.FileResponse
    responses.FileResponse web.FileResponse aiohttp.web.FileResponse PIL.Image.open Image.open pandas.read_csv_ tarfile.open_ zipfile.ZipFile_
    StaticFiles anyio.open_file io.FileIO shutil.chown quart.send_file fileinput.input sqlite3.connect_ numpy.load_ read_text_ file
    os.removedirs mmap.mmap_ configparser.read_ runpy_ pathlib.Path.open json_load_ pandas.read_csv pandas.read_excel pandas.read_parquet
    pandas.read_json numpy.loadtxt numpy.load soundfile.read cv2.imread cv2.imwrite wave.open dbm.open sendfile""".split()
)
# These take an open file as well as a path, so that only a path built here tells.
READERS = re.compile(r"^(PIL\.Image\.open|Image\.open|pandas\.read_\w+|numpy\.(load|loadtxt|genfromtxt)|soundfile\.read|cv2\.im\w+|nbformat\.\w+|wave\.open|xlrd\.\w+|openpyxl\.\w+)$")
PATH_METHODS = frozenset("open read_text read_bytes write_text write_bytes unlink rename replace mkdir rmdir iterdir touch stat exists_ symlink_to".split())
SAVERS = frozenset("save download_file upload_file fput_object fget_object retrbinary_ write_to_file save_as savefig to_csv to_excel imwrite download_fileobj_ get_ put to_parquet".split())


def check(node: ast.AST, scene: Scene) -> str | None:
    """CWE-79, CWE-22, CWE-918, or None."""
    if isinstance(node, ast.Return):
        return "CWE-79" if _returned_html(node, scene) else None
    if isinstance(node, ast.Assign | ast.AugAssign):
        return "CWE-79" if _assigned_html(node, scene) else None
    if not isinstance(node, ast.Call):
        return None
    name = scene.dotted(node.func)
    last = name.rsplit(".", 1)[-1]
    if _fetches(node, name, last, scene):
        return "CWE-918"
    if _opens(node, name, last, scene):
        return "CWE-22"
    return "CWE-79" if _writes_html(node, name, last, scene) else None


def _is_html(value: Value) -> bool:
    return value.trust != TRUSTED and value.built and TAG.search(value.text) is not None and value.kind != "html_safe"


def _returned_html(node: ast.Return, scene: Scene) -> bool:
    if node.value is None:
        return False
    body = node.value.elts[0] if isinstance(node.value, ast.Tuple | ast.List) and node.value.elts else node.value
    if isinstance(body, ast.Dict):
        pairs = zip(body.keys, body.values, strict=True)
        return "text/html" in ast.unparse(body) and any(_is_html(scene.value(v)) for k, v in pairs if isinstance(k, ast.Constant) and k.value == "body")
    value = scene.value(body)
    if _is_html(value):
        return True
    return value.bad and _is_page(scene) and (value.built or isinstance(body, ast.JoinedStr | ast.BinOp)) and not isinstance(body, ast.Dict)


def _is_page(scene: Scene) -> bool:
    """Whether the function is a Flask view, whose returned text is HTML."""
    function = scene.function
    if function is None or not any("route" in ast.unparse(d) or re.match(r"(app|bp|blueprint)\.(get|post)\(", ast.unparse(d)) for d in function.decorator_list):
        return False
    return "FastAPI" not in scene.code and not isinstance(function, ast.AsyncFunctionDef)


def _assigned_html(node: ast.Assign | ast.AugAssign, scene: Scene) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    if isinstance(node.value, ast.Constant) and node.value.value is False and any(isinstance(t, ast.Attribute) and t.attr == "autoescape" for t in targets):
        return True
    value = scene.value(node.value)
    escaped = re.search(r"clean\(|sanitize|escape\(|strip_tags|linkify|defused|fromstring|etree", scene.code)
    return _is_html(value) and any(not escaped or isinstance(t, ast.Attribute) or (isinstance(t, ast.Name) and not _used_later(t, scene)) for t in targets)


def _used_later(target: ast.Name, scene: Scene) -> bool:
    return any(isinstance(n, ast.Name) and n.id == target.id and isinstance(n.ctx, ast.Load) for n in ast.walk(scene.tree))


def _writes_html(node: ast.Call, name: str, last: str, scene: Scene) -> bool:
    values = [scene.value(a) for a in node.args] + [scene.value(k.value) for k in node.keywords if k.arg in ("content", "text", "body", "html", "response", "data", "unsafe_allow_html", "html_message", "source", "value")]
    if last in RAW_HTML:
        return any(v.bad and v.kind != "html_safe" for v in values[:1])
    plain = re.search(r"text/plain|application/json|text/csv|JSONResponse|image/(?!svg)|octet", ast.unparse(node)) is not None
    if last in ("HttpResponse", "HttpResponseBadRequest", "HttpResponseNotFound", "HttpResponseForbidden", "HttpResponseServerError", "make_response") and not plain:
        return any(v.bad and v.kind != "html_safe" for v in values[:1])
    if last in ("Response", "write", "finish") and not plain and values and _is_html(values[0]):
        return True
    if last in ("Response",) and re.search(r"text/html", ast.unparse(node)):
        return any(v.bad for v in values)
    if last in ("Loader", "Context", "SandboxedEnvironment", "ImmutableSandboxedEnvironment"):
        auto = scene.keyword(node, "autoescape")
        return isinstance(auto, ast.Constant) and not auto.value
    if last in ("Environment", "Template") and (name.startswith("jinja2") or last == "Environment" or "render" in scene.code):
        return _unescaped_template(node, name, last, scene)
    if last in ("render_template_string", "from_string", "render_template") and node.args:
        template = scene.value(node.args[0])
        return "|safe" in template.text.replace(" ", "") and any(scene.value(k.value).bad for k in node.keywords)
    if last == "append" and values and _is_html(values[0]):
        return re.search(r"clean\(|sanitize|escape|etree|strip_tags", scene.code) is None
    if plain or last in ("print", "info", "debug", "error", "warning", "exception", "append", "format", "join", "escape", "execute", "search", "sub", "compile", "match", "find", "xpath", "fromstring", "XML", "parseString", "log", "replace", "findall", "encode", "str", "list", "extend", "insert", "dumps", "jsonify", "JSONResponse", "JsonResponse", "strip", "clean", "split", "startswith", "add"):
        return False
    return any(_is_html(v) for v in values) and (last in HTML_CALLS or last[:1].isupper() or last in ("send", "send_message", "write_text", "write_html", "set_content", "attach", "add_alternative", "send_mail", "respond", "set_html", "setHtml", "show", "inject", "display", "text", "sendall", "end", "put", "publish", "set", "emit", "html_response", "writelines", "body", "fragment", "send_email", "render"))


def _unescaped_template(node: ast.Call, name: str, last: str, scene: Scene) -> bool:
    auto = scene.keyword(node, "autoescape")
    template = scene.value(node.args[0]) if node.args else Value()
    if name.startswith("string.") and TAG.search(template.text):
        return re.search(r"escape", scene.code) is None
    if re.search(r"\|\s*safe\b", template.text):
        return True
    if isinstance(auto, ast.Constant):
        return auto.value is False and ("render" in scene.code or last == "Environment")
    if auto is not None or any(k.arg is None for k in node.keywords):
        return False
    if last == "Environment":
        return "jinja2" in name or "jinja2" in scene.code or name == "Environment"
    if not name.startswith("jinja2") or not node.args:
        return False
    template = scene.value(node.args[0])
    parent = scene.parents.get(node)
    return TAG.search(template.text) is not None and template.trust == TRUSTED and ("render" in scene.code or isinstance(parent, ast.Attribute)) and "|e" not in template.text.replace(" ", "")


def _fetches(node: ast.Call, name: str, last: str, scene: Scene) -> bool:
    if FETCHERS.match(name):
        position = 1 if last == "request" or (last == "stream" and name.startswith("httpx")) else 0
        return _free_address(scene.argument(node, position, "url", "address", "host", "URL", "uri"), scene)
    if last in ("connect", "sendto") and re.search(r"(?i)sock|(^|\.)s\.", name) and node.args:
        return _free_address(node.args[0], scene)
    if last in FETCH_METHODS and isinstance(node.func, ast.Attribute):
        owner = ast.unparse(node.func.value)
        made = _made_client(node.func.value, scene)
        if not made and not SESSION.search(re.sub(r"\(.*\)$", "()", owner)) or _is_store(node, scene):
            return False
        method = node.args[0] if node.args else None
        position = 1 if last in ("request", "stream") and len(node.args) > 1 else 0
        address = scene.argument(node, position, "url", "uri")
        if address is None or (last in ("get", "pop", "put", "delete", "open") and not made and not _web_like(node, scene, address)):
            return False
        del method
        return _free_address(address, scene)
    if re.match(r"^(pandas\.read_(csv|json|html|xml|excel)|cv2\.VideoCapture|weasyprint\.HTML|HTML)$", name):
        address = scene.argument(node, 0, "url", "filename", "path_or_buf", "filepath_or_buffer")
        return address is not None and re.search(r"(?i)url|link|rtsp|uri|href|page\b", ast.unparse(node)) is not None and _free_address(address, scene)
    if re.match(r"^(imaplib\.IMAP4(_SSL)?|smtplib\.SMTP(_SSL)?|ftplib\.FTP(_TLS)?|poplib\.POP3(_SSL)?|telnetlib\.Telnet)$", name):
        return _free_address(scene.argument(node, 0, "host"), scene)
    if last == "build_request":
        return _free_address(scene.argument(node, 1, "url"), scene)
    if last == "setopt" and node.args and re.search(r"\.?URL$", ast.unparse(node.args[0])) and len(node.args) > 1:
        return _free_address(node.args[1], scene)
    return False


def _made_client(owner: ast.AST, scene: Scene) -> bool:
    """Whether an object was made by an HTTP library or is a browser in this snippet."""
    text = ast.unparse(owner)
    pattern = r"(ClientSession|requests\.Session|requests\.session|httpx\.(Async)?Client|AsyncClient|PoolManager|ProxyManager|webdriver\.\w+|AsyncHTTPClient|HTTPClient|new_page|build_opener|FuturesSession|HTTPConnectionPool|CloudScraper|create_scraper|TestClient_)\("
    if re.search(pattern, text):
        return True
    return re.search(rf"{re.escape(text)} = (await )?[\w.]*{pattern}|{pattern}[^\n]*\) as {re.escape(text)}\b", scene.code) is not None


def _is_store(node: ast.Call, scene: Scene) -> bool:
    """Whether `.get` reads a mapping, a cache or a database."""
    owner = ast.unparse(node.func.value) if isinstance(node.func, ast.Attribute) else ""
    return re.search(r"(?i)(args|form|headers|cookies|GET|POST|json|cache|redis|environ|params|query|config|objects)$", owner) is not None


def _web_like(node: ast.Call, scene: Scene, address: ast.expr) -> bool:
    """Whether the call looks like a request: awaited, or its address is named or built as one."""
    value = scene.value(address)
    text = ast.unparse(address)
    if "://" in value.text or re.search(r"(?i)url|uri|link|href|endpoint|address|webhook|callback|feed|target", text):
        return True
    return any(k.arg in ("timeout", "stream", "headers", "allow_redirects", "follow_redirects", "json") for k in node.keywords)


def _free_address(node: ast.expr | None, scene: Scene) -> bool:
    """Whether untrusted data decides the host of an address."""
    if node is None:
        return False
    value = scene.value(node)
    if value.kind == "list" and value.parts:
        return value.parts[0].bad
    if not value.bad:
        return False
    if re.match(r"^(\w+:)?//[^/]+[/?#]", value.lead) or (value.lead and "://" not in value.lead and value.lead[:1] == "/"):
        return False
    if not value.built:
        return True
    if not value.lead:
        return value.head != TRUSTED
    return "://" in value.lead or value.lead.endswith(("@", ".", "//"))


def _opens(node: ast.Call, name: str, last: str, scene: Scene) -> bool:
    if last in ("extractall", "extract", "unpack_archive"):
        return _extracts(node, name, last, scene)
    if READERS.match(name):
        value = scene.value(node.args[0]) if node.args else Value()
        return _free_path(value) and (value.kind == "path" or (value.built and "/" in value.text))
    if name in FILE_CALLS or (last in ("send_file", "FileResponse", "sendfile", "serve_file")):
        paths = [scene.value(a) for a in node.args[: 2 if name.startswith(("shutil", "os.re", "os.symlink", "os.link")) else 1]]
        paths += [scene.value(k.value) for k in node.keywords if k.arg in ("path", "file", "filename", "src", "dst", "path_or_file", "file_path")] if not node.args else []
        return any(_free_path(v) for v in paths)
    if last in PATH_METHODS and isinstance(node.func, ast.Attribute):
        value = scene.value(node.func.value)
        return value.kind == "path" and _free_path(value)
    if last in SAVERS and node.args:
        value = scene.value(node.args[-1] if last in ("download_file", "fget_object") else node.args[0])
        return _free_path(value) and (value.kind == "path" or "/" in value.text or ".filename" in ast.unparse(node))
    return False


def _free_path(value: Value) -> bool:
    return value.bad and value.kind not in ("basename", "orm", "html_safe") and "://" not in value.lead and not isinstance(value.parts, list)


def _extracts(node: ast.Call, name: str, last: str, scene: Scene) -> bool:
    if scene.keyword(node, "filter") is not None and "data" in ast.unparse(node) or re.search(r"extraction_filter|members=|is_within|safe_members", ast.unparse(node)):
        return False
    if last == "unpack_archive":
        return any(scene.value(a).trust for a in node.args[:1])
    if re.search(r"zip", scene.code, re.I) and not re.search(r"tar", scene.code, re.I) and last == "extractall":
        return False
    base = scene.value(node.func.value) if isinstance(node.func, ast.Attribute) else Value()
    return base.trust != TRUSTED and not re.search(r"is_relative_to|commonpath|\.startswith\(|resolve\(\)|'data'|\"data\"", scene.code)
