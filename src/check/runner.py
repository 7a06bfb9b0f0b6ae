"""Imports DAG files with Airflow's own DagBag, or runs a project's tests, and says how each one fared.

Started by Liftoff with the path of an order, a JSON file. Its standard output has lines that begin with the order's mark:
what it is at, so that whoever waits can end it when it hangs, and its results, as JSON in pieces. Everything else there is
what the project's own code printed. It writes nothing to the project.
"""

import faulthandler
import inspect
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback

FRAME = re.compile(r'File "([^"\n]+)", line (\d+)')
LONGEST = 20_000
PIECE = 2_000


class Voice:
    """Speaks on what was standard output at the start, whatever the project's code makes of it."""

    def __init__(self, mark):
        self.mark = mark
        self.out = os.dup(1)
        self.err = os.dup(2)

    def say(self, *words):
        # Whatever was printed before may not have ended its line.
        text = ("\n" + " ".join([self.mark, *map(str, words)]) + "\n").encode("ascii")
        while text:
            text = text[os.write(self.out, text) :]

    def tell(self, result):
        text = json.dumps(result)
        for start in range(0, len(text), PIECE):
            # The dot keeps blanks at the end of a line.
            self.say("part" if start + PIECE < len(text) else "last", text[start : start + PIECE] + ".")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        order = json.load(file)
    # The first process of a container would not be ended by it otherwise.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(143))
    home = tempfile.mkdtemp(dir=order["home"])
    try:
        prepare(order, home)
        voice = Voice(order["mark"])
        if order["task"] == "pytest":
            run_tests(voice, order, home)
        else:
            import_dags(voice, order)
        voice.say("end")
    finally:
        shutil.rmtree(home, ignore_errors=True)
    end()


def prepare(order, home):
    """Gives Airflow a home of its own that looks like the one on Astro, and makes importable what is so there."""
    os.environ.update(order["variables"])
    os.environ["AIRFLOW_HOME"] = home
    os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = "sqlite:///" + os.path.join(home, "airflow.db")
    os.environ["AIRFLOW__LOGGING__BASE_LOG_FOLDER"] = os.path.join(home, "logs")
    os.environ["AIRFLOW__CORE__PLUGINS_FOLDER"] = os.path.join(order["project"], "plugins")
    os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = order["dags"]
    for name in ("dags", "include", "plugins", "tests"):
        folder = order["dags"] if name == "dags" else os.path.join(order["project"], name)
        if os.path.isdir(folder):
            os.symlink(folder, os.path.join(home, name))
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    own = ("", os.path.dirname(os.path.abspath(__file__)))
    sys.path[:] = [path for path in sys.path if path not in own]
    sys.path.insert(0, order["project"])
    for folder in (order["dags"], os.path.join(order["project"], "plugins")):
        if folder not in sys.path:
            sys.path.append(folder)


def versions():
    from importlib import metadata

    try:
        airflow = metadata.version("apache-airflow")
    except metadata.PackageNotFoundError:
        airflow = "unknown"
    return {"airflow": airflow, "python": "%d.%d.%d" % sys.version_info[:3]}


def run_tests(voice, order, home):
    import pytest

    voice.tell(versions())
    os.chdir(order["project"])
    results = os.path.join(home, "results.xml")
    # The older form names file and line of each test.
    options = ["-p", "no:cacheprovider", "--junitxml=" + results, "-o", "junit_family=xunit1", "--color=no"]
    faulthandler.dump_traceback_later(order["limit"], exit=True, file=voice.err)
    code = pytest.main([*options, order["tests"]])
    faulthandler.cancel_dump_traceback_later()
    xml = ""
    if os.path.exists(results):
        with open(results, encoding="utf-8", errors="replace") as file:
            xml = file.read(order["most"])
    voice.tell({"code": int(code), "xml": xml})


def import_dags(voice, order):
    bag, listed = opened(order)
    voice.tell(versions())
    done = set(order["done"])
    for index, path in enumerate(order["files"]):
        if index in done:
            continue
        if listed is not None and os.path.realpath(os.path.join(order["dags"], path)) not in listed:
            voice.tell({"file": index, "skipped": True})
            continue
        voice.say("at", index)
        # Airflow's own limit comes first; this one ends also what does not listen.
        faulthandler.dump_traceback_later(order["limit"] + 2, exit=True, file=voice.err)
        result = imported(bag, order, path)
        faulthandler.cancel_dump_traceback_later()
        voice.tell({"file": index, **result})


def end():
    """Ends without waiting for threads, and takes along what the project's code has started."""
    sys.stdout.flush()
    sys.stderr.flush()
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(os.getpgrp(), signal.SIGKILL)
    os._exit(0)


def opened(order):
    """Returns an empty bag, and the files that Airflow itself would read."""
    try:
        from airflow.dag_processing.dagbag import DagBag
    except ImportError:
        from airflow.models.dagbag import DagBag
    stand_in(order["project"])
    takes = inspect.signature(DagBag.__init__).parameters
    options = {"dag_folder": order["dags"], "include_examples": False, "collect_dags": False}
    bag = DagBag(**{name: value for name, value in options.items() if name in takes})
    try:
        from airflow.utils.file import list_py_file_paths
    except ImportError:
        return bag, None
    takes = inspect.signature(list_py_file_paths).parameters
    options = {"include_examples": False} if "include_examples" in takes else {}
    return bag, {os.path.realpath(path) for path in list_py_file_paths(order["dags"], **options)}


def imported(bag, order, path):
    bag.import_errors.clear()
    known = set(bag.dags)
    start = time.monotonic()
    errors = []
    try:
        found = bag.process_file(os.path.join(order["dags"], path), only_if_updated=False) or []
        ids = sorted({dag.dag_id for dag in found} | (set(bag.dags) - known))
    except BaseException:
        ids = []
        errors.append(traceback.format_exc())
    errors.extend(str(text) for text in bag.import_errors.values())
    return {
        "seconds": round(time.monotonic() - start, 3),
        "dags": ids,
        "errors": [error(order, path, text) for text in errors],
    }


def error(order, path, text):
    """Returns an error with the innermost place of the project that it leads through."""
    roots = {root.rstrip(os.sep) + os.sep for root in (order["project"], os.path.realpath(order["project"]))}
    place = {"path": None, "line": None}
    for name, line in FRAME.findall(text):
        for root in roots:
            if name.startswith(root):
                place = {"path": os.path.relpath(name, root), "line": int(line)}
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    message = lines[-1] if lines else "it cannot be imported"
    if "DagBag import timeout" in text:
        message = "importing it took longer than %g s" % order["limit"]
    return {"message": message[:LONGEST], "trace": text[-LONGEST:], **place}


def stand_in(project):
    """Lets DAGs that ask for Variables, Connections or environment variables be imported where there are none.

    What is there is used. What is not has a value made up for it, as the Astro CLI's parse does, so that an import fails for
    what is wrong with the code and not for what this machine lacks.
    """
    root = project.rstrip(os.sep) + os.sep

    def getenv(key, default=None):
        value = os.environ.get(key, default)
        asked_by = sys._getframe(1).f_code.co_filename
        return "STAND_IN_" + str(key).upper() if value is None and asked_by.startswith(root) else value

    os.getenv = getenv
    for module, name in (("airflow.models", "Variable"), ("airflow.sdk", "Variable")):
        patched(module, name, variable)
    for module in ("airflow.hooks.base", "airflow.sdk.bases.hook"):
        patched(module, "BaseHook", hook)
    patched("airflow.sdk", "Connection", sdk_connection)


def patched(module, name, patch):
    try:
        patch(getattr(__import__(module, fromlist=[name]), name))
    except Exception:
        pass


class Anything(dict):
    """A JSON object in which everything can be found."""

    def __missing__(self, key):
        return "STAND_IN_" + str(key).upper()

    def get(self, key, default=None):
        return self[key] if default is None or key in self else default


_MISSING = object()


def variable(owner):
    def get(key, default=_MISSING, default_var=_MISSING, deserialize_json=False, **_):
        value = os.environ.get("AIRFLOW_VAR_" + str(key).upper())
        if value is not None:
            return json.loads(value) if deserialize_json else value
        for given in (default, default_var):
            if given is not _MISSING:
                return given
        return Anything() if deserialize_json else "STAND_IN_" + str(key).upper()

    owner.get = staticmethod(get)
    owner.set = staticmethod(lambda *_, **__: None)


def hook(owner):
    ask = owner.get_connection.__func__

    def get_connection(cls, conn_id, *arguments, **options):
        if "AIRFLOW_CONN_" + str(conn_id).upper() in os.environ:
            return ask(cls, conn_id, *arguments, **options)
        from airflow.models import Connection

        return Connection(conn_id=conn_id)

    owner.get_connection = classmethod(get_connection)


def sdk_connection(owner):
    ask = owner.get.__func__

    def get(cls, conn_id):
        if "AIRFLOW_CONN_" + str(conn_id).upper() in os.environ:
            return ask(cls, conn_id)
        return cls(conn_id=conn_id)

    owner.get = classmethod(get)


main()
