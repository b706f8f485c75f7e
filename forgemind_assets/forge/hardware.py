"""What the machine can do: device, precision, threads, and a description for the manifest."""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

Precision = Literal["bf16", "fp32"]


def prepare() -> None:
    """Settings of torch's libraries that they read once, so call it before torch is imported.

    What the environment already says is left alone.

    Threads that wait go to sleep soon. By default libgomp spins, and beside any other busy
    process two spinning threads take each other's time: a training on 2 cores that shared them
    with one other process fell from about 400 tokens/s to below 100.

    Few compiled kernels are kept. oneDNN keeps 1024, one for each shape of a product; with rows
    of 45 lengths that was 600 MB more than with 128, and no faster.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "2000")
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "128")
    os.environ.setdefault("LRU_CACHE_CAPACITY", "128")


def pick_device() -> str:
    """`cuda` where a usable GPU is present, else `cpu`."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def resolve_precision(wanted: str, device: str) -> Precision:
    """The precision that `auto` stands for on this device; `bf16` and `fp32` stay as they are.

    bf16 is taken only where the processor multiplies it natively (AVX512-BF16, AMX, or a GPU
    that supports it); elsewhere it is emulated and slower than fp32.
    """
    if wanted == "bf16" or wanted == "fp32":
        return wanted
    if device.startswith("cuda"):
        import torch

        return "bf16" if torch.cuda.is_bf16_supported() else "fp32"
    return "bf16" if cpu_has_bf16() else "fp32"


def cpu_has_bf16() -> bool:
    """Whether the processor has bf16 matrix instructions."""
    import torch

    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def physical_cores() -> int:
    """Physical cores that this process may use, at least 1."""
    import psutil

    cores = psutil.cpu_count(logical=False) or os.cpu_count() or 1
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else cores
    return max(1, min(cores, allowed))


def describe(device: str) -> dict[str, Any]:
    """Hardware facts for the manifest. Memory is in GiB."""
    import psutil
    import torch

    facts: dict[str, Any] = {
        "device": device,
        "machine": platform.machine(),
        "system": platform.system(),
        "processor": _processor_name(),
        "cores": physical_cores(),
        "threads": threads(),
        "bf16": cpu_has_bf16(),
        "kernels": torch.backends.cpu.get_cpu_capability(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
    }
    if device.startswith("cuda"):
        properties = torch.cuda.get_device_properties(device)
        facts["gpu"] = properties.name
        facts["gpu_memory_gib"] = round(properties.total_memory / 2**30, 1)
    return facts


def threads() -> int:
    """Threads that torch computes with. Sums are split among them, so their number shows."""
    import torch

    return torch.get_num_threads()


def use_threads(count: int) -> None:
    """Lets torch compute with so many threads from now on."""
    import torch

    torch.set_num_threads(count)


def _processor_name() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:  # noqa: PTH123
            for line in lines:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"


@contextmanager
def without_denormals() -> Iterator[None]:
    """Takes denormal floats for zero, which is faster, until the block ends.

    The setting belongs to the whole process, so it is not left behind.
    """
    import torch

    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
