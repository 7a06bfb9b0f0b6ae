"""Writes the benchmark's DAGs folder: 9,999 Python files of about 65 MB, each with one DAG.

The rest of their text comes from the installed standard library: whole statements, so that each
file is a program of real code.
"""

import ast
import pathlib
import random
import sys
import sysconfig
import warnings

FILES = 9_999
MEAN_BYTES = 6_500
# Longer statements, mostly large classes, would make the files too large on average.
LONGEST = 12_000

# Folders of the library that hold tables, tests on purpose broken, or other people's packages.
SKIPPED = {"site-packages", "dist-packages", "lib2to3", "encodings", "test", "tests", "idle_test"}

HEAD = """from datetime import datetime

from airflow.sdk import DAG, task

with DAG("dag_{number}", schedule="{schedule}", start_date=datetime(2024, 1, 1), tags=["team-{team}"]) as dag:
    @task
    def extract():
        return {number}

    Load(task_id="load") << extract()

"""


def statements():
    """Yields the source of every statement of the library's modules, module by module."""
    library = pathlib.Path(sysconfig.get_paths()["stdlib"])
    for path in sorted(library.rglob("*.py")):
        if SKIPPED & set(path.relative_to(library).parts):
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError):
            continue
        lines = text.splitlines(keepends=True)
        for node in tree.body:
            if isinstance(node, ast.ImportFrom) and node.module == "__future__":
                continue
            first = min([node.lineno] + [decorator.lineno for decorator in getattr(node, "decorator_list", [])])
            # Two statements on one line would come twice.
            source = "".join(lines[first - 1 : node.end_lineno])
            if node.col_offset == 0 and len(source) < LONGEST:
                yield source if source.endswith("\n") else source + "\n"


def main(folder):
    warnings.simplefilter("ignore")
    random_source = random.Random(2718)
    known = list(statements())
    position, total = 0, 0
    for number in range(FILES):
        team = number % 40
        schedule = random_source.choice(["@daily", "@hourly", "0 6 * * *"])
        parts = [HEAD.format(number=number, schedule=schedule, team=team)]
        size = len(parts[0])
        # Keeps the sum near the target without making the files alike.
        target = random_source.lognormvariate(7.9, 0.8)
        while size < target or total + size < MEAN_BYTES * number:
            parts.append(known[position % len(known)])
            size += len(parts[-1])
            position += 1
        total += size
        path = folder / f"team_{team:02}" / f"area_{number // 40 % 25:02}" / f"dag_{number:05}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(parts), encoding="utf-8", errors="replace")


main(pathlib.Path(sys.argv[1]))
