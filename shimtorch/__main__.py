"""``python -m shimtorch``: Python, where ``import torch`` means shimtorch."""

import builtins
import os
import sys
from types import ModuleType

USAGE = """\
usage: python -m shimtorch [-c code | -m module | script.py | -] [argument ...]

Runs unmodified code as python does, only that `import torch` means shimtorch, whether or not PyTorch is installed.

  -c code      run this code
  -m module    run a module or package
  script.py    run a file, or the __main__ of a folder or zip file
  -            run what is read from standard input; at a terminal, as without any argument, an interactive prompt
  -h, --help, -V, --version

Options of Python itself go before -m: python -W error -m shimtorch script.py
"""


def main():
    arguments = sys.argv[1:]
    first = arguments[0] if arguments else "-"
    if first in ("-h", "--help", "-?"):
        sys.stdout.write(USAGE)
    elif first in ("-V", "--version"):
        print(_version())
    elif first[:2] in ("-c", "-m"):
        kind, value, rest = first[:2], first[2:], arguments[1:]
        if not value:
            if not rest:
                _refuse(f"Argument expected for the {kind} option")
            value, rest = rest[0], rest[1:]
        _run(_run_code if kind == "-c" else _run_module, value, [kind, *rest])
    elif first != "-" and first.startswith("-"):
        _refuse(f"Unknown option: {first}")
    elif first == "-":
        _run(_run_stdin, None, arguments or [""])
    else:
        _run(_run_path, first, arguments)


def _run(how, what, argv):
    from . import _install

    _install.install()
    sys.argv[:] = argv
    sys.modules["__main__"] = module = ModuleType("__main__")
    module.__dict__.update(__builtins__=builtins, __annotations__={})
    try:
        how(what, module.__dict__)
    except BaseException:
        hook = sys.excepthook  # the program may have set it

        def show(kind, error, trace):
            trace = _without_ours(trace)
            hook(kind, error.with_traceback(trace), trace)

        sys.excepthook = show
        raise


def _run_code(code, namespace):
    _set_first_path("")
    if sys.version_info >= (3, 13):  # which shows the lines of -c in tracebacks
        import linecache

        linecache.cache["<string>"] = len(code), None, (code + "\n").splitlines(keepends=True), "<string>"
    exec(compile(code + "\n", "<string>", "exec", dont_inherit=True), namespace)


def _run_module(name, namespace):
    import runpy

    _set_first_path(os.getcwd())
    runpy._run_module_as_main(name)  # what `python -m` calls


def _run_path(path, namespace):
    import pkgutil

    if os.path.isdir(path) or type(pkgutil.get_importer(path)).__name__ == "zipimporter":
        import runpy

        _set_first_path(os.path.abspath(path), always=True)
        runpy._run_module_as_main("__main__", alter_argv=False)  # what `python folder` calls
        return
    full = os.path.join(os.getcwd(), path)
    try:
        with open(full, "rb") as file:
            code = pkgutil.read_code(file)
            if code is None:
                file.seek(0)
                code = file.read()
    except OSError as error:
        print(f"{sys.executable}: can't open file {full!r}: [Errno {error.errno}] {error.strerror}", file=sys.stderr)
        sys.exit(2)
    from importlib.machinery import SourceFileLoader, SourcelessFileLoader

    _set_first_path(os.path.dirname(os.path.realpath(path)))
    loader = SourceFileLoader if isinstance(code, bytes) else SourcelessFileLoader
    namespace.update(__file__=full, __cached__=None, __loader__=loader("__main__", full))
    exec(compile(code, full, "exec", dont_inherit=True) if isinstance(code, bytes) else code, namespace)


def _run_stdin(_, namespace):
    _set_first_path("")
    if not sys.stdin.isatty():
        exec(compile(sys.stdin.buffer.read(), "<stdin>", "exec", dont_inherit=True), namespace)
        return
    import code
    import contextlib

    with contextlib.suppress(ImportError):
        import readline  # noqa: F401 (its import makes lines editable)
    code.interact(f"{_version()}\n`import torch` means shimtorch.", local=namespace, exitmsg="")


def _set_first_path(folder, always=False):
    """In place of the current folder that ``python -m shimtorch`` put there; ``python -P`` and ``-I`` put none."""
    if not sys.flags.safe_path:
        sys.path[0] = folder
    elif always:
        sys.path.insert(0, folder)


def _without_ours(trace):
    """The traceback from where the program begins."""
    begin, step = trace, trace
    while step is not None:
        if step.tb_frame.f_code.co_filename == __file__:
            begin = step.tb_next
        step = step.tb_next
    return begin


def _version():
    import shimtorch

    return f"shimtorch {shimtorch.__version__}, Python {sys.version}"


def _refuse(reason):
    sys.stderr.write(f"{reason}\n{USAGE}")
    sys.exit(2)


if __name__ == "__main__":
    main()
