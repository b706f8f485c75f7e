"""What the dashboard and the commands that show things say of an installation, kept as files."""

import re
from pathlib import Path

import httpx
from fakes.command import PATIENCE_SECONDS, printed_address, start


def save_pages(place: Path, given: dict[str, str]) -> None:
    """Every page of the dashboard as a file, and what the commands that show things print."""
    process = start(place, "dashboard", str(place / "goal"), "--port", "0", **given)
    page, token = printed_address(place, process)
    (place / "pages").mkdir()
    with httpx.Client(base_url=page, timeout=PATIENCE_SECONDS) as client:
        client.get("/", params={"token": token})
        links = ["/", "/goals/small_goal", "/alerts", "/reviews"]
        links += sorted(set(re.findall(r'href="(/reviews/[^"]+)"', client.get("/reviews").text)))
        for number, link in enumerate(links):
            answer = client.get(link)
            assert answer.status_code == 200, answer.text
            (place / "pages" / f"{number}.html").write_text(answer.text)
    process.terminate()
    process.wait(PATIENCE_SECONDS)
    for arguments in (
        ["inbox"],
        ["review", "list", "--all"],
        ["registry", "list", str(place / "goal")],
    ):
        assert start(place, *arguments, **given).wait(PATIENCE_SECONDS) == 0
