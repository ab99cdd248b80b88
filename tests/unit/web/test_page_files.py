"""The page's files, built or not."""

from pathlib import Path

from litestar import Litestar
from litestar.testing import TestClient

from surveil_adapters.web.page_files import page_route


def read(page_dir: Path, path: str) -> tuple[int, str]:
    """Ask an application that serves `page_dir` alone."""
    with TestClient(Litestar([page_route(page_dir)], logging_config=None)) as client:
        answer = client.get(path)
        return answer.status_code, answer.text


def test_a_page_that_is_not_built_says_how_to_build_it(tmp_path: Path) -> None:
    """A newcomer reads the command instead of an empty answer."""
    status, text = read(tmp_path / "absent", "/")

    assert status == 200
    assert "tools/build_page.py" in text


def test_a_built_page_is_served_with_its_files(tmp_path: Path) -> None:
    """`/` is the index; files lie beside it; nothing lies above it."""
    page_dir = tmp_path / "page"
    page_dir.mkdir()
    (page_dir / "index.html").write_text("<p>index")
    (page_dir / "page.css").write_text("p {}")
    (tmp_path / "secret.txt").write_text("secret")

    assert read(page_dir, "/") == (200, "<p>index")
    assert read(page_dir, "/page.css") == (200, "p {}")
    assert read(page_dir, "/%2e%2e/secret.txt")[0] == 404
