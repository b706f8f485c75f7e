import base64

import pytest
from warden.malware_examples import LIVE, ORDINARY

from forgemind_assets.warden.code_facts import MAX_CHARS, Unparsable, read
from forgemind_assets.warden.layers.code_rules import CodeRules
from forgemind_assets.warden.verdict import NotRun, Outcome, Passage


def judge(text: str, language: str = "python") -> Outcome:
    return CodeRules().judge([Passage(text, language=language)])[0]


def reasons(text: str, language: str = "python") -> set[str]:
    outcome = judge(text, language)
    assert isinstance(outcome, tuple)
    return {v.reason for v in outcome if v.score >= 0.5}


@pytest.mark.parametrize("name", LIVE)
def test_a_live_pattern_is_found(name: str):
    reason, code = LIVE[name]
    assert reason in reasons(code)


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_and_vulnerable_code_passes(name: str):
    assert reasons(ORDINARY[name]) == set()


@pytest.mark.parametrize("name", LIVE)
def test_a_live_pattern_is_found_in_a_fenced_block_and_indented(name: str):
    reason, code = LIVE[name]
    assert reason in reasons(f"Here is how:\n\n```python\n{code}```\nDone.", language="")
    indented = "".join(f"    {line}\n" for line in code.splitlines())
    assert reason in reasons(indented)


def test_a_live_pattern_is_found_in_an_encoded_payload():
    reason, code = LIVE["reverse_shell_dup2"]
    payload = base64.b64encode(code.encode()).decode()
    outcome = judge(f"PAYLOAD = '{payload}'\n")
    assert isinstance(outcome, tuple)
    assert [v.where for v in outcome] == ["base64"] * len(outcome)
    assert reason in {v.reason for v in outcome}


def test_a_finding_points_at_its_call():
    text = "import shutil\n\nä = 1; shutil.rmtree('/')\n"
    outcome = judge(text)
    assert isinstance(outcome, tuple)
    (found,) = outcome
    assert text[slice(*found.span)] == "shutil.rmtree('/')"


def test_code_that_does_not_parse_is_not_run_where_it_should_be_code():
    outcome = judge("import socket\ndef f(:\n    pty.spawn('sh')\n")
    assert isinstance(outcome, NotRun)
    assert outcome.reason == "syntax_error"


def test_prose_is_no_failure():
    assert judge("A socket may use recv; see pty (it is short for:", language="") == ()


def test_code_at_the_bound_is_read_and_beyond_is_not():
    text = "import shutil\nshutil.rmtree('/')\n"
    assert read(text + "#" * (MAX_CHARS - len(text)), only_code=True)
    with pytest.raises(Unparsable, match="too_long"):
        read(text + "#" * (MAX_CHARS - len(text) + 1), only_code=True)


def test_code_nested_without_end_is_not_run():
    outcome = judge("shutil.rmtree(" + "[" * 50_000)
    assert isinstance(outcome, NotRun)
