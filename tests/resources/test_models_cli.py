import json

from fakes.artefacts import weights as safetensors
from typer.testing import CliRunner

from forgemind_assets.cli.models import app


def test_the_list_shows_every_model_and_what_is_here(tmp_path, monkeypatch):
    monkeypatch.setenv("FORGEMIND_MODELS", str(tmp_path))
    listed = CliRunner().invoke(app, ["list", "--json"])
    rows = {row["name"]: row for row in json.loads(listed.stdout)}
    assert rows["smollm2-135m-instruct"]["state"] == "absent"
    assert rows["qwen2.5-coder-1.5b-instruct"]["bytes"] == 1_117_320_768
    assert rows["llama-3-8b"]["sources"] == ["hub"]
    table = CliRunner().invoke(app, ["list"], env={"COLUMNS": "200"})
    assert table.exit_code == 0
    assert "smollm2-135m-instruct" in table.stdout


def test_a_model_of_ones_own_catalogue_is_pulled_from_its_folder(tmp_path, monkeypatch):
    weights = tmp_path / "w"
    weights.mkdir()
    (weights / "config.json").write_text("{}")
    (weights / "model.safetensors").write_bytes(safetensors())
    catalogue = tmp_path / "mine.yaml"
    catalogue.write_text(
        "- {name: mine, licence: MIT, architecture: llama, roles: [base], parameters: 1000,\n"
        f"   path: {weights}}}\n"
    )
    monkeypatch.setenv("FORGEMIND_CATALOGUE", str(catalogue))
    monkeypatch.setenv("FORGEMIND_MODELS", str(tmp_path / "models"))
    done = CliRunner().invoke(app, ["pull", "mine"])
    assert done.exit_code == 0
    assert str(weights) in done.stdout.replace("\n", "")
