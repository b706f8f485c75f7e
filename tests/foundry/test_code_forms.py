"""Forms and traits: what they forget, and what they keep."""

import pytest
from fakes.filter_models import CountedLetters, NoWeights

from forgemind_assets.foundry.filters.code_forms import Code, normal_form, traits
from forgemind_assets.foundry.filters.suite_texts import Decontaminator, Overlap
from forgemind_assets.foundry.filters.trait_index import TraitIndex

CASE = '''import sqlite3 as sql

class Ledger:
    """Bookings of one club."""

    def __init__(self, path: str) -> None:
        self.con = sql.connect(path)

    def of_member(self, member):
        query = f"SELECT day, cents FROM bookings WHERE member = '{member}'"  # newest last
        return self.con.execute(query).fetchall()
'''
SAME = """import sqlite3

class Cash:
  def __init__(zelf, place):
    zelf.link = sqlite3.connect(place)
  def rows(zelf, who):
    text = "SELECT day, cents FROM bookings WHERE member = '" + str(who) + "'"
    return zelf.link.execute(text).fetchall()
""".replace("zelf", "self")
RESTRUCTURED = """import sqlite3

def _run(me, text):
    return me.con.execute(text).fetchall()

class Ledger:
    def of_member(self, member):
        text = "SELECT day, cents FROM bookings WHERE member = '%s'" % member
        found = _run(self, text)
        return found

    def __init__(self, path):
        self.con = sqlite3.connect(path)
"""
OTHER = """import sqlite3

class Library:
    def __init__(self, path):
        self.con = sqlite3.connect(path)

    def loans(self, reader):
        query = f"SELECT title, due FROM loans WHERE reader = '{reader}'"
        return self.con.execute(query).fetchall()
"""


def form(text):
    return normal_form(Code(text))


def test_the_form_forgets_names_layout_docstrings_annotations_and_how_strings_are_built():
    assert form(CASE) == form(SAME)
    assert form(CASE) != form(OTHER)


def test_the_form_keeps_what_is_imported_and_what_is_called():
    assert form("import pickle as p\ny = p.loads(a)") == form("import pickle\nx = pickle.loads(b)")
    assert form("import pickle\ny = pickle.loads(a)") != form("import dill\ny = dill.loads(a)")
    assert form("x = f.open(1)") != form("x = f.close(1)")


@pytest.mark.parametrize(
    "text",
    ['f"a {x} b"', '"a {} b".format(x)', '"a %s b" % x', '"a %s b" % (x,)', '"a " + str(x) + " b"'],
)
def test_strings_put_together_in_any_way_are_the_same(text):
    assert form(f"y = {text}") == form('y = f"a {z} b"')


def test_text_that_is_no_python_has_no_form():
    with pytest.raises(SyntaxError):
        Code("x = (")
    with pytest.raises(SyntaxError):
        Code("x = '\0'")


def test_restructured_code_keeps_its_traits_and_code_of_another_family_has_others():
    index = TraitIndex([set(traits(Code(text))) for text in (CASE, "import os\nos.getcwd()\n")])
    assert index.nearest(set(traits(Code(RESTRUCTURED)))) > 0.6
    assert index.nearest(set(traits(Code(OTHER)))) < 0.6
    assert index.nearest({"nothing"}) == 0


def test_an_index_of_nothing_finds_nothing():
    assert TraitIndex([]).nearest({b"a"}) == 0


def test_a_paraphrase_is_contaminated_by_its_traits_alone():
    texts = [CASE, SAME, RESTRUCTURED, OTHER, "no python at all ("]
    suite = Decontaminator([CASE], Overlap(ngram=50, similarity=0.6))
    assert suite.contaminated(texts) == [True, True, True, False, False]
    assert form(RESTRUCTURED) != form(CASE)


def test_meaning_is_compared_where_the_goal_asks_and_a_model_is_there():
    cases, texts = ["abc abc", "xy z"], ["cba cba", "ab d", "zy x"]
    limits = Overlap(cosine=0.95)
    assert Decontaminator(cases, limits, CountedLetters()).contaminated(texts) == [
        True,
        False,
        True,
    ]
    assert Decontaminator(cases, Overlap(), CountedLetters()).contaminated(texts) == [False] * 3
    assert Decontaminator([], limits, CountedLetters()).contaminated(texts) == [False] * 3
    without = Decontaminator(cases, limits, NoWeights())
    assert without.contaminated(texts) == [False] * 3
    assert without.note == "by meaning: not run: run `forgemind models pull x`"
