"""Weak algorithms, modes, keys and protocol versions (CWE-327)."""

import ast
import re

from forgemind_assets.foundry.verifiers.scene import Scene

WEAK_HASH = re.compile(
    r"^(hashlib\.(md5|sha1|md4|ripemd160|sha)|(Crypto|Cryptodome)\.Hash\.(MD5|SHA|SHA1|MD4|MD2|RIPEMD160)(\.new)?|md5|sha1|md5\.new|sha\.new|"
    r"cryptography\.hazmat\.primitives\.hashes\.(MD5|SHA1)|hashes\.(MD5|SHA1)|MD5\.new|SHA1?\.new|passlib\.hash\.(md5_crypt|des_crypt|ldap_md5|ldap_sha1|hex_md5|hex_sha1|lmhash|nthash|mysql323|sha1_crypt|apr_md5_crypt)\.\w+|"
    r"(md5_crypt|des_crypt|hex_md5|hex_sha1|ldap_sha1|nthash|lmhash|apr_md5_crypt)\.\w+|werkzeug\.security\.pbkdf2_)$"
)


WEAK_CIPHER = re.compile(
    r"(^|\.)(DES3?|ARC2|ARC4|Blowfish|CAST|XOR)\.new$|(^|\.)algorithms\.(TripleDES|ARC4|Blowfish|IDEA|CAST5|SEED|DES|RC2|ARC2)$|(^|\.)(TripleDES|ARC4|Blowfish|IDEA|CAST5|SEED)$|(^|\.)modes\.ECB$|^pyDes\.\w+|^crypt\.(crypt|METHOD_CRYPT|METHOD_MD5)$|(^|\.)ECB$|^rc4\.|^pyblowfish"
)


OLD_TLS = re.compile(
    r"PROTOCOL_(SSLv2|SSLv3|SSLv23_|TLSv1|TLSv1_1)$|TLSVersion\.(SSLv3|TLSv1|TLSv1_1|MINIMUM_SUPPORTED)$|(^|\.)(SSLv2_METHOD|SSLv3_METHOD|TLSv1_METHOD|TLSv1_1_METHOD)$|CURL_SSLVERSION_(SSLV\d|TLSV1_0|TLSV1_1)|SSLVERSION_(SSLV\d|TLSV1_0|TLSv1_0|TLSV1_1|TLSV1)$"
)


PASSWORD = re.compile(r"(?i)pass(word|wd|phrase)?|pwd|\bpw\b|\bpin\b|secret_answer")


FAST_HASH = re.compile(
    r"^hashlib\.(sha256|sha512|sha224|sha384|sha3_\d+|blake2[bs])$|hashes\.SHA(256|512)$|(Crypto|Cryptodome)\.Hash\.SHA(256|512)\.new$|^SHA(256|512)\.new$"
)


def check(node: ast.AST, scene: Scene) -> str | None:
    """CWE-327, or None."""
    if isinstance(node, ast.Call):
        bad = _weak_call(node, scene)
    elif isinstance(node, ast.Attribute | ast.Name):
        bad = isinstance(node.ctx, ast.Load) and _weak_constant(node, scene)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        bad = (
            re.search(r"hashers\.(Unsalted)?(MD5|SHA1|Crypt)PasswordHasher$", node.value)
            is not None
        )
    else:
        bad = False
    return "CWE-327" if bad else None


def _weak_constant(node: ast.Attribute | ast.Name, scene: Scene) -> bool:
    name = scene.dotted(node)
    parent = scene.parents.get(node)
    if isinstance(parent, ast.Attribute | ast.Compare | ast.Import):
        return False
    if isinstance(parent, ast.Call) and parent.func is node:
        return False
    if OLD_TLS.search(name):
        return not isinstance(
            parent, ast.BinOp | ast.Set | ast.List
        )  # OP_NO_..., or a list of refused ones
    if re.search(r"(^|\.)MODE_ECB$", name):
        return True
    return WEAK_HASH.match(name) is not None and isinstance(
        parent, ast.Call | ast.keyword | ast.Assign | ast.Dict
    )


def _is_false(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and node.value in (False, 0) and node.value is not None


def _weak_call(node: ast.Call, scene: Scene) -> bool:
    name = scene.dotted(node.func)
    last = name.rsplit(".", 1)[-1]
    unused = scene.keyword(node, "usedforsecurity")
    if _is_false(unused):
        return False
    if WEAK_HASH.match(name) or WEAK_CIPHER.search(name):
        return last not in ("verify", "identify", "needs_update")
    if (last == "new" and name.startswith(("hashlib", "hmac"))) or name in (
        "hmac.digest",
        "hashlib.pbkdf2_hmac",
        "hashlib.file_digest",
    ):
        if re.search(r"['\"](md5|sha1|sha-1|md4)['\"]", ast.unparse(node), re.I):
            return True
        if name == "hashlib.pbkdf2_hmac":
            rounds = scene.argument(node, 3, "iterations")
            return (
                isinstance(rounds, ast.Constant)
                and isinstance(rounds.value, int)
                and rounds.value < 10_000
            )
    if last in ("generate_private_key", "generate", "construct_") and re.search(
        r"rsa|RSA|dsa|DSA", name
    ):
        return any(
            isinstance(n, ast.Constant)
            and isinstance(n.value, int)
            and n.value in (512, 768, 1024, 1536)
            for n in ast.walk(node)
        )
    if last == "generate_key" and any(
        isinstance(n, ast.Constant) and n.value in (512, 768, 1024) for n in ast.walk(node)
    ):
        return True
    if last in ("set_ciphers",) and node.args and isinstance(node.args[0], ast.Constant):
        return (
            re.search(
                r"(?<![!-])\b(RC4|DES|3DES|MD5|NULL|EXPORT|LOW|aNULL|eNULL)\b",
                str(node.args[0].value),
            )
            is not None
        )
    if FAST_HASH.search(name):
        return _hashes_password(node, scene)
    if (
        last in ("using", "CryptContext")
        and re.search(r"md5_crypt|des_crypt|plaintext|hex_md5|sha1", ast.unparse(node))
        and "deprecated" not in ast.unparse(node)
    ):
        return True
    if last == "newkeys":
        return (
            bool(node.args)
            and isinstance(node.args[0], ast.Constant)
            and node.args[0].value in (512, 768, 1024)
        )
    weak = re.search(r"md5|sha1|plain", ast.unparse(node))
    return last in ("generate_password_hash", "make_password") and weak is not None


def _hashes_password(node: ast.Call, scene: Scene) -> bool:
    """A fast hash of a password without a salt, a key or rounds."""
    text = " ".join(ast.unparse(a) for a in node.args)
    where = scene.function.name if scene.function else ""
    if re.search(r"(?i)(set|check|verify|store|save|change|hash)_?(password|passwd|pwd)", where):
        return "salt" not in ast.unparse(scene.parents.get(node, node)).lower()
    if "salt" in text.lower() or "token" in text.lower():
        return False
    return PASSWORD.search(text) is not None or (
        PASSWORD.search(where) is not None and "hash" in where
    )
