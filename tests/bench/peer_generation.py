"""One peer asks a server many questions. Runs in `.venv-peers-generation`; prints one JSON object.

Usage: peer_generation.py distilabel|curator BASE_URL REQUESTS AT_ONCE

Neither is asked for a schema, a journal or a limit of money, which ours keeps in the same run.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path


def distilabel(url, count, at_once):
    """`OpenAILLM` without a pipeline, whose batches would wait for their slowest answers."""
    import asyncio

    from distilabel.models import OpenAILLM

    llm = OpenAILLM(model="m", base_url=url, api_key="k", max_retries=0, timeout=300)
    llm.load()
    inputs = [[{"role": "user", "content": f"question {n}"}] for n in range(count)]
    gate = asyncio.Semaphore(at_once)

    async def one(messages):
        async with gate:
            return await llm.agenerate(messages, max_new_tokens=100, temperature=0.9)

    async def everything():
        return await asyncio.gather(*(one(messages) for messages in inputs))

    began = time.perf_counter()
    outputs = llm.event_loop.run_until_complete(everything())
    return time.perf_counter() - began, sum(bool(o["generations"][0]) for o in outputs)


def curator(url, count, at_once):
    """`curator.LLM` with its own files; caches are fresh."""
    import litellm

    tokenizers = Path(litellm.__file__).parent / "litellm_core_utils" / "tokenizers"
    os.environ["TIKTOKEN_CACHE_DIR"] = str(tokenizers)
    from bespokelabs import curator as package

    llm = package.LLM(
        model_name="m",
        backend="openai",
        generation_params={"max_tokens": 100, "temperature": 0.9},
        backend_params={
            "base_url": url,
            "api_key": "k",
            "max_requests_per_minute": 10_000_000,
            "max_tokens_per_minute": 10_000_000_000,
            "max_concurrent_requests": at_once,
            "max_retries": 0,
        },
    )
    prompts = [f"question {n}" for n in range(count)]
    began = time.perf_counter()
    answers = llm(prompts)
    return time.perf_counter() - began, len(
        answers.dataset if hasattr(answers, "dataset") else answers
    )


def main():
    name, url, count, at_once = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "CURATOR_CACHE_DIR": folder,
            "HF_HOME": folder,
            "CURATOR_DISABLE_RICH_DISPLAY": "1",
            "TELEMETRY_ENABLED": "0",
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        }
        seconds, answered = {"distilabel": distilabel, "curator": curator}[name](
            url, count, at_once
        )
    print(json.dumps({"seconds": seconds, "answered": answered}))


if __name__ == "__main__":
    main()
