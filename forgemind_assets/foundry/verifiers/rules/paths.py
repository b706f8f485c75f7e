"""Untrusted names in file paths, and archives unpacked without a filter (CWE-22)."""

# ruff: noqa: SIM905 - long word lists are easier to read and to change as text

import ast
import re

from forgemind_assets.foundry.verifiers.scene import Scene
from forgemind_assets.foundry.verifiers.values import TRUSTED, Value

FILE_CALLS = frozenset(
    """open io.open codecs.open os.open aiofiles.open gzip.open bz2.open lzma.open os.remove
    os.unlink os.rename os.replace os.rmdir os.listdir os.makedirs os.mkdir os.scandir os.walk
    os.stat shutil.copy shutil.copyfile shutil.copy2 shutil.move shutil.rmtree shutil.copytree
    shutil.unpack_archive shutil.make_archive os.symlink os.link os.chmod os.truncate
    os.path.getsize_ linecache.getlines flask.send_file send_file FileResponse
    fastapi.responses.FileResponse starlette.responses.FileResponse django.http.FileResponse
    responses.FileResponse web.FileResponse aiohttp.web.FileResponse PIL.Image.open Image.open
    pandas.read_csv_ tarfile.open_ zipfile.ZipFile_ StaticFiles anyio.open_file io.FileIO
    shutil.chown quart.send_file fileinput.input sqlite3.connect_ numpy.load_ read_text_ file
    os.removedirs mmap.mmap_ configparser.read_ runpy_ pathlib.Path.open json_load_
    pandas.read_csv pandas.read_excel pandas.read_parquet pandas.read_json numpy.loadtxt
    numpy.load soundfile.read cv2.imread cv2.imwrite wave.open dbm.open sendfile""".split()
)


# These take an open file as well as a path, so that only a path built here tells.
READERS = re.compile(
    r"^(PIL\.Image\.open|Image\.open|pandas\.read_\w+|numpy\.(load|loadtxt|genfromtxt)|soundfile\.read|cv2\.im\w+|nbformat\.\w+|wave\.open|xlrd\.\w+|openpyxl\.\w+)$"
)


PATH_METHODS = frozenset(
    "open read_text read_bytes write_text write_bytes unlink rename replace "
    "mkdir rmdir iterdir touch stat exists_ symlink_to".split()
)


SAVERS = frozenset(
    "save download_file upload_file fput_object fget_object retrbinary_ "
    "write_to_file save_as savefig to_csv to_excel imwrite download_fileobj_ "
    "get_ put to_parquet".split()
)


def check(node: ast.AST, scene: Scene) -> str | None:
    """CWE-22, or None."""
    if not isinstance(node, ast.Call):
        return None
    name = scene.dotted(node.func)
    return "CWE-22" if _opens(node, name, name.rsplit(".", 1)[-1], scene) else None


def _opens(node: ast.Call, name: str, last: str, scene: Scene) -> bool:
    if last in ("extractall", "extract", "unpack_archive"):
        return _extracts(node, name, last, scene)
    if READERS.match(name):
        value = scene.value(node.args[0]) if node.args else Value()
        return _free_path(value) and (value.kind == "path" or (value.built and "/" in value.text))
    if name in FILE_CALLS or (last in ("send_file", "FileResponse", "sendfile", "serve_file")):
        paths = [
            scene.value(a)
            for a in node.args[
                : 2 if name.startswith(("shutil", "os.re", "os.symlink", "os.link")) else 1
            ]
        ]
        paths += (
            [
                scene.value(k.value)
                for k in node.keywords
                if k.arg in ("path", "file", "filename", "src", "dst", "path_or_file", "file_path")
            ]
            if not node.args
            else []
        )
        return any(_free_path(v) for v in paths)
    if last in PATH_METHODS and isinstance(node.func, ast.Attribute):
        value = scene.value(node.func.value)
        return value.kind == "path" and _free_path(value)
    if last in SAVERS and node.args:
        value = scene.value(
            node.args[-1] if last in ("download_file", "fget_object") else node.args[0]
        )
        return _free_path(value) and (
            value.kind == "path" or "/" in value.text or ".filename" in ast.unparse(node)
        )
    return False


def _free_path(value: Value) -> bool:
    return (
        value.bad
        and value.kind not in ("basename", "orm", "html_safe")
        and "://" not in value.lead
        and not isinstance(value.parts, list)
    )


def _extracts(node: ast.Call, name: str, last: str, scene: Scene) -> bool:
    if (scene.keyword(node, "filter") is not None and "data" in ast.unparse(node)) or re.search(
        r"extraction_filter|members=|is_within|safe_members", ast.unparse(node)
    ):
        return False
    if last == "unpack_archive":
        return any(scene.value(a).trust for a in node.args[:1])
    if (
        re.search(r"zip", scene.code, re.I)
        and not re.search(r"tar", scene.code, re.I)
        and last == "extractall"
    ):
        return False
    base = scene.value(node.func.value) if isinstance(node.func, ast.Attribute) else Value()
    return base.trust != TRUSTED and not re.search(
        r"is_relative_to|commonpath|\.startswith\(|resolve\(\)|'data'|\"data\"", scene.code
    )
