"""Writes a GitLab component as two files that a JSON schema can check: its header, and its jobs with the default inputs.

Arguments: the component, and the folder for the files.
"""

import json
import pathlib
import re
import sys

from ruamel.yaml import YAML

component, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
header, jobs = YAML(typ="safe").load_all(component.read_text())
values = {name: details["default"] for name, details in header["spec"]["inputs"].items()}


def filled(node):
    if isinstance(node, dict):
        return {filled(key): filled(value) for key, value in node.items()}
    if isinstance(node, list):
        return [filled(item) for item in node]
    if not isinstance(node, str):
        return node
    # Alone, an input keeps its type.
    alone = re.fullmatch(r"\$\[\[ inputs\.([\w-]+) \]\]", node)
    return values[alone[1]] if alone else re.sub(r"\$\[\[ inputs\.([\w-]+) \]\]", lambda match: values[match[1]], node)


folder.mkdir(parents=True, exist_ok=True)
for name, content in (("header", header), ("jobs", filled(jobs))):
    (folder / f"{component.stem}-{name}.json").write_text(json.dumps(content))
