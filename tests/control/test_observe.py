from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path


def test_a_library_that_looks_at_a_clock_counts_with_the_users_line_unless_it_only_warns(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent("""\
            import timeit
            from matplotlib.figure import Figure
            figure = Figure()
            axes = figure.subplots()
            axes.plot([1, 2], label="line")
            axes.legend()
            figure.canvas.draw()
            seconds = timeit.timeit("pass", number=1)
        """)
    )
    program = """
        import json, runpy, sys
        from twice.control.observe import Observer
        observer = Observer({sys.argv[1]})
        observer.all_clocks = True
        observer.start()
        runpy.run_path(sys.argv[1])
        print(json.dumps([one[3] for one in observer.stop() if one[0] == "clock" and one[2]]))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), str(script)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)) == {8}
