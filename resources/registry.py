"""The model registry in MLflow: versions, and the aliases `candidate` and `stable`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg

from forgemind_assets.home import Home

CANDIDATE = "candidate"
STABLE = "stable"
TRIAL_TAG = "forgemind.trial"
ADAPTER_TAG = "forgemind.adapter_version"


@dataclass(frozen=True)
class Version:
    """One registered version of a goal's model."""

    model: str
    version: str
    trial: str
    adapter_version: str
    aliases: tuple[str, ...]


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


class Registry:
    """A thin layer on `MlflowClient`. A trial's adapter is registered at most once."""

    def __init__(self, home: Home):
        self.uri = home.mlflow_uri
        if self.uri.startswith("sqlite:///"):
            (home.root / "mlflow").mkdir(parents=True, exist_ok=True)
        self.artifacts = home.root / "mlflow" / "artifacts"

    def client(self) -> Any:
        """The MLflow client of this registry."""
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
        params: dict[str, Any],
        metrics: dict[str, float],
    ) -> str:
        """Logs an MLflow run with the adapter as artifact and registers it as a new version.

        The MLflow run is opened by dagster-mlflow, so it carries the tags of the Dagster run.
        """
        found = self.find(model, trial, adapter_version)
        if found is not None:
            return found
        run_id = self._log_run(context, model, trial, adapter, params, metrics)
        client = self.client()
        if not client.search_registered_models(f"name = '{model}'"):
            client.create_registered_model(model)
        created = client.create_model_version(
            name=model,
            source=f"{client.get_run(run_id).info.artifact_uri}/adapter",
            run_id=run_id,
            tags={TRIAL_TAG: trial, ADAPTER_TAG: adapter_version},
        )
        return str(created.version)

    def _log_run(
        self,
        context: dg.AssetExecutionContext,
        model: str,
        trial: str,
        adapter: Path,
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
        tracker: Any = MlFlow(tracking_context(context, model, self.uri))
        try:
            tracker.set_tags({TRIAL_TAG: trial})
            tracker.log_params(params)
            tracker.log_metrics(metrics)
            run_id = tracker.active_run().info.run_id
            client.log_artifacts(run_id, str(adapter), "adapter")
        finally:
            tracker.end_run()
        return run_id

    def point(self, model: str, alias: str, version: str) -> None:
        """Moves an alias."""
        self.client().set_registered_model_alias(model, alias, version)

    def version_of(self, model: str, alias: str) -> Version | None:
        """The version that an alias points at, or None."""
        from mlflow.exceptions import MlflowException

        try:
            found = self.client().get_model_version_by_alias(model, alias)
        except MlflowException as error:
            if error.error_code in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
                return None
            raise
        return Version(
            model=model,
            version=str(found.version),
            trial=found.tags[TRIAL_TAG],
            adapter_version=found.tags[ADAPTER_TAG],
            aliases=tuple(found.aliases),
        )
