import subprocess
import sys
from dataclasses import dataclass

from bench import safety
from warden.secret_examples import examples

from forgemind_assets.home import REPOSITORY


@dataclass(frozen=True)
class Planted:
    text: str
    kind: str
    carrier: str
    encoding: str
    held_out: bool
    secret: str


def test_the_measurement_counts_hits_misses_and_alarms():
    kinds = ("github_token", "stripe_live")
    rows = [e for e in examples(0) if e[0] in kinds][:60]
    secrets = [Planted(t, k, c, e, k == kinds[1], s) for k, c, e, t, s in rows]
    secrets.append(Planted("x = 1", "nothing", "python", "plain", True, "nothing-at-all"))
    personal = [
        Planted("anna@firma-gdansk.pl", "email", "text", "plain", False, "anna@firma-gdansk.pl")
    ]
    clean = ["x = 1\n", secrets[0].text]
    result = safety.measure(secrets, personal, clean, repeats=1)
    assert result["value"] == round(60 / 61, 4)
    details = result["details"]
    assert details["clean_rows_with_alarm"] == 1
    assert details["secrets_precision"] == round(60 / 61, 4)
    assert details["personal_data_recall"] == 1.0
    assert details["secrets_recall_held_out_by_kind"]["nothing"] == [0.0, 1]
    assert details["secrets_recall_development"] == 1.0
    assert details["verdicts_that_repeat_a_secret"] == 0
    assert details["rows_per_second_one_core"] > 0


def test_a_missing_corpus_is_told_in_one_line(tmp_path):
    for name in ("forgemind_assets",):
        (tmp_path / name).symlink_to(REPOSITORY / name)
    folder = tmp_path / "tests" / "bench"
    folder.mkdir(parents=True)
    (folder / "safety.py").write_bytes((REPOSITORY / "tests/bench/safety.py").read_bytes())
    done = subprocess.run(
        [sys.executable, str(folder / "safety.py")], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 1
    assert "expected the planted texts in tests/bench/planted_corpus.py" in done.stderr
    assert "Traceback" not in done.stderr
