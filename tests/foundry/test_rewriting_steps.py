"""Single rewrites: what they change and what they leave alone."""

import random

import pytest

from forgemind_assets.foundry.rewriting import (
    built_strings,
    contexts,
    data_strings,
    definitions,
    imports,
    layout,
    neighbours,
    renaming,
    variables,
)
from forgemind_assets.foundry.rewriting.source import Snippet, Source, apply_edits, compiles
from forgemind_assets.foundry.rewriting.vocabulary import Theme


def changed(code, function, *extra, line=None, tries=60):
    """Different products of one rewrite over many random seeds."""
    found = {}
    for number in range(tries):
        rng = random.Random(number)
        source = Source(Snippet.at_line(code, line))
        arguments = [rng if a == "rng" else Theme.draw(rng) if a == "theme" else a for a in extra]
        edits = function(source, *arguments)
        if edits:
            after = apply_edits(source.snippet, edits)
            assert compiles(after.text), after.text
            found[after.text] = after.line
    return found


STYLES = [
    "q = f\"SELECT a FROM t WHERE b = '{x}' AND c = {y.z}\"\n",
    "q = \"SELECT a FROM t WHERE b = '%s' AND c = %s\" % (x, y.z)\n",
    "q = \"SELECT a FROM t WHERE b = '{}' AND c = {}\".format(x, y.z)\n",
    'q = "SELECT a FROM t WHERE b = \'" + x + "\' AND c = " + y.z\n',
]


@pytest.mark.parametrize("code", STYLES)
def test_every_style_of_a_built_string_becomes_every_other_with_the_same_value(code):
    class Y:
        z = "zz"

    expected = "SELECT a FROM t WHERE b = 'xx' AND c = zz"
    products = changed(code, built_strings.change_built_strings, "rng")
    assert len(products) == 3
    for text in products:
        scope = {"x": "xx", "y": Y}
        exec(text, scope)
        assert scope["q"] == expected


def test_braces_and_percent_signs_survive_a_change_of_style():
    code = 's = "{} is 100% {{x}} of {}".format(a, b)\n'
    for text in changed(code, built_strings.change_built_strings, "rng"):
        scope = {"a": "1", "b": "2"}
        exec(text, scope)
        assert scope["s"] == "1 is 100% {x} of 2"


def test_an_argument_gets_a_variable_and_the_finding_stays_at_the_call():
    code = "def f(c, x):\n    c.execute('SELECT a FROM t WHERE b = ' + x)\n"
    products = changed(code, variables.introduce_variable, "rng", "theme", line=2)
    assert products
    for text, line in products.items():
        assert line == 3
        assert ".execute(" in text.split("\n")[2]


def test_a_call_that_may_be_the_finding_is_not_moved_off_its_line():
    code = "token = hex(random.getrandbits(64))\n"
    assert changed(code, variables.introduce_variable, "rng", "theme", line=1) == {}


def test_a_variable_that_is_used_once_is_put_where_it_is_used():
    code = "def f(c, x):\n    q = 'SELECT ' + x\n    return c.execute(q)\n"
    products = changed(code, variables.inline_variable, "rng", line=3)
    assert products == {"def f(c, x):\n    return c.execute('SELECT ' + x)\n": 2}


@pytest.mark.parametrize(
    "code",
    [
        "q = 'a' + x\nrun(q, q)\n",
        "q = 'a' + x\nother()\nrun(q)\n",
        "q = 'a' + x\nfor i in y:\n    run(q)\n",
        "q = f()\nrun(lambda: q)\n",
    ],
)
def test_a_variable_stays_where_its_value_could_change_or_be_read_more_often(code):
    assert changed(code, variables.inline_variable, "rng") == {}


def test_imported_names_keywords_and_decorated_route_parameters_are_not_renamed():
    code = (
        "from flask import send_file\n"
        '@app.get("/files/<name>")\n'
        "def files(name):\n"
        "    path = folder + name\n"
        "    return send_file(path, as_attachment=True)\n"
    )
    for text in changed(code, renaming.rename, "rng", "theme"):
        assert "from flask import send_file" in text
        assert "as_attachment=True" in text
        assert '"/files/<name>"' in text
        assert "(name):" in text


def test_a_name_is_renamed_everywhere_also_in_f_strings_and_local_calls():
    code = "def greet(person):\n    return f'{person} {person.name!r}'\nprint(greet(person='a'))\n"
    for text in changed(code, renaming.rename, "rng", "theme"):
        if "person" in text.replace(".person", ""):
            continue
        new = text.split("(")[1].split(")")[0]
        assert text.count(new) >= 4


def test_words_that_decide_the_label_keep_their_meaning():
    code = "import random\ndef reset_token(user):\n    return random.getrandbits(64)\n"
    for text in changed(code, renaming.rename, "rng", "theme"):
        assert "tok" in text
        assert "reset" in text


def test_a_name_without_a_binding_that_may_be_a_function_is_kept():
    code = "value = import_string(request.headers['X'])\npty.spawn(value)\n"
    for text in changed(code, renaming.rename, "rng", "theme"):
        assert "import_string(" in text
        assert "pty.spawn(" in text


def test_data_strings_change_and_what_code_depends_on_stays():
    code = (
        "import hashlib\n"
        "def report(con, args):\n"
        "    with open('orders.csv', 'wb') as fh:\n"
        "        fh.write(hashlib.new('md5', b'x').digest())\n"
        "    return con.execute('SELECT title FROM orders WHERE city = ? AND kind = :kind')\n"
    )
    products = changed(code, data_strings.change_data_strings, "rng", "theme")
    assert len(products) > 20
    for text in products:
        for kept in ("'wb'", "'md5'", "SELECT ", " FROM ", "= ?", ":kind", ".csv'"):
            assert kept in text


def test_equal_keys_stay_equal():
    code = "if job['photo'] in KNOWN:\n    fetch(job['photo'])\n"
    for text in changed(code, data_strings.change_data_strings, "rng", "theme"):
        first, second = text.split("['")[1], text.split("['")[2]
        assert first.split("'")[0] == second.split("'")[0]


def test_a_credential_becomes_another_and_a_placeholder_stays():
    code = 'connect(password="Kiosk!Lamp44", user="<your name>", key="YOUR_KEY")\n'
    products = changed(code, data_strings.change_data_strings, "rng", "theme", line=1)
    assert len(products) > 5
    assert all("<your name>" in t and "YOUR_KEY" in t and "Kiosk!Lamp44" not in t for t in products)


def test_imports_change_their_style_with_all_uses():
    code = "import subprocess\ndef f(x):\n    subprocess.run(['a', x], stdout=subprocess.PIPE)\n"
    products = changed(code, imports.change_import_style, "rng", line=3)
    assert any("from subprocess import PIPE, run" in t and " run([" in t for t in products)
    assert any(" as " in t for t in products)


def test_an_import_that_gives_a_name_its_meaning_is_never_hidden():
    code = (
        "import defusedxml.ElementTree as ET\nfrom yaml import load\nimport "
        "os\nET.fromstring(load(os.name))\n"
    )
    (text,) = changed(code, imports.hide_imports, "rng")
    assert "defusedxml" in text
    assert "from yaml import load" in text
    assert "import os" not in text


def test_a_script_is_put_into_a_function_with_its_finding():
    code = "cur.execute('SELECT a FROM t WHERE b = ' + wanted)\nrows = cur.fetchall()\n"
    products = changed(code, contexts.wrap_script, "rng", "theme", line=1, tries=120)
    assert len(products) > 30
    for text, line in products.items():
        assert ".execute(" in text.split("\n")[line - 1]
    assert any("class " in t for t in products)
    assert any("request" in t for t in products)


def test_a_function_is_reduced_to_its_body_unless_a_type_checks_its_parameter():
    plain = "def f(name):\n    path = base + name\n    return open(path)\n"
    typed = plain.replace("name)", "name: int)", 1)
    assert any("def " not in t for t in changed(plain, definitions.unwrap_function, "rng", line=3))
    assert changed(typed, definitions.unwrap_function, "rng", line=3) == {}


def test_layout_changes_keep_the_syntax_tree():
    import ast

    code = (
        "def f(a):\n    return call(\n        a,\n        'x',  \n        key={'b': "
        "(1,)},\n    )\n\n\nx = f('y')\n"
    )
    tree = ast.dump(ast.parse(code))
    for step in (
        layout.change_quotes,
        layout.change_indent,
        layout.join_calls,
        layout.split_calls,
        layout.change_blank_lines,
    ):
        for text in changed(code, step, "rng"):
            assert ast.dump(ast.parse(text)) == tree


def test_a_swap_of_functions_takes_the_finding_along():
    code = "def a(x):\n    return x\n\n\ndef b(y):\n    eval(y)\n"
    after = neighbours.swap_functions(Source(Snippet.at_line(code, 6)), random.Random(0))
    assert after.line == 2
    assert after.text.split("\n")[1] == "    eval(y)"


def test_a_distractor_that_binds_the_same_import_name_is_refused():
    here = Source(Snippet("import xml.etree.ElementTree as ET\nET.parse(x)\n", None))
    other = Snippet(
        "import defusedxml.ElementTree as ET\n\ndef f(y):\n    return ET.parse(y)\n", None
    )
    assert neighbours.add_distractor(here, random.Random(0), other) == []
