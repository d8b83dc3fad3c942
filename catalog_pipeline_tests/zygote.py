"""The process that is forked for each program: `python -m catalog_pipeline_tests.zygote FD`.

Who asks it, and for what, is in `forked_programs`.
"""

from __future__ import annotations

import atexit
import os
import pickle
import runpy
import socket
import sys
from importlib import import_module
from io import TextIOWrapper
from typing import TextIO

from catalog_pipeline.system.sibling import fork_sibling
from catalog_pipeline_tests.forked_programs import COMMAND, DG, LENGTH, PID, ForkRequest

_OUTPUTS = (1, 2)


def main() -> None:
    """Import everything, then be what is asked for, in a fork."""
    end = _End()
    # Before anything else is registered: it comes last.
    atexit.register(end.come)
    import_module("catalog_pipeline_tests.everything_imported")
    request = _next_fork(socket.socket(fileno=int(sys.argv[1])))
    with end:
        _run(list(request.program))


def _run(program: list[str]) -> None:
    if program[:1] == COMMAND:
        sys.argv = program
        import_module("catalog_pipeline.cli.main").main()
    elif program[:1] == DG:
        sys.argv = program
        import_module("dagster_dg_cli.cli").main()
    else:
        _, _, module, *arguments = program
        sys.argv = [module, *arguments]
        runpy.run_module(module, run_name="__main__", alter_sys=True)


class _End:
    """Context manager that keeps the exit code of what runs within, and ends the process by it.

    An interpreter ends by freeing whatever was imported, module by module: a fork, which has to
    copy all of that for it, is at it for a quarter of a second. By then the exit functions have
    run and no thread is waited for any more, so that all it has left to do is to flush.
    """

    _code: int | None = None

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            self._code = 0
        elif isinstance(error, SystemExit) and isinstance(error.code, int):
            self._code = error.code

    def come(self) -> None:
        """End now, unless it is Python that has to say how; where flushing fails it does, too."""
        if self._code is not None:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(self._code & 0xFF)


def _next_fork(asking: socket.socket) -> ForkRequest:
    """Fork for each request; returns in forks only."""
    assert len(os.listdir("/proc/self/task")) == 1, "a process of several threads is not forked"
    while True:
        head, outputs, _, _ = socket.recv_fds(asking, LENGTH.size, len(_OUTPUTS))
        if not head:
            os._exit(0)
        (length,) = LENGTH.unpack(head)
        request: ForkRequest = pickle.loads(asking.recv(length, socket.MSG_WAITALL))
        if fork_sibling() == 0:
            os.setsid()
            # From here on signals reach its group.
            asking.sendall(PID.pack(os.getpid()))
            asking.close()
            _become(request, outputs)
            return request
        for output in outputs:
            os.close(output)


def _become(request: ForkRequest, outputs: list[int]) -> None:
    os.chdir(request.folder)
    os.environ.clear()
    os.environ.update(request.environ)
    sys.path[1:1] = [each for each in os.environ.get("PYTHONPATH", "").split(os.pathsep) if each]
    for number, output in zip(_OUTPUTS, outputs, strict=True):
        os.dup2(output, number)
        os.close(output)
    sys.stdout, sys.stderr = map(_opened_again, (sys.stdout, sys.stderr), _OUTPUTS)


def _opened_again(stream: TextIO, number: int) -> TextIO:
    """A stream as it was opened: whether it can be sought is seen then, and a pipe cannot."""
    assert isinstance(stream, TextIOWrapper)
    is_buffered = not stream.write_through
    return TextIOWrapper(
        os.fdopen(number, "wb", buffering=-1 if is_buffered else 0, closefd=False),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


if __name__ == "__main__":
    main()
