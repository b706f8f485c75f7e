"""The guard's pure decisions: who enters, and what a session may do in the Dagster UI."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.guard.admission import (
    UPGRADE,
    Admit,
    Enter,
    Facts,
    Keys,
    Refuse,
    Rights,
    Rules,
    addresses,
    admit,
    set_cookie,
)
from resources.guard.dagster_rules import ALLOWED, REFUSED, DagsterRules, judge_document

KEYS = Keys(act="a" * 43, look="b" * 43)
RULES = Rules(addresses=addresses(3000), keys=KEYS, cookie_name="forgemind_3000")
READ_ONLY = replace(RULES, read_only=True)
SITE = DagsterRules()
MAY = sorted(frozenset().union(*ALLOWED.values()))
MAY_NOT = sorted(frozenset().union(*REFUSED.values()))


def cookie(rights: Rights, rules: Rules = RULES) -> str:
    return set_cookie(rights, rules).partition(";")[0]


GOOD = Facts(
    method="POST",
    path="/graphql",
    hosts=("127.0.0.1:3000",),
    origins=("http://127.0.0.1:3000",),
    cookies=(cookie(Rights.ACT),),
    content_types=("application/json",),
)


def maybe_several(*values: str) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values) | st.text(max_size=8), max_size=2).map(tuple)


ANY_FACTS = st.builds(
    Facts,
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "OPTIONS", UPGRADE]),
    path=st.sampled_from(["/", "/graphql", "/report_asset_check/a", "//evil.test"]) | st.text(),
    query=st.lists(
        st.tuples(
            st.sampled_from(["token", "query"]) | st.text(max_size=5),
            st.sampled_from([KEYS.act, KEYS.look]) | st.text(),
        ),
        max_size=2,
    ).map(tuple),
    hosts=maybe_several("127.0.0.1:3000", "LOCALHOST:3000", "evil.test", "127.0.0.1:3001"),
    origins=maybe_several("http://127.0.0.1:3000", "null", "http://evil.test", ""),
    cookies=maybe_several(
        cookie(Rights.ACT),
        f"x=1; {cookie(Rights.LOOK)}",
        f"forgemind_3000={KEYS.act}",
        f"other_{cookie(Rights.ACT)}",
    ),
    fetch_site=st.sampled_from(["", "none", "same-origin", "same-site", "cross-site", "new"]),
    fetch_mode=st.sampled_from(["", "navigate", "cors", "websocket"]),
    fetch_dest=st.sampled_from(["", "document", "iframe", "empty"]),
)


def holds(facts: Facts) -> bool:
    """What every request that goes on must have, told apart from how the rules decide it."""
    host = [h.lower() for h in facts.hosts] in (["127.0.0.1:3000"], ["localhost:3000"])
    ours = {"http://127.0.0.1:3000", "http://localhost:3000"}
    changing = facts.method not in ("GET", "HEAD")
    origin = len(facts.origins) < 2 and set(facts.origins) <= ours
    opened = facts.fetch_mode == "navigate" and facts.fetch_dest == "document"
    alone = facts.fetch_site in ("", "none", "same-origin") or (opened and not changing)
    method = facts.method in ("GET", "HEAD", "POST", UPGRADE)
    return host and origin and (bool(facts.origins) or not changing) and alone and method


@given(ANY_FACTS)
def test_whoever_is_admitted_has_our_host_our_origin_and_a_right_cookie(facts):
    verdict = admit(facts, RULES)
    given_cookies = [part.strip() for header in facts.cookies for part in header.split(";")]
    rights = [r for r in Rights if cookie(r) in given_cookies]
    tokens = [value for name, value in facts.query if name == "token"]
    expected = holds(facts) and bool(rights) and not tokens
    assert isinstance(verdict, Admit) == expected
    if isinstance(verdict, Admit):
        assert verdict.rights == max(rights)
    entered = holds(facts) and facts.method == "GET" and tokens in ([KEYS.act], [KEYS.look])
    assert isinstance(verdict, Enter) == entered
    if isinstance(verdict, Refuse):
        assert 400 <= verdict.status < 500
        assert verdict.reason


@given(ANY_FACTS)
def test_a_read_only_server_gives_nobody_more_than_a_look(facts):
    verdict = admit(facts, READ_ONLY)
    assert isinstance(verdict, Refuse) or verdict.rights is Rights.LOOK


@pytest.mark.parametrize(
    "change",
    [
        {"hosts": ("evil.test",)},
        {"hosts": ("127.0.0.1",)},
        {"hosts": ("127.0.0.1:3000", "127.0.0.1:3000")},
        {"hosts": ()},
        {"origins": ("http://evil.test",)},
        {"origins": ("https://127.0.0.1:3000",)},
        {"origins": ("http://127.0.0.1:4000",)},
        {"origins": ("null",)},
        {"origins": ()},
        {"fetch_site": "same-site"},
        {"fetch_site": "cross-site", "fetch_mode": "navigate", "fetch_dest": "document"},
        {"cookies": ()},
        {"cookies": (f"forgemind_3000={KEYS.act}",)},
        {"cookies": ("forgemind_3000=",)},
        {"method": "OPTIONS"},
        {"method": "PUT"},
        {"query": (("token", KEYS.act),)},
    ],
)
def test_one_thing_wrong_is_enough(change):
    assert admit(GOOD, RULES) == Admit(Rights.ACT)
    assert isinstance(admit(replace(GOOD, **change), RULES), Refuse)


def test_a_link_from_another_site_may_open_a_page_and_embed_none():
    link = replace(GOOD, method="GET", path="/runs", origins=(), fetch_site="cross-site")
    opened = replace(link, fetch_mode="navigate", fetch_dest="document")
    framed = replace(link, fetch_mode="navigate", fetch_dest="iframe")
    image = replace(link, fetch_mode="no-cors", fetch_dest="image")
    assert admit(opened, RULES) == Admit(Rights.ACT)
    assert isinstance(admit(framed, RULES), Refuse)
    assert isinstance(admit(image, RULES), Refuse)


def test_addresses_of_a_tunnel_are_admitted_and_default_ports_are_left_out():
    assert addresses(3000, ("Laptop:8080",)) >= {"laptop:8080", "127.0.0.1:3000"}
    assert "127.0.0.1" in addresses(80)
    assert "127.0.0.1" not in addresses(3000)


def test_keys_do_not_show_and_a_cookie_is_no_token():
    assert KEYS.act not in repr(RULES)
    assert KEYS.look not in repr(KEYS)
    assert KEYS.rights_of_token(KEYS.cookie(Rights.ACT)) is None
    assert KEYS.rights_of_cookie(KEYS.act) is None
    assert KEYS.rights_of_token("\ud800 ü") is None
    other = Keys(act="c" * 43, look="d" * 43)
    assert other.rights_of_cookie(KEYS.cookie(Rights.ACT)) is None


def test_every_mutation_of_this_dagster_stands_in_one_of_the_two_lists():
    from dagster_graphql.schema import create_schema

    mutations = create_schema().graphql_schema.mutation_type
    assert mutations is not None
    assert sorted(mutations.fields) == sorted(MAY + MAY_NOT)


WRAPPINGS = [
    "mutation {{ {0} }}",
    "mutation {{ harmless: {0} }}",
    "mutation {{ reloadWorkspace {{ __typename }} {0} }}",
    "mutation {{ ... on Mutation {{ ... {{ {0} }} }} }}",
    "mutation {{ ...F }} fragment F on Mutation {{ ...G }} fragment G on Mutation {{ {0} }}",
    "query Q {{ version }} mutation M {{ {0} }}",
    "# query\nmutation M($a: Int = 1) @live {{ {0} }} query Q {{ version }}",
    "subscription S {{ x }} mutation M {{ {0} }}",
]


@given(st.sampled_from(MAY + MAY_NOT + ["aNewOne"]), st.sampled_from(WRAPPINGS))
def test_a_mutation_is_found_however_it_is_wrapped(name, wrapping):
    query = wrapping.format(name)
    refusal = judge_document(query, Rights.ACT, mutations=True)
    assert (refusal is None) == (name in MAY)
    if refusal:
        assert name in refusal.reason
    assert isinstance(judge_document(query, Rights.LOOK, mutations=True), Refuse)
    assert isinstance(judge_document(query, Rights.ACT, mutations=False), Refuse)


def test_the_word_mutation_in_a_query_harms_nothing():
    query = 'query mutation { mutation: version(x: "mutation { wipeAssets }") # mutation\n }'
    assert judge_document(query, Rights.LOOK, mutations=False) is None


@pytest.mark.parametrize(
    "query",
    [
        "",
        "query {",
        "mutation { ...Missing }",
        "type Query { a: Int }",
        "fragment F on Query { version }",
        "query { version } fragment F on Query { a } fragment F on Mutation { b }",
        "{" * 5_000 + "a" + "}" * 5_000,
        "query { " + "a " * 60_000 + "}",
        "query { a }" + "#\n" * 2_000,
        "\ud800",
        None,
        ["mutation { launchRun }"],
    ],
)
def test_what_cannot_be_read_is_refused(query):
    assert isinstance(judge_document(query, Rights.ACT, mutations=True), Refuse)


def test_fragments_that_spread_each_other_end():
    chain = " ".join(f"fragment F{i} on Mutation {{ ...F{i + 1} ...F{i + 1} }}" for i in range(200))
    query = f"mutation {{ ...F0 }} {chain} fragment F200 on Mutation {{ ...F0 wipeAssets }}"
    refusal = judge_document(query, Rights.ACT, mutations=True)
    assert refusal == Refuse(403, "wipeAssets is refused: it deletes history")


@given(st.text() | st.binary().map(lambda b: b.decode("latin-1")))
def test_no_text_breaks_the_judge(text):
    for judged in (
        judge_document(text, Rights.ACT, mutations=True),
        SITE.judge_body(GOOD, Rights.ACT, text.encode("utf-8", "surrogatepass")),
        SITE.judge_frame(Rights.ACT, text),
    ):
        assert judged is None or isinstance(judged, Refuse | bytes | str)


def test_what_is_handed_on_is_what_was_judged():
    twice = b'{"query": "mutation { wipeAssets }", "query": "{ version }", "extra": 1}'
    assert json.loads(SITE.judge_body(GOOD, Rights.ACT, twice)) == {"query": "{ version }"}
    frame = (
        '{"type": "stop", "type": "start", "payload": {"query": "mutation { launchRun }", '
        '"query": "subscription { a }"}}'
    )
    handed_on = SITE.judge_frame(Rights.LOOK, frame)
    assert isinstance(handed_on, str)
    assert "mutation" not in handed_on


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'"x"', b'[{"query": "{ a }"}]', b"\xff", b'{"query": 1}', b"[" * 99_999]
)
def test_a_body_that_is_not_one_request_is_refused(body):
    assert isinstance(SITE.judge_body(GOOD, Rights.ACT, body), Refuse)


@pytest.mark.parametrize(
    "change",
    [
        {"path": "/report_asset_check/a"},
        {"path": "/report_asset_materialization/a", "method": "GET"},
        {"path": "/report_asset_observation/a"},
        {"path": "/graphql/"},
        {"path": "/runs"},
        {"path": "/runs", "method": UPGRADE},
        {"content_types": ("text/plain",)},
        {"content_types": ("application/graphql",)},
        {"content_types": ("text/plain; application/json",)},
        {"content_types": ()},
        {"content_types": ("application/json", "application/json")},
        {"content_encodings": ("gzip",)},
        {"method": "GET", "query": (("query", "mutation { launchRun }"),)},
        {"method": "GET", "query": (("query", "{a}"), ("query", "mutation { launchRun }"))},
        {"method": "GET", "query": (("query", "{"),)},
    ],
)
def test_requests_that_no_session_may_send(change):
    assert SITE.judge_request(GOOD, Rights.ACT) is None
    assert isinstance(SITE.judge_request(replace(GOOD, **change), Rights.ACT), Refuse)


@pytest.mark.parametrize(
    "change",
    [
        {"method": "GET", "path": "/runs"},
        {"method": "GET"},
        {"method": "GET", "query": (("query", "{ version }"),)},
        {"method": UPGRADE, "content_types": ()},
        {"content_types": ("application/json; charset=utf-8",)},
    ],
)
def test_requests_that_every_session_may_send(change):
    assert SITE.judge_request(replace(GOOD, **change), Rights.LOOK) is None
