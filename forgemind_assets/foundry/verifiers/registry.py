"""The verifiers by name."""

from collections.abc import Mapping

from forgemind_assets.foundry.verifiers.python_security import PythonSecurity

VERIFIERS: Mapping[str, type[PythonSecurity]] = {"python_security": PythonSecurity}
