"""The verifiers by name."""

from collections.abc import Mapping

from forgemind_assets.foundry.verifiers.base import Verifier
from forgemind_assets.foundry.verifiers.json_schema import JsonSchema
from forgemind_assets.foundry.verifiers.parser import Parser
from forgemind_assets.foundry.verifiers.python_security import PythonSecurity
from forgemind_assets.foundry.verifiers.python_tests import PythonTests
from forgemind_assets.foundry.verifiers.regular_expression import RegularExpression
from forgemind_assets.foundry.verifiers.sql_result import SqlResult

VERIFIERS: Mapping[str, type[Verifier]] = {
    "python_security": PythonSecurity,
    "parser": Parser,
    "json_schema": JsonSchema,
    "regex": RegularExpression,
    "sql_result": SqlResult,
    "python_tests": PythonTests,
}
