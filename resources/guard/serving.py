"""How uvicorn serves what stands behind the guard."""

import uvicorn

from resources.guard.asgi import Guard

GRACE_SECONDS = 3


def configuration(guard: Guard, max_message_bytes: int) -> uvicorn.Config:
    """No access log: an address may hold the token."""
    return uvicorn.Config(
        guard,  # pyright: ignore[reportArgumentType]
        http="h11",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws_max_size=max_message_bytes,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
