"""Facts and alerts as tests need them."""

from forgemind_assets.warden.alert_facts import CheckFact
from forgemind_assets.warden.alerts import check_alert

UI = "http://127.0.0.1:3000"


def check_fact(number=0, **changes) -> CheckFact:
    values = {
        "run_id": f"run-{number}",
        "goal": "small_goal",
        "asset": "canary_report",
        "check": "canary_alive",
        "partition": "0001-a",
        "passed": False,
        "severity": "ERROR",
        "blocking": True,
        "description": "12% of the canary cases passed; 35% are needed",
        "metadata": {"canary_pass_rate": 0.12, "needed": 0.35},
        "at": 1_800_000_000.0 + number,
    }
    return CheckFact(**(values | changes))


def alert(number=0, **changes):
    return check_alert(check_fact(number, **changes), UI)
