"""Renames identifiers, the same way everywhere in the snippet."""

import ast
import keyword
import random
import re

from forgemind_assets.foundry.rewriting import vocabulary as words
from forgemind_assets.foundry.rewriting.meaning import (
    SAME_MEANING,
    TELLING,
    is_meaning_bearing,
    name_words,
    tells,
)
from forgemind_assets.foundry.rewriting.scopes import Name, names
from forgemind_assets.foundry.rewriting.source import BUILTINS, Edit, Source

# What a value was made by -> names that people give it.
BY_VALUE = tuple(
    (re.compile(pattern), tuple(options.split()))
    for pattern, options in (
        (
            r"connect\(|create_engine\(|Connection\(|acquire\(|get_db\(|get_conn",
            "conn connection con db_conn c handle link dbh",
        ),
        (r"\.cursor\(", "cur cursor c curs crs dbc"),
        (r"\.fetchone\(|\.first\(|one_or_none\(", "row record found hit result entry r match one"),
        (
            r"\.fetchall\(|\.fetch\(|\.all\(|execute\(",
            "rows records result results found res out data hits",
        ),
        (
            r"^f?r?[\"']\s*(?i:select|insert|update|delete|with|create|alter|drop|exec|call)\b",
            "sql query stmt q statement command sql_text qry lookup_sql",
        ),
        (r"^open\(|\.open\(", "f fh fp handle stream infile file_obj src"),
        (r"argparse|ArgumentParser", "parser ap cli_parser p arguments"),
        (r"parse_args", "args opts options ns cli_args params"),
        (
            r"(requests|httpx|session|client|http)\.\w+\(|urlopen|\.request\(",
            "resp response r res reply answer rsp",
        ),
        (r"^f?[\"']https?://|urljoin|_url\b", "url endpoint target uri address link location"),
        (r"os\.path|Path\(| / ", "path target dest location full_path p file_path filename where"),
        (r"^f?[\"']\s*<|html", "html page body markup out content fragment"),
        (
            r"json|loads\(|safe_load|\.load\(",
            "data payload body content obj doc parsed info state loaded",
        ),
        (r"subprocess|popen|Popen|check_output|run\(", "proc result out output completed p res cp"),
        (r"parse\(|fromstring|XML\(", "tree root doc document xml node parsed dom"),
        (r"Environment\(|Template\(|from_string", "env template tpl tmpl view engine jinja"),
        (r"request\.|\.GET|\.POST|argv|input\(|get_argument|query_params", ""),
    )
)
BY_ATTRIBUTE = tuple(
    (frozenset(attributes.split()), tuple(options.split()))
    for attributes, options in (
        (
            "execute executemany fetchall fetchone executescript mogrify",
            "cur cursor c conn con connection crs curs dbc handle executor",
        ),
        (
            "cursor commit rollback fetch fetchrow fetchval acquire",
            "conn connection con db_conn dbh database pool handle",
        ),
        ("read write seek readline readlines", "f fh fp stream src handle infile buffer"),
        ("status_code raise_for_status", "resp response r res reply answer"),
        ("append extend", "items out rows results collected acc lines found parts"),
        (
            "exec_command open_sftp set_missing_host_key_policy",
            "ssh client remote c shell ssh_client",
        ),
        ("parse_args add_argument", "parser ap cli_parser arguments"),
        ("encrypt decrypt encryptor", "cipher crypter enc box"),
        ("update digest hexdigest", "h digest_obj hasher hsh"),
        ("getroot iter findall findtext", "tree root doc xml_doc node"),
        ("filename save", "upload f incoming uploaded attachment doc"),
    )
)
ENDINGS = ("view", "handler", "page", "detail", "index", "action", "by_id")
FIXED_STYLE = {"e", "i", "j", "k", "_", "exc", "err", "ex"}


def rename(
    source: Source, rng: random.Random, theme: words.Theme, share: float = 0.85
) -> list[Edit]:
    """Edits that rename about `share` of the renameable names."""
    table = names(source)
    cautious = is_meaning_bearing(source.text)
    taken = set(source.words) | set(keyword.kwlist) | BUILTINS
    edits: list[Edit] = []
    for name in sorted(table.values(), key=lambda n: min(n.places)):
        if rng.random() > share or name.text in FIXED_STYLE:
            continue
        new = _new_name(name, source, rng, theme, cautious)
        if new is None or new in taken or not new.isidentifier():
            continue
        taken.add(new)
        edits += [
            Edit(p, p + len(name.text), new) for p in name.places if _written(source, name, p)
        ]
    return edits


def _written(source: Source, name: Name, place: int) -> bool:
    return source.text.startswith(name.text, place)


def _new_name(
    name: Name, source: Source, rng: random.Random, theme: words.Theme, cautious: bool
) -> str | None:
    if cautious or tells(name.text) or _is_literal(name.value):
        return reworded(name.text, rng, theme)
    if name.role == "free" and (name.text[0].isupper() or name.attributes & {"objects", "query"}):
        return reworded(name.text, rng, theme)
    if name.role == "function":
        return function_name(rng, theme)
    if name.role == "class":
        return theme.noun(rng).capitalize() + rng.choice(words.CLASS_ENDINGS)
    if name.role == "constant" or name.text.isupper():
        return _constant_name(rng, theme)
    return _value_name(name, source, rng, theme)


def _is_literal(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Constant) and isinstance(value.value, str | bytes)


def function_name(rng: random.Random, theme: words.Theme) -> str:
    """A verb and a noun, or one of the other shapes that function names have."""
    verb, noun = rng.choice(words.VERBS).rstrip("_"), theme.noun(rng)
    if rng.random() < 0.5:
        noun = words.plural(noun)
    shape = rng.random()
    if shape < 0.55:
        return f"{verb}_{noun}"
    if shape < 0.7:
        return f"{noun}_{rng.choice(ENDINGS)}"
    if shape < 0.8:
        return f"{verb}_{noun}_{rng.choice(words.COLUMNS).split('_')[0]}"
    if shape < 0.9:
        return f"_{verb}_{noun}"
    return noun if shape < 0.95 else verb


def _constant_name(rng: random.Random, theme: words.Theme) -> str:
    base = rng.choice(words.CONSTANTS)
    return base if rng.random() < 0.5 else f"{theme.noun(rng).upper()}_{base}"


def _value_name(name: Name, source: Source, rng: random.Random, theme: words.Theme) -> str:
    options: tuple[str, ...] = ()
    for attributes, given in BY_ATTRIBUTE:
        if attributes & name.attributes:
            options = given
            break
    if not options and name.value is not None and rng.random() < 0.8:
        code = source.code(name.value)[:200]
        options = next((o for pattern, o in BY_VALUE if pattern.search(code)), ())
    if options:
        chosen = rng.choice(options)
        return f"{theme.noun(rng)}_{chosen}" if rng.random() < 0.15 else chosen
    return value_name(rng, theme)


def value_name(rng: random.Random, theme: words.Theme) -> str:
    """A name for a value: short, plain or compound."""
    shape = rng.random()
    if shape < 0.4:
        return rng.choice(words.VALUES)
    if shape < 0.6:
        return theme.noun(rng)
    if shape < 0.7:
        return rng.choice(words.LOCALS)
    if shape < 0.95:
        return f"{theme.noun(rng)}_{rng.choice(words.COLUMNS)}"
    return rng.choice("abcdnmpqrstuvxyz")


def reworded(name: str, rng: random.Random, theme: words.Theme) -> str | None:
    """The name with single words replaced by ones of the same meaning, or by other nouns.

    Words that may decide the label stay, or become a synonym.
    """
    parts = re.findall(r"_+|[A-Z]?[a-z0-9]+|[A-Z0-9]+(?![a-z])", name)
    out = [_other_word(p, rng, theme) for p in parts]
    new = "".join(out)
    return None if new == name or not name_words(new) else new


def _other_word(part: str, rng: random.Random, theme: words.Theme) -> str:
    low = part.lower()
    if low in SAME_MEANING and SAME_MEANING[low] and rng.random() < 0.5:
        chosen = rng.choice(SAME_MEANING[low])
    elif low in words.all_nouns() and low not in TELLING:
        chosen = theme.noun(rng)
        if chosen in TELLING:
            return part
        if low.endswith("s"):
            chosen = words.plural(chosen)
    else:
        return part
    if part.isupper() and len(part) > 1:
        return chosen.upper()
    return chosen.capitalize() if part[0].isupper() else chosen
