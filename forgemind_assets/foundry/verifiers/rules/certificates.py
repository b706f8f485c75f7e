"""Certificate and host key checks that are switched off (CWE-295)."""

import ast
import re

from forgemind_assets.foundry.verifiers.scene import Scene

UNVERIFIED = re.compile(
    r"^(ssl\._create_unverified_context|ssl\._create_stdlib_context|ssl\.wrap_socket|_create_unverified_context|_create_stdlib_context|(paramiko\.(client\.)?)?(AutoAddPolicy|WarningPolicy|MissingHostKeyPolicy_)|paramiko\.(client\.)?(AutoAddPolicy|WarningPolicy))$"
)


OFF_WORDS = {
    "verify",
    "verify_ssl",
    "ssl_verify",
    "verify_certs",
    "check_hostname",
    "validate_certs",
    "verify_cert",
    "verify_tls",
    "ssl_verify_cert",
    "tls_verify",
    "validate_certificate",
    "ssl_assert_hostname",
    "verify_hostname",
    "ssl_check_hostname",
    "verify_ssl_certs",
    "use_ssl_verify",
    "assert_hostname",
    "server_cert_validation_",
    "tlsInsecure_",
    "ssl_validate",
    "verify_peer",
    "sslverify",
    "ssl_verify_identity",
    "validate_cert",
    "verify_server_cert",
}


def check(node: ast.AST, scene: Scene) -> str | None:
    """CWE-295, or None."""
    if isinstance(node, ast.Call):
        bad = _unverified_call(node, scene)
    elif isinstance(node, ast.Attribute | ast.Name):
        bad = isinstance(node.ctx, ast.Load) and _unverified_constant(node, scene)
    else:
        bad = isinstance(node, ast.Assign) and _switched_off(node)
    return "CWE-295" if bad else None


def _unverified_constant(node: ast.Attribute | ast.Name, scene: Scene) -> bool:
    name = scene.dotted(node)
    parent = scene.parents.get(node)
    if isinstance(parent, ast.Attribute | ast.Compare | ast.Import):
        return False
    if name.endswith("CERT_NONE") or re.search(r"(^|\.)VERIFY_NONE$", name):
        return True
    called = isinstance(parent, ast.Call) and parent.func is node
    return not called and UNVERIFIED.match(name) is not None


def _switched_off(node: ast.Assign) -> bool:
    for target in node.targets:
        name = target.attr if isinstance(target, ast.Attribute) else ""
        if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
            name = str(target.slice.value)
        if name in OFF_WORDS and _is_false(node.value):
            return True
        if name == "_create_default_https_context" and "unverified" in ast.unparse(node.value):
            return True
        none = isinstance(node.value, ast.Constant) and node.value.value in ("CERT_NONE", 0, "none")
        if name in ("cert_reqs", "verify_mode") and none:
            return True
    return False


def _is_false(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and node.value in (False, 0) and node.value is not None


def _unverified_call(node: ast.Call, scene: Scene) -> bool:
    name = scene.dotted(node.func)
    last = name.rsplit(".", 1)[-1]
    if UNVERIFIED.match(name) and last not in ("AutoAddPolicy", "WarningPolicy"):
        return not (last == "wrap_socket" and "CERT_REQUIRED" in ast.unparse(node))
    if last in ("AutoAddPolicy", "WarningPolicy"):
        return True
    if last == "tls_insecure_set":
        return (
            bool(node.args) and isinstance(node.args[0], ast.Constant) and bool(node.args[0].value)
        )
    if (
        last == "setopt"
        and len(node.args) > 1
        and re.search(r"SSL_VERIFY(PEER|HOST)", ast.unparse(node.args[0]))
    ):
        return _is_false(node.args[1])
    if last == "set_missing_host_key_policy" and node.args:
        return False
    for keyword in node.keywords:
        if keyword.arg in OFF_WORDS and _is_false(keyword.value):
            return not (
                keyword.arg in ("verify", "check_hostname") and re.search(r"jwt|decode", name)
            )
        if (
            keyword.arg == "ssl"
            and isinstance(keyword.value, ast.Constant)
            and keyword.value.value is False
        ):
            return True
        if (
            keyword.arg in ("cert_reqs", "ssl_cert_reqs", "tls_cert_reqs")
            and isinstance(keyword.value, ast.Constant)
            and keyword.value.value in ("CERT_NONE", "none", 0, None, "NONE")
        ):
            return keyword.value.value is not None or keyword.arg == "ssl_cert_reqs"
        if (
            keyword.arg == "known_hosts"
            and isinstance(keyword.value, ast.Constant)
            and keyword.value.value is None
        ):
            return True
        if (
            keyword.arg
            in (
                "tlsAllowInvalidCertificates",
                "tlsInsecure",
                "tlsAllowInvalidHostnames",
                "disable_ssl_certificate_validation",
                "ssl_insecure",
                "insecure_skip_verify",
                "tls_insecure",
                "skip_verify",
                "allow_insecure",
                "trust_all",
            )
            and isinstance(keyword.value, ast.Constant)
            and keyword.value.value is True
        ):
            return True
    return False
