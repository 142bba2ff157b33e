"""``import torch`` means shimtorch: in a process, in a notebook, on the command line.

What the command line does is compared with what python itself does. Where it matters that a real ``torch`` is there, a
small package of that name stands in, so that these tests need PyTorch only where they say so.
"""

import importlib.util
import os
import pkgutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import shimtorch
from shimtorch import _install
from tests.shimtorch.sidebyside import needs_torch

ROOT = str(Path(shimtorch.__file__).parents[1])


def run(*arguments, folder, text="", path=(), options=()):
    """Status, output and errors of ``python arguments``."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*map(str, path), ROOT])}
    command = [sys.executable, *options, *map(str, arguments)]
    done = subprocess.run(command, cwd=folder, input=text, env=environment, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def stand_in(tmp_path):
    """A folder with a package called torch, with a module that the shim lacks."""
    package = tmp_path / "stand_in" / "torch"
    (package / "nn").mkdir(parents=True)
    (package / "__init__.py").write_text("real = True\n")
    (package / "nn" / "__init__.py").write_text("real = True\n")
    (package / "only_real.py").write_text("real = True\n")
    return package.parent


def inside(code, folder, path=()):
    """What the code, run by python itself, prints."""
    status, output, errors = run("-c", code, folder=folder, path=path)
    assert (status, errors) == (0, ""), errors
    return output.splitlines()


IMPORTS = """
import sys, importlib
{before}
import shimtorch
shimtorch.install()
import torch
import torch.nn.functional as F
from torch import nn, tensor
import torch.autograd
from torch.autograd import grad
from torch.autograd.grad_mode import no_grad
print(torch is shimtorch, nn is shimtorch.nn, F is shimtorch.nn.functional, torch.autograd is shimtorch.autograd)
print(importlib.import_module("torch.nn") is sys.modules["shimtorch.nn"], nn.__spec__.name, tensor is shimtorch.tensor)
print(grad is shimtorch.autograd.grad, no_grad is shimtorch.no_grad, importlib.util.find_spec("torch") is not None)
print(importlib.reload(torch) is shimtorch)
for name in "only_real", "nn.only_real", "ones", "ops", "_tensor", "autograd.engine", "nn.functional.relu":
    try:
        importlib.import_module("torch." + name)
    except ModuleNotFoundError as error:
        print(error, error.name)
try:
    from torch import only_real
except ImportError as error:
    print(type(error).__name__)
print(importlib.util.find_spec("torch.only_real"), hasattr(torch, "only_real"), hasattr(nn, "only_real"))
"""


@pytest.mark.parametrize("before", ["", "import torch, torch.nn, torch.only_real"])
def test_every_form_of_import(before, tmp_path, stand_in):
    lines = inside(IMPORTS.format(before=before), tmp_path, [stand_in])
    assert lines[:4] == ["True True True True", "True shimtorch.nn True", "True True True", "True"]
    missing = ["only_real", "nn.only_real", "ones", "ops", "_tensor", "autograd.engine"]
    expected = [f"No module named 'torch.{name}' torch.{name}" for name in missing]
    no_package = "No module named 'torch.nn.functional.relu'; 'torch.nn.functional' is not a package"
    assert lines[4:] == [*expected, f"{no_package} torch.nn.functional.relu", "ImportError", "None False False"]


def test_does_not_fall_through_to_a_finder_of_the_real_torch(tmp_path, stand_in):
    """An editable install finds submodules by their names alone."""
    code = f"""
import importlib.util, sys, shimtorch
class Editable:
    def find_spec(self, name, path=None, target=None):
        if name == "torch.only_real":
            return importlib.util.spec_from_file_location(name, {str(stand_in / "torch" / "only_real.py")!r})
sys.meta_path.insert(0, Editable())
shimtorch.install()
try:
    import torch.only_real
except ModuleNotFoundError as error:
    print(error, error.name)
"""
    assert inside(code, tmp_path) == ["No module named 'torch.only_real' torch.only_real"]


RESTORED = """
import sys, threading
import torch, torch.nn, torch.only_real
import shimtorch
def state():
    return {n: id(m) for n, m in sys.modules.items() if n.partition(".")[0] == "torch"}, list(sys.meta_path)
before, kept = state(), torch
with shimtorch.installed() as given:
    import torch
    import torch.nn.functional
    sys.modules["torch.made_up"] = sys
    with shimtorch.installed():
        pass
    import torch.autograd
    print(torch is shimtorch is given, kept.real)
print(state() == before)
import torch
print(torch is kept, "torch.autograd" in sys.modules)
try:
    with shimtorch.installed():
        import torch.nn
        1 / 0
except ZeroDivisionError:
    print(state() == before)
def body():
    with shimtorch.installed():
        import torch
        seen.append(torch is shimtorch)
seen = []
threads = [threading.Thread(target=body) for _ in range(20)]
[t.start() for t in threads], [t.join() for t in threads]
print(seen == [True] * 20, state() == before)
@shimtorch.installed()
def decorated():
    import torch
    return torch is shimtorch
print(decorated(), decorated(), state() == before)
try:
    shimtorch.uninstall()
except RuntimeError as error:
    print(error)
"""


def test_what_was_there_is_put_back(tmp_path, stand_in):
    assert inside(RESTORED, tmp_path, [stand_in]) == [
        "True True",
        "True",
        "True False",
        "True",
        "True True",
        "True True True",
        "shimtorch.uninstall() without a shimtorch.install() before it",
    ]


@needs_torch
def test_pytorch_is_put_back(tmp_path):
    code = """
import sys, torch, torch.nn.functional as F, shimtorch
before, real = {n: id(m) for n, m in sys.modules.items() if n.partition(".")[0] == "torch"}, torch
with shimtorch.installed():
    import torch
    print(torch.Tensor is shimtorch.Tensor, "torch.nn" in sys.modules)
import torch
print({n: id(m) for n, m in sys.modules.items() if n.partition(".")[0] == "torch"} == before, torch is real)
print(torch.nn.Linear(2, 1)(torch.ones(2)).shape)
"""
    assert inside(code, tmp_path) == ["True False", "True True", "torch.Size([1])"]


@needs_torch
def test_what_is_offered_is_a_module_of_pytorch():
    """A module that is found as torch's is one, with what PyTorch calls so; any other belongs in INTERNAL."""
    names = [module.name[len("shimtorch.") :] for module in pkgutil.walk_packages(shimtorch.__path__, "shimtorch.")]
    offered = sorted({name for name in names if not _install._is_internal(name)} | set(_install.RENAMED))
    assert "nn.functional" in offered
    assert [name for name in offered if importlib.util.find_spec(f"torch.{name}") is None] == []
    assert [name for name in _install.INTERNAL if importlib.util.find_spec(f"shimtorch.{name}") is None] == []


def test_costs_nothing_until_asked_for(tmp_path):
    code = "import sys, shimtorch\nprint('shimtorch._install' in sys.modules, 'install' in dir(shimtorch))"
    assert inside(code, tmp_path) == ["False False"]


class Shell:
    """What IPython gives to an extension."""


def test_notebook_extension():
    before = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "torch"}
    shell, cell = Shell(), {}
    shimtorch.load_ipython_extension(shell)
    try:
        exec("import torch", cell)
        assert cell["torch"] is shimtorch
    finally:
        shimtorch.unload_ipython_extension(shell)
    after = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "torch"}
    assert before == after


def test_notebook_extension_in_ipython():
    testing = pytest.importorskip("IPython.core.interactiveshell", reason="IPython is not installed")
    shell = testing.InteractiveShell.instance()
    shell.run_line_magic("load_ext", "shimtorch")
    assert shell.run_cell("import torch; torch.__name__").result == "shimtorch"
    shell.run_line_magic("reload_ext", "shimtorch")
    assert _install._depth == 1
    shell.run_line_magic("unload_ext", "shimtorch")
    assert _install._depth == 0


# Each is run by python and by python -m shimtorch, with the same standard input.
WITNESS = """
import sys, os
main = sys.modules["__main__"]
names = sorted(n for n in vars(main) if n.startswith("__") and n not in ("__conditional_annotations__",))
print(sys.argv, sys.path[0], __name__, globals().get("__file__"), vars(main) is globals(), names)
print(__spec__ and (__spec__.name, __spec__.origin), __package__, type(__loader__).__name__, __builtins__)
import beside
"""
FILES = {
    "sub/beside.py": "print('beside')\n",
    "beside.py": "print('beside, above')\n",
    "sub/witness.py": WITNESS,
    "witness.py": WITNESS,
    "package/__init__.py": "print('package')\n",
    "package/__main__.py": WITNESS + "from . import inner\n",
    "package/inner.py": "print(__name__)\n",
    "folder/__main__.py": WITNESS,
    "folder/beside.py": "print('beside, in folder')\n",
    "fails.py": "def f():\n    1 / 0\ntry:\n    f()\nexcept ZeroDivisionError as e:\n    raise KeyError('x') from e\n",
    "broken.py": "x = 1\ny = (\n",
    "leaves.py": "import sys\nsys.exit(sys.argv[1] if len(sys.argv) > 1 else 3)\n",
    "interrupted.py": "import atexit\natexit.register(print, 'bye')\nraise KeyboardInterrupt\n",
    "hooked.py": "import sys\nsys.excepthook = lambda *a: print(a[0], a[2].tb_frame.f_code.co_name)\nx\n",
    "late.py": "import atexit, sys\natexit.register(lambda: print(sys.modules['__main__'].x))\nx = 5\n",
    "latin.py": b"# -*- coding: latin-1 -*-\nprint('\xe9' == chr(233))\n",
    "kept.py": "import pickle\nclass A: pass\nprint(type(pickle.loads(pickle.dumps(A()))) is A)\n",
    "future.py": "def f(x: missing): pass\n",
    "reads.py": "print(input())\n",
}  # fmt: skip
COMMANDS = [
    ["witness.py", "a", "-b", "--help"], ["./witness.py"], ["sub/witness.py", "x"], ["sub/../witness.py"],
    ["linked.py"], ["-m", "witness", "a"], ["-mwitness"], ["-m", "sub.witness"], ["-m", "package", "-m"],
    ["folder", "a"], ["packed.zip"], ["-cprint(1)"],
    ["-c", "import sys; print(sys.argv, sys.path[0] == '', __name__); import beside", "a", "-c"],
    ["fails.py"], ["-m", "fails"], ["-c", "1/0"], ["-c", "x ="], ["broken.py"], ["-m", "broken"], ["leaves.py"],
    ["leaves.py", "words"], ["-m", "leaves"], ["interrupted.py"], ["-m", "interrupted"], ["hooked.py"], ["late.py"],
    ["latin.py"], ["kept.py"], ["future.py"], ["reads.py"], ["nowhere.py"], ["-m", "nowhere"],
    ["-m", "package.nowhere"], ["sub"], ["compiled.pyc", "a"], ["-", "a", "b"], [],
]  # fmt: skip


@pytest.fixture(scope="module")
def program_folder(tmp_path_factory):
    import py_compile
    import zipfile

    folder = tmp_path_factory.mktemp("programs").resolve()
    for name, content in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    (folder / "linked.py").symlink_to(folder / "sub" / "witness.py")
    py_compile.compile(str(folder / "kept.py"), str(folder / "compiled.pyc"))
    with zipfile.ZipFile(folder / "packed.zip", "w") as archive:
        archive.write(folder / "folder" / "__main__.py", "__main__.py")
        archive.write(folder / "folder" / "beside.py", "beside.py")
    return folder


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_does_what_python_does(command, program_folder):
    text = "import sys\nprint(sys.argv, __name__, sys.path[0])\nimport beside\n1/0\n"
    python = run(*command, folder=program_folder, text=text)
    assert run("-m", "shimtorch", *command, folder=program_folder, text=text) == python


@pytest.mark.parametrize("command", [["witness.py"], ["-m", "fails"]], ids=" ".join)
def test_safe_path(command, program_folder):
    python = run(*command, folder=program_folder, options=["-P"])
    assert run("-m", "shimtorch", *command, folder=program_folder, options=["-P"]) == python


def test_torch_is_the_shim_on_the_command_line(tmp_path, stand_in):
    code = "import torch, sys; print(torch.ones(2), torch is sys.modules['shimtorch'])"
    (tmp_path / "script.py").write_text(code)
    for command in (["script.py"], ["-m", "script"], ["-c", code], ["-"]):
        answer = run("-m", "shimtorch", *command, folder=tmp_path, text=code, path=[stand_in])
        assert answer == (0, "tensor([1., 1.]) True\n", "")


@pytest.mark.parametrize(
    ("command", "status", "output", "errors"),
    [
        (["--help"], 0, "usage: python -m shimtorch", ""),
        (["-h"], 0, "usage: python -m shimtorch", ""),
        (["--version"], 0, f"shimtorch {shimtorch.__version__}, Python 3.", ""),
        (["-u", "x.py"], 2, "", "Unknown option: -u\nusage: "),
        (["-c"], 2, "", "Argument expected for the -c option\nusage: "),
        (["-m"], 2, "", "Argument expected for the -m option\nusage: "),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_usage(command, status, output, errors, tmp_path):
    answer = run("-m", "shimtorch", *command, folder=tmp_path)
    assert answer[0] == status
    assert answer[1].startswith(output)
    assert answer[2].startswith(errors)
    assert bool(answer[1]) == bool(output)


def test_prompt(tmp_path):
    pty = pytest.importorskip("pty", reason="no terminals here")
    leader, follower = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": ROOT, "TERM": "dumb"}
    with subprocess.Popen(
        [sys.executable, "-m", "shimtorch"],
        cwd=tmp_path,
        env=environment,
        stdin=follower,
        stdout=follower,
        stderr=follower,
    ) as shell:
        os.close(follower)
        os.write(leader, b"import torch\ntorch.ones(2) + 1\nexit(7)\n")
        limit = threading.Timer(30, shell.kill)
        limit.start()
        text = b""
        try:
            while piece := os.read(leader, 4096):
                text += piece
        except OSError:  # Linux says so when the other end is closed
            pass
        shell.wait()
        limit.cancel()
    os.close(leader)
    assert b"tensor([2., 2.])" in text
    assert shell.returncode == 7


TRAINING = """
import torch
import torch.nn.functional as F
from torch import tensor
from torch.autograd import grad

torch.manual_seed(0)
x, y = torch.randn(8, 2), (torch.randn(8) > 0).to(torch.float32)
w, b = torch.zeros(2, requires_grad=True), torch.zeros(1, requires_grad=True)
for step in range(5):
    loss = F.binary_cross_entropy_with_logits(x @ w + b, y)
    gradients = grad(loss, (w, b))
    with torch.no_grad():
        for parameter, gradient in zip((w, b), gradients):
            parameter -= 0.5 * gradient
    print(step, loss)
print(w, b, tensor([1, 2]).dtype, hasattr(torch, "nowhere"))
try:
    import torch.nowhere
except ImportError as error:
    print(repr(error), error.name)
w + torch.ones(3)
"""


@needs_torch
def test_training_as_with_pytorch(tmp_path):
    (tmp_path / "train.py").write_text(TRAINING)
    status, output, errors = run("-m", "shimtorch", "train.py", folder=tmp_path)
    expected_status, expected, expected_errors = run("train.py", folder=tmp_path)
    assert (status, output) == (expected_status, expected)
    # Above the last line, PyTorch and the shim may show frames of their own.
    assert errors.splitlines()[:2] == expected_errors.splitlines()[:2]
    assert errors.splitlines()[-1] == expected_errors.splitlines()[-1]
