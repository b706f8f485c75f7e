"""What a session may do in the Dagster UI: a pure decision on paths and GraphQL documents.

Mutations are allowed by name. One that a later Dagster adds is refused until a person has put
it into one of the two lists; a test compares them with the schema.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    parse,
)

from resources.guard.admission import UPGRADE, Facts, Refuse, Rights

GRAPHQL = "/graphql"
REPORTS = "/report_asset_"
MAX_BODY_BYTES = 4 * 1024 * 1024
# The largest document of the UI of Dagster 1.13 has a few thousand tokens.
PARSING = {"no_location": True, "max_lexical_tokens": 50_000, "max_comments": 1_000}
GRAPHQL_PARAMETERS = ("query", "variables", "operationName")

ALLOWED: dict[str, frozenset[str]] = {
    "launch runs": frozenset(
        {
            "launchPipelineExecution",
            "launchRun",
            "launchMultipleRuns",
            "launchPipelineReexecution",
            "launchRunReexecution",
            "launchPartitionBackfill",
            "resumePartitionBackfill",
            "reexecutePartitionBackfill",
            "addDynamicPartition",
        }
    ),
    "end runs": frozenset(
        {
            "terminatePipelineExecution",
            "terminateRun",
            "terminateRuns",
            "cancelPartitionBackfill",
            "freeConcurrencySlotsForRun",
            "freeConcurrencySlots",
        }
    ),
    "turn schedules and sensors on and off": frozenset(
        {
            "startSchedule",
            "stopRunningSchedule",
            "resetSchedule",
            "startSensor",
            "stopSensor",
            "resetSensor",
            "setSensorCursor",
            "sensorDryRun",
            "scheduleDryRun",
            "setAutoMaterializePaused",
        }
    ),
    "set up the page": frozenset(
        {
            "reloadRepositoryLocation",
            "reloadWorkspace",
            "setConcurrencyLimit",
            "deleteConcurrencyLimit",
            "setNuxSeen",
        }
    ),
}
REFUSED: dict[str, frozenset[str]] = {
    "it reports events that no run produced": frozenset(
        {"reportRunlessAssetEvents", "reportAssetCheckEvaluations"}
    ),
    "it deletes history": frozenset(
        {"wipeAssets", "deletePipelineRun", "deleteRun", "deleteDynamicPartitions"}
    ),
    "it changes the code": frozenset(
        {"setAppManagedComponent", "deleteAppManagedComponent", "refreshComponentState"}
    ),
    "it ends the code server that the daemon needs": frozenset({"shutdownRepositoryLocation"}),
    "ForgeMind sends no telemetry": frozenset({"logTelemetry"}),
}
_MAY = frozenset().union(*ALLOWED.values()) | {"__typename"}
_WHY = {name: why for why, names in REFUSED.items() for name in names}


class DagsterRules:
    """The rules of Dagster's webserver, in the form that the guard asks for (`Site`)."""

    max_body_bytes = MAX_BODY_BYTES

    def judge_request(self, facts: Facts, rights: Rights) -> Refuse | None:
        """Judges a request by its path, method and query, before any body is read."""
        if facts.path.startswith(REPORTS):
            return Refuse(403, "checks and materializations come from runs only")
        if facts.path != GRAPHQL:
            if facts.method in ("POST", UPGRADE):
                return Refuse(405, f"{facts.path} is there to be read")
            return None
        if facts.method == "POST":
            return refuse_content(facts)
        return None if facts.method == UPGRADE else judge_query_string(facts)

    def judge_body(self, facts: Facts, rights: Rights, body: bytes) -> bytes | Refuse:
        """Judges the body of a POST and returns what is handed on.

        What is handed on is written anew from what was judged: nobody behind the guard can
        read another request in it.
        """
        message = read_object(body)
        if isinstance(message, Refuse):
            return message
        refusal = judge_document(message.get("query"), rights, mutations=True)
        if refusal:
            return refusal
        kept = {name: message[name] for name in GRAPHQL_PARAMETERS if name in message}
        return json.dumps(kept).encode()

    def judge_frame(self, rights: Rights, text: str) -> str | Refuse:
        """Judges a message that a browser sends over the WebSocket; returns what is handed on."""
        message = read_object(text)
        if isinstance(message, Refuse):
            return message
        if "payload" in message and message.get("type") == "start":
            payload = message["payload"]
            query = payload.get("query") if isinstance(payload, dict) else None
            refusal = judge_document(query, rights, mutations=False)
            if refusal:
                return refusal
        return json.dumps(message)


def refuse_content(facts: Facts) -> Refuse | None:
    """A form can be sent by any page without asking; JSON cannot."""
    types = [value.partition(";")[0].strip().lower() for value in facts.content_types]
    if types != ["application/json"] or facts.content_encodings:
        return Refuse(415, "GraphQL takes plain application/json only")
    return None


def judge_query_string(facts: Facts) -> Refuse | None:
    """GET may ask; it may not change anything."""
    names = [name for name, _ in facts.query if name in GRAPHQL_PARAMETERS]
    if len(set(names)) != len(names):
        return Refuse(400, "a GraphQL parameter stands twice in the address")
    query = dict(facts.query).get("query")
    if query is None:
        return None
    return judge_document(query, Rights.LOOK, mutations=False)


def read_object(text: bytes | str) -> dict[str, Any] | Refuse:
    """The one JSON object in a message."""
    try:
        message = json.loads(text.decode("utf-8") if isinstance(text, bytes) else text)
    except (ValueError, RecursionError):
        return Refuse(400, "the message is not JSON")
    return message if isinstance(message, dict) else Refuse(400, "the message is not one request")


def judge_document(query: object, rights: Rights, *, mutations: bool) -> Refuse | None:
    """Judges every operation of a GraphQL document, whichever of them is asked for.

    `mutations` says whether the way the document came may carry one at all.
    """
    if not isinstance(query, str):
        return Refuse(400, "the message holds no GraphQL query")
    try:
        document = parse(query, **PARSING)
        fields = mutation_fields(document)
    except (GraphQLError, RecursionError, ValueError, KeyError):
        return Refuse(400, "the GraphQL document cannot be read")
    if not fields:
        return None
    if not mutations:
        return Refuse(405, "a mutation comes by POST only")
    if rights < Rights.ACT:
        return Refuse(403, "this session may look only")
    for name in sorted(fields - _MAY):
        why = _WHY.get(name, "ForgeMind does not know it")
        return Refuse(403, f"{name} is refused: {why}")
    return None


def mutation_fields(document: DocumentNode) -> set[str]:
    """Names of the root fields of all mutations, through fragments and past aliases.

    Raises:
        KeyError: a fragment is not there.
        ValueError: the document holds something else than operations and fragments.
    """
    fragments: dict[str, FragmentDefinitionNode] = {}
    operations: list[OperationDefinitionNode] = []
    for node in document.definitions:
        if isinstance(node, FragmentDefinitionNode):
            if node.name.value in fragments:
                raise ValueError(f"two fragments named {node.name.value}")
            fragments[node.name.value] = node
        elif isinstance(node, OperationDefinitionNode):
            operations.append(node)
        else:
            raise ValueError(f"a {node.kind} in a request")
    if not operations:
        raise ValueError("no operation")
    roots = [o.selection_set for o in operations if o.operation == OperationType.MUTATION]
    return root_fields(roots, fragments)


def root_fields(
    roots: Sequence[SelectionSetNode], fragments: Mapping[str, FragmentDefinitionNode]
) -> set[str]:
    """Field names at the root; each fragment is read once, however often it is spread."""
    waiting, spread, names = list(roots), set[str](), set[str]()
    while waiting:
        for node in waiting.pop().selections:
            if isinstance(node, FieldNode):
                names.add(node.name.value)
            elif isinstance(node, InlineFragmentNode):
                waiting.append(node.selection_set)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in spread:
                spread.add(node.name.value)
                waiting.append(fragments[node.name.value].selection_set)
    return names
