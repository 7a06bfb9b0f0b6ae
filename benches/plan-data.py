"""Prints a `git fast-import` stream: 50,000 files, 2,000 commits, an Astro project below astro/.

The project has 10,000 files; every later commit changes a few files anywhere in the repository.
"""

import random
import sys

FILES = 50_000
PROJECT_FILES = 10_000
COMMITS = 2_000
CHANGES = 6

WORDS = "airflow task schedule retries owner load extract transform connection bucket table query".split()

FIXED = {
    "astro/Dockerfile": "FROM astrocrpublic.azurecr.io/runtime:3.1-4\n",
    "astro/requirements.txt": "apache-airflow-providers-postgres\n",
    "astro/packages.txt": "",
    "astro/.dockerignore": ".git\n.env\n",
    "README.md": "# Everything in one repository\n",
}


def paths():
    """Returns all paths: the project's DAGs and includes, then services that Liftoff must not read."""
    project = [path for path in FIXED if path.startswith("astro/")]
    for number in range(PROJECT_FILES - len(project)):
        kind = "include/sql" if number % 10 == 9 else "dags"
        ending = "sql" if kind == "include/sql" else "py"
        project.append(f"astro/{kind}/team_{number % 40:02}/area_{number // 40 % 20:02}/item_{number:05}.{ending}")
    others = ["README.md"]
    for number in range(FILES - len(project) - len(others)):
        others.append(f"services/service_{number % 120:03}/src/part_{number // 120 % 30:02}/module_{number:05}.py")
    return project + others


def content(source, path, version):
    if path in FIXED and version == 0:
        return FIXED[path]
    lines = [f"# {path}, version {version}\n"]
    for line in range(source.randrange(4, 24)):
        lines.append(f"{source.choice(WORDS)}_{line} = {source.choice(WORDS)}({source.randrange(1000)})\n")
    return "".join(lines)


def main():
    source = random.Random(3141)
    names = paths()
    # Fixed files keep their content: a Dockerfile must stay one.
    changeable = [name for name in names if name not in FIXED]
    out = sys.stdout.buffer
    for number in range(COMMITS):
        message = f"Commit {number}\n".encode()
        out.write(b"commit refs/heads/main\n")
        out.write(b"committer Bench <bench@example.invalid> %d +0000\n" % (1_700_000_000 + number * 600))
        out.write(b"data %d\n%b" % (len(message), message))
        changed = names if number == 0 else source.sample(changeable, CHANGES)
        for name in changed:
            data = content(source, name, number).encode()
            out.write(b"M 100644 inline %b\ndata %d\n%b\n" % (name.encode(), len(data), data))
        out.write(b"\n")
    out.write(b"done\n")


main()
