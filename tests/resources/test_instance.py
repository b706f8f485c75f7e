import dagster as dg

from forgemind_assets.home import Home
from resources.instance import POOLS, prepare_dagster_home


def test_the_pools_have_their_limit_before_anything_ran(tmp_path, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.setenv("FORGEMIND_HOME", "")
    home = Home(root=tmp_path / "home", models=tmp_path / "models")
    for at_once in (1, 6):
        home.root.mkdir(exist_ok=True)
        home.settings.write_text(f"trials_at_once: {at_once}\n", encoding="utf-8")
        prepare_dagster_home(home)
        with dg.DagsterInstance.get() as instance:
            pools = instance.event_log_storage.get_pool_limits()
            runs = instance.get_concurrency_config().run_queue_config
        assert {pool.name: pool.limit for pool in pools} == dict.fromkeys(POOLS, at_once)
        assert runs.max_concurrent_runs == (4, 8)[at_once == 6]
