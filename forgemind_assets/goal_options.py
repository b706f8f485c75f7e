"""The options of a plug-in: they are the fields of a model, which says what may stand there."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError

from forgemind_assets.goal_schema import unknown_name
from forgemind_assets.goal_yaml import Place


def bad_options(
    name: str, plug_in: type[BaseModel], options: dict[str, Any], place: Place
) -> Iterator[tuple[Place, str]]:
    """What is wrong with the options of a plug-in, whose fields they are."""
    try:
        plug_in.model_validate(options)
    except ValidationError as error:
        for item in error.errors(include_url=False):
            if item["type"] == "extra_forbidden" and len(item["loc"]) == 1:
                known = [field.alias or key for key, field in plug_in.model_fields.items()]
                message = unknown_name("key", item["loc"][-1], known)
            elif item["type"] == "value_error":
                message = str(item.get("ctx", {}).get("error", item["msg"]))
            elif item["type"] == "missing":
                message = f"expected a value, which {name} needs, found nothing"
            else:
                message = f"expected valid options of {name}, found: {item['msg']}"
            yield (*place, *item["loc"]), message
