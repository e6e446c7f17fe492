"""Projects of other people, captured, deleted, and run again from the store.

    python benchmarks/foreign/foreign.py FOLDER [--only WORD …]

``archives.txt`` names source archives of the package index, with their digests. Each is fetched and unpacked (nothing
of it is built or installed); examples that its authors wrote become the steps of a pipeline, which import the project's
own package from the unpacked tree, so that it is local code like any other. The pipeline is run and labelled; a copy of
the store alone is kept and the tree deleted; then the label is verified in an empty folder, and every output compared.

What a step returns is what the example printed and the plain values that it left behind.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Project:
    """What is taken from an archive.

    Attributes:
        examples: Modules that do their work when imported, or ``module:expression`` with the expression that does it,
            in which ``it`` is the module.
        paths: Folders of the archive from which modules are imported.
        runs_in: The folder in which the examples are run.
    """

    examples: tuple[str, ...]
    paths: tuple[str, ...] = (".",)
    runs_in: str = "."


PROJECTS = {
    "autograd": Project(
        (
            "tanh",
            "define_gradient",
            "print_trace",
            "logistic_regression",
            "rosenbrock",
            "sinusoid",
            "fixed_points",
        ),
        (".", "examples"),
    ),
    "deap": Project(
        (
            "onemax_short:it.main()[:2]",
            "nqueens:it.main()[0]",
            "kursawefct:it.main()[0]",
            "symbreg:it.main()[0][:5]",
            "multiplexer:it.main()[0][:5]",
            "basic:it.main()[2]",
        ),
        (".", "examples/ga", "examples/gp", "examples/pso"),
    ),
    "imbalanced_learn": Project(
        (
            "plot_make_imbalance",
            "plot_classification_report",
            "plot_illustration_nearmiss",
            "plot_pipeline_classification",
        ),
        (".", "examples/datasets", "examples/evaluation", "examples/under-sampling", "examples/pipeline"),
    ),
    "lark": Project(
        (
            "conf_lalr",
            "conf_earley",
            "error_reporting_lalr:it.test()",
            "templates",
            "reconstruct_json",
            "custom_lexer:it.test()",
            "json_parser:it.test()",
            "create_ast:it.parse('a = 1;')",
            "indented_tree:it.test()",
            "multiples",
        ),
        (".", "examples", "examples/advanced", "examples/relative-imports"),
    ),
    "lmfit": Project(
        (
            "doc_builtinmodels_stepmodel",
            "doc_model_gaussian",
            "doc_confidence_basic",
            "doc_model_composite",
            "example_fit_with_bounds",
            "example_use_pandas",
            "example_expression_model",
        ),
        (".", "examples"),
        "examples",
    ),
    "mesa": Project(
        (
            "mesa.examples.basic.boltzmann_wealth_model.model:ran(it.BoltzmannWealth(seed=1))",
            "mesa.examples.basic.schelling.model:ran(it.Schelling(seed=1))",
            "mesa.examples.advanced.epstein_civil_violence.model:ran(it.EpsteinCivilViolence(seed=1))",
            "mesa.examples.advanced.sugarscape_g1mt.model:ran(it.SugarscapeG1mt(seed=1))",
            "mesa.examples.basic.virus_on_network.model:ran(it.VirusOnNetwork(seed=1))",
        )
    ),
    "networkx": Project(
        (
            "plot_beam_search",
            "plot_blockmodel",
            "plot_circuits",
            "plot_iterated_dynamical_systems",
            "plot_krackhardt_centrality",
            "plot_rcm",
            "plot_napoleon_russian_campaign",
            "plot_triad_types",
        ),
        (".", "examples/algorithms", "examples/graph"),
        "examples/algorithms",
    ),
    "ply": Project(
        (
            "closurecalc.calc:[it.make_calculator()(text) for text in ('a = 3', 'a * 7', '2 + 3 * 4')]",
            "basparse:parsed('example/BASIC/gcd.bas', it.parse)",
            "ylex:tokens(it.lex.lexer, '%token NAME\\n%%\\nrule : NAME ;\\n%%\\n')",
        ),
        (".", "example", "example/BASIC", "example/yply"),
    ),
    "pyparsing": Project(
        (
            "SimpleCalc",
            "fourFn:[it.evaluate_stack(pushed(it, text)) for text in ('9 + 3 * 6', 'sin(PI/2)')]",
            "simpleBool",
            "simpleSQL",
            "eval_arith",
            "roman_numerals",
            "excel_expr",
            "jsonParser",
            "lox_parser",
            "delta_time",
            "chemical_formulas",
        ),
        (".", "examples"),
    ),
    "python-constraint": Project(
        (
            "examples.queens.queens:it.main(True)",
            "examples.einstein.einstein:it.main()",
            "examples.sudoku.sudoku:it.main()",
            "examples.wordmath.sendmoremoney:it.main()",
            "examples.studentdesks.studentdesks:it.main()",
            "examples.coins.coins:it.main()",
        )
    ),
    "simpy": Project(
        (
            "bank_renege",
            "carwash",
            "gas_station_refuel",
            "latency",
            "machine_shop",
            "movie_renege",
            "process_communication",
        ),
        ("src", "docs/examples/code"),
    ),
}

FLOW = """
import contextlib
import io
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / path) for path in PATHS]

from twice import Pipeline

import matplotlib
matplotlib.use("Agg")


def plain(value, depth=5):
    if isinstance(value, (bool, int, float, complex, str, bytes, type(None))):
        return value
    if depth and isinstance(value, (list, tuple)):
        return [plain(one, depth - 1) for one in value]
    if depth and isinstance(value, dict):
        return {str(key): plain(one, depth - 1) for key, one in value.items()}
    if type(value).__module__.partition(".")[0] in ("numpy", "pandas") and getattr(value, "dtype", None) != object:
        return value
    return f"a {type(value).__name__}"


def ran(model):
    for _ in range(20):
        model.step()
    return model.datacollector.get_model_vars_dataframe()


def parsed(file, parse):
    return parse(open(file).read())


def tokens(lexer, text):
    lexer.input(text)
    return [str(one) for one in lexer]


def pushed(it, text):
    it.exprStack[:] = []
    it.BNF().parse_string(text, parse_all=True)
    return it.exprStack[:]


def left(it):
    return {name: plain(value) for name, value in vars(it).items() if not name.startswith("_")}

STEPS
pipeline = Pipeline(steps=[NAMES], name="PROJECT", version="v1")
"""

STEP = """
def NAME():
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.chdir(RUNS_IN):
        import MODULE as it
        value = EXPRESSION
    return {"said": said.getvalue(), "value": plain(value), "left": left(it)}
"""


def flow(name: str, project: Project) -> str:
    """The pipeline of a project."""
    steps, names = [], []
    for example in project.examples:
        module, _, expression = example.partition(":")
        names.append("run_" + re.sub(r"\W", "_", module))
        step = STEP.replace("NAME", names[-1]).replace("MODULE", module)
        steps.append(step.replace("EXPRESSION", expression or "None"))
    text = FLOW.replace("PATHS", repr(project.paths)).replace("STEPS", "\n".join(steps))
    return text.replace("RUNS_IN", repr(project.runs_in)).replace("NAMES", ", ".join(names)).replace("PROJECT", name)


def said(words: str, folder: Path) -> tuple[int, str, str]:
    """What the command line says."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-m", "twice", *words.split()],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=1800,
    )
    return done.returncode, done.stdout, done.stderr


def tried(name: str, project: Project, source: Path, scratch: Path) -> str:
    """One project's row."""
    (source / "flow.py").write_text(flow(name, project))
    start = time.monotonic()
    status, out, err = said("run flow.py --version v1", source)
    if status:
        return f"| {name} | does not run | | {err.strip()[-1500:]} |"
    ran = time.monotonic() - start
    store = scratch / "elsewhere" / name
    store.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(source / ".twice", store / ".twice")
    shutil.rmtree(source)
    start = time.monotonic()
    status, out, err = said("verify v1 --json --budget 0", store)
    took = time.monotonic() - start
    if status not in (0, 1):
        return f"| {name} | {len(project.examples)} steps | | {err.strip()[-1500:]} |"
    verdicts = {step["name"]: step["verdict"] for step in json.loads(out)["steps"]}
    same = sum(verdict == "identical" for verdict in verdicts.values())
    others = ", ".join(f"{step} {verdict}" for step, verdict in verdicts.items() if verdict != "identical")
    return f"| {name} | {len(project.examples)} steps, {ran:.0f} s | {same} identical, {took:.0f} s | {others} |"


def main() -> None:
    """Fetch, run, delete, verify; print the table."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("folder", type=Path)
    words.add_argument("--only", action="append", default=[])
    chosen = words.parse_args()
    archives = chosen.folder.resolve() / "sdist"
    print("| project | run | run again from the store alone | otherwise |\n|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory(prefix="twice-foreign-") as scratch:
        for name, project in PROJECTS.items():
            if chosen.only and name not in chosen.only:
                continue
            archive = next(one for one in archives.iterdir() if one.name.lower().startswith(f"{name}-"))
            shutil.unpack_archive(archive, scratch, filter="data")
            source = next(one for one in Path(scratch).iterdir() if one.name.lower().startswith(f"{name}-"))
            print(tried(name, project, source, Path(scratch)), flush=True)


if __name__ == "__main__":
    main()
