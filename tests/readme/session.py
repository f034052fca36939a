"""
Runs a document's examples in Python in one process, in their order, as a reader would: later ones use earlier names.

Reads a JSON list of sources, and writes a JSON list of what each printed: one process imports the SDK once.
"""

import contextlib
import io
import json
import sys
import traceback


def main() -> None:
    """Run what stands on the standard input."""
    names: dict[str, object] = {}
    printed = []
    for source in json.load(sys.stdin):
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            try:
                exec(compile(source, "<example>", "exec"), names)
            except Exception:  # noqa: BLE001 - whatever goes wrong is what the example printed
                traceback.print_exc(file=output)
        printed.append(output.getvalue())
    json.dump(printed, sys.stdout)


if __name__ == "__main__":
    main()
