import os
import subprocess
import sys
from pathlib import Path

import psutil

from resources.machine import ProcessId, process_alive

ROOT = Path(__file__).resolve().parents[2]


def test_a_process_is_known_by_its_number_and_its_start():
    this = ProcessId.of_this()
    assert this.pid == os.getpid()
    assert process_alive(this.pid, this.start_time)
    assert not process_alive(this.pid, this.start_time - 100), "a later process took the number"


def test_a_process_that_ended_is_not_alive_even_before_its_parent_looked():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    start = psutil.Process(child.pid).create_time()
    assert process_alive(child.pid, start)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE
    assert not process_alive(child.pid, start)
    child.communicate()
    assert not process_alive(child.pid, start)


def test_nothing_heavy_is_loaded_with_the_resources():
    code = (
        "import sys\n"
        "import resources.machine, resources.ledger, resources.models, resources.teachers\n"
        "import resources.embedded_server, forgemind_assets.forge.catalogue\n"
        "heavy = {'torch', 'transformers', 'openai', 'xllamacpp', 'huggingface_hub', 'dagster'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_report_holds_what_a_manifest_needs():
    from resources.machine import machine_report

    report = machine_report()
    assert report["cores"] >= 1
    assert report["memory_gib"] > 0.1
    assert isinstance(report["bf16"], bool)
    assert "gpu" in report
