import dagster as dg

from forgemind_assets.home import Home
from resources.instance import POOLS, prepare_dagster_home


def test_the_pools_have_their_limit_before_anything_ran(tmp_path, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.setenv("FORGEMIND_HOME", "")
    home = Home(root=tmp_path / "home", models=tmp_path / "models")
    prepare_dagster_home(home)
    prepare_dagster_home(home)
    with dg.DagsterInstance.get() as instance:
        limits = {pool.name: pool.limit for pool in instance.event_log_storage.get_pool_limits()}
    assert limits == dict.fromkeys(POOLS, 1)
