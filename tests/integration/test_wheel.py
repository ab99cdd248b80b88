"""The wheel as a programmer gets it: the core alone, with attrs alone, typed."""

import json
import shutil
import subprocess
import sys
import zipfile
from email.parser import Parser
from importlib import metadata, util
from pathlib import Path

import pytest

from tests.imports import LIST_FOREIGN_MODULES

PROJECT = Path(__file__).resolve().parents[2]
SOURCES = ("src", "apps", "pyproject.toml", "README.md")


def run(*command: object, cwd: Path) -> str:
    """Run a command and return what it printed; a failure shows all of it."""
    words = [str(word) for word in command]
    ran = subprocess.run(words, cwd=cwd, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, f"{' '.join(words)}\n{ran.stdout}\n{ran.stderr}"
    return ran.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy of the sources."""
    if util.find_spec("hatchling") is None or util.find_spec("build") is None:
        pytest.skip("building the wheel needs `build` and `hatchling` (dependency group package)")
    folder = tmp_path_factory.mktemp("wheel")
    sources = folder / "sources"
    sources.mkdir()
    unbuilt = shutil.ignore_patterns("node_modules", "__pycache__")
    for name in SOURCES:
        origin = PROJECT / name
        if origin.is_dir():
            shutil.copytree(origin, sources / name, ignore=unbuilt)
        else:
            shutil.copy(origin, sources / name)
    build = (sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder)
    run(*build, sources, cwd=folder)
    shutil.rmtree(sources)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def user_python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an environment that holds the wheel and attrs, and nothing else.

    Both are put in place by hand, as an installer would, so that no network is needed.
    """
    folder = tmp_path_factory.mktemp("user")
    run(sys.executable, "-m", "venv", "--without-pip", folder / "venv", cwd=folder)
    python = folder / "venv" / "bin" / "python"
    site = Path(
        run(python, "-c", "import site; print(site.getsitepackages()[0])", cwd=folder).strip()
    )
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    for file in metadata.files("attrs") or ():
        if ".." not in file.parts and file.suffix != ".pyc":
            target = site / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(str(file.locate()), target)
    return python


def test_core_of_the_wheel_brings_in_attrs_alone(user_python: Path, tmp_path: Path) -> None:
    """Imported from a foreign folder, without the sources, it needs nothing but attrs."""
    answer = json.loads(run(user_python, "-I", "-c", LIST_FOREIGN_MODULES, cwd=tmp_path))
    assert answer["foreign"] == []
    assert "site-packages" in answer["file"]
    sources = (PROJECT / "src" / "surveil_core").rglob("*.py")
    assert len(answer["imported"]) == len(list(sources))


def test_core_of_the_wheel_is_useful(user_python: Path, tmp_path: Path) -> None:
    """The example of the package's documentation runs in that environment."""
    program = "import doctest, surveil_core; print(doctest.testmod(surveil_core))"
    told = run(user_python, "-I", "-c", program, cwd=tmp_path)
    assert "failed=0" in told
    assert "attempted=0" not in told


def test_wheel_asks_for_attrs_alone(wheel: Path) -> None:
    """What is needed without an extra is attrs."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        fields = Parser().parsestr(archive.read(name).decode())
    needed = [line for line in fields.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert [line.partition(">")[0].strip() for line in needed] == ["attrs"]


def test_wheel_is_whole_and_typed(wheel: Path) -> None:
    """It holds the type markers, the SQL of the stores, and no tests."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {
        "surveil_core/py.typed",
        "surveil_adapters/py.typed",
        "surveil_adapters/sqlite/schema.sql",
        "surveil_adapters/sqlite/alert_schema.sql",
        "surveil_adapters/sqlite/dead_letters.sql",
        "surveil_adapters/sqlite/journal.sql",
        "surveil_adapters/sqlite/outbox.sql",
        "apps/edge/__main__.py",
        "apps/backend/__main__.py",
    } <= names
    assert not [name for name in names if name.startswith("tests") or "node_modules" in name]


def test_types_reach_a_user(user_python: Path, tmp_path: Path) -> None:
    """Mypy checks a user's program against the installed package and finds its mistake."""
    if util.find_spec("mypy") is None:
        pytest.skip("mypy is not installed (dependency group types)")
    (tmp_path / "right.py").write_text(
        "from surveil_core import SensorEvent, parse_sensor_message\n"
        "def pin(payload: bytes) -> int | None:\n"
        "    event: SensorEvent = parse_sensor_message(payload)\n"
        "    return event.gpio_pin\n"
    )
    (tmp_path / "wrong.py").write_text(
        "from surveil_core import parse_sensor_message\n"
        "text: str = parse_sensor_message(b'{}').gpio_pin\n"
    )
    check = (sys.executable, "-m", "mypy", "--strict", "--python-executable", user_python)
    assert "Success" in run(*check, "right.py", cwd=tmp_path)
    wrong = subprocess.run(
        [*map(str, check), "wrong.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert wrong.returncode == 1
    assert "Incompatible types in assignment" in wrong.stdout
