"""The model registry in MLflow: versions, and the aliases `candidate` and `stable`."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import dagster as dg

from forgemind_assets.errors import PromotionRefused, UnsafeArtefact, UserError
from forgemind_assets.home import Home
from forgemind_assets.lorekeeper.promotion import Promotion
from forgemind_assets.lorekeeper.signing import Signature

CANDIDATE = "candidate"
STABLE = "stable"

TRIAL_TAG = "forgemind.trial"
ADAPTER_TAG = "forgemind.adapter_version"
SIGNATURE_TAG = "forgemind.signature"


@dataclass(frozen=True)
class Version:
    """One registered version of a goal's model."""

    model: str
    version: str
    trial: str
    adapter_version: str
    aliases: tuple[str, ...]
    created: float = 0.0
    """Seconds since 1970."""
    run_id: str = ""


@dataclass(frozen=True)
class TrackingContext:
    """What dagster-mlflow reads from the context of a resource."""

    log: Any
    dagster_run: dg.DagsterRun
    run_id: str
    resource_config: dict[str, Any]


def tracking_context(
    context: dg.AssetExecutionContext, experiment: str, uri: str
) -> TrackingContext:
    """The context under which dagster-mlflow opens the MLflow run of this Dagster run.

    Built here, not by the resource `mlflow_tracking`, whose import takes MLflow into every code
    location and which would open an MLflow run for every Dagster run.
    """
    config = {"experiment_name": experiment, "mlflow_tracking_uri": uri}
    return TrackingContext(context.log, context.run, context.run.run_id, config)


def without_login(uri: str) -> str:
    """The address of a tracking server without user and password.

    MLflow prints the address and quotes it in errors, which end in logs. It takes a login from the
    environment of the process as well, and there this one goes.

    Raises:
        UserError: there is a user and no password, with which MLflow logs nobody in.
    """
    parts = urlsplit(uri)
    if parts.scheme not in ("http", "https") or "@" not in parts.netloc:
        return uri
    if not parts.username or not parts.password:
        raise UserError(
            "MLFLOW_TRACKING_URI: expected user:password@ before the host, found something else "
            "(not shown); a token goes into MLFLOW_TRACKING_TOKEN"
        )
    os.environ["MLFLOW_TRACKING_USERNAME"] = unquote(parts.username)
    os.environ["MLFLOW_TRACKING_PASSWORD"] = unquote(parts.password)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


@contextmanager
def same_environment(*names: str) -> Iterator[None]:
    """Gives variables their values back in the end.

    MLflow writes the address that it is given, and the experiment, into the environment, where
    another home folder's registry, and every process started later, would take them for the
    user's wish.
    """
    before = {name: os.environ.get(name) for name in names}
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


class Registry:
    """A thin layer on `MlflowClient`. A trial's adapter is registered at most once."""

    def __init__(self, home: Home):
        self.uri = without_login(home.mlflow_uri)
        if self.uri.startswith("sqlite:///"):
            (home.root / "mlflow").mkdir(parents=True, exist_ok=True)
        self.artifacts = home.root / "mlflow" / "artifacts"

    def client(self) -> Any:
        """The MLflow client of this registry."""
        # MLflow logs each table it makes, in the middle of a run's progress
        os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
        from mlflow import MlflowClient

        return MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)

    def find(self, model: str, trial: str, adapter_version: str) -> str | None:
        """The version that holds this trial's adapter, or None."""
        query = f"name = '{model}' and tags.`{TRIAL_TAG}` = '{trial}'"
        for found in self.client().search_model_versions(query):
            if found.tags.get(ADAPTER_TAG) == adapter_version:
                return str(found.version)
        return None

    def register(
        self,
        context: dg.AssetExecutionContext,
        *,
        model: str,
        trial: str,
        adapter_version: str,
        adapter: Path,
        signature: Signature,
        params: dict[str, Any],
        metrics: dict[str, float],
    ) -> str:
        """Logs an MLflow run with the adapter as artifact and registers it as a new version.

        The signature is a tag of the version, and lies as `signature.json` beside the adapter.

        The MLflow run is opened by dagster-mlflow, so it carries the tags of the Dagster run.
        """
        found = self.find(model, trial, adapter_version)
        if found is not None:
            return found
        run_id = self._log_run(context, model, trial, adapter, signature, params, metrics)
        client = self.client()
        if not client.search_registered_models(f"name = '{model}'"):
            client.create_registered_model(model)
        created = client.create_model_version(
            name=model,
            source=f"{client.get_run(run_id).info.artifact_uri}/adapter",
            run_id=run_id,
            tags={
                TRIAL_TAG: trial,
                ADAPTER_TAG: adapter_version,
                SIGNATURE_TAG: signature.model_dump_json(),
            },
        )
        return str(created.version)

    def _log_run(
        self,
        context: dg.AssetExecutionContext,
        model: str,
        trial: str,
        adapter: Path,
        signature: Signature,
        params: dict[str, Any],
        metrics: dict[str, float],
    ) -> str:
        from dagster_mlflow.resources import MlFlow

        client = self.client()
        if client.get_experiment_by_name(model) is None:
            location = None
            if self.uri.startswith("sqlite:///"):
                location = (self.artifacts / model).as_uri()
            client.create_experiment(model, artifact_location=location)
        with same_environment("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_ID"):
            tracker: Any = MlFlow(tracking_context(context, model, self.uri))
            try:
                tracker.set_tags({TRIAL_TAG: trial})
                tracker.log_params(params)
                tracker.log_metrics(metrics)
                run_id = tracker.active_run().info.run_id
                client.log_artifacts(run_id, str(adapter), "adapter")
                client.log_text(run_id, signature.model_dump_json(indent=1), "signature.json")
            finally:
                tracker.end_run()
        return run_id

    def make_candidate(self, model: str, version: str) -> None:
        """Moves the alias `candidate`."""
        self.client().set_registered_model_alias(model, CANDIDATE, version)

    def make_stable(self, permission: Promotion) -> None:
        """Moves the alias `stable` as the permission says.

        Raises:
            PromotionRefused: it is no permission, or it is for other weights than the version's.
        """
        if not permission.promote or permission.version is None:
            raise PromotionRefused(
                f"{permission.goal} version {permission.version}: not made stable: "
                f"{permission.reason}"
            )
        found = self.get(permission.goal, permission.version)
        if found.adapter_version != permission.adapter_hash:
            raise PromotionRefused(
                f"{found.model} version {found.version}: expected the permitted adapter "
                f"{permission.adapter_hash}, found {found.adapter_version}; ask for it anew"
            )
        self.client().set_registered_model_alias(found.model, STABLE, found.version)

    def version_of(self, model: str, alias: str) -> Version | None:
        """The version that an alias points at, or None."""
        return next((v for v in self.versions(model) if alias in v.aliases), None)

    def get(self, model: str, version: str) -> Version:
        """One version. Raises UserError, naming those that there are."""
        known = self.versions(model)
        found = next((v for v in known if v.version == version), None)
        if found is None:
            names = ", ".join(v.version for v in known) or "none yet"
            raise UserError(f"{model} has no version {version!r}: expected one of {names}")
        return found

    def versions(self, model: str) -> list[Version]:
        """All registered versions of a goal's model, oldest first.

        Raises:
            UnsafeArtefact: a version's artifacts lie behind `..`.
        """
        client = self.client()
        named = client.search_registered_models(f"name = '{model}'")
        if not named:
            return []
        aliases: dict[str, list[str]] = {}
        for alias, version in named[0].aliases.items():
            aliases.setdefault(str(version), []).append(alias)
        found = [
            _version(entry, tuple(sorted(aliases.get(str(entry.version), ()))))
            for entry in client.search_model_versions(f"name = '{model}'")
            if TRIAL_TAG in entry.tags and ADAPTER_TAG in entry.tags
        ]
        return sorted(found, key=lambda v: int(v.version))


def _version(entry: Any, aliases: tuple[str, ...]) -> Version:
    if ".." in str(entry.source).replace("\\", "/").split("/"):
        raise UnsafeArtefact(
            f"{entry.name} version {entry.version}: refused, its artifacts lie behind `..`: "
            f"{entry.source}"
        )
    return Version(
        model=entry.name,
        version=str(entry.version),
        trial=entry.tags[TRIAL_TAG],
        adapter_version=entry.tags[ADAPTER_TAG],
        aliases=aliases,
        created=entry.creation_timestamp / 1000,
        run_id=entry.run_id or "",
    )
