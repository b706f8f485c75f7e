"""Randomness that can be foreseen, where secrets are made (CWE-330)."""

import ast
import re

from forgemind_assets.foundry.verifiers.scene import Scene

SECURITY = re.compile(
    r"(?i)(token|passw|passwd|passphrase|secret|otp|totp|nonce|salt|\biv\b|session|\bsid\b|csrf|xsrf|captcha|api_?key|apikey|credential|cookie|auth|login|reset|verif|confirm|activat|invit|voucher|coupon|gift|magic|recover|unlock|signing|encrypt|cipher|crypt|pin\b|pincode|_pin|pin_|jwt|state\b|challenge|access_?code|one_?time|2fa|mfa|share|link|private|pwd|\bkey|_key|key_|codes?\b|_code|code_|license|serial_key|ticket|guest_pass|door|barrier|promo|handshake|wallet|seed_phrase|mnemonic|unsubscribe|download|signature|\bsig\b)"
)


HARMLESS = re.compile(
    r"(?i)(dice|die_|roll|card|deck|shuffle|jitter|backoff|delay|sleep|sampl|simul|\bsim\b|game|noise|color|colour|enemy|loot|spawn|quiz|puzzle|demo|fake|faker|mock|fixture|retry|weights?|train|split|augment|banner|quote_of|tip|winner_animation|playlist|recommend|monte|walk|maze|board|terrain|map_|level|particle|position|track|shard|canary|rollout|load_?balanc|bucket|display|greeting|featured|order_of|test_data|sleep|poll|temperature|wait|stagger|mirror|replica|backend|upstream|worker|port)"
)


RANDOM_CALLS = re.compile(
    r"^(random\.(random|randint|randrange|choice|choices|sample|getrandbits|randbytes|uniform|shuffle|Random|seed|triangular|gauss)|"
    r"numpy\.random\.\w+|torch\.(randint|rand|randn|randperm)|uuid\.uuid1|uuid1|(random\.Random\(.*\)|\?)\.(randint|choice|choices|getrandbits|randrange|randbytes|sample|random))$"
)


def check(node: ast.AST, scene: Scene) -> str | None:
    """CWE-330, or None."""
    return "CWE-330" if isinstance(node, ast.Call) and _is_weak_random(node, scene) else None


def _is_weak_random(node: ast.Call, scene: Scene) -> bool:
    name = scene.dotted(node.func)
    owner = node.func.value if isinstance(node.func, ast.Attribute) else None
    seeded = isinstance(owner, ast.Name) and re.search(
        rf"\b{re.escape(owner.id)} = (random\.Random|Random|np\.random\.(RandomState|default_rng)|"
        r"numpy\.random\.\w+)\(",
        scene.code,
    )
    timed = re.match(
        r"^(time\.(time|time_ns|monotonic|perf_counter)|datetime\.(datetime\.)?(now|utcnow)|"
        r"os\.getpid)$",
        name,
    )
    if not RANDOM_CALLS.match(name) and not seeded and not timed:
        return False
    context = _context(node, scene)
    if timed:
        head = re.split(r" = |\breturn\b", context)[0]
        if context.startswith("return") and scene.function is not None:
            head = scene.function.name
        secret = re.search(
            r"(?i)token|otp|session_?id|nonce|secret|csrf|_code\b|api_?key|\bsid\b|_sid|_key\b|^key\b|passw",
            head,
        )
        return (
            secret is not None
            and re.search(
                r"(?i)expir|ttl|until|issued|created|start|age\b|_at\b|valid|check|refresh", head
            )
            is None
        )
    near, far = context, _surroundings(scene)
    if SECURITY.search(near) and not HARMLESS.search(near):
        return True
    return SECURITY.search(far) is not None and not HARMLESS.search(near + " " + far)


def _context(node: ast.AST, scene: Scene) -> str:
    """Source of the statement that holds the call."""
    top: ast.AST = node
    while top in scene.parents and not isinstance(top, ast.stmt):
        top = scene.parents[top]
    if isinstance(
        top,
        ast.For
        | ast.While
        | ast.If
        | ast.With
        | ast.FunctionDef
        | ast.AsyncFunctionDef
        | ast.ClassDef,
    ):
        return ast.unparse(node)
    return re.sub(
        r"\b(random|uuid|secrets|rng|torch|np\.random)\.\w+|string\.\w+|\b(shuffle|sample|choices?|randint)\b",
        "",
        ast.unparse(top),
    )


def _surroundings(scene: Scene) -> str:
    """Name of the function around, and names that the snippet gives to things."""
    if scene.function is not None:
        return (
            scene.function.name
            + " "
            + " ".join(
                n.id
                for n in ast.walk(scene.function)
                if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
            )
        )
    return " ".join(
        n.id
        for n in ast.walk(scene.tree)
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    )
