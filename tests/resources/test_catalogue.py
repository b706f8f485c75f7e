import pytest
from pydantic import ValidationError

from forgemind_assets.errors import UnknownModel, UserError
from forgemind_assets.forge.catalogue import CATALOGUE, ModelFile, entries, find, read_entries


def test_a_mistyped_name_is_answered_with_the_nearest():
    with pytest.raises(UnknownModel, match="mean 'smollm2-135m-instruct'"):
        find("smolm2-135m-instruct")


def test_a_file_of_ones_own_adds_to_the_catalogue(tmp_path, monkeypatch):
    file = tmp_path / "mine.yaml"
    file.write_text(
        "- {name: mine, licence: MIT, architecture: llama, roles: [base], parameters: 9, path: /w}"
    )
    monkeypatch.setenv("FORGEMIND_CATALOGUE", str(file))
    assert set(entries()) == set(CATALOGUE) | {"mine"}


def test_all_mistakes_of_a_catalogue_are_reported_at_once(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(
        "- {name: A B, licence: MIT, architecture: x, roles: [base], parameters: 9, path: /w}\n"
        "- {name: b, licence: MIT, architecture: x, roles: [boss], parameters: 9, path: /w}\n"
        "- {name: c, licence: MIT, architecture: x, roles: [base], parameters: 9}\n"
    )
    with pytest.raises(UserError) as caught:
        read_entries(file)
    for part in ("0.name", "1.roles", "expected at least one of files, hub, release, path"):
        assert part in str(caught.value)


@pytest.mark.parametrize("text", ["{a: 1}", "a: [", ""])
def test_a_catalogue_that_is_no_list_is_refused(tmp_path, text):
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(UserError, match=r"mine\.yaml"):
        read_entries(file)


@pytest.mark.parametrize("name", ["../x", "/x", "a//b", "a/../b", ".x", "a/.x", ""])
def test_a_file_name_that_could_leave_the_folder_is_refused(name):
    with pytest.raises(ValidationError):
        ModelFile(name=name, size=1, sha256="0" * 64)
