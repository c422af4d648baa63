"""Run a command of Tenure again and again in forks of one warm process, and kill each.

``python -m tests.kill_command HOME COMMAND FRACTION...`` first runs the command whole, then once
per fraction of the time that took, killed there. After each run it prints a line and waits for one.
"""

import os
import signal
import sys
import time

import serving.batch
import training.retrain
from tenure import app


def start(command: str, home: str) -> int:
    child = os.fork()
    if child == 0:
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        code = 1
        try:
            app([command, "--config", f"{home}/tenure.toml"], standalone_mode=False)
            code = 0
        finally:
            os._exit(code)
    return child


def main() -> None:
    assert serving.batch
    assert training.retrain
    home, command, *fractions = sys.argv[1:]
    began = time.monotonic()
    _, status = os.waitpid(start(command, home), 0)
    whole = time.monotonic() - began
    print("whole", os.waitstatus_to_exitcode(status), flush=True)
    for fraction in fractions:
        sys.stdin.readline()
        child = start(command, home)
        time.sleep(whole * float(fraction))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        print("killed", fraction, flush=True)


if __name__ == "__main__":
    main()
