"""Untrusted addresses that a server fetches or connects to (CWE-918)."""

# ruff: noqa: SIM905 - long word lists are easier to read and to change as text

import ast
import re

from forgemind_assets.foundry.verifiers.scene import Scene
from forgemind_assets.foundry.verifiers.values import TRUSTED

FETCHERS = re.compile(
    r"^(requests|httpx|grequests|requests_html|urllib3|treq|aiohttp|niquests)\.(\w+\.)?(get|post|put|delete|head|options|patch|request|stream|urlopen|request_encode_url)$|"
    r"^(urllib\.request\.|urllib2\.|urllib\.|six\.moves\.urllib\.request\.)?(urlopen|urlretrieve)$|^(urllib\.request\.)?Request$|"
    r"^wget\.download$|^feedparser\.parse$|^pandas\.read_(csv|json|html|excel)_$|^socket\.create_connection$|^imageio\.imread$|^urllib\.request\.URLopener|"
    r"^(http\.client\.)?HTTPS?Connection$|^asyncio\.open_connection$|^websockets?\.(connect|create_connection)$|^pycurl|^websocket\.create_connection$|^smtplib\.SMTP$|^ftplib\.FTP$|^telnetlib\.Telnet$"
)


SESSION = re.compile(
    r"(?i)(^|[._])(session|sess|s|client|http|http_client|pool|driver|browser|page|c|web|fetcher|opener|manager|_http|_client|api|ac|requests|httpx|conn|sock|socket|curl|pm|ses|cl|self\.http|cs|http_session|tab|context)(\(\))?$"
)


FETCH_METHODS = frozenset(
    "get post put delete head options patch request stream fetch goto urlopen "
    "open ws_connect set_content_ send_".split()
)


def check(node: ast.AST, scene: Scene) -> str | None:
    """CWE-918, or None."""
    if not isinstance(node, ast.Call):
        return None
    name = scene.dotted(node.func)
    return "CWE-918" if _fetches(node, name, name.rsplit(".", 1)[-1], scene) else None


def _fetches(node: ast.Call, name: str, last: str, scene: Scene) -> bool:
    if FETCHERS.match(name):
        position = 1 if last == "request" or (last == "stream" and name.startswith("httpx")) else 0
        return _free_address(
            scene.argument(node, position, "url", "address", "host", "URL", "uri"), scene
        )
    if last in ("connect", "sendto") and re.search(r"(?i)sock|(^|\.)s\.", name) and node.args:
        return _free_address(node.args[0], scene)
    if last in FETCH_METHODS and isinstance(node.func, ast.Attribute):
        owner = ast.unparse(node.func.value)
        made = _made_client(node.func.value, scene)
        if (not made and not SESSION.search(re.sub(r"\(.*\)$", "()", owner))) or _is_store(
            node, scene
        ):
            return False
        method = node.args[0] if node.args else None
        position = 1 if last in ("request", "stream") and len(node.args) > 1 else 0
        address = scene.argument(node, position, "url", "uri")
        if address is None or (
            last in ("get", "pop", "put", "delete", "open")
            and not made
            and not _web_like(node, scene, address)
        ):
            return False
        del method
        return _free_address(address, scene)
    if re.match(
        r"^(pandas\.read_(csv|json|html|xml|excel)|cv2\.VideoCapture|weasyprint\.HTML|HTML)$", name
    ):
        address = scene.argument(node, 0, "url", "filename", "path_or_buf", "filepath_or_buffer")
        return (
            address is not None
            and re.search(r"(?i)url|link|rtsp|uri|href|page\b", ast.unparse(node)) is not None
            and _free_address(address, scene)
        )
    if re.match(
        r"^(imaplib\.IMAP4(_SSL)?|smtplib\.SMTP(_SSL)?|ftplib\.FTP(_TLS)?|poplib\.POP3(_SSL)?|telnetlib\.Telnet)$",
        name,
    ):
        return _free_address(scene.argument(node, 0, "host"), scene)
    if last == "build_request":
        return _free_address(scene.argument(node, 1, "url"), scene)
    if (
        last == "setopt"
        and node.args
        and re.search(r"\.?URL$", ast.unparse(node.args[0]))
        and len(node.args) > 1
    ):
        return _free_address(node.args[1], scene)
    return False


def _made_client(owner: ast.AST, scene: Scene) -> bool:
    """Whether an object was made by an HTTP library or is a browser in this snippet."""
    text = ast.unparse(owner)
    pattern = (
        r"(ClientSession|requests\.Session|requests\.session|httpx\.(Async)?Client|"
        r"AsyncClient|PoolManager|ProxyManager|webdriver\.\w+|AsyncHTTPClient|"
        r"HTTPClient|new_page|build_opener|FuturesSession|HTTPConnectionPool|"
        r"CloudScraper|create_scraper|TestClient_)\("
    )
    if re.search(pattern, text):
        return True
    own = re.escape(text)
    made = rf"{own} = (await )?[\w.]*{pattern}|{pattern}[^\n]*\) as {own}\b"
    return re.search(made, scene.code) is not None


def _is_store(node: ast.Call, scene: Scene) -> bool:
    """Whether `.get` reads a mapping, a cache or a database."""
    owner = ast.unparse(node.func.value) if isinstance(node.func, ast.Attribute) else ""
    return (
        re.search(
            r"(?i)(args|form|headers|cookies|GET|POST|json|cache|redis|environ|params|query|config|objects)$",
            owner,
        )
        is not None
    )


def _web_like(node: ast.Call, scene: Scene, address: ast.expr) -> bool:
    """Whether the call looks like a request: awaited, or its address is named or built as one."""
    value = scene.value(address)
    text = ast.unparse(address)
    if "://" in value.text or re.search(
        r"(?i)url|uri|link|href|endpoint|address|webhook|callback|feed|target", text
    ):
        return True
    return any(
        k.arg in ("timeout", "stream", "headers", "allow_redirects", "follow_redirects", "json")
        for k in node.keywords
    )


def _free_address(node: ast.expr | None, scene: Scene) -> bool:
    """Whether untrusted data decides the host of an address."""
    if node is None:
        return False
    value = scene.value(node)
    if value.kind == "list" and value.parts:
        return value.parts[0].bad
    if not value.bad:
        return False
    if re.match(r"^(\w+:)?//[^/]+[/?#]", value.lead) or (
        value.lead and "://" not in value.lead and value.lead[:1] == "/"
    ):
        return False
    if not value.built:
        return True
    if not value.lead:
        return value.head != TRUSTED
    return "://" in value.lead or value.lead.endswith(("@", ".", "//"))
